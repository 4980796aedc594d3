"""Values near the borders of two schemas: what one allows, made so that the other may well refuse it.

The values are candidates, never more: whoever asks has the validator judge them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from harness.comparison.containment.patterns import matching

if TYPE_CHECKING:
    from collections.abc import Iterator


Schema = dict[str, Any] | bool

_DEEPEST = 7
_PER_PART = 12  # candidates that one property or item contributes
_LONGEST_ARRAY = 40
_LONGEST_TEXT = 5000
_KINDS = ("object", "string", "integer", "boolean", "array", "null", "number")
UNDECLARED = "undeclared"  # a property that neither schema knows


def samples(schema: Schema, other: Schema, most: int) -> list[Any]:
    """At most `most` values that `schema` probably allows, the ones first that `other` may refuse."""
    return list(islice(_Sampler(_definitions(schema), _definitions(other)).near(schema, other, 0), most))


def _definitions(schema: Schema) -> dict[str, Any]:
    return schema.get("$defs", {}) if isinstance(schema, dict) else {}


@dataclass(frozen=True, slots=True)
class _Sampler:
    own: dict[str, Any]  # the definitions of the schema whose values are made
    others: dict[str, Any]  # those of the schema that may refuse them

    def near(self, schema: Any, other: Any, depth: int) -> Iterator[Any]:
        if depth > _DEEPEST or schema is False:
            return
        against = _flat(other, self.others)
        for case in _cases(schema, self.own, depth):
            yield from self._of_case(case, against, depth)

    def _of_case(self, case: dict[str, Any], against: dict[str, Any], depth: int) -> Iterator[Any]:
        if "const" in case:
            yield case["const"]
        elif isinstance(case.get("enum"), list):
            yield from case["enum"]
        else:
            for kind in _kinds(case):
                yield from self._of_kind(kind, case, against, depth)

    def _of_kind(self, kind: str, case: dict[str, Any], against: dict[str, Any], depth: int) -> Iterator[Any]:
        if kind == "object":
            yield from self._objects(case, against, depth)
        elif kind == "array":
            yield from self._arrays(case, against, depth)
        elif kind == "string":
            yield from _strings(case, against)
        elif kind == "boolean":
            yield from (True, False)
        elif kind == "null":
            yield None
        else:
            yield from _numbers(case, against, whole=kind == "integer")

    def one(self, schema: Any, depth: int) -> tuple[Any] | None:
        """Some value, as a 1-tuple."""
        return next(((value,) for value in self.near(schema, {}, depth)), None)

    # --- objects ---------------------------------------------------------------------------------------------

    def _objects(self, case: dict[str, Any], against: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        properties = _mapping(case.get("properties"))
        least = self._with(case, _names(case.get("required")), properties, depth)
        if least is None:
            return
        yield least
        most = self._with(case, [*least, *properties], properties, depth) or least
        yield most
        yield from ({key: each for key, each in most.items() if key != name} for name in most if name not in least)
        yield from self._with_one_part_near(case, against, least, depth)
        yield from self._with_names(case, against, least, most)

    def _with(self, case: dict[str, Any], names: list[str], properties: dict[str, Any], depth: int) -> Any:
        made: dict[str, Any] = {}
        for name in names:
            value = self.one(properties.get(name, case.get("additionalProperties", True)), depth + 1)
            if value is not None:
                made[name] = value[0]
            elif name in _names(case.get("required")):
                return None
        missing = int(_number(case.get("minProperties")) or 0) - len(made)
        extra = self.one(case.get("additionalProperties", True), depth + 1)
        if extra is not None:
            made |= {f"{UNDECLARED}{number}": extra[0] for number in range(min(missing, _LONGEST_ARRAY))}
        return made

    def _with_one_part_near(
        self, case: dict[str, Any], against: dict[str, Any], least: dict[str, Any], depth: int
    ) -> Iterator[dict[str, Any]]:
        theirs = _mapping(against.get("properties"))
        for name, part in _mapping(case.get("properties")).items():
            other = theirs.get(name, against.get("additionalProperties", True))
            for value in islice(self.near(part, other, depth + 1), _PER_PART):
                yield {**least, name: value}

    def _with_names(
        self, case: dict[str, Any], against: dict[str, Any], least: dict[str, Any], most: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """What the case says nothing about: more properties, and fewer."""
        open_part = case.get("additionalProperties", True)
        if open_part is False:
            return
        for name, part in _mapping(against.get("properties")).items():
            if name not in _mapping(case.get("properties")):
                for value in islice(self.near(open_part, part, _DEEPEST - 1), 8):
                    yield {**least, name: value}
        for pattern in (*_mapping(case.get("patternProperties")), *_mapping(against.get("patternProperties"))):
            name = matching(pattern) or UNDECLARED
            for value in islice(self.near({}, {}, _DEEPEST), 8):
                yield {**least, name: value}
        for value in islice(self.near(open_part, against.get("additionalProperties", True), _DEEPEST - 1), 8):
            yield {**most, UNDECLARED: value}
            yield {**least, UNDECLARED: value}

    # --- arrays ----------------------------------------------------------------------------------------------

    def _arrays(self, case: dict[str, Any], against: dict[str, Any], depth: int) -> Iterator[list[Any]]:
        prefix = case["prefixItems"] if isinstance(case.get("prefixItems"), list) else []
        for size in _sizes(case, against, "minItems", "maxItems", (0, 1, 2, len(prefix)), _LONGEST_ARRAY):
            made = [self.one(_item(case, index), depth + 1) for index in range(size)]
            if all(value is not None for value in made):
                yield [value[0] for value in made if value is not None]
        least = max(int(_number(case.get("minItems")) or 0), 1)
        for place in range(min(max(least, len(prefix), len(_as_list(against.get("prefixItems")))), 6)):
            yield from self._with_one_item_near(case, against, place, depth)

    def _with_one_item_near(
        self, case: dict[str, Any], against: dict[str, Any], place: int, depth: int
    ) -> Iterator[list[Any]]:
        size = max(int(_number(case.get("minItems")) or 0), place + 1)
        made = [self.one(_item(case, index), depth + 1) for index in range(min(size, _LONGEST_ARRAY))]
        if any(value is None for value in made):
            return
        whole = [value[0] for value in made if value is not None]
        for value in islice(self.near(_item(case, place), _item(against, place), depth + 1), _PER_PART):
            yield [*whole[:place], value, *whole[place + 1 :]]


def _item(schema: dict[str, Any], index: int) -> Any:
    prefix = _as_list(schema.get("prefixItems"))
    return prefix[index] if index < len(prefix) else schema.get("items", True)


# --- plain values ------------------------------------------------------------------------------------------------


def _numbers(case: dict[str, Any], against: dict[str, Any], *, whole: bool) -> Iterator[float]:
    step = _number(case.get("multipleOf")) or 1
    near: list[float] = [0, 1, -1, step, 2, 0.5, 1.5, -2.5, 7]
    for side in (case, against):
        for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            border = _number(side.get(keyword))
            if border is not None:
                near += [border, border - 1, border + 1, border + 0.5, border - 0.5, border - border % step]
                near.append(border - border % step + step)
        near.append((_number(side.get("multipleOf")) or 1) * 3)
    near += [2**31, -(2**31) - 1, 2**40, 10**6]
    whole = whole or "integer" in _as_list(case.get("type"))
    for number in dict.fromkeys(near):
        if number == int(number):
            yield int(number)
        elif not whole:
            yield number


def _strings(case: dict[str, Any], against: dict[str, Any]) -> Iterator[str]:
    pattern = case.get("pattern")
    if isinstance(pattern, str):
        made = [matching(pattern, variant) for variant in range(4)]
        yield from dict.fromkeys(text for text in made if text is not None)
    yield from FORMATS.get(str(case.get("format")), ())
    for size in _sizes(case, against, "minLength", "maxLength", (5, 0, 1, 30), _LONGEST_TEXT):
        yield of_length(size)
    yield from ("12", "A", "text with spaces", "ümlaut", *FORMATS.get(str(against.get("format")), ()))


def _sizes(
    case: dict[str, Any], against: dict[str, Any], least: str, most: str, usual: tuple[int, ...], longest: int
) -> list[int]:
    low = _number(case.get(least)) or 0
    high = _number(case.get(most))
    theirs = [_number(against.get(keyword)) for keyword in (least, most)]
    wished = [*usual, low, high, *(border + by for border in theirs if border is not None for by in (-1, 1))]
    fitting = [
        int(size)
        for size in wished
        if size is not None and low <= size <= longest and (high is None or size <= high)
    ]
    return list(dict.fromkeys(fitting)) or ([int(low)] if low <= longest else [])


# --- the shape of a schema ---------------------------------------------------------------------------------------


def _cases(schema: Any, definitions: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    """The alternatives of a schema, each flat; references followed."""
    flat = _flat(schema, definitions)
    branches = next((flat[word] for word in ("oneOf", "anyOf") if isinstance(flat.get(word), list)), None)
    if branches is None or depth > _DEEPEST:
        yield flat
        return
    rest = {key: item for key, item in flat.items() if flat.get(key) is not branches}
    for branch in branches:
        yield from _cases({"allOf": [rest, branch]}, definitions, depth + 1)


def _flat(schema: Any, definitions: dict[str, Any], steps: int = 0) -> dict[str, Any]:
    """References followed and `allOf` folded, as far as that is easy."""
    if not isinstance(schema, dict) or steps > 20:
        return {}
    parts = [part for part in schema.get("allOf", ()) if isinstance(part, dict)]
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = definitions.get(reference.removeprefix("#/$defs/"))
        parts.append(target if isinstance(target, dict) else {})
    flat = {key: item for key, item in schema.items() if key not in ("allOf", "$ref", "$defs")}
    for part in parts:
        flat = _fold_schemas(flat, _flat(part, definitions, steps + 1))
    return flat


_LARGER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_SMALLER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})


def _fold_schemas(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    made = dict(one)
    for key, item in other.items():
        mine = made.get(key)
        if key not in made:
            made[key] = item
        elif key in ("properties", "patternProperties"):
            made[key] = {**_mapping(mine), **_mapping(item)} | {
                name: {"allOf": [_mapping(mine)[name], item[name]]}
                for name in _mapping(mine).keys() & _mapping(item).keys()
            }
        elif key == "required":
            made[key] = list(dict.fromkeys([*_names(mine), *_names(item)]))
        elif key == "type":
            made[key] = [kind for kind in _as_list(mine) if kind in _as_list(item)] or mine
        elif key in _LARGER and _number(mine) is not None and _number(item) is not None:
            made[key] = max(mine, item)
        elif key in _SMALLER and _number(mine) is not None and _number(item) is not None:
            made[key] = min(mine, item)
    return made


_TELLING = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "contains"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
}


def _kinds(case: dict[str, Any]) -> list[str]:
    given = [kind for kind in _as_list(case.get("type")) if kind in _KINDS]
    if given:
        return given
    told = [kind for kind, words in _TELLING.items() if any(word in case for word in words)]
    return [*told, *(kind for kind in _KINDS if kind not in told)]


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _names(value: Any) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


_ALPHABET = "harness-contract-abcdefghijklmnopqrstuvwxyz"

FORMATS: dict[str, tuple[str, ...]] = {
    "date": ("2024-02-29",),
    "date-time": ("2024-02-29T12:30:00Z",),
    "time": ("12:30:00Z",),
    "duration": ("P1D",),
    "email": ("somebody@example.org",),
    "idn-email": ("somebody@example.org",),
    "hostname": ("api.example.org",),
    "ipv4": ("192.0.2.7",),
    "ipv6": ("2001:db8::7",),
    "uri": ("https://example.org/orders/7",),
    "url": ("https://example.org/orders/7",),
    "uri-reference": ("/orders/7",),
    "uuid": ("3f2a1c44-5b1e-4c52-9d0e-2f6c1b7a9e10",),
    "byte": ("aGFybmVzcw==",),
    "regex": ("^a+$",),
    "json-pointer": ("/orders/7",),
}


def of_length(size: int) -> str:
    """A text of so many characters."""
    return (_ALPHABET * (size // len(_ALPHABET) + 1))[:size]
