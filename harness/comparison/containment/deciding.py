"""Containment of JSON Schemas: a proof by canonical forms, a bounded search for a witness, or no answer.

A YES is proven by the canonical forms of jsonschema-rs. A NO is a value, checked with its validator. What neither
decides is UNDECIDED: nothing is ever assumed.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from harness.comparison.containment.answer import Containment, ContainmentAnswer
from harness.comparison.containment.branching import unfolded_size, unfolds_too_far
from harness.comparison.containment.objects import property_by_property, widest
from harness.comparison.containment.recursion import Unfoldable, unfold_schemas
from harness.comparison.containment.samples import samples

Schema = dict[str, Any] | bool

_MOST_TEXT = 200_000  # characters of a schema that is still looked at; real ones have hundreds
_MOST_CANDIDATES = 300
_MOST_PROVEN = 4_000  # parts, references written out: what is beyond runs for minutes in native code
_WIDEST = 120  # properties of an object that is compared as a whole: two hundred can take minutes in native code
_MOST_SUBTRACTED = 400  # of these: a third of a second and tens of megabytes for a thousand


def decide_containment(small: Schema, large: Schema) -> ContainmentAnswer:
    """Whether every value that `small` allows is allowed by `large`; both whole, with their own `$defs`.

    Draft 2020-12; formats count. A NO carries a value that was checked with the validator.
    """
    if proven(small, large):
        return ContainmentAnswer(containment=Containment.YES)
    found = counterexample(small, large)
    if found is None:
        return ContainmentAnswer(containment=Containment.UNDECIDED)
    return ContainmentAnswer(containment=Containment.NO, witness=found[0])


def allows(schema: Schema, value: Any) -> bool:
    """Whether a schema is known to allow a value."""
    validator = _validator(_text(schema))
    return validator is not None and bool(validator.is_valid(value))


def judgeable(schema: Schema) -> bool:
    """Whether values can be held against a schema at all."""
    return _validator(_text(schema)) is not None


def is_searchable(*schemas: Schema) -> bool:
    """Whether schemas are small enough for values to be looked for."""
    return all(len(_text(each)) <= _MOST_TEXT for each in schemas)


def equivalent(one: Schema, other: Schema) -> bool:
    """Whether both are proven to allow the same values."""
    return proven(one, other) and proven(other, one)


def proven(small: Schema, large: Schema) -> bool:
    """Whether it is proven that `large` allows every value that `small` allows."""
    if large is True or large == {} or small is False:
        return True
    return _proven(_text(small), _text(large))


@lru_cache(maxsize=4096)
def _proven(small: str, large: str) -> bool:
    if max(len(small), len(large)) > _MOST_TEXT:
        return False
    if small == large:
        return True
    try:
        return all(_covers(inner, outer) for inner, outer in unfold_schemas(json.loads(small), json.loads(large)))
    except Unfoldable:
        return False


def _covers(small: Schema, large: Schema) -> bool:
    if large is True or large == {} or small is False:
        return True
    pairs = property_by_property(small, large)
    if pairs is not None:
        return all(_covers(inner, outer) for inner, outer in pairs)
    return _covers_as_a_whole(small, large)


def _covers_as_a_whole(small: Schema, large: Schema) -> bool:
    from jsonschema_rs.canonical import Containment as Covers

    inner, outer = _canonical(_text(small)), _canonical(_text(large))
    if inner is None or outer is None:
        return False
    try:
        return bool(outer.covers(inner) == Covers.YES)
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _canonical(text: str) -> Any:
    """The canonical form, or None when the library has none for it."""
    from jsonschema_rs import ReferencingError, canonicalize

    schema = json.loads(text)
    if unfolds_too_far(schema) or unfolded_size(schema, _MOST_PROVEN) >= _MOST_PROVEN:
        return None
    if widest(schema) > _WIDEST:
        return None
    try:
        return canonicalize(schema, draft=_DRAFT, validate_formats=True, offline=True)
    except (ValueError, ReferencingError):
        return None


_DRAFT = 20  # the library's number of draft 2020-12


def counterexample(small: Schema, large: Schema) -> tuple[Any] | None:
    """A value that `small` allows and `large` refuses, checked with the validator, as a 1-tuple."""
    text = _counterexample(_text(small), _text(large))
    return None if text is None else (json.loads(text),)


@lru_cache(maxsize=4096)
def _counterexample(small: str, large: str) -> str | None:
    if max(len(small), len(large)) > _MOST_TEXT:
        return None
    inner, outer = _validator(small), _validator(large)
    if inner is None or outer is None:
        return None
    for value in _candidates(small, large):
        if inner.is_valid(value) and not outer.is_valid(value):
            return json.dumps(value)
    return None


def _candidates(small: str, large: str) -> list[Any]:
    """Values near the borders of both, those of the exact difference first."""
    found: list[Any] = []
    difference = _difference(small, large)
    if difference is not None:
        found += samples(difference, difference, _MOST_CANDIDATES)
    found += samples(json.loads(small), json.loads(large), _MOST_CANDIDATES)
    return found


def _difference(small: str, large: str) -> Any:
    if any(unfolded_size(json.loads(each), _MOST_SUBTRACTED) >= _MOST_SUBTRACTED for each in (small, large)):
        return None
    inner, outer = _canonical(small), _canonical(large)
    if inner is None or outer is None:
        return None
    try:
        return inner.subtract(outer).to_json_schema()
    except (ValueError, TypeError):
        return None


@lru_cache(maxsize=4096)
def _validator(text: str) -> Any:
    from jsonschema_rs import Draft202012Validator, ReferencingError

    schema = json.loads(text)
    if unfolds_too_far(schema):
        return None
    try:
        return Draft202012Validator(schema, validate_formats=True, offline=True)
    except (ValueError, ReferencingError):
        return None


def _text(schema: Schema) -> str:
    return json.dumps(schema, sort_keys=True)
