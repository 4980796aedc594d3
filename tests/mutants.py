"""Plant faults in the code that gives answers, and see that the tests notice them.

    tox -e mutants                       # the sample, from a clean tree: hours
    tox -e mutants -- --only gate        # the sample's mutants of one room
    tox -e mutants -- --told             # what is known of the last runs, without running anything

mutmut makes every mutant of `gate`, `evidence`, `comparison` and `checks`. A sample of them, chosen by a hash of
their names and so the same everywhere, is run against the tests of `tests/inside` that reach the changed function.
What no such test notices in the checks is run a second time against the tests that start the checks' own processes
(`IN_PROCESSES`): a mutant is named by the environment, and so reaches them. Sentences for people are left alone:
the tests of the reports read them. What survives has to stand in `survivors.toml` beside this file, with a reason;
at least nine of ten have to be noticed.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice, takewhile
from pathlib import Path

MADE = Path("mutants")
SURVIVORS = Path(__file__).with_name("survivors.toml")
LEAST = 0.9
SECOND = MADE / "in-processes.json"  # what came of those that were run a second time
NOBODY_LOOKS, NOTHING_NOTICED, TOO_LONG = 33, 0, 36  # mutmut's own codes; 24 and 152 are further ones of too long
_AT_ONCE = 200
PATIENCE = 300.0  # seconds for the tests of a mutant that are run a second time

# Which tests start what runs in a process of its own, or only on a running service; by how the module begins.
IN_PROCESSES = {
    "pact_": ("tests/ports/test_pact_provider.py", "tests/ports/test_checks_cut_short.py"),
    "pytest_": ("tests/ports/test_suites.py", "tests/ports/test_suite_identity.py"),
    "suites": ("tests/ports/test_suites.py", "tests/ports/test_suite_identity.py"),
    "schemathesis_": ("tests/ports/test_openapi_properties.py",),
    "openapi_properties": ("tests/ports/test_openapi_properties.py",),
    "served_path": ("tests/ports/test_openapi_properties.py",),
    "first_answer": ("tests/ports/test_first_answer.py",),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: a function in which one place was changed."""

    name: str  # as mutmut calls it: harness.gate.order.x_order__mutmut_3
    change: str  # the lines that differ, as `- before` and `+ after`

    @property
    def function(self) -> str:
        """The function's dotted name."""
        return self.name.rpartition("__mutmut_")[0].replace(".x_", ".").replace("xǁ", "").replace("ǁ", ".")

    @property
    def place(self) -> str:
        """The same from its module on, whichever room that is in: `order.deployment_plan`."""
        module = self.name.rpartition(".")[0]
        return self.function.removeprefix(module.rpartition(".")[0] + ".")

    @property
    def room(self) -> str:
        """`gate`, `evidence`, `comparison` or `checks`."""
        return self.name.split(".")[1]

    @property
    def started_by(self) -> tuple[str, ...]:
        """The test files that start the process in which it runs; none where everything runs in the tests' own."""
        found = (files for begin, files in IN_PROCESSES.items() if self.place.startswith(begin))
        return next(found, ()) if self.room == "checks" else ()


def names() -> list[str]:
    """Every mutant there is, in an order that spreads over everything and is the same for the same code."""
    found: list[str] = []
    for meta in MADE.rglob("*.py.meta"):
        found += json.loads(meta.read_text())["exit_code_by_key"]
    return sorted(found, key=lambda name: (hashlib.sha256(name.rpartition(".")[2].encode()).digest(), name))


def mutants() -> Iterator[Mutant]:
    """The mutants that say something else than their originals, besides what they say to people."""
    for name in names():
        module, _, local = name.rpartition(".")
        file = MADE / f"{module.replace('.', '/')}.py"
        original = _function(file, local.rpartition("__mutmut_")[0] + "__mutmut_orig")
        mutated = _function(file, local)
        if _meaning(mutated) != _meaning(original):
            yield Mutant(name, _change(original, mutated))


_DEFINITION = re.compile(r"\s*(?:async )?def (\w+)\(")


@cache
def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


@cache
def _starts(file: Path) -> dict[str, int]:
    """Where each function of a file begins: whole files of mutants are too large to be parsed for one."""
    found = ((_DEFINITION.match(line), number) for number, line in enumerate(_lines(file)))
    return {match[1]: number for match, number in found if match}


def _function(file: Path, name: str) -> ast.AST:
    start = _starts(file)[name]
    first, *others = _lines(file)[start:]
    inner = f"{first[: len(first) - len(first.lstrip())]} "  # a parenthesis that closes its head is no deeper
    body = takewhile(lambda line: not line.strip() or line.startswith((inner, f"{inner[1:]})")), others)
    (defined,) = ast.parse(textwrap.dedent("\n".join([first, *body]))).body
    return defined


class _WithoutSentences(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        sentence = isinstance(node.value, str) and " " in node.value.strip()
        return ast.Constant("a sentence") if sentence else node


def _meaning(function: ast.AST) -> str:
    copied = ast.parse(ast.unparse(function))
    (defined,) = copied.body
    assert isinstance(defined, ast.FunctionDef | ast.AsyncFunctionDef)
    defined.name = "f"
    return ast.dump(_WithoutSentences().visit(copied))


def _change(before: ast.AST, after: ast.AST) -> str:
    old, new = (ast.unparse(each).splitlines()[1:] for each in (before, after))
    gone = [f"- {line.strip()}" for line in old if line not in new]
    come = [f"+ {line.strip()}" for line in new if line not in old]
    return "\n".join([*gone, *come])


def results() -> dict[str, int]:
    """What became of the mutants that were run, by their names."""
    found: dict[str, int] = {}
    for meta in MADE.rglob("*.py.meta"):
        codes = json.loads(meta.read_text())["exit_code_by_key"]
        found |= {name: code for name, code in codes.items() if code is not None}
    return found | {name: code for name, code in _second().items() if _is_alive(found.get(name))}


def _second() -> dict[str, int]:
    told: dict[str, int] = json.loads(SECOND.read_text()) if SECOND.exists() else {}
    return told


def _is_alive(code: int | None) -> bool:
    return code in (None, NOBODY_LOOKS, NOTHING_NOTICED)


def explained() -> dict[tuple[str, str], str]:
    """The survivors that are known, with the reason why they may live."""
    listed = tomllib.loads(SURVIVORS.read_text())["survivor"] if SURVIVORS.exists() else []
    return {(each["place"], each["change"].strip()): each["reason"] for each in listed}


def _run(*names: str) -> None:
    words = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    subprocess.run(words, check=False, env=_environment(Path(__file__).parent))  # where `quickest_first` is


def batched(names: Iterable[str]) -> Iterator[list[str]]:
    """As many as mutmut finds quickly: it holds every mutant against each, and `fnmatch` remembers 256."""
    left = list(names)
    while left:
        yield left[:_AT_ONCE]
        del left[:_AT_ONCE]


def _environment(path: Path) -> dict[str, str]:
    """With what is compiled kept: modules with all their mutants are large."""
    others = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**others, "PYTHONPATH": str(path.resolve())}


def run(picked: Iterable[Mutant]) -> None:
    """Run mutants against the tests in this process; what lives of the checks also against what starts them."""
    for some in batched(each.name for each in picked):
        _run(*some)
    codes = results()
    for each in picked:
        if each.started_by and _is_alive(codes.get(each.name)):
            told = _second() | {each.name: _of_processes(each)}
            SECOND.write_text(json.dumps(told, indent=1))


def _of_processes(mutant: Mutant) -> int:
    """How pytest ended with a mutant that is named by the environment, so that every child process has it."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *mutant.started_by]
    environment = {**_environment(MADE), "MUTANT_UNDER_TEST": mutant.name}
    try:
        code = subprocess.run(
            words, cwd=MADE, env=environment, timeout=PATIENCE, check=False, stdout=subprocess.DEVNULL
        ).returncode
    except subprocess.TimeoutExpired:
        return TOO_LONG
    print(f"{mutant.name}: {'lives' if code == NOTHING_NOTICED else 'noticed'}", flush=True)
    return code


def tell(picked: list[Mutant]) -> bool:
    """Print what lives and the figures; whether they are good enough."""
    codes, reasons = results(), explained()
    waiting = [each for each in picked if each.name not in codes]
    alive = [each for each in picked if each.name in codes and _is_alive(codes[each.name])]
    known = [each for each in alive if (each.place, each.change) in reasons]
    noticed = [each for each in picked if each not in waiting and each not in alive]
    for each in alive:
        if each not in known:
            why = "reached by no test" if codes[each.name] == NOBODY_LOOKS else "noticed by no test"
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
    parser.add_argument("--part", default="1/1", help="the K-th of N parts of the sample: 2/10")
    parser.add_argument("--told", action="store_true", help="tell what is known, and run nothing")
    chosen = parser.parse_args()
    if not chosen.told:
        _run("harness.nothing.*")  # makes them, and learns which test reaches what
    part, parts = map(int, chosen.part.split("/"))
    sample = list(islice(mutants(), chosen.number))[part - 1 :: parts]
    picked = [each for each in sample if each.function.removeprefix("harness.").startswith(chosen.only)]
    if picked and not chosen.told:
        run(picked)
    return 0 if tell(picked) else 1


if __name__ == "__main__":
    sys.exit(main())
