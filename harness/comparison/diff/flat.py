"""Schemas with `allOf` folded into one set of keywords, and `null` told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.contracts.openapi_source import UNREAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.openapi.document import Document

Keywords = dict[str, Any]

_DEEPEST = 12
_TIGHTER_UP = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_TIGHTER_DOWN = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_SAYING_NOTHING = frozenset(
    {
        "title",
        "description",
        "example",
        "examples",
        "externalDocs",
        "xml",
        "deprecated",
        "default",
        "discriminator",
    }
    | {"readOnly", "writeOnly"}
)


def fold_all_of(schema: Schema, document: Document, met: set[str] | None = None, depth: int = 0) -> Keywords:
    """All that a schema and the parts of its `allOf` say, as one set of keywords; what cannot be folded stays."""
    if not isinstance(schema, dict):
        return {} if schema else {"not": {}}
    flat = {key: item for key, item in schema.items() if key != "allOf"}
    left: list[Schema] = []
    met = set() if met is None else met
    for part in schema.get("allOf", ()):
        meant, name = document.followed(part)
        if name and name in met:
            continue  # said already, once is enough
        met.add(name)
        if depth > _DEEPEST or not isinstance(meant, dict):
            left.append(part)
            continue
        joined = _join_keywords(flat, fold_all_of(meant, document, met, depth + 1))
        if joined is None:
            left.append(part)
        else:
            flat = joined
    return {**flat, "allOf": left} if left else flat


def _join_keywords(one: Keywords, other: Keywords) -> Keywords | None:
    made = dict(one)
    for key, item in other.items():
        if key == UNREAD and key in made:
            made[key] = {**made[key], **item}
            continue
        if key not in made or key in _SAYING_NOTHING or key.startswith("x-"):
            made.setdefault(key, item)
            continue
        both = _both(key, made[key], item)
        if both is None:
            return None
        made[key] = both[0]
    return made


def _both(key: str, mine: Any, theirs: Any) -> tuple[Any] | None:
    """One keyword that says what both say; None when there is no such."""
    if mine == theirs:
        return (mine,)
    if key == "properties":
        return (_properties(mine, theirs),)
    if key == "required":
        return (list(dict.fromkeys([*mine, *theirs])),)
    if key == "allOf":
        return ([*mine, *theirs],)
    if key == "enum":
        return ([value for value in mine if value in theirs],)
    if key == "type":
        return _types(mine, theirs)
    if key in _TIGHTER_UP:
        return (max(mine, theirs),)
    return (min(mine, theirs),) if key in _TIGHTER_DOWN else None


def _properties(mine: Keywords, theirs: Keywords) -> Keywords:
    made = {**mine, **theirs}
    for name in mine.keys() & theirs.keys():
        if mine[name] != theirs[name]:
            parts = [part for part in (mine[name], theirs[name]) if part not in (True, {})]
            made[name] = parts[0] if len(parts) == 1 else {"allOf": parts}
    return made


def _types(mine: Any, theirs: Any) -> tuple[Any] | None:
    ours = mine if isinstance(mine, list) else [mine]
    others = theirs if isinstance(theirs, list) else [theirs]
    shared = [kind for kind in ours if kind in others or (kind == "integer" and "number" in others)]
    shared += [kind for kind in others if kind == "integer" and "number" in ours and kind not in shared]
    return (shared[0] if len(shared) == 1 else shared,) if shared else None


# --- null --------------------------------------------------------------------------------------------------------


def without_null(flat: Keywords, document: Document) -> tuple[Keywords, bool]:
    """The schema without `null`, and whether it allowed that: as a type, a value, or a branch of its own."""
    kinds = flat.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        others = [kind for kind in kinds if kind != "null"]
        made = {**flat, "type": others[0] if len(others) == 1 else others}
        if isinstance(flat.get("enum"), list):
            if None not in flat["enum"]:
                return made, False
            made["enum"] = [value for value in flat["enum"] if value is not None]
        return made, True
    for word in ("anyOf", "oneOf"):
        branches = flat.get(word)
        if isinstance(branches, list) and len(branches) > 1:
            others = [branch for branch in branches if not _is_null(branch)]
            if 0 < len(others) < len(branches):
                return _unwrap_single(flat, word, others, document), True
    return flat, False


def _is_null(branch: Schema) -> bool:
    if not isinstance(branch, dict):
        return False
    said = {key: item for key, item in branch.items() if key not in _SAYING_NOTHING}
    return said in ({"type": "null"}, {"type": ["null"]}, {"enum": [None]}, {"const": None}) or said == {
        "type": "null",
        "enum": [None],
    }


def _unwrap_single(flat: Keywords, word: str, others: list[Schema], document: Document) -> Keywords:
    beside = {key: item for key, item in flat.items() if key != word}
    if len(others) > 1:
        return {**beside, word: others}
    return fold_all_of({**beside, "allOf": [*beside.get("allOf", ()), others[0]]}, document)


def names_kind(flat: Keywords) -> bool:
    """Whether a schema limits the type of a value at all, so that `null` is something to be named."""
    return any(word in flat for word in ("type", "enum", "const", "anyOf", "oneOf", "allOf", "not"))


def with_told_kind(flat: Keywords) -> Keywords:
    """The schema with the type that its listed values, or what it says of its parts, tell."""
    if "type" in flat:
        return flat
    values = [flat["const"]] if "const" in flat else flat.get("enum")
    if not isinstance(values, list) or not values:
        return flat
    kinds = list(dict.fromkeys(_kind_of(value) for value in values if value is not None))
    return {**flat, "type": kinds[0] if len(kinds) == 1 else kinds} if kinds else flat


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names: dict[type, str] = {int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object")


def branches_of(flat: Keywords) -> Iterator[str]:
    """The words under which a schema lists alternatives."""
    return (word for word in ("oneOf", "anyOf") if isinstance(flat.get(word), list))
