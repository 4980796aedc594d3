"""Consumer version selectors as anybody may write them, and what is pending and in progress."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.ledger.selecting.selectors import Selector, parse_selectors
from harness.ledger.selecting.standing import Line, Success, in_progress, never_verified, pending_lines

FIELDS = [
    "mainBranch",
    "branch",
    "matchingBranch",
    "tag",
    "latest",
    "fallbackTag",
    "fallbackBranch",
    "deployed",
    "released",
    "deployedOrReleased",
    "environment",
    "consumer",
    "unknown",
]
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=2)
)
_selectors = _json | st.dictionaries(
    st.sampled_from(FIELDS), st.just(True) | st.sampled_from(["main", ""]) | _json
)
_names = st.frozensets(st.sampled_from("ab"))
_moments = st.sampled_from(["", "2026-01-01", "2026-02-01", "2026-03-01"])
_lines = st.lists(
    st.builds(Line, kind=st.just("branch"), name=st.sampled_from("ab"), created=_moments, first_version=_moments),
    min_size=1,
    max_size=2,
)
_successes = st.builds(
    Success, contract=st.just(1), at=_moments.filter(bool), wip=st.booleans(), branches=_names, tags=_names
)


@given(given_selectors=st.lists(_selectors, max_size=4), branch=st.sampled_from(["", "main"]))
def test_every_selector_is_either_read_or_told_wrong_with_its_place(
    given_selectors: list[Any], branch: str
) -> None:
    found, wrong = parse_selectors(given_selectors, branch, ["main"])
    places = {text.rpartition(" (at index ")[2].rstrip(")") for text in wrong}
    assert places <= {str(n) for n in range(len(given_selectors))}
    assert len(found) + len(places) == len(given_selectors)


@given(each=_selectors)
def test_what_is_read_always_selects_by_something(each: Any) -> None:
    found, _ = parse_selectors([each], "main", ["main"])
    for selector in found:
        nothing = Selector(
            consumer=selector.consumer,
            fallback_tag=selector.fallback_tag,
            fallback_branch=selector.fallback_branch,
            environment=selector.environment,
        )
        assert selector != nothing


@given(each=st.dictionaries(st.sampled_from(FIELDS), st.just(True) | st.just("main")))
def test_what_a_selector_says_twice_in_different_ways_is_refused(each: dict[str, Any]) -> None:
    kinds = [name for name in ("tag", "mainBranch", "matchingBranch", "environment") if each.get(name)]
    found, _ = parse_selectors([each], "main", ["main"])
    assert not (found and len(kinds) > 1)


@given(successes=st.lists(_successes, max_size=4), lines=_lines)
def test_more_successes_never_make_anything_pending_again(successes: list[Success], lines: list[Line]) -> None:
    for known in range(len(successes)):
        before, after = (pending_lines(successes[:n], lines) for n in (known, known + 1))
        assert all(line in before for line in after)
        if in_progress(successes[: known + 1], lines, ""):
            assert in_progress(successes[:known], lines, "")


@given(lines=_lines, successes=st.lists(_successes, max_size=4))
def test_what_only_work_in_progress_has_verified_stays_in_progress(
    lines: list[Line], successes: list[Success]
) -> None:
    assert in_progress([each for each in successes if each.wip], lines, "")
    assert pending_lines([], lines) == lines
    assert never_verified([])


def test_pending_looks_at_the_branch_and_progress_at_its_first_version() -> None:
    line = Line(kind="branch", name="new", created="2026-03-01", first_version="2026-01-01")
    inherited = Success(contract=1, at="2026-02-01", wip=False, branches=frozenset({"main"}), tags=frozenset())
    assert pending_lines([inherited], [line]) == []
    assert in_progress([inherited], [line], "")
    assert not in_progress([inherited], [Line(kind="branch", name="new", created="2026-03-01")], "")


def test_what_others_verified_long_ago_does_not_end_the_progress() -> None:
    line = Line(kind="branch", name="new", created="2026-03-01", first_version="2026-03-01")
    old = Success(contract=1, at="2026-01-01", wip=False, branches=frozenset({"main"}), tags=frozenset())
    assert in_progress([old], [line], "2026-02-01")
    assert not in_progress([old], [line], "2025-12-01")
