"""Reading a document's values as what they must be, keeping every mistake on the way."""

from __future__ import annotations

import math
import os.path
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ManifestError, Problem, did_you_mean
from harness.services.environment import from_environ, settle
from harness.services.node import NOTHING, Node, Table, display_value
from harness.services.spelling import PLAIN
from harness.services.system import ResourceKind

if TYPE_CHECKING:
    from collections.abc import Collection

_HINTED = 200  # problems; so many mistakes have one cause, and a guess for each takes time
_TOLD = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginResources:
    """The kinds of resource that plug-ins bring."""

    kinds: Mapping[str, ResourceKind] = field(default_factory=dict)
    failed: tuple[str, ...] = ()  # which plug-ins cannot be used, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginChecks:
    """The kinds of check that plug-ins bring, as far as a manifest speaks of them."""

    keys: Mapping[str, Mapping[str, type]] = field(default_factory=dict)  # kind to what its table may say
    failed: tuple[str, ...] = ()  # which plug-ins cannot be used, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingContext:
    """What is needed to understand a document, and what is to be said of it so far."""

    root: Path
    environ: Mapping[str, str]
    resource_kinds: Callable[[], PluginResources] = PluginResources  # asked only for a kind that is not built in
    plugin_checks: Callable[[], PluginChecks] = PluginChecks  # asked only for a kind that is not built in
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)  # no mistakes, but somebody should know

    def wrong(self, text: str, node: Node, hint: str = "") -> None:
        """Keep one mistake."""
        self.problems.append(Problem(text, node.where, hint))

    def remark(self, text: str, node: Node, hint: str = "") -> None:
        """Keep what has no effect here."""
        self.remarks.append(Problem(text, node.where, hint))

    def caught(self, error: ManifestError, what: str, node: Node) -> None:
        """Keep the mistakes of a part that knows no places."""
        for problem in error.problems:
            self.wrong(f"{what}: {problem.text}", node, problem.hint)

    def unknown(self, what: str, name: str, node: Node, known: Collection[str]) -> None:
        """Keep the mistake of a name that is none, with the one that may have been meant."""
        hint = did_you_mean(name[:100], known) if len(self.problems) < _HINTED else ""
        self.wrong(f"{what} {display_value(name)}", node, hint)

    def finish(self) -> None:
        """Raise ManifestError with every mistake, in the order of the document, each once."""
        unique = sorted(dict.fromkeys(self.problems), key=_place)
        if len(unique) > _TOLD:
            unique = [*unique[:_TOLD], Problem(f"and {len(unique) - _TOLD} more mistakes")]
        if unique:
            raise ManifestError(*unique)

    def expected(self, node: Node, what: str, meant: str, *, hint: str = "", secret: bool = False) -> None:
        """Keep the mistake of a value that is not of the kind that is meant."""
        value = "what is written there" if secret else display_value(node.value)
        self.wrong(f"{what}: {meant} is needed, not {value}", node, hint)

    def table(self, node: Node | None, what: str, known: Collection[str] | None = None) -> Table:
        """The keys of a table; with `known`, any other key is a mistake."""
        if node is None:
            return NOTHING
        if not node.table and node.value != {}:
            self.expected(node, what, "a table")
        for key, each in node.table.items():
            if known is not None and key not in known:
                self.unknown(f"{what}: unknown key" if what else "unknown key", key, each, known)
        return node.table

    def named(self, node: Node | None, what: str) -> Table:
        """The entries of a table whose keys are names that the person chose."""
        entries = self.table(node, what)
        for name, each in entries.items():
            if not PLAIN.fullmatch(name):
                self.wrong(
                    f"{what}: {display_value(name)} is not a name", each, "use letters, digits, '.', '_' and '-'"
                )
        return entries

    def pacticipants(self, node: Node | None, what: str) -> Table:
        """The entries of a table whose keys are names of pacticipants, which may be any line of text."""
        entries = self.table(node, what)
        for name, each in entries.items():
            self.pacticipant(name, each, what)
        return entries

    def pacticipant(self, name: str, node: Node, what: str) -> bool:
        """Whether a text can be the name of a pacticipant; one that cannot is kept as a mistake."""
        good = bool(name.strip()) and name.isprintable() and name == name.strip()
        if not good:
            self.wrong(
                f"{what}: {display_value(name)} is not a name",
                node,
                "use one line without spaces around it",
            )
        return good

    def text(self, node: Node | None, what: str, default: str = "", *, secret: bool = False) -> str:
        """A text, with `${env.X}` replaced."""
        written = self.raw_text(node, what, secret=secret)
        if node is None or written is None:
            return default
        return self._resolved(from_environ, written, node, what)

    def filled_text(self, node: Node | None, what: str, default: str = "") -> str:
        """A text that is not empty."""
        text = self.text(node, what, default)
        if node is not None and isinstance(node.value, str) and not text.strip():
            self.expected(node, what, "a text that is not empty")
            return default
        return text

    def raw_text(self, node: Node | None, what: str, *, secret: bool = False) -> str | None:
        """A text as it is written."""
        if node is None:
            return None
        if not isinstance(node.value, str):
            hint = f'write "{node.value}"' if _is_number(node.value) and not secret else ""
            self.expected(node, what, "a text", hint=hint, secret=secret)
            return None
        if "\0" in node.value:
            self.wrong(f"{what}: a text with a NUL character", node)
            return None
        return node.value

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        if node is None:
            return ()
        items = (node,) if isinstance(node.value, str) else node.items
        if not items and node.value != ():
            self.expected(node, what, "a list of texts")
        return tuple(text for each in items if (text := self.filled_text(each, what)))

    def words(self, node: Node | None, what: str) -> tuple[str, ...]:
        """A command: a list of words, or one text split as a shell does; references are kept."""
        if node is None:
            return ()
        if isinstance(node.value, str):
            return self._split(node, node.value, what)
        if not isinstance(node.value, tuple) or not node.value:
            self.expected(node, what, "a command")
        read = ((each, self.raw_text(each, what)) for each in node.items)
        return tuple(self.settled(word, each, what) for each, word in read if word is not None)

    def pairs(self, node: Node | None, what: str, *, settled: bool = False) -> tuple[tuple[str, str], ...]:
        """A table of texts; numbers and truth values count as texts. `settled` keeps references for the start."""
        found = []
        for key, each in self.table(node, what).items():
            value = self._scalar(each, f"{what}.{key}")
            if not key or "=" in key or "\0" in key:
                self.wrong(f"{what}: {display_value(key)} is not a name for a value", each)
            elif value is not None:
                resolver = settle if settled else from_environ
                found.append((key, self._resolved(resolver, value, each, f"{what}.{key}")))
        return tuple(found)

    def settled(self, written: str, node: Node, what: str) -> str:
        """A text with references to services kept and `${env.X}` replaced."""
        return self._resolved(settle, written, node, what)

    def whole(self, node: Node | None, what: str, default: int, span: tuple[int, int]) -> int:
        """A whole number within bounds, both included."""
        if node is None:
            return default
        value, (least, most) = node.value, span
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.expected(node, what, f"a whole number from {least} to {most}")
            return default
        return value

    def truth(self, node: Node | None, what: str) -> bool:
        """Yes or no; no when nothing is written."""
        if node is None:
            return False
        if not isinstance(node.value, bool):
            self.expected(node, what, "true or false")
            return False
        return node.value

    def port(self, node: Node | None, what: str) -> int:
        """A TCP port; 0 when it is none."""
        return self.whole(node, what, 0, (1, 65535))

    def seconds(self, node: Node | None, what: str, default: float) -> float:
        """A time span in seconds, above zero and at most a day."""
        if node is None:
            return default
        value = node.value
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 86_400:
            self.expected(node, what, "a number of seconds above 0")
            return default
        return float(value)

    def path(self, written: str, beside: Path | None = None) -> Path:
        """A path as written in a document, made absolute."""
        return _normal((beside or self.root) / written)

    def existing(self, node: Node | None, what: str, kind: str, beside: Path | None = None) -> Path | None:
        """The path of a `file` or `folder` (or of either: `file or folder`) that must be there."""
        written = self.filled_text(node, what)
        if node is None or not written:
            return None
        path = self.path(written, beside)
        found = {"file": path.is_file, "folder": path.is_dir}.get(kind, path.exists)
        if not _answers(found):
            self.wrong(f"{what}: no {kind} {display_value(written)}", node, f"looked for {path}")
            return None
        return path

    def _scalar(self, node: Node, what: str) -> str | None:
        if isinstance(node.value, bool):
            return str(node.value).lower()
        if _is_number(node.value):
            return str(node.value)
        return self.raw_text(node, what)

    def _split(self, node: Node, written: str, what: str) -> tuple[str, ...]:
        text = self.settled(written, node, what)
        try:
            words = tuple(shlex.split(text))
        except ValueError as error:
            self.wrong(f"{what}: {display_value(written)} cannot be split into words: {str(error).lower()}", node)
            return ()
        if not words:
            self.expected(node, what, "a command")
        return words

    def _resolved(
        self, resolver: Callable[[str, Mapping[str, str]], str], written: str, node: Node, what: str
    ) -> str:
        try:
            return resolver(written, self.environ)
        except ManifestError as error:
            self.caught(error, what, node)
            return written


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**63


def _answers(question: Callable[[], bool]) -> bool:
    """Whether a path is there; a name too long, or a folder that is closed to us, is not there for us."""
    try:
        return question()
    except (OSError, ValueError):
        return False


def _normal(path: Path) -> Path:
    """Absolute and without `..`, but with symbolic links as they are: messages show what was written."""
    return Path(os.path.normpath(path))


def _place(problem: Problem) -> tuple[str, int]:
    label, _, line = problem.where.rpartition(":")
    return (label, int(line)) if line.isdecimal() else (problem.where, 0)
