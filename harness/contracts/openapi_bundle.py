"""A document that refers to other files, made whole: their content moves into it, under one key."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable  # noqa: TC003 - of a NamedTuple, read when it is made
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from harness.contracts.openapi_source import UNREAD, at_pointer, escape_pointer_step, parse, references, referring
from harness.errors import ContractError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.contracts.openapi_source import Reader

KEY = "x-contract-harness-files"
ALLOW_REFS = "HARNESS_ALLOW_REFS"  # the variable that names folders from which references may read


class Beside(NamedTuple):
    """Where a document stands among files that are not on this disk, such as those of a git revision."""

    root: Path  # of the document; nothing is at that path here
    fetch: Callable[[Path], bytes]  # raises OSError


def bundle(
    document: dict[str, Any],
    place: str,
    reader: Reader = parse,
    beside: Beside | None = None,
    problems: list[Problem] | None = None,
    read: list[Path] | None = None,
) -> dict[str, Any]:
    """The document with every file that it refers to inside it; the same value when it refers to none.

    Only files beside a document that was itself read from a file (or `beside` others) are read. Raises
    ContractError with all references that lead nowhere; with `problems` these are put there and stay as written.
    `read` gets the files that were read.
    """
    if not is_in_files(document):
        return document
    if beside is None and Path(place).is_file():
        beside = Beside(Path(place), Path.read_bytes)
    files = _Files(beside, place, reader)
    whole = files.rewritten(deepcopy(document), files.root)
    if read is not None:
        read.extend(files.names)
    if files.problems and problems is None:
        raise ContractError(*files.problems)
    if problems is not None:
        problems.extend(files.problems)
    for name in files.unread:
        del files.content[name]
    return {**whole, KEY: files.content}


def is_in_files(document: dict[str, Any]) -> bool:
    """Whether a document refers to other files."""
    return any(_foreign(target["$ref"]) for target in referring(document))


def written_place(place: str, pointer: str) -> str:
    """Where a part of a bundled document was written: its own file, and the pointer there."""
    steps = pointer.split("/")
    if len(steps) > 2 and steps[1] == KEY:
        name = steps[2].replace("~1", "/").replace("~0", "~")
        revision, colon, path = place.rpartition(":") if "://" not in place else ("", "", place)
        folder = path.rpartition("/")[0]
        place = f"{revision}{colon}{posixpath.normpath(posixpath.join(folder, name))}"
        pointer = "".join(f"/{step}" for step in steps[3:])
    return f"{place}#{pointer}" if pointer else place


def _foreign(reference: str) -> bool:
    return bool(reference) and not reference.startswith("#")


def _project(document: Path) -> Path:
    """The folder whose files a document may refer to: its repository, its project, else its own folder."""
    folder = document.resolve().parent
    marked = (each for each in (folder, *folder.parents) if any((each / mark).exists() for mark in _MARKS))
    return next(marked, folder)


_MARKS = (".git", "harness.toml")


class _Files:
    """Every file that was met, by its name relative to the document's folder."""

    def __init__(self, beside: Beside | None, place: str, reader: Reader) -> None:
        self.beside = beside
        self.root = beside.root if beside else None
        self.within = _project(beside.root) if beside and beside.root.is_file() else None
        self._real_root = self.root.resolve() if self.root else None
        self._others: dict[tuple[Path, str], Path] = {}
        self._named: dict[Path, str] = {}
        self.names: list[Path] = []  # of the files that were met
        self.reader = reader
        self.allowed: tuple[Path, ...] = getattr(reader, "allowed", ())
        self.place = place
        self.content: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.unread: list[str] = []  # files of which nothing is known: what refers to one leads nowhere

    def rewritten(self, value: Any, file: Path | None) -> Any:
        """A value of our own, whose references all point into the bundled document now."""
        where = self.place if file == self.root else str(file)
        for at, target in list(references(value)):
            target["$ref"] = self._moved(target["$ref"], file, f"{where}{at}")  # type: ignore[index]  # our own
        return value

    def _moved(self, reference: str, file: Path | None, at: str) -> str:
        address, _, fragment = reference.partition("#")
        if not address:
            return reference if file == self.root else f"#/{KEY}/{escape_pointer_step(self._name(file))}{fragment}"
        problem = self._obstacle(reference, address)
        if problem:
            self.problems.append(Problem(problem[0], at, problem[1]))
            return reference
        assert file is not None
        other = self._other(file, address)
        if other == self._real_root:
            return f"#{fragment}"
        if self._is_outside(other):
            text = f"$ref '{reference}' leads to {other}: it is outside of {self.within}, so it is not read"
            hint = f"keep a copy beside the document, or give leave to read there: {ALLOW_REFS}={other.parent}"
            self.problems.append(Problem(text, at, hint))
            return reference
        name = self._name(other)
        if name not in self.content:
            self.names.append(other)
            self.content[name] = {}  # met: files may refer to each other in a circle
            self._read(name, other, reference, at)
        return f"#/{KEY}/{escape_pointer_step(name)}{fragment}"

    def _other(self, file: Path, address: str) -> Path:
        """The file that an address means, links followed; each is looked up once."""
        key = file.parent, address
        if key not in self._others:
            self._others[key] = (file.parent / unquote(address)).resolve()
        return self._others[key]

    def _is_outside(self, other: Path) -> bool:
        """Whether a file is neither in the document's repository, project or folder, nor where leave was given."""
        return self.within is not None and not any(map(other.is_relative_to, (self.within, *self.allowed)))

    def _obstacle(self, reference: str, address: str) -> tuple[str, str] | None:
        if urlsplit(address).scheme:
            return (
                f"$ref '{reference}' leads to the network, where it may change unseen",
                "keep a copy beside the document and refer to that",
            )
        if self.root is None:
            return (
                f"$ref '{reference}' leads to another file, which cannot be read from here",
                "serve one whole document, or name its file in the manifest",
            )
        return None

    def _read(self, name: str, other: Path, reference: str, at: str) -> None:
        try:
            assert self.beside is not None
            value = self.reader(self.beside.fetch(other), str(other))
        except OSError as error:
            told = error.strerror or str(error)
            self.problems.append(Problem(f"$ref '{reference}' leads to {other}: {told}", at))
            self.unread.append(name)
        except ContractError as error:
            self.problems.extend(error.problems)
            self.unread.append(name)
        else:
            self.content[name] = self.rewritten(value, other)

    def _name(self, file: Path | None) -> str:
        """A name that does not depend on where the checkout is, for it is part of the content key."""
        assert file is not None
        assert self._real_root is not None
        if file not in self._named:
            self._named[file] = Path(os.path.relpath(file, self._real_root.parent)).as_posix()
        return self._named[file]


def unresolved_references(document: dict[str, Any], place: str) -> Iterator[Problem]:
    """References within the document that lead nowhere."""
    if _all_lead(document, {target["$ref"] for target in referring(document)}):
        return  # the usual case; only where something is wrong, every place is named
    anchors = dict(anchored_schemas(document))
    for at, target in references(document):
        reference = target["$ref"]
        if reference.startswith(f"#/{UNREAD}/"):
            continue  # what stood there is told by its own place
        fragment = unquote(reference.removeprefix("#"))
        if not reference:
            yield Problem("$ref is empty", f"{place}{at}", 'refer to a part, e.g. "#/components/schemas/Order"')
        elif fragment.startswith("/"):
            if not at_pointer(document, reference.removeprefix("#"))[1]:
                yield Problem(f"$ref '{reference}' leads nowhere", f"{place}{at}", _nearest(document, fragment))
        elif fragment and fragment not in anchors:
            yield Problem(f"$ref '{reference}' names an anchor that is not there", f"{place}{at}")


def _all_lead(document: dict[str, Any], references_there: set[str]) -> bool:
    """Whether each of them is a pointer that leads somewhere."""
    return all(each.startswith("#/") and at_pointer(document, each[1:])[1] for each in references_there)


def _nearest(document: dict[str, Any], fragment: str) -> str:
    from harness.errors import did_you_mean

    above, _, name = fragment.rpartition("/")
    siblings, found = at_pointer(document, above)
    return did_you_mean(name, siblings) if found and isinstance(siblings, dict) else ""


@dataclass(slots=True)
class References:
    """What the references of a whole document lead to; each is followed once."""

    document: dict[str, Any]
    _targets: dict[str, Any] = field(default_factory=dict)
    _anchors: dict[str, Any] | None = None

    def at(self, reference: str) -> Any:
        """What a reference leads to; None when that is nowhere."""
        if reference not in self._targets:
            self._targets[reference] = self._target(reference)
        return self._targets[reference]

    def _target(self, reference: str) -> Any:
        if reference.startswith("#/"):
            return at_pointer(self.document, reference[1:])[0]
        if self._anchors is None:
            self._anchors = dict(anchored_schemas(self.document))
        return self._anchors.get(reference.removeprefix("#")) if reference.startswith("#") else None


def anchored_schemas(value: Any) -> Iterator[tuple[str, Any]]:
    """Every schema that has a name of its own, by that name."""
    if isinstance(value, dict):
        for name in ("$anchor", "$dynamicAnchor"):
            if isinstance(value.get(name), str):
                yield value[name], value
        for item in value.values():
            yield from anchored_schemas(item)
    elif isinstance(value, list):
        for item in value:
            yield from anchored_schemas(item)
