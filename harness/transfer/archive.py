"""The file between two brokers: one line for each part, whole or not there, so that a killed copy goes on."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.transfer.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import TypeAdapter

FORMAT = 1
_MARK = "harness-broker-export"


@dataclass(slots=True, kw_only=True)
class Archive:
    """What was copied so far."""

    path: Path
    origin: str  # of whom it is, without secrets
    done: set[str] = field(default_factory=set)  # the parts that are there
    complete: bool = False

    def append(self, part: str, records: Sequence[Record]) -> None:
        """Add one part; after this it is there, whatever happens."""
        self._write({"part": part, "records": [asdict(each) for each in records]})
        self.done.add(part)

    def finish(self) -> None:
        """Say that nothing is missing, and how much there is."""
        if not self.complete:
            self._write({"complete": dict(self.counts())})
            self.complete = True

    def records(self) -> Iterator[Record]:
        """Everything in it, in the order in which it was copied. Raises UsageError for what cannot be read."""
        found = parts(self.path) if self.path.exists() else ()
        return (record for _, part in found for record in part)

    def counts(self) -> Counter[str]:
        """How many of each kind."""
        return Counter(record.kind for record in self.records())

    def _write(self, line: dict[str, Any]) -> None:
        new = not self.path.exists()
        with self.path.open("a", encoding="utf-8") as file:
            if new:
                self.path.chmod(0o600)  # results may hold what a service answered
                file.write(_line({_MARK: FORMAT, "from": self.origin}))
            file.write(_line(line))
            file.flush()
            os.fsync(file.fileno())


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"


def resume_archive(path: Path, origin: str) -> Archive:
    """The archive in which to go on, or a new one. Raises UsageError for a file that is something else."""
    archive = Archive(path=path, origin=origin)
    if not path.exists() or not path.stat().st_size:
        path.unlink(missing_ok=True)
        return archive
    _cut_torn_line(path)
    if not path.stat().st_size:
        path.unlink()
        return archive
    there = _origin(path)
    if there != origin:
        raise UsageError(
            f"the file is a copy of {there}, not of {origin}", where=str(path), hint="name another file"
        )
    for line, value in _lines(path):
        if "part" in value:
            archive.done.add(str(value["part"]))
        archive.complete = "complete" in value
        del line
    return archive


def open_archive(path: Path) -> Archive:
    """A whole archive, to be read. Raises UsageError for one that is not whole, or is something else."""
    if not path.is_file():
        raise UsageError("no such file", where=str(path), hint="harness broker export --from URL FILE writes one")
    origin = _origin(path)
    archive = Archive(path=path, origin=origin)
    told: Any = None
    for _, value in _lines(path):
        told = value.get("complete", told)
    if told is None:
        raise UsageError(
            "the export was not finished",
            where=str(path),
            hint=f"go on with it: harness broker export --from {origin} {path}",
        )
    if told != dict(archive.counts()):
        raise UsageError("the file does not hold what its last line says", where=str(path), hint="export it again")
    archive.complete = True
    return archive


def parts(path: Path) -> Iterator[tuple[str, Sequence[Record]]]:
    """Every part with its records. Raises UsageError that names the line of what cannot be read."""
    from pydantic import ValidationError

    for line, value in _lines(path):
        if "part" not in value:
            continue
        try:
            yield str(value["part"]), _records().validate_python(value.get("records"))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(each) for each in first["loc"])
            raise UsageError(
                f"a record cannot be read: {where}: {first['msg']}",
                where=f"{path}:{line}",
                hint="export it again",
            ) from None


def _origin(path: Path) -> str:
    with path.open("rb") as file:
        first = file.readline(10_000)
    try:
        head = json.loads(first)
    except (ValueError, RecursionError):
        head = None
    if not isinstance(head, dict) or _MARK not in head:
        raise UsageError("the file is no export of a broker", where=str(path), hint="name another file")
    if head[_MARK] != FORMAT:
        raise UsageError(
            f"the export has format {head[_MARK]}, and this harness knows {FORMAT}",
            where=str(path),
            hint="a newer harness wrote it: pip install --upgrade contract-harness",
        )
    return str(head.get("from", ""))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                raise UsageError("the line is no JSON object", where=f"{path}:{number}", hint="export it again")
            yield number, value


def _cut_torn_line(path: Path) -> None:
    """A process that was killed while it wrote leaves half a line."""
    with path.open("rb+") as file:
        content = file.read()
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)


@cache
def _records() -> TypeAdapter[tuple[Record, ...]]:
    from typing import Annotated

    from pydantic import Field, TypeAdapter

    return TypeAdapter(tuple[Annotated[Record, Field(discriminator="kind")], ...])
