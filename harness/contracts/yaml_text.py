"""YAML 1.2 as plain values, read by libyaml, which is quick; what is not sure is left to another reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
    r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_INT = re.compile(r"[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+")
_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_NUMERIC = frozenset("-+.0123456789")
_BASES = {"0b": 2, "0x": 16, "0o": 8}


class Unsure(Exception):
    """A text that is no YAML, or one that another reader knows better; it says why, and near which line."""

    line = 1


def load_yaml(text: str) -> tuple[Any, bool]:
    """The value of a text as JSON has it, dates as they are written, and whether it has aliases. Raises Unsure."""
    if text.startswith("%") or "\n%" in text:
        raise Unsure("it has directives")
    try:
        return _value(yaml.parse(text, Loader=getattr(yaml, "CLoader", yaml.Loader)))
    except (yaml.YAMLError, ValueError) as error:
        raise _unsure(error) from None


def _unsure(error: yaml.YAMLError | ValueError) -> Unsure:
    why = getattr(error, "problem", None) or " ".join(str(error).split())
    found = Unsure(why)
    mark = getattr(error, "problem_mark", None)
    found.line = mark.line + 1 if mark else 1
    return found


class _Holder:
    """A list or an object that is being read."""

    __slots__ = ("key", "made", "merged")

    def __init__(self, made: Any) -> None:
        self.made = made
        self.key: Any = _NO_KEY
        self.merged: list[Any] = []

    def put(self, value: Any, *, merges: bool) -> None:
        """The next value: an item, a key, or what belongs to the key before it."""
        if isinstance(self.made, list):
            self.made.append(value)
        elif self.key is _NO_KEY:
            self._key(value, merges=merges)
        else:
            if self.key is _MERGE:
                self.merged.append(value)
            else:
                self.made[self.key] = value
            self.key = _NO_KEY

    def _key(self, value: Any, *, merges: bool) -> None:
        if isinstance(value, (dict, list)):
            raise Unsure("a list or an object is a key")
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, (int, float)):
            value = str(value)  # `200:` is the status "200"
        elif value is None:
            raise Unsure("a key is empty")
        self.key = _MERGE if merges else value
        if value in self.made:
            raise Unsure("a key is given twice")

    def whole(self) -> Any:
        """It, with what was to be merged into it: what it says itself stands, of others the first."""
        for each in self.merged:
            for other in each if isinstance(each, list) else [each]:
                if not isinstance(other, dict):
                    raise Unsure("something else than an object is merged")
                for key, value in other.items():
                    self.made.setdefault(key, value)
        return self.made


_NO_KEY = object()
_MERGE = object()


class _Building:
    """The value that the events of a text make, one after the other: deep nesting takes no stack."""

    def __init__(self) -> None:
        self.anchors: dict[str, Any] = {}
        self.open = [_Holder([])]
        self.shares = False

    def scalar(self, event: yaml.ScalarEvent) -> None:
        value = _scalar(event)
        self._anchored(event.anchor, value)
        self.open[-1].put(value, merges=value == "<<" and not event.style)

    def start(self, event: yaml.CollectionStartEvent) -> None:
        if event.tag:
            raise Unsure("it names the kind of a value")
        made: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._anchored(event.anchor, made)
        self.open.append(_Holder(made))

    def end(self, _: yaml.CollectionEndEvent) -> None:
        value = self.open.pop().whole()
        self.open[-1].put(value, merges=False)

    def alias(self, event: yaml.AliasEvent) -> None:
        self.shares = True
        if event.anchor not in self.anchors:
            raise Unsure("an alias has no anchor")
        self.open[-1].put(self.anchors[event.anchor], merges=False)

    def _anchored(self, anchor: str | None, value: Any) -> None:
        if anchor:
            self.anchors[anchor] = value


def _value(events: Iterator[yaml.Event]) -> tuple[Any, bool]:
    building = _Building()
    steps: dict[type, Callable[[Any], None]] = {
        yaml.ScalarEvent: building.scalar,
        yaml.MappingStartEvent: building.start,
        yaml.SequenceStartEvent: building.start,
        yaml.MappingEndEvent: building.end,
        yaml.SequenceEndEvent: building.end,
        yaml.AliasEvent: building.alias,
    }
    for event in events:
        step = steps.get(type(event))
        if step is not None:
            try:
                step(event)
            except Unsure as unsure:
                unsure.line = event.start_mark.line + 1 if event.start_mark else 1
                raise
    (documents,) = (each.made for each in building.open)
    if len(documents) != 1:
        raise Unsure("it is not one document")
    return documents[0], building.shares


def _scalar(event: yaml.ScalarEvent) -> Any:
    value: str = event.value
    if event.tag:
        raise Unsure("it names the kind of a value")
    if event.style:
        return value
    if value in _WORDS:
        return _WORDS[value]
    return _number(value) if value[0] in _NUMERIC else value


def _number(value: str) -> Any:
    if _FLOAT.fullmatch(value):
        plain = value.replace("_", "").lower()
        return float(plain.replace(".inf", "inf").replace(".nan", "nan"))
    if not _INT.fullmatch(value):
        return value
    plain = value.replace("_", "")
    sign, digits = (plain[0], plain[1:]) if plain[0] in "+-" else ("", plain)
    base = _BASES.get(digits[:2], 10)
    return int(f"{sign}{digits[2:] if base != 10 else digits}", base)
