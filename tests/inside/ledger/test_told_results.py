"""How many promises a published result speaks of: laws of the one rule that every route follows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.gate.promises import LONGEST, MOST, told_briefly
from harness.ledger.counted_results import Counted, count, findings_in, names_of
from harness.ledger.served_pact import interaction_id

INTERACTIONS = [{"description": f"reads {n}", "request": {"path": f"/{n}"}} for n in range(3)]
PACT = {"interactions": INTERACTIONS}
IDS = [interaction_id(each) for each in INTERACTIONS]
NAMES = st.sampled_from(
    [{"interactionId": each} for each in (*IDS, "nobody")] + [{"interactionDescription": "reads 1"}, {}]
)
RESULT = st.builds(lambda name, kept: {**name, "success": kept}, NAMES, st.sampled_from([True, True, False, None]))
ANYTHING: st.SearchStrategy[Any] = (
    st.none() | st.lists(RESULT, max_size=5) | st.just({"tests": []}) | st.lists(st.integers(), min_size=1)
)


def counted(results: Any, *, success: bool = True) -> Counted:
    return count(len(INTERACTIONS), lambda: names_of(PACT), results, success=success)


@given(ANYTHING, st.booleans())
def test_what_is_not_all_says_why(results: Any, success: bool) -> None:
    found = counted(results, success=success)
    assert 0 <= found.exercised <= found.promised == 3
    assert bool(found.because) is (found.exercised < found.promised)


@given(st.lists(RESULT, min_size=1, max_size=5), RESULT)
def test_one_more_failed_result_never_makes_more_of_a_success(results: list[Any], more: dict[str, Any]) -> None:
    assert counted([*results, {**more, "success": False}]).exercised <= counted(results).exercised


@given(st.permutations(IDS))
def test_all_are_kept_when_each_is_named_in_any_order(ids: list[str]) -> None:
    assert counted([{"interactionId": each, "success": True} for each in ids]) == Counted(promised=3, exercised=3)


@pytest.mark.parametrize(
    ("results", "exercised", "because"),
    [
        (None, 3, ""),
        ({}, 3, ""),
        ([{"summary": "ok"}], 3, ""),
        ([], 0, "its test results are an empty list: they name none of the 3 interactions"),
        (
            [{"interactionId": "nobody"}],
            0,
            "its test results name none of the 3 interactions of the pact, only unknown ones",
        ),
        ([{"interactionId": IDS[0]}], 1, "only 1 of 3 interactions were verified, its test results say"),
    ],
)
def test_whoever_names_nothing_is_believed_and_whoever_names_something_is_taken_at_that(
    results: Any, exercised: int, because: str
) -> None:
    assert counted(results) == Counted(promised=3, exercised=exercised, because=because)


def test_what_a_broker_calls_an_interaction_counts_as_its_name() -> None:
    told = [{"interactionId": each} for each in ("a", "b", "c")]
    assert count(3, lambda: names_of(PACT, ("a", "b", "c")), told, success=True).exercised == 3


@pytest.mark.parametrize("results", [None, [], [{"interactionId": "nobody"}]])
def test_a_pact_without_interactions_is_kept_by_every_success(results: Any) -> None:
    assert count(0, lambda: names_of({}), results, success=True) == Counted(promised=0, exercised=0)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["success", "interactionId", "mismatches", "exceptions", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_whatever_results_say_reading_what_broke_never_fails(results: Any, pact: Any) -> None:
    for each in told_briefly(findings_in(results, pact)):
        assert all(len(part) <= LONGEST for part in (each.request, each.expected, each.came))


@given(st.lists(st.booleans(), max_size=3))
def test_each_interaction_that_was_told_as_broken_is_named_and_no_other(kept: list[bool]) -> None:
    results = [{"interactionId": IDS[n], "success": each} for n, each in enumerate(kept)]
    named = {each.subject for each in findings_in(results, PACT)}
    assert named == {f"reads {n}" for n, each in enumerate(kept) if not each}


@pytest.mark.parametrize(
    ("result", "expected", "came"),
    [
        (
            {"mismatches": [{"attribute": "body", "identifier": "$.a", "description": "was 1"}]},
            "what the",
            "$.a: was 1",
        ),
        ({"mismatches": [{"path": "$.a", "expected": 1, "actual": "x"}]}, "$.a: 1", "x"),
        ({"exceptions": [{"message": "refused"}]}, "what the", "refused"),
        ({}, "what the", "another answer"),
    ],
)
def test_what_came_is_told_in_the_words_of_the_verifier(result: dict[str, Any], expected: str, came: str) -> None:
    (told,) = told_briefly(findings_in([{**result, "success": False, "interactionId": IDS[2]}], PACT))
    assert told.request == "reads 2: /2"
    assert told.expected.startswith(expected)
    assert told.came.startswith(came)
    many = [{**result, "success": False, "interactionId": each} for each in IDS * 2]
    assert len(told_briefly(findings_in(many, PACT))) <= MOST
