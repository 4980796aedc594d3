"""The keywords of one schema against those of another: what got narrower, what got wider."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

Keywords = dict[str, Any]


class ValueEffect(Enum):
    """What a change of a schema does to the values that it allows."""

    NARROWER = "fewer values"
    WIDER = "more values"
    OTHER = "other values"
    NONE = "the same values"


@dataclass(frozen=True, slots=True)
class Delta:
    """One keyword that changed; the kind has `{}` where the place goes: `{}-max-decreased`."""

    kind: str
    effect: ValueEffect
    text: str


def deltas(old: Keywords, new: Keywords) -> Iterator[Delta]:
    """What changed in the keywords that hold plain values, types and formats left out."""
    yield from _limits(old, new)
    yield from _min_contains(old, new)
    yield from _values(old, new)
    yield from _pattern(old, new)
    yield from _multiple(old, new)
    yield from _unique(old, new)
    yield from _extensible(old, new)
    yield from _annotations(old, new)
    yield from _dependent(old, new)


def display_value(value: Any) -> str:
    """A value as JSON, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


# --- limits ------------------------------------------------------------------------------------------------------

_UPPER = {
    "maximum": "max",
    "exclusiveMaximum": "exclusive-max",
    "maxLength": "max-length",
    "maxItems": "max-items",
    "maxProperties": "max-properties",
    "maxContains": "max-contains",
}
_LOWER = {
    "minimum": "min",
    "exclusiveMinimum": "exclusive-min",
    "minLength": "min-length",
    "minItems": "min-items",
    "minProperties": "min-properties",
}
_NO_LIMIT_AT_ZERO = frozenset({"minLength", "minItems", "minProperties"})


def _limits(old: Keywords, new: Keywords) -> Iterator[Delta]:
    for keyword, word in _UPPER.items():
        yield from _limit(keyword, word, old.get(keyword), new.get(keyword), lower=False)
    for keyword, word in _LOWER.items():
        before, after = _nothing_as_none(keyword, old.get(keyword)), _nothing_as_none(keyword, new.get(keyword))
        yield from _limit(keyword, word, before, after, lower=True)


def _nothing_as_none(keyword: str, value: Any) -> Any:
    return None if keyword in _NO_LIMIT_AT_ZERO and value == 0 else value


def _limit(keyword: str, word: str, before: Any, after: Any, *, lower: bool) -> Iterator[Delta]:
    if before == after:
        return
    if before is None:
        yield Delta(f"{{}}-{word}-set", ValueEffect.NARROWER, f"{keyword} is now limited to {after}")
    elif after is None:
        yield Delta(f"{{}}-{word}-unset", ValueEffect.WIDER, f"{keyword} is no longer limited; it was {before}")
    else:
        up = after > before
        kind = f"{{}}-{word}-{'increased' if up else 'decreased'}"
        effect = ValueEffect.NARROWER if up is lower else ValueEffect.WIDER
        yield Delta(kind, effect, f"{keyword} went {'up' if up else 'down'} from {before} to {after}")


def _min_contains(old: Keywords, new: Keywords) -> Iterator[Delta]:
    """One is asked for where nothing is said."""
    if ("contains" in old) == ("contains" in new):  # else it is told with `contains`
        before, after = old.get("minContains", 1), new.get("minContains", 1)
        yield from _limit("minContains", "min-contains", before, after, lower=True)


def _multiple(old: Keywords, new: Keywords) -> Iterator[Delta]:
    before, after = old.get("multipleOf"), new.get("multipleOf")
    if before == after:
        return
    if before is None:
        yield Delta("{}-multiple-of-set", ValueEffect.NARROWER, f"only multiples of {after} are allowed now")
    elif after is None:
        yield Delta("{}-multiple-of-unset", ValueEffect.WIDER, f"no longer only multiples of {before} are allowed")
    else:
        yield Delta("{}-multiple-of-changed", ValueEffect.OTHER, f"multipleOf changed from {before} to {after}")


def _unique(old: Keywords, new: Keywords) -> Iterator[Delta]:
    if old.get("uniqueItems") is not new.get("uniqueItems"):
        if new.get("uniqueItems"):
            yield Delta("{}-unique-items-set", ValueEffect.NARROWER, "items have to be unique now")
        else:
            yield Delta("{}-unique-items-unset", ValueEffect.WIDER, "items need not be unique any more")


# --- values ------------------------------------------------------------------------------------------------------


def _values(old: Keywords, new: Keywords) -> Iterator[Delta]:
    if "const" in old and "const" in new:
        if display_value(old["const"]) != display_value(new["const"]):
            was, now = display_value(old["const"]), display_value(new["const"])
            text = f"the only allowed value changed from {was} to {now}"
            yield Delta("{}-const-changed", ValueEffect.OTHER, text)
    elif "const" in new and "enum" not in old:
        yield Delta("{}-const-added", ValueEffect.NARROWER, f"only {display_value(new['const'])} is allowed now")
    elif "const" in old and "enum" not in new:
        yield Delta(
            "{}-const-removed", ValueEffect.WIDER, f"no longer only {display_value(old['const'])} is allowed"
        )
    else:
        yield from _enum(listed_values(old), listed_values(new))


def listed_values(keywords: Keywords) -> list[Any] | None:
    """The values that are listed, by `enum` or `const`; None when any value goes."""
    if "const" in keywords:
        return [keywords["const"]]
    return keywords.get("enum")


def _enum(before: list[Any] | None, after: list[Any] | None) -> Iterator[Delta]:
    if before is None and after is not None:
        yield Delta("{}-became-enum", ValueEffect.NARROWER, f"only {_several(after)} are allowed now")
    elif before is not None and after is None:
        yield Delta("{}-became-not-enum", ValueEffect.WIDER, f"no longer only {_several(before)} are allowed")
    elif before is not None and after is not None:
        had, has = {json.dumps(v, sort_keys=True) for v in before}, {json.dumps(v, sort_keys=True) for v in after}
        for value in _few(had - has):
            yield Delta("{}-enum-value-removed", ValueEffect.NARROWER, f"the value {value} is no longer listed")
        for value in _few(has - had):
            yield Delta("{}-enum-value-added", ValueEffect.WIDER, f"the value {value} is listed now")


_MOST_VALUES = 50  # that are told one by one


def _few(values: set[str]) -> list[str]:
    told = sorted(values)
    rest = len(told) - _MOST_VALUES
    return told if rest <= 0 else [*told[:_MOST_VALUES], f"of {rest} others"]


def _several(values: list[Any]) -> str:
    few = ", ".join(display_value(value) for value in values[:5])
    return f"{few} and {len(values) - 5} more" if len(values) > 5 else few


def _extensible(old: Keywords, new: Keywords) -> Iterator[Delta]:
    """Values that a provider lists without promising that there are no others."""
    before, after = old.get("x-extensible-enum"), new.get("x-extensible-enum")
    if not isinstance(before, list) or not isinstance(after, list):
        return
    had, has = {json.dumps(v, sort_keys=True) for v in before}, {json.dumps(v, sort_keys=True) for v in after}
    for value in sorted(had - has):
        text = f"the value {value} is no longer listed (x-extensible-enum)"
        yield Delta("{}-x-extensible-enum-value-removed", ValueEffect.NARROWER, text)


_ANYTHING = frozenset({"", ".*", "^.*$", "^.*", ".*$", "^", "$"})


def _pattern(old: Keywords, new: Keywords) -> Iterator[Delta]:
    before, after = _limiting(old.get("pattern")), _limiting(new.get("pattern"))
    if before == after:
        return
    if before is None:
        yield Delta("{}-pattern-added", ValueEffect.NARROWER, f"it has to match {after} now")
    elif after is None:
        yield Delta("{}-pattern-removed", ValueEffect.WIDER, f"it need not match {before} any more")
    else:
        yield Delta("{}-pattern-changed", ValueEffect.OTHER, f"the pattern changed from {before} to {after}")


def _limiting(pattern: Any) -> Any:
    return None if pattern in _ANYTHING else pattern


# --- what says nothing about which values are allowed ------------------------------------------------------------


# How OpenAPI 3.0 says in `format` what 3.1 says in words of its own.
_OCTETS = "application/octet-stream"
_SAID_BY_FORMAT = {"byte": ("contentEncoding", "base64"), "binary": ("contentMediaType", _OCTETS)}


def in_one_language(old: Keywords, new: Keywords) -> tuple[Keywords, Keywords]:
    """Both sides with `format: byte` as its later spelling, where the other side has that."""
    return _spelled_as(old, new), _spelled_as(new, old)


def _spelled_as(side: Keywords, other: Keywords) -> Keywords:
    keyword, value = _SAID_BY_FORMAT.get(str(side.get("format", "")), ("", ""))
    if not keyword or keyword in side or other.get(keyword) != value:
        return side
    return {**{key: item for key, item in side.items() if key != "format"}, keyword: value}


def _annotations(old: Keywords, new: Keywords) -> Iterator[Delta]:
    if ("default" in old) != ("default" in new) or display_value(old.get("default")) != display_value(
        new.get("default")
    ):
        how = "changed" if "default" in old and "default" in new else "added" if "default" in new else "removed"
        text = f"the default {how}: {display_value(old.get('default'))} → {display_value(new.get('default'))}"
        yield Delta(f"{{}}-default-value-{how}", ValueEffect.NONE, text)
    for keyword, word in (("contentMediaType", "content-media-type"), ("contentEncoding", "content-encoding")):
        if old.get(keyword) != new.get(keyword):
            effect = _of_encoding(old.get(keyword), new.get(keyword))
            text = f"{keyword} changed: {display_value(old.get(keyword))} → {display_value(new.get(keyword))}"
            yield Delta(f"{{}}-{word}-changed", effect, text)


def _of_encoding(before: Any, after: Any) -> ValueEffect:
    """What a text holds is no matter for a validator, but all the more for whoever decodes it."""
    if before is None:
        return ValueEffect.NARROWER
    return ValueEffect.WIDER if after is None else ValueEffect.OTHER


def _dependent(old: Keywords, new: Keywords) -> Iterator[Delta]:
    before, after = old.get("dependentRequired", {}), new.get("dependentRequired", {})
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) == after.get(name):
            continue
        if name not in before:
            effect, kind = ValueEffect.NARROWER, "{}-dependent-required-added"
        elif name not in after:
            effect, kind = ValueEffect.WIDER, "{}-dependent-required-removed"
        else:
            effect, kind = _of_dependents(before[name], after[name]), "{}-dependent-required-changed"
        yield Delta(kind, effect, f"with `{name}`, required are now {display_value(after.get(name, []))}")


def _of_dependents(before: Any, after: Any) -> ValueEffect:
    had, has = set(map(str, before)), set(map(str, after))
    if had < has:
        return ValueEffect.NARROWER
    return ValueEffect.WIDER if has < had else ValueEffect.NONE if has == had else ValueEffect.OTHER


# --- types -------------------------------------------------------------------------------------------------------

_NARROWER_FORMATS = {("int32", "int64"), ("float", "double"), ("int32", "double"), ("int32", "float")}
_SHOWN_ONLY = frozenset({"password", "textarea", "multiline", "markdown", "html", ""})  # how a form shows it


def kinds(keywords: Keywords) -> tuple[str, ...]:
    """The types a schema names, `null` left out; none when it names none."""
    given = keywords.get("type", ())
    named = [given] if isinstance(given, str) else list(given)
    return tuple(kind for kind in named if kind != "null")


def type_deltas(old: Keywords, new: Keywords, *, textual: bool) -> Iterator[Delta]:
    """A change of type and format; `textual` where every value travels as text."""
    before, after = kinds(old), kinds(new)
    formats = _format(old), _format(new)
    if before == after and formats[0] == formats[1]:
        return
    covers = _type_covered(before, after, textual=textual), _type_covered(after, before, textual=textual)
    if set(before) == set(after) or all(covers):
        covers = _format_covered(*formats), _format_covered(*reversed(formats))
    else:
        covers = covers[0] and _fits_into(formats[0], formats[1]), covers[1] and _fits_into(formats[1], formats[0])
    if all(covers):
        return
    effect = ValueEffect.WIDER if covers[0] else ValueEffect.NARROWER if covers[1] else ValueEffect.OTHER
    several = (len(before) > 1 or len(after) > 1) and bool(before) and bool(after) and set(before) != set(after)
    text = f"the type changed from {_type_text(before, formats[0])} to {_type_text(after, formats[1])}"
    yield Delta(_kind(effect, several=several, before=before, after=after), effect, text)


def _kind(effect: ValueEffect, *, several: bool, before: tuple[str, ...], after: tuple[str, ...]) -> str:
    if several and effect is not ValueEffect.OTHER and not (len(before) == len(after) == 1):
        return "{}-list-of-types-widened" if effect is ValueEffect.WIDER else "{}-list-of-types-narrowed"
    if effect is ValueEffect.WIDER:
        return "{}-type-generalized"
    return "{}-type-specialized" if effect is ValueEffect.NARROWER else "{}-type-changed"


def _type_covered(small: tuple[str, ...], large: tuple[str, ...], *, textual: bool) -> bool:
    if not large:
        return True
    return bool(small) and all(_one_covered(kind, large, textual=textual) for kind in small)


def _one_covered(kind: str, large: tuple[str, ...], *, textual: bool) -> bool:
    if kind in large or (kind == "integer" and "number" in large):
        return True
    return textual and "string" in large and kind not in ("object", "array")


def _format(keywords: Keywords) -> str:
    given = str(keywords.get("format", ""))
    return "" if given in _SHOWN_ONLY else given


def _format_covered(small: str, large: str) -> bool:
    return large in ("", small) or (small, large) in _NARROWER_FORMATS


def _fits_into(small: str, large: str) -> bool:
    """Formats of types of which one is the wider: `integer/int32` goes into `number/double`."""
    return large in ("", "double", "float", small) or (small, large) in _NARROWER_FORMATS


def _type_text(named: tuple[str, ...], shape: str) -> str:
    words = " or ".join(named) or "any"
    return f"{words}/{shape}" if shape else words
