"""A version as people type it and read it."""

from __future__ import annotations

import pytest
from fakes_ledger import MemoryLedger
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import words
from harness.cli.versions import in_full
from harness.errors import UnknownName, UsageError
from harness.evidence import Known
from harness.identity import Version, argument_of, split_argument
from harness.reports.brevity import short
from harness.reports.phrases import version_text

SHA = "3f8a1c2b4d5e6f708192a3b4c5d6e7f80912a3b4"
OTHER = "3f8a1c2b00000000000000000000000000000000"


def ledger(*numbers: str) -> MemoryLedger:
    made = MemoryLedger()
    for number in numbers:
        made.record_version(Known(version=Version("orders", number)))
    return made


def test_the_first_digits_of_a_commit_are_enough() -> None:
    assert in_full(Version("orders", "3f8a1c2b4"), ledger(SHA, OTHER)) == Version("orders", SHA)


def test_digits_that_several_versions_begin_with_are_refused_with_their_names() -> None:
    with pytest.raises(UnknownName, match=f"2 versions of orders begin with 3f8a(.|\n)*{OTHER}"):
        in_full(Version("orders", "3f8a"), ledger(SHA, OTHER))


@pytest.mark.parametrize("number", ["2024", "1.0", "ffff", "3f8", "release-7"])
def test_what_is_known_as_it_stands_or_not_at_all_is_taken_as_it_stands(number: str) -> None:
    assert in_full(Version("orders", number), ledger("2024", "20241", "1.0", SHA)).number == number


def test_another_pacticipants_versions_do_not_count() -> None:
    assert in_full(Version("payments", "3f8a1c2b4"), ledger(SHA)).number == "3f8a1c2b4"


def test_people_read_ten_digits_of_a_commit_and_everything_else_whole() -> None:
    assert version_text(Version("orders", SHA)) == "orders 3f8a1c2b4d"
    assert short(f"{SHA}+dirty.0a1b2c3d") == "3f8a1c2b4d+dirty.0a1b2c3d"
    assert short("1.4.0+changed.0a1b2c3d") == "1.4.0+changed.0a1b2c3d"
    assert short(SHA + "0") == SHA + "0"


ANY = st.text(st.sampled_from("ab1=@\"'\\ .-/é\n"), min_size=1, max_size=7)


@given(ANY, st.just("") | ANY, ANY)
def test_any_name_instance_and_version_is_read_as_it_was_written(name: str, instance: str, number: str) -> None:
    written = argument_of(name, instance, number)
    assert split_argument(written, placed=True) == (name, instance, number)
    assert words.placed_version(written) == (Version(name, number), instance)
    assert words.placed_name(argument_of(name, instance)) == (name, instance)
    unplaced = Version(name, number).argument
    assert words.version(unplaced) == Version(name, number)
    assert words.service_and_version(unplaced) == (name, number)
    assert words.service_and_version(argument_of(name)) == (name, "")


@pytest.mark.parametrize("plain", ["orders=1.4", "@scope/orders=1.4", "Animal Shelter=1=2", "orders@blue=1.4"])
def test_what_needs_no_quotes_has_none(plain: str) -> None:
    version, instance = words.placed_version(plain)
    assert argument_of(version.pacticipant, instance, version.number) == plain


@pytest.mark.parametrize("broken", ['"orders=1', '"orders"x=1', '"a"', '""=1', "=1"])
def test_a_name_whose_quotes_are_wrong_is_refused(broken: str) -> None:
    with pytest.raises(UsageError):
        words.version(broken)
