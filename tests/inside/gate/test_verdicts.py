"""What is told of a broken promise, whatever order the verifier tells it in."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from harness.verdicts import Difference, most_telling_first

PLACES = st.sampled_from(
    ["status", "header ETag", "$", "$.items", "$.items[2].name", "$.items[10].name", "$.a[0].b"]
)
DIFFERENCES = st.builds(
    Difference, place=PLACES, expected=st.just(""), actual=st.just(""), text=st.sampled_from(["", "one", "two"])
)


@given(st.lists(DIFFERENCES), st.randoms(use_true_random=False))
def test_the_same_differences_in_another_order_are_told_in_the_same_order(
    differences: list[Difference], shuffler: random.Random
) -> None:
    shuffled = list(differences)
    shuffler.shuffle(shuffled)
    assert most_telling_first(shuffled) == most_telling_first(differences)


def test_the_status_comes_first_then_the_deepest_place_then_the_smallest_index() -> None:
    places = ["$.items", "$.items[10].name", "status", "$.items[2].name"]
    told = most_telling_first(Difference(place=place, expected="", actual="") for place in places)
    assert [each.place for each in told] == ["status", "$.items[2].name", "$.items[10].name", "$.items"]
