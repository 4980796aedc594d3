"""The text of an OpenAPI document, JSON or YAML, as plain JSON values; hostile text becomes an error."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.errors import ContractError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_NODES = 1_000_000  # once all anchors are written out, unless the text itself is longer than that
_DEEPEST = 200


Reader = Callable[["str | bytes", str], Any]  # reads a text as `parse` does


def parse(text: str | bytes, place: str) -> Any:
    """The document's value. Raises ContractError with line and column where the text says them."""
    words = _decode_text(text, place)
    if not words.strip():
        raise ContractError(Problem("the document is empty", place))
    try:
        value, is_plain = _value(words, place)
        # Without anchors only where a quick look finds something every place is looked at by its name.
        looked_at = is_plain and _is_sound(value)
        problems = [] if looked_at else list(_JsonShape(place, max(_MOST_NODES, len(words))).problems(value))
    except RecursionError:
        raise ContractError(Problem("it is nested too deeply", place, _SHALLOWER)) from None
    if problems:
        raise ContractError(*problems)
    return value


_MOST_SLOWLY = 500_000  # characters for the reader that knows all of YAML, of which it reads 30,000 in a second
_PLAINER = "write that place plainly, or the document as JSON"
_SHALLOWER = "flatten it, or move parts into components and refer to them"


def _value(words: str, place: str) -> tuple[Any, bool]:
    """The value, and whether it has no anchors: as JSON has none, which may be in a file named YAML, too."""
    if words.lstrip()[0] in "{[":
        try:
            return _json(words, place), True
        except ContractError:
            if not place.lower().endswith((".yaml", ".yml")):
                raise
    from harness.contracts.yaml_text import (  # here: PyYAML takes longer than reading most documents
        Unsure,
        load_yaml,
    )

    try:
        value, shares = load_yaml(words)
    except Unsure as unsure:
        if len(words) > _MOST_SLOWLY:  # the other reader would take minutes
            told = f"YAML of more than {_MOST_SLOWLY} characters is not read where {unsure}"
            raise ContractError(Problem(told, f"{place}:{unsure.line}", _PLAINER)) from None
        return _yaml(words, place), False
    return value, not shares


def _decode_text(text: str | bytes, place: str) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        byte = f"0x{text[error.start]:02x}"
        raise ContractError(
            Problem(f"the byte {byte} is not UTF-8", f"{place}:{line}", "save the document as UTF-8")
        ) from None


def _json(text: str, place: str) -> Any:
    twice: list[str] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            counted = Counter(name for name, _ in pairs)
            twice.extend(name for name, times in counted.items() if times > 1)
        return made

    try:
        value = json.loads(text, object_pairs_hook=object_of)
    except json.JSONDecodeError as error:
        near = text[error.pos : error.pos + 20].split("\n", maxsplit=1)[0]
        raise ContractError(
            Problem(f"not JSON: {error.msg} at column {error.colno}, near '{near}'", f"{place}:{error.lineno}")
        ) from None
    if twice:
        raise ContractError(*(_twice(name, text, place) for name in dict.fromkeys(twice)))
    return value


def _twice(name: str, text: str, place: str) -> Problem:
    # The standard reader knows no positions; a key that is written only twice can be found again.
    written = json.dumps(name)
    lines = [n for n, line in enumerate(text.splitlines(), start=1) if written in line]
    where = f"{place}:{lines[-1]}" if len(lines) == 2 else place
    return Problem(f"the key {written} is given twice in one object", where, "keep one of them")


def _yaml(text: str, place: str) -> Any:
    """Slowly, by what knows all of YAML, and where and why something is none."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import SafeConstructor
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    class Constructor(SafeConstructor):
        """Dates stay the text that they are in JSON."""

    Constructor.add_constructor("tag:yaml.org,2002:timestamp", Constructor.construct_yaml_str)
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = Constructor
    try:
        return _json_value(reader.load(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{place}:{mark.line + 1}" if mark else place
        said = " ".join(str(error.problem or error.context or error).split())
        raise ContractError(Problem(f"not YAML: {said}", where)) from None
    except (YAMLError, ValueError) as error:
        raise ContractError(Problem(f"not YAML: {' '.join(str(error).split())}", place)) from None


def _json_value(value: Any, done: dict[int, Any] | None = None) -> Any:
    """The same with keys as text; what an anchor shares stays shared, so that a bomb stays small."""
    done = {} if done is None else done
    if id(value) in done:
        return done[id(value)]
    if isinstance(value, dict):
        made: dict[Any, Any] = {}
        done[id(value)] = made
        for key, item in value.items():
            made[_key(key)] = _json_value(item, done)
        return made
    if isinstance(value, list):
        items: list[Any] = []
        done[id(value)] = items
        items.extend(_json_value(item, done) for item in value)
        return items
    return value


def _key(key: object) -> object:
    """`200:` is the status "200"; `true:` and `1.0:` likewise are what was written."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key) if isinstance(key, (int, float)) else key


def _is_sound(value: Any) -> bool:
    """Whether a value without anchors is shallow, and its numbers finite."""
    level: list[Any] = [[value]]
    for _ in range(_DEEPEST + 1):
        inner: list[Any] = []
        for holder in level:
            for item in holder.values() if isinstance(holder, dict) else holder:
                if isinstance(item, (dict, list)):
                    inner.append(item)
                elif isinstance(item, float) and not math.isfinite(item):
                    return False
        if not inner:
            return True
        level = inner
    return False


class _JsonShape:
    """Looks for what JSON cannot hold: cycles, values of other types, explosions of anchors."""

    def __init__(self, place: str, most: int) -> None:
        self.place = place
        self.most = most
        self.sizes: dict[int, int] = {}
        self.open: set[int] = set()

    def problems(self, root: Any) -> Iterator[Problem]:
        yield from self._visit(root, "#", 0)
        if self.sizes.get(id(root), 1) > self.most:
            text = f"its anchors unfold to {self.sizes[id(root)]} values; more than {self.most} are not read"
            yield Problem(text, self.place, "use $ref instead of YAML aliases")

    def _visit(self, value: Any, at: str, depth: int) -> Iterator[Problem]:
        if id(value) in self.open:
            yield Problem("an anchor contains itself", f"{self.place}{at}", "use $ref instead of a YAML alias")
        elif depth > _DEEPEST:
            yield Problem(f"it is nested more than {_DEEPEST} levels deep", f"{self.place}{at[:80]}…", _SHALLOWER)
        elif isinstance(value, (dict, list)):
            yield from self._container(value, at, depth)
        elif not _in_json(value):
            text = f"{value!r} is not a value that JSON has"
            yield Problem(text, f"{self.place}{at}", "write it as text, in quotes")

    def _container(self, value: dict[Any, Any] | list[Any], at: str, depth: int) -> Iterator[Problem]:
        if id(value) in self.sizes:
            return  # an alias: looked at already
        self.open.add(id(value))
        size = 1
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            if not isinstance(name, (str, int)):
                yield Problem(f"the key {name!r} is not text", f"{self.place}{at}", "write it in quotes")
            yield from self._visit(item, f"{at}/{escape_pointer_step(str(name))}", depth + 1)
            size += self.sizes.get(id(item), 1) if isinstance(item, (dict, list)) else 1
        self.open.discard(id(value))
        self.sizes[id(value)] = size


def _in_json(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (str, int))


def escape_pointer_step(name: str) -> str:
    """A name as one step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def at_pointer(document: Any, fragment: str) -> tuple[Any, bool]:
    """What a JSON pointer ("/components/schemas/Order", percent-encoded) leads to, and whether it does."""
    value, place = resolve_pointer(document, fragment)
    return value, place is not None


def resolve_pointer(document: Any, fragment: str, followed: int = 0) -> tuple[Any, str | None]:
    """The same, and the pointer at which it really stands, references on the way followed; None for nowhere."""
    from urllib.parse import unquote

    value, place = document, ""
    for step in fragment.split("/")[1:]:
        name = unquote(step) if "%" in step else step
        if "~" in name:
            name = name.replace("~1", "/").replace("~0", "~")
        while not _has(value, name):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if followed > _MOST_FOLLOWED or not isinstance(reference, str) or not reference.startswith("#/"):
                return None, None
            followed += 1
            value, found = resolve_pointer(document, reference[1:], followed)
            if found is None:
                return None, None
            place = found
        value = value[name] if isinstance(value, dict) else value[int(name)]
        place = f"{place}/{escape_pointer_step(name)}"
    return value, place


_MOST_FOLLOWED = 20


def _has(value: Any, name: str) -> bool:
    if isinstance(value, dict):
        return name in value
    return isinstance(value, list) and name.isdecimal() and name.isascii() and int(name) < len(value)


_DATA = frozenset({"example", "default", "enum", "const", "value", "examples"})  # values, not descriptions
_NAMES = frozenset({"properties", "patternProperties", "schemas", "examples", "responses", "parameters"})


# In the place of what cannot be read: a reference that leads nowhere, or beside what can be read the rest.
UNREAD = "x-contract-harness-unread"


def _may_refer(name: str, item: Any) -> bool:
    """A map of examples may have references, and a list of values may be one."""
    return isinstance(item, dict) and (
        name == "examples" or (name == "enum" and isinstance(item.get("$ref"), str))
    )


def referring(value: Any) -> list[Mapping[str, Any]]:
    """Every object with a `$ref`, in no order; what `references` finds, without the places."""
    found: list[Mapping[str, Any]] = []
    waiting: list[tuple[Any, str]] = [(value, "")]
    while waiting:
        holder, parent = waiting.pop()
        if isinstance(holder, dict):
            if isinstance(holder.get("$ref"), str):
                found.append(holder)
            values_apart = parent not in _NAMES
            for name, item in holder.items():
                if not isinstance(item, (dict, list)) or name == UNREAD:
                    continue
                if values_apart and name in _DATA and not _may_refer(name, item):
                    continue
                waiting.append((item, name))
        elif isinstance(holder, list):
            waiting += [(item, parent) for item in holder if isinstance(item, (dict, list))]
    return found


def references(value: Any, at: str = "#", parent: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object with a `$ref`, and where it is; example data is passed over."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield at, value
        for name, item in value.items():
            if name == UNREAD or (name in _DATA and parent not in _NAMES and not _may_refer(name, item)):
                continue
            yield from references(item, f"{at}/{escape_pointer_step(str(name))}", str(name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from references(item, f"{at}/{number}", parent)
