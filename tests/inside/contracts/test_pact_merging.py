"""Parts of a pact become one: nothing is lost, their order does not matter, contradictions are found."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from harness.contracts.pact_merging import conflicts, merge_parts
from harness.contracts.pact_reader import pact_key
from harness.identity import canonical_json

_STATES = st.one_of(
    st.none(), st.just("there is one"), st.just([{"name": "a"}]), st.just([{"name": "b"}, {"name": "a"}])
)


@st.composite
def interactions(draw: st.DrawFn) -> dict[str, Any]:
    """One of a few, so that parts often have the same."""
    found: dict[str, Any] = {
        "description": draw(st.sampled_from(["reads", "writes"])),
        "request": {"method": draw(st.sampled_from(["GET", "get"])), "path": draw(st.sampled_from(["/1", "/2"]))},
        "response": {"status": draw(st.sampled_from([200, 404]))},
    }
    states = draw(_STATES)
    if states is not None:
        found["providerStates" if isinstance(states, list) else "providerState"] = states
    return found


parts = st.lists(interactions(), max_size=4).map(
    lambda found: {"consumer": {"name": "c"}, "provider": {"name": "p"}, "interactions": found}
)


def told(part: dict[str, Any]) -> set[str]:
    return {canonical_json(each) for each in part["interactions"]}


def asked(part: dict[str, Any]) -> set[str]:
    """Interactions without their answers, of which the newer one stands."""
    return {canonical_json({**each, "response": None, "request": _lower(each)}) for each in part["interactions"]}


def _lower(each: dict[str, Any]) -> dict[str, Any]:
    return {**each["request"], "method": each["request"]["method"].lower()}


@given(parts, parts)
def test_nothing_that_is_asked_is_lost(there: dict[str, Any], added: dict[str, Any]) -> None:
    assume(not conflicts(there, added))
    both = merge_parts(there, added)
    assert asked(both) == asked(there) | asked(added)
    assert told(added) <= told(both)
    assert told(both) <= told(there) | told(added)


@given(parts, parts)
def test_of_equal_answers_the_order_of_the_parts_does_not_matter(
    there: dict[str, Any], added: dict[str, Any]
) -> None:
    for part in (there, added):
        for each in part["interactions"]:
            each["response"] = {"status": 200}
            each["request"]["method"] = "GET"
    assume(not conflicts(there, added) and not conflicts(added, there))
    once = {
        **there,
        "interactions": list({canonical_json(e): e for e in merge_parts(there, added)["interactions"]}.values()),
    }
    other = {
        **there,
        "interactions": list({canonical_json(e): e for e in merge_parts(added, there)["interactions"]}.values()),
    }
    assert pact_key(once) == pact_key(other)


@given(parts)
def test_a_part_that_is_merged_again_changes_nothing(part: dict[str, Any]) -> None:
    assume(not conflicts({}, part))
    assert told(merge_parts(part, part)) == told(part)
    assert not conflicts(part, part)


@given(parts, parts)
def test_a_contradiction_names_both_sides_of_it(there: dict[str, Any], added: dict[str, Any]) -> None:
    for before, after in conflicts(there, added):
        assert before in there["interactions"] or before in added["interactions"]
        assert after in added["interactions"]
        assert canonical_json(before) != canonical_json(after)


def test_a_part_that_contradicts_itself_is_not_merged() -> None:
    first = {"description": "reads", "request": {"path": "/1"}, "response": {"status": 200}}
    for second in ({**first, "request": {"path": "/2"}}, {**first, "response": {"status": 404}}):
        assert conflicts({}, {"interactions": [first, second]}) == [(first, second)]
        assert conflicts({"interactions": [first]}, {"interactions": [second, first]})
    assert conflicts({}, {"interactions": [first, dict(first)]}) == []


def test_one_of_two_that_are_there_is_not_replaced_by_what_asks_for_the_other() -> None:
    one = {"description": "reads", "request": {"path": "/1"}, "response": {"status": 200}}
    two = {**one, "request": {"path": "/2"}}
    assert conflicts({"interactions": [one, two]}, {"interactions": [two]}) == [(one, two)]
