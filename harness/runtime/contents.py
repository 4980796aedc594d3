"""The content of files, folders and archives, as digests; what was read once is read again only when it changed.

A digest is kept beside the size, the times (ns) and the inode of what it was made of. A file that changed within
the last moments is read again: its time might not show one more change.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import stat
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import EnvironmentProblem
from harness.identity import canonical_json, digest
from harness.runtime.caches import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Skip = Callable[[str, str], bool]  # asked with the name of a file or folder and its path below the root
    Stamp = list[int]  # what tells that a file is still the one that was read

ARCHIVE = re.compile(r".*\.(jar|war|ear|aar|zip|whl|egg|pyz|nupkg)", re.IGNORECASE)
_UNPACKED = 1 << 31  # bytes; an archive that unpacks to more is known by its own bytes
_RECENT = 2_000_000_000  # ns; the coarsest clock of a file system that people use
_BLOCK = 1 << 20
_TEXT = 1 << 20  # bytes of a text that are looked at for names
_NAME = re.compile(rb"(?<![A-Za-z0-9_])[A-Z][A-Z0-9_]{2,}(?![A-Za-z0-9_])")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file of a tree: its name below the root, and where it lies."""

    name: str
    path: str


@dataclass(slots=True)
class Contents:
    """Digests by content, kept in a folder (None: nowhere)."""

    folder: Path | None = None
    now: Callable[[], int] = time.time_ns
    _made: dict[tuple[str, str], str] = field(default_factory=dict)

    def file(self, path: str | Path) -> str:
        """The content of one file, whatever links lead to it; an archive's by its entries."""
        real = os.path.realpath(path)
        return self._digest_of(real, "", [FoundFile("", real)])

    def tree(self, root: str | Path, skip: Skip, meaning: str) -> str:
        """The content of a file, or of a folder with what its links bring in.

        `meaning` names the rule `skip`, for the same folder may be looked at in several ways.
        """
        real = os.path.realpath(root)
        if not os.path.isdir(real):
            return digest("file", self.file(real))
        return self.once(real, meaning, lambda: self._digest_of(real, meaning, sorted_tree(real, skip)))

    def once(self, root: str, meaning: str, make: Callable[[], str]) -> str:
        """What is made of a folder, made once: services of a project share an interpreter and its packages."""
        if (root, meaning) not in self._made:
            self._made[root, meaning] = make()
        return self._made[root, meaning]

    def forget(self) -> None:
        """Look again at every folder: something was built meanwhile."""
        self._made.clear()

    def of_files(self, root: str | Path, files: Sequence[FoundFile], meaning: str) -> str:
        """The content of some files of a folder."""
        return self._digest_of(os.path.realpath(root), meaning, files)

    def words(self, root: str | Path, files: Sequence[FoundFile]) -> frozenset[str]:
        """Everything in some text files that could be the name of a variable of the environment."""
        real = os.path.realpath(root)
        return frozenset(self._look(real, "words", files, (variable_names, _all_words)).split())

    def _digest_of(self, root: str, meaning: str, files: Sequence[FoundFile]) -> str:
        return self._look(root, meaning, files, (_digest, _digest_of_all))

    def _look(
        self,
        root: str,
        meaning: str,
        files: Sequence[FoundFile],
        ways: tuple[Callable[[str], str], Callable[[Mapping[str, str]], str]],
    ) -> str:
        """What is made of each file, and of all together; each is made again only when the file has changed."""
        of_one, of_all = ways
        now = stamps(files)
        seen = hashlib.sha256(canonical_json(now).encode("utf-8", "surrogatepass")).hexdigest()
        kept = self._read(root, meaning)
        if kept and kept[0][0] == seen:
            return str(kept[0][1])
        known = json.loads(kept[1]) if kept else {}
        began = self.now()
        made = {f.name: _known_digest(known, f.name, now[f.name]) or of_one(f.path) for f in files}
        total = of_all(made)
        old = {name: [now[name], each] for name, each in made.items() if max(now[name][1:3]) < began - _RECENT}
        self._write(root, meaning, [seen if len(old) == len(made) else "", total], old)
        return total

    def _read(self, root: str, meaning: str) -> tuple[list[str], str] | None:
        """What was found at the last look: what was made of the whole, and (as JSON) of each file."""
        if self.folder is None:
            return None
        with contextlib.suppress(OSError, ValueError), self._place(self.folder, root, meaning).open() as file:
            whole, files = json.loads(file.readline()), file.readline()
            return (whole, files) if files.endswith("}\n") and len(whole) == 2 else None
        return None

    def _write(self, root: str, meaning: str, whole: Sequence[str], files: Mapping[str, Any]) -> None:
        if self.folder is None:
            return
        place = self._place(self.folder, root, meaning)
        part = place.with_suffix(f".{os.getpid()}.part")
        with contextlib.suppress(OSError):  # what cannot be kept is read again
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(f"{json.dumps(whole)}\n{json.dumps(files)}\n", encoding="utf-8")
            part.replace(place)

    @staticmethod
    def _place(folder: Path, root: str, meaning: str) -> Path:
        return folder / digest("contents 1", os.fsencode(root), meaning)[:40]


def kept_contents(environ: Mapping[str, str]) -> Contents:
    """Digests that this machine keeps from command to command."""
    folder = cache_folder(environ)
    return Contents(folder and folder / "contents")


def stamps(files: Sequence[FoundFile]) -> dict[str, Stamp]:
    """What tells of each file that it is still the one that was read."""
    return {found.name: _stamp(found.path) for found in files}


def sorted_tree(root: str | Path, skip: Skip) -> tuple[FoundFile, ...]:
    """The files of a folder and what its links bring in, sorted by name."""
    real = os.path.realpath(root)
    return tuple(sorted(_walk(real, real, "", skip, {_place_of(real)}), key=lambda found: found.name))


def _walk(root: str, folder: str, below: str, skip: Skip, visited: set[tuple[int, int]]) -> Iterator[FoundFile]:
    for entry in _sorted_entries(folder):
        name = f"{below}{entry.name}"
        if skip(entry.name, name):
            continue
        if entry.is_symlink():
            yield from _walk_link(root, entry.path, name, skip, visited)
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(root, entry.path, f"{name}/", skip, visited)
        elif entry.is_file(follow_symlinks=False):
            yield FoundFile(name, entry.path)


def _walk_link(root: str, link: str, name: str, skip: Skip, visited: set[tuple[int, int]]) -> Iterator[FoundFile]:
    """The link itself, and what it brings in from elsewhere, each folder once."""
    yield FoundFile(name, link)
    target = os.path.realpath(link)
    inside = target == root or target.startswith(f"{root}{os.sep}")
    if inside or not os.path.isdir(target) or _place_of(target) in visited:
        return
    visited.add(_place_of(target))
    yield from _walk(target, target, f"{name}/", skip, visited)


def _sorted_entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise unreadable(error) from error


def _place_of(folder: str) -> tuple[int, int]:
    try:
        seen = os.stat(folder)
    except OSError as error:
        raise unreadable(error) from error
    return seen.st_dev, seen.st_ino


def _stamp(path: str) -> Stamp:
    """Size, times and inode; of a link that leads to a file those of the file."""
    try:
        own = os.lstat(path)
        seen = os.stat(path) if stat.S_ISLNK(own.st_mode) and os.path.isfile(path) else own
    except OSError as error:
        raise unreadable(error) from error
    return [seen.st_size, seen.st_mtime_ns, max(seen.st_ctime_ns, own.st_ctime_ns), seen.st_ino, seen.st_mode]


def _known_digest(known: Mapping[str, Any], name: str, stamp: Stamp) -> str:
    before = known.get(name)
    return str(before[1]) if before and before[0] == stamp else ""


def _digest_of_all(made: Mapping[str, str]) -> str:
    return digest(*(part for name in sorted(made) for part in (os.fsencode(name), made[name])))


def _all_words(made: Mapping[str, str]) -> str:
    return " ".join(sorted({word for words in made.values() for word in words.split()}))


def variable_names(path: str) -> str:
    """The words of a text file that could name a variable: capital letters, digits and underscores."""
    try:
        with open(path, "rb") as file:
            text = file.read(_TEXT)
    except OSError as error:
        raise unreadable(error) from error
    return "" if b"\0" in text else " ".join(sorted({word.decode() for word in _NAME.findall(text)})) or " "


def _digest(path: str) -> str:
    """What is there: a link by where it leads, unless it leads to a file; a file by its content."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode) and not os.path.isfile(path):
            return digest("link", os.path.relpath(os.path.realpath(path), os.path.dirname(path)))
        kind = "program" if os.stat(path).st_mode & stat.S_IXUSR else "file"
        return digest(kind, _archive(path) or _hash(path))
    except OSError as error:
        raise unreadable(error) from error


def _hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _archive(path: str) -> str:
    """An archive by the names and the content of its entries; "" for what is none."""
    if not ARCHIVE.fullmatch(path):
        return ""
    with open(path, "rb") as file:
        return _entries(file, depth=3)


def _entries(file: Any, depth: int) -> str:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
            if sum(entry.file_size for entry in entries) > _UNPACKED:
                return ""
            file.seek(0)
            before = file.read(min((entry.header_offset for entry in entries), default=0))
            return digest("archive", before, *(_entry(archive, entry, depth) for entry in entries))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        return ""  # broken, encrypted or packed in a way that nobody here knows: its own bytes


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int) -> str:
    nested = ""
    if depth and ARCHIVE.fullmatch(entry.filename):
        nested = _entries(io.BytesIO(archive.read(entry)), depth - 1)
    total = hashlib.sha256()
    if not nested:
        with archive.open(entry) as content:
            while block := content.read(_BLOCK):
                total.update(block)
    return digest(entry.filename, nested or total.hexdigest())


def unreadable(error: OSError) -> EnvironmentProblem:
    """A file that decides what is tested cannot be read."""
    return EnvironmentProblem(
        f"a file that decides what is tested cannot be read: {error}",
        hint="mend it, or list it in .dockerignore (of a process: in the service's 'writes')",
    )
