"""Lines of files that findings point to, for reports that editors read."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.errors import Problem


def on_lines(problems: Iterable[Problem], lines: LinesOfFiles) -> tuple[Problem, ...]:
    """The same, where a place in a file is known by its line; the pointer stays beside it."""
    return tuple(replace(each, where=_line(each.where, lines)) for each in problems)


def _line(where: str, lines: LinesOfFiles) -> str:
    file, hash_, pointer = where.partition("#")
    if not hash_ or not Path(file).is_file():
        return where
    return f"{file}:{lines(file, pointer)} {hash_}{pointer}"


class LinesOfFiles:
    """The line of a place in a file; 1 where it is no file that can be read here."""

    def __init__(self) -> None:
        self._read: dict[str, Lines] = {}

    def __call__(self, file: str, pointer: str) -> int:
        """The line, counted from 1."""
        if file not in self._read:
            self._read[file] = Lines(_text(file))
        return self._read[file].of(pointer)


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return ""


_LARGEST = 4_000_000  # characters; reading places of more takes too long


class Lines:
    """The lines of one text by JSON pointer."""

    def __init__(self, text: str) -> None:
        self.text = text

    def of(self, pointer: str) -> int:
        """The line of what a pointer names, or of the nearest thing around it; 1 where nothing is known."""
        node, line = self._root, 1
        for step in pointer.removeprefix("#").split("/")[1:]:
            found = _below(node, step.replace("~1", "/").replace("~0", "~"))
            if found is None:
                break
            node, line = found
        return line

    @cached_property
    def _root(self) -> Any:
        import yaml

        if len(self.text) > _LARGEST:
            return None
        try:
            return yaml.compose(self.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except (yaml.YAMLError, RecursionError, ValueError):  # JSON is YAML, but for rare texts
            return None


def _below(node: Any, step: str) -> tuple[Any, int] | None:
    from yaml.nodes import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line + 1
    if isinstance(node, SequenceNode) and step.isascii() and step.isdecimal() and int(step) < len(node.value):
        item = node.value[int(step)]
        return item, item.start_mark.line + 1
    return None
