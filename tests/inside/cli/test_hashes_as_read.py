"""Commits are said as briefly as they can be told apart."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from harness.cli.hashes import know, short_forms, shorten_hashes

# Few digits, so that many begin alike.
HASHES = st.lists(st.text("ab", min_size=12, max_size=12), max_size=5).map(
    lambda some: [each + "c" * 28 for each in some]
)


@given(HASHES, st.permutations(["{}", "orders {}", "{}+changed.0123456789ab", "1.4"]))
def test_a_short_form_begins_one_hash_alone_and_one_digit_less_would_not(
    hashes: list[str], shapes: list[str]
) -> None:
    texts = [shape.format(each) for each in hashes for shape in shapes]
    forms = short_forms(texts)
    assert set(forms) == set(hashes)
    for whole, short in forms.items():
        assert [each for each in forms if each.startswith(short)] == [whole]
        assert len(short) >= 7
        assert len(short) == 7 or len([each for each in forms if each.startswith(short[:-1])]) > 1


def test_what_is_no_whole_hash_stays() -> None:
    assert short_forms(["1.4", "a" * 39, "a" * 41, "A" * 40, "deadbee"]) == {}
    assert short_forms(["f" * 64]) == {"f" * 64: "f" * 7}


def test_a_command_that_says_commits_briefly_has_no_whole_hash_in_a_sentence() -> None:
    commit, build = "1" * 40, "2" * 64
    with click.Context(click.Command("can-i-deploy")):
        assert shorten_hashes(commit) == commit, "nothing is known to be one yet: it may be a token"
        know([commit])
        assert shorten_hashes(f"orders {commit} is build {build}") == "orders 1111111 is build 2222222222"
