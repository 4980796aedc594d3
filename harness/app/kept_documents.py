"""YAML documents that were read before, kept as JSON by their content: JSON is read a hundred times as quickly."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import uuid
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import __version__
from harness.contracts.openapi_bundle import ALLOW_REFS
from harness.contracts.openapi_faults import Examined
from harness.contracts.openapi_source import parse
from harness.errors import Problem, UsageError
from harness.identity import digest
from harness.runtime.caches import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.contracts.openapi_source import Reader

    Made = Callable[[], tuple[Examined, tuple[Path, ...]]]

MOST_BYTES = 64 * 1024 * 1024  # of all that is kept
_YOUNG = 2_000_000_000  # nanoseconds: of the coarsest clock of a file system
WORTH_IT = 4_096  # bytes of YAML; less is read as quickly again
_OURS = re.compile(
    r"[0-9a-f]{64}((\.whole)?\.json|(\.whole)?\.[0-9a-f]{32}\.part)"
)  # parts are left over by what was killed


def keeping_reader(environ: Mapping[str, str]) -> Reader:
    """What reads documents, and keeps YAML with all else that this person keeps. Raises UsageError."""
    folder, allowed = cache_folder(environ), _allowed_folders(environ.get(ALLOW_REFS, ""))
    if folder is None:
        return UnkeptDocuments(allowed) if allowed else parse
    return KeptDocuments(folder / "documents", allowed=allowed)


def _allowed_folders(given: str) -> tuple[Path, ...]:
    """The folders from which references may read, whatever document has them."""
    folders = tuple(Path(each) for each in given.split(os.pathsep) if each)
    for folder in folders:
        if not folder.is_dir():
            hint = f"name folders that are there, with {os.pathsep!r} between them"
            raise UsageError(f"'{folder}' is no folder", where=ALLOW_REFS, hint=hint)
    return tuple(folder.resolve() for folder in folders)


@dataclass(frozen=True, slots=True)
class UnkeptDocuments:
    """Documents that are read anew each time."""

    allowed: tuple[Path, ...]

    def __call__(self, text: str | bytes, place: str) -> Any:
        """The value of a document, as `parse` reads it. Raises ContractError."""
        return parse(text, place)


@dataclass(frozen=True, slots=True)
class KeptDocuments:
    """A folder of values by the content of the texts that they were read from; it may be deleted at any time."""

    folder: Path
    most: int = MOST_BYTES
    young: int = _YOUNG
    allowed: tuple[Path, ...] = ()  # folders outside of a document's repository from which it may refer to files

    def __call__(self, text: str | bytes, place: str) -> Any:
        """The value of a document, as `parse` reads it. Raises ContractError."""
        data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        if data.lstrip()[:1] in (b"{", b"[") or len(data) < WORTH_IT:
            return parse(text, place)
        path = self.folder / f"{digest('yaml', __version__, data)}.json"
        found = _load_document(path)
        if found is None:
            found = (parse(text, place),)
            self._keep(path, found[0])
        return found[0]

    def whole(self, place: str, value: dict[str, Any], made: Made) -> Examined:
        """A document as it was examined before, while not one of its files changed; `value` is that of its own."""
        root = os.path.realpath(place)
        path = self.folder / f"{digest('whole', __version__, root, place, *map(str, self.allowed))}.whole.json"
        kept = _load_document(path)
        if kept is not None and _states(kept[0]["files"]) == kept[0]["states"]:
            return _as_examined(kept[0], value)
        found, files = made()
        names = [os.path.realpath(each) for each in files]
        states = _states(names)
        if names and _is_settled(states, self.young):
            told = {"faults": found.faults, "remarks": found.remarks}
            problems = {key: [astuple(each) for each in of] for key, of in told.items()}
            whole = None if found.value is value else found.value
            self._keep(path, {"files": names, "states": states, "value": whole, **problems})
        return found

    def _keep(self, path: Path, value: Any) -> None:
        """Written whole or not at all; a folder that cannot be written to costs time, nothing else."""
        partial = path.with_name(f"{path.stem}.{uuid.uuid4().hex}.part")
        with suppress(OSError, ValueError, RecursionError):  # a number that is too long to be written is no JSON
            written = json.dumps(value).encode()
            if len(written) > self.most:
                return
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(_sum(written) + b"\n" + written)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
            self._make_room()

    def _make_room(self) -> None:
        """The oldest go first; what was read is as good as new."""
        ours = [path for path in self.folder.iterdir() if _OURS.fullmatch(path.name)]
        kept = sorted(ours, key=lambda path: path.stat().st_mtime, reverse=True)
        total = 0
        for path in kept:
            total += path.stat().st_size
            if total > self.most:
                path.unlink(missing_ok=True)


def _states(names: list[str]) -> list[list[int]]:
    """What tells a file that changed from one that did not: its size, its times and which file it is."""
    states = []
    for name in names:
        try:
            told = os.stat(name)
        except OSError:
            return []
        states.append([told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino])
    return states


def _is_settled(states: list[list[int]], young: int) -> bool:
    """Whether every file is older than a clock's step: a younger one may change again and show the same times."""
    now = time.time_ns()
    return bool(states) and all(now - max(state[1], state[2]) > young for state in states)


def _as_examined(kept: dict[str, Any], value: dict[str, Any]) -> Examined:
    value = kept["value"] or value
    faults, remarks = (tuple(Problem(*each) for each in kept[key]) for key in ("faults", "remarks"))
    return Examined(value, value, faults, remarks)


def _load_document(path: Path) -> tuple[Any] | None:
    """What is kept, as a 1-tuple; None when it is not there, or is not what was written."""
    try:
        given, _, written = path.read_bytes().partition(b"\n")
        if given != _sum(written):
            return None
        value = (json.loads(written),)
    except (OSError, ValueError, RecursionError):
        return None
    with suppress(OSError):
        os.utime(path)
    return value


def _sum(written: bytes) -> bytes:
    return hashlib.sha256(written).hexdigest().encode()
