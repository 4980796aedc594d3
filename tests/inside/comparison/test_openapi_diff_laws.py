"""Laws of the diff: what widens what is accepted breaks nobody, what narrows it does, and a value shows it."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from law_examples import examples_of_an_answer
from openapi_changes import ALIKE, JSON, Json, accepting, schema_cases, sending, single_cases

from harness.comparison.containment import Containment, decide_containment
from harness.comparison.diff import Compatibility, Diff, Notice, diff, document_of
from harness.comparison.diff.change import BRANCH
from harness.comparison.severity import Severity
from harness.errors import ContractError

NOTICE = Notice(today=date(2026, 11, 23))
small = st.integers(min_value=0, max_value=20)
values = st.one_of(st.sampled_from(["a", "b", "c", 1, 2, 3]))


def difference(old: Any, new: Any) -> Diff:
    return diff(document_of(old, "old"), document_of(new, "new"), NOTICE)


# --- one step narrower -------------------------------------------------------------------------------------------


@st.composite
def limits(draw: st.DrawFn) -> tuple[Json, Json]:
    """A limit that is there, and a tighter one."""
    kind, keyword, up = draw(
        st.sampled_from(
            [
                ("integer", "minimum", True),
                ("integer", "maximum", False),
                ("number", "exclusiveMinimum", True),
                ("number", "exclusiveMaximum", False),
                ("string", "minLength", True),
                ("string", "maxLength", False),
                ("array", "minItems", True),
                ("array", "maxItems", False),
            ]
        )
    )
    low = draw(small)
    high = low + 1 + draw(small)
    loose, tight = (low, high) if up else (high, low)
    if keyword in ("minLength", "minItems"):
        loose, tight = loose + 1, tight + 1
    return {"type": kind, keyword: loose}, {"type": kind, keyword: tight}


@st.composite
def lists(draw: st.DrawFn) -> tuple[Json, Json]:
    """Values that are listed, and fewer of them."""
    wide = draw(st.lists(values, min_size=2, unique=True))
    narrow = draw(st.lists(st.sampled_from(wide), min_size=1, max_size=len(wide) - 1, unique=True))
    return {"enum": wide}, {"enum": narrow}


@st.composite
def types(draw: st.DrawFn) -> tuple[Json, Json]:
    """Types that are named, and fewer of them."""
    known = ["string", "integer", "boolean", "object", "array", "null"]
    wide = draw(st.lists(st.sampled_from(known), min_size=2, unique=True))
    narrow = draw(st.lists(st.sampled_from(wide), min_size=1, max_size=len(wide) - 1, unique=True))
    return {"type": wide}, {"type": narrow}


narrower = limits() | lists() | types()


@st.composite
def contexts(draw: st.DrawFn) -> Any:
    """A way to put a schema into another, in up to three steps; the components that it needs come with it."""
    steps = draw(
        st.lists(st.sampled_from(["property", "required", "items", "entries", "part", "named"]), max_size=3)
    )

    def within(leaf: Json) -> tuple[Json, Json]:
        made, named = leaf, {}
        for number, step in enumerate(steps):
            if step in ("property", "required"):
                required = ["x"] if step == "required" else []
                made = {"type": "object", "properties": {"x": made, "y": {"type": "string"}}, "required": required}
            elif step == "items":
                made = {"type": "array", "items": made}
            elif step == "entries":
                made = {"type": "object", "additionalProperties": made}
            elif step == "part":
                made = {"allOf": [made, {"description": "a part"}]}
            else:
                named[f"Named{number}"] = made
                made = {"$ref": f"#/components/schemas/Named{number}"}
        return made, named

    return within


def put(kind: Any, context: Any, leaf: Json) -> Json:
    made, named = context(leaf)
    return {**kind(made), "components": {"schemas": named}}


@given(narrower, contexts())
def test_accepting_more_and_sending_less_breaks_nobody(pair: tuple[Json, Json], context: Any) -> None:
    wide, narrow = pair
    for old, new in (
        (put(accepting, context, narrow), put(accepting, context, wide)),
        (put(sending, context, wide), put(sending, context, narrow)),
    ):
        assert difference(old, new).verdict is Compatibility.COMPATIBLE


@given(narrower, contexts())
def test_accepting_less_breaks_and_a_value_shows_it(pair: tuple[Json, Json], context: Any) -> None:
    wide, narrow = pair
    found = difference(put(accepting, context, wide), put(accepting, context, narrow))
    errors = [change for change in found.changes if change.severity is Severity.ERROR]
    assert errors
    shown = [change.witness[0] for change in errors if change.witness is not None]
    assert shown
    if len(errors) == 1:  # of several, each shows its own part
        assert Draft202012Validator(wide).is_valid(shown[0])
        assert not Draft202012Validator(narrow).is_valid(shown[0])


@given(narrower, contexts())
def test_sending_more_is_never_compatible(pair: tuple[Json, Json], context: Any) -> None:
    wide, narrow = pair
    found = difference(put(sending, context, narrow), put(sending, context, wide))
    assert found.verdict is not Compatibility.COMPATIBLE


# --- any two schemas ---------------------------------------------------------------------------------------------

leaves = st.one_of(
    st.just({}),
    st.sampled_from(["string", "integer", "number", "boolean", "null"]).map(lambda kind: {"type": kind}),
    limits().map(lambda pair: pair[1]),
    lists().map(lambda pair: pair[0]),
    types().map(lambda pair: pair[0]),
    st.just({"type": ["string", "null"]}),
)


def _more(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    names = st.sampled_from(["x", "y", "z"])
    return st.one_of(
        st.builds(
            lambda properties, required, more: {
                "type": "object", "properties": properties, "required": required,
                **({} if more is None else {"additionalProperties": more}),
            },
            st.dictionaries(names, inner, max_size=3),
            st.lists(names, max_size=2, unique=True),
            st.none() | st.just(False) | inner,
        ),
        inner.map(lambda schema: {"type": "array", "items": schema}),
        st.builds(
            lambda word, parts: {word: parts},
            st.sampled_from(["oneOf", "anyOf", "allOf"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        inner.map(lambda schema: {"not": schema}),
    )  # fmt: skip


schemas = st.recursive(leaves, _more, max_leaves=6)


@st.composite
def edited(draw: st.DrawFn) -> tuple[Json, Json]:
    """A schema, and the same with one part of it left out or replaced."""
    old = draw(schemas)
    new = deepcopy(old)
    inner = [place for place in places(new) if place and isinstance(node_at(new, place), dict)]
    if not inner:
        return old, draw(schemas)
    place = draw(st.sampled_from(inner))
    holder = node_at(new, place[:-1])
    if isinstance(holder, dict) and draw(st.booleans()):
        del holder[place[-1]]
    else:
        holder[place[-1]] = {} if place[-1] == "properties" else draw(leaves)
    return old, new


def node_at(value: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


@settings(max_examples=examples_of_an_answer(60), deadline=None)
@given(st.tuples(schemas, schemas) | edited())
def test_what_is_refused_now_is_never_called_compatible(pair: tuple[Json, Json]) -> None:
    old, new = pair
    if difference(accepting(old), accepting(new)).verdict is Compatibility.COMPATIBLE:
        # Whoever keeps to the old document sends what it declares (and keeps to it: a closed branch may be left).
        assert decide_containment({"allOf": [old, declared(old)]}, new).containment is not Containment.NO


@settings(max_examples=examples_of_an_answer(40), deadline=None)
@given(st.tuples(schemas, schemas) | edited(), st.sampled_from([accepting, sending]))
def test_every_example_is_taken_by_one_side_and_refused_by_the_other(pair: tuple[Json, Json], make: Any) -> None:
    old, new = pair
    sender, reader = (old, new) if make is accepting else (new, old)
    for change in difference(make(old), make(new)).changes:
        if change.witness is not None and all(step.startswith(BRANCH) for step in change.place[ROOT[make] :]):
            assert Draft202012Validator(sender).is_valid(change.witness[0])
            assert not Draft202012Validator(reader).is_valid(change.witness[0])


ROOT = {accepting: 2, sending: 3}  # steps to the body


def declared(schema: Any) -> Any:
    """The schema with no property that it does not declare."""
    if isinstance(schema, list):
        return [declared(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: {name: declared(each) for name, each in part.items()} if key == "properties"
        else part if key in ("not", "enum", "required")
        else declared(part)
        for key, part in schema.items()
    }  # fmt: skip
    free = made.get("type", "object") == "object" or "object" in made["type"]
    return {"additionalProperties": False, **made} if free and "anyOf" not in made else made


# --- hostile documents -------------------------------------------------------------------------------------------

JUNK: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", "\x00é", [], [None], [[]], {}, {"": None}, {"a": {}}]
JUNK += [[1, "a"], {"$ref": 5}, {"$ref": "#/paths"}, {"type": "object"}, ["x", "x"], {"type": ["string", 5]}]
DOCUMENTS = [side for case in (*schema_cases(), *single_cases(), *ALIKE) for side in (case.old, case.new)]


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, item in inner for place in places(item, (*here, key)))]


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A document with something in it that does not belong there."""
    made = deepcopy(draw(st.sampled_from(DOCUMENTS)))
    place = draw(st.sampled_from([each for each in places(made) if each and each[0] != "openapi"]))
    node = made
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = draw(st.sampled_from(JUNK))
    return made


@settings(max_examples=examples_of_an_answer(60), deadline=None)
@given(spoilt(), st.sampled_from(DOCUMENTS))
def test_a_spoilt_document_is_compared_or_refused_and_is_itself(one: Any, other: Any) -> None:
    try:
        read = document_of(one, "spoilt")
    except ContractError:
        return  # a clear answer
    assert diff(read, document_of(deepcopy(one), "again"), NOTICE).changes == ()
    difference(one, other)
    difference(other, one)


@pytest.mark.parametrize(
    "text", ["", "[]", "3", "openapi: 3.1.0", '{"openapi": "3.1.0", "paths": 5}', "{", "a: [", JSON]
)
def test_a_text_that_is_no_document_is_compared_or_refused(text: str) -> None:
    from harness.comparison.diff import read_document

    try:
        read = read_document(text, "text")
    except ContractError:
        return  # a clear answer
    assert diff(read, read, NOTICE).changes == ()
