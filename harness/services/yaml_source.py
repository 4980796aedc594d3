"""YAML as nodes, every scalar as the text that is written; what it means is the reader's business."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.errors import ManifestError, Problem
from harness.services.node import DEEPEST, Node, read_document

if TYPE_CHECKING:
    from pathlib import Path

_NULL = "tag:yaml.org,2002:null"
_MERGE = "<<"
_MARKS = ("!reset", "!override")


def read_yaml(path: Path, label: str) -> Node:
    """A YAML file as nodes. Raises ManifestError with the line of what is not YAML."""
    return parse_yaml(read_document(path, label), label)


def parse_yaml(text: str, label: str) -> Node:
    """A YAML text as nodes; texts, None, lists and tables. Raises ManifestError with every duplicate key."""
    root = _compose_yaml(text, label)
    if root is None:
        return Node(None, f"{label}:1")
    conversion = _Conversion(label)
    try:
        node = conversion.node(root, 0)
    except RecursionError as error:
        raise ManifestError("too many levels inside each other", where=label) from error
    if conversion.problems:
        raise ManifestError(*conversion.problems)
    return node


def _compose_yaml(text: str, label: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor may be used again; the later one counts
            return YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        place = f"{label}:{mark.line + 1}" if mark else label
        raise ManifestError(f"not YAML: {what}", where=place) from error
    except RecursionError as error:
        raise ManifestError("too many levels inside each other", where=label) from error
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        # The library trips over some broken texts before it can say what is wrong with them.
        raise ManifestError(f"not YAML: {type(error).__name__}: {error}", where=label) from error


class _Conversion:
    """Each node of the parsed graph once: aliases share it, so that a small file cannot unfold into a huge one."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.problems: list[Problem] = []
        self._done: dict[int, Node] = {}
        self._open: set[int] = set()

    def node(self, raw: Any, depth: int) -> Node:
        """One node with all below it."""
        key, where = id(raw), f"{self.label}:{raw.start_mark.line + 1}"
        if key in self._open or depth > DEEPEST:
            why = "an alias stands inside what it names" if key in self._open else f"more than {DEEPEST} levels"
            raise ManifestError(why, where=where)
        if key not in self._done:
            self._open.add(key)
            mark = next((each for each in _MARKS if raw.tag == each), "")
            self._done[key] = Node(self._value(raw, depth), where, mark)
            self._open.discard(key)
        return self._done[key]

    def _value(self, raw: Any, depth: int) -> object:
        from ruamel.yaml.nodes import MappingNode, SequenceNode

        if isinstance(raw, MappingNode):
            return self._table(raw, depth)
        if isinstance(raw, SequenceNode):
            return tuple(self.node(each, depth + 1) for each in raw.value)
        return None if raw.tag == _NULL else str(raw.value)

    def _table(self, raw: Any, depth: int) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for raw_key, raw_value in raw.value:
            where = f"{self.label}:{raw_key.start_mark.line + 1}"
            value = self.node(raw_value, depth + 1)
            name = raw_key.value
            if not isinstance(name, str):
                self.problems.append(Problem("a list or table cannot be a key", where))
            elif name == _MERGE:
                for table in (value, *value.items):
                    merged = {**table.table, **merged}
            elif name in own:
                self.problems.append(Problem(f"key {name!r} stands here a second time", where))
            else:
                # A table's own line is its first key's; people look for the line of its name.
                own[name] = replace(value, where=where)
        return {**merged, **own}
