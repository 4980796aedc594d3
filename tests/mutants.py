"""Plant faults in the code that gives answers, and see that the tests notice them.

    tox -e mutants                       # the sample: an hour or two
    tox -e mutants -- --only gate        # the sample's mutants of one room
    tox -e mutants -- --told             # what is known of the last runs, without running anything
    tox -e mutants -- --again            # ask once more about those that live: after a test was written

mutmut knows every mutant of `gate`, `evidence`, `comparison` and `checks`. A sample of them, chosen by a hash of
their names and so the same everywhere, is asked of the tests of `tests/inside` that reach the changed function,
the quickest first, up to `SECONDS` of them (`noticing.py`: in forks of one process that has collected everything).
What no such test notices in the checks is asked a second time of the tests that start the checks' own processes
(`IN_PROCESSES`): a mutant is named by the environment, and so reaches them. Sentences for people are left alone:
the tests of the reports read them. A test that fails without a fault notices nothing. What survives has to stand
in `survivors.toml` beside this file, with a reason; at least nine of ten have to be noticed.

What came of a mutant is kept until its function changes, so that a run can be ended and begun again at any time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from noticing import LIVES
from planted_faults import Mutant, plant

MADE = Path("mutants")
SAMPLE, REACHED, CAME = MADE / "sample.json", MADE / "reached.jsonl", MADE / "came.jsonl"
SURVIVORS = Path(__file__).with_name("survivors.toml")
LEAST = 0.9
SECONDS = 20.0  # of the processor, for all the tests of one mutant
UNREACHED = "reached by no test"

# Of tests/inside, those that reach none of the code that gives answers; by how the file's name begins.
ELSEWHERE = tuple(
    f"test_{each}"
    for each in (
        *("access_", "broker_", "checkout", "compose_", "draft", "house", "manifest", "pact_merging"),
        *("pact_reader", "pact_writer", "reports_", "service_graph", "webhook_"),
    )
)

# Which tests start what runs in a process of its own, or only on a running service; by how the module begins.
IN_PROCESSES = {
    "pact_": ("tests/ports/checks/test_pact_provider.py", "tests/ports/checks/test_checks_cut_short.py"),
    "pytest_": ("tests/ports/checks/test_suites.py", "tests/ports/checks/test_suite_identity.py"),
    "suites": ("tests/ports/checks/test_suites.py", "tests/ports/checks/test_suite_identity.py"),
    "schemathesis_": ("tests/ports/checks/test_openapi_properties.py",),
    "openapi_properties": ("tests/ports/checks/test_openapi_properties.py",),
    "served_path": ("tests/ports/checks/test_openapi_properties.py",),
    "first_answer": ("tests/ports/checks/test_first_answer.py",),
}


def started_by(mutant: Mutant) -> tuple[str, ...]:
    """The test files that start the process in which it runs; none where everything runs in the tests' own."""
    found = (files for begin, files in IN_PROCESSES.items() if mutant.place.startswith(begin))
    return next(found, ()) if mutant.room == "checks" else ()


def came(picked: Iterable[Mutant]) -> dict[str, str]:
    """What came of those that were asked about: `lives`, `noticed`, `too long` or that no test reaches them."""
    texts = {each.name: each.within for each in picked}
    return {name: what for name, within, what, _ in _lines(CAME) if texts.get(name) == within}


def _lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def _is_alive(what: str | None) -> bool:
    return what in (LIVES, UNREACHED)


def explained() -> dict[tuple[str, str], str]:
    """The survivors that are known, with the reason why they may live."""
    listed = tomllib.loads(SURVIVORS.read_text())["survivor"] if SURVIVORS.exists() else []
    return {(each["place"], each["change"].strip()): each["reason"] for each in listed}


def _ask(what: Mapping[str, Any], files: Sequence[str], keep: Callable[[dict[str, Any]], None]) -> None:
    """Have `noticing.py` answer; what it has answered is kept, also when it is ended."""
    asked, answers = MADE / "asked.json", MADE / "answers.jsonl"
    asked.write_text(json.dumps({**what, "answers": answers.name}))
    marks = "not slow and not docker" if all(file.startswith("tests/inside/") for file in files) else "not docker"
    options = ["-q", "-s", "-p", "no:cacheprovider", "-p", "noticing", "--timeout=120", "-m", marks]
    path = os.pathsep.join(str(each.resolve()) for each in (MADE, MADE / "tests"))
    others = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**others, "PYTHONPATH": path, "NOTICING": str(asked.resolve())}
    try:
        subprocess.run([sys.executable, "-m", "pytest", *options, *files], cwd=MADE, env=environment, check=True)
    finally:
        keep(dict(_lines(answers)))
        answers.unlink(missing_ok=True)


def learned(files: Iterable[str], picked: Iterable[Mutant], workers: int) -> dict[str, dict[str, Any]]:
    """Of each test that passes without a fault, how long it takes and which changed functions it reaches."""
    functions = ",".join(sorted({each.mangled for each in picked}))
    texts = {file: _digest(Path(file).read_text() + functions) for file in files}
    known = {file: told for file, text, told in _lines(REACHED) if texts.get(file) == text}
    if new := texts.keys() - known.keys():

        def keep(answers: dict[str, Any]) -> None:
            _append(REACHED, ([file, texts[file], told] for file, told in answers.items()))
            known.update(answers)

        _ask({"reach": True, "workers": workers}, sorted(new), keep)
    every = {test: each for told in known.values() for test, each in told.items()}
    for test in (test for test, each in every.items() if not each["passed"]):
        print(f"it fails without a fault, and is not asked: {test}", flush=True)
    return {test: each for test, each in every.items() if each["passed"]}


def run(asked: Iterable[Mutant], sample: Iterable[Mutant], workers: int) -> None:
    """Ask about mutants in this process; what lives of the checks also in the processes that they start."""
    inside = [str(each) for each in sorted(Path("tests/inside").rglob("test_*.py"))]
    known = learned((each for each in inside if not Path(each).name.startswith(ELSEWHERE)), sample, workers)
    reached = {test: set(each["reached"]) for test, each in known.items()}
    _notice(asked, known, lambda mutant, test: mutant.mangled in reached[test], workers)
    codes = came(asked)
    again = [each for each in asked if started_by(each) and _is_alive(codes[each.name])]
    if started := sorted({file for each in again for file in started_by(each)}):
        known = learned(started, sample, workers)
        _notice(again, known, lambda mutant, test: _file(test) in started_by(mutant), workers)


def _notice(
    wanted: Iterable[Mutant], known: Mapping[str, Any], reaches: Callable[[Mutant, str], bool], workers: int
) -> None:
    within = {each.name: each.within for each in wanted}

    def keep(answers: Mapping[str, Any]) -> None:
        _append(CAME, ([name, within[name], told["came"], told["by"]] for name, told in answers.items()))

    asked: dict[str, tuple[list[str], int]] = {}
    quickest = sorted(known, key=lambda test: known[test]["took"])
    for each in wanted:
        tests = list(_affordable((test for test in quickest if reaches(each, test)), known))
        asked[each.name] = (tests, int(20 + 5 * sum(known[test]["took"] for test in tests)))
    keep({name: {"came": UNREACHED, "by": ""} for name, (tests, _) in asked.items() if not tests})
    faults = dict(sorted(((name, each) for name, each in asked.items() if each[0]), key=lambda one: one[1][1]))
    if files := sorted({_file(test) for tests, _ in faults.values() for test in tests}):
        _ask({"faults": faults, "workers": workers}, files, keep)


def _affordable(tests: Iterable[str], known: Mapping[str, Any]) -> Iterator[str]:
    spent = 0.0
    for test in tests:
        spent += known[test]["took"]
        if spent < SECONDS:
            yield test


def _append(file: Path, lines: Iterable[Any]) -> None:
    with file.open("a") as opened:
        opened.writelines(json.dumps(each) + "\n" for each in lines)


def _file(test: str) -> str:
    return test.partition("::")[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def tell(picked: list[Mutant]) -> bool:
    """Print what lives and the figures; whether they are good enough."""
    codes, reasons = came(picked), explained()
    waiting = [each for each in picked if each.name not in codes]
    alive = [each for each in picked if each.name in codes and _is_alive(codes[each.name])]
    known = [each for each in alive if (each.place, each.change) in reasons]
    noticed = [each for each in picked if each not in waiting and each not in alive]
    for each in alive:
        if each not in known:
            why = UNREACHED if codes[each.name] == UNREACHED else "noticed by no test"
            print(f"\n{each.place}: {why} ({each.name})\n{each.change}")
    for each in noticed:
        if (each.place, each.change) in reasons:
            print(
                f"\n{each.place}: it is noticed, and needs no reason in {SURVIVORS.name} any more\n{each.change}"
            )
    print(f"\n{'':10}  mutants  noticed  survive with a reason  without  not run")
    for room in (*sorted({each.room for each in picked}), ""):
        counted = (
            sum(room in ("", each.room) for each in some) for some in (picked, noticed, known, alive, waiting)
        )
        mine, seen, explains, lives, open_still = counted
        figures = f"{mine:7}  {seen:7}  {explains:21}  {lives - explains:7}  {open_still:7}"
        print(f"{room or 'together':10}  {figures}  {seen / max(mine, 1):.1%} noticed")
    return bool(picked) and len(noticed) / len(picked) >= LEAST and len(known) == len(alive) and not waiting


def main() -> int:
    """Make, choose, run, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=320, help="how many of them the sample has")
    parser.add_argument(
        "--only", default="", help="those of the sample whose function's name begins so: gate.order"
    )
    parser.add_argument("--workers", type=int, default=1, help="how many are asked about at once")
    parser.add_argument("--again", action="store_true", help="ask once more about those that live")
    parser.add_argument("--told", action="store_true", help="tell what is known, and run nothing")
    chosen = parser.parse_args()
    if not chosen.told:
        MADE.mkdir(exist_ok=True)
        SAMPLE.write_text(json.dumps([asdict(each) for each in plant(chosen.number, MADE)]))
    sample = [Mutant(**each) for each in json.loads(SAMPLE.read_text())]
    picked = [each for each in sample if each.function.removeprefix("harness.").startswith(chosen.only)]
    if not chosen.told:
        codes = came(picked)
        open_still = [
            each for each in picked if each.name not in codes or (chosen.again and _is_alive(codes[each.name]))
        ]
        run(open_still, sample, chosen.workers)
    return 0 if tell(picked) else 1


if __name__ == "__main__":
    sys.exit(main())
