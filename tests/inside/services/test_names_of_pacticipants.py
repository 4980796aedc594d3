"""A pacticipant may have any name: each place writes it so that it means that one and no other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UnknownName
from harness.services.manifest.file import parse
from harness.services.spelling import PLAIN, heading, key, plain

PRINTABLE = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=30)
NAMES = PRINTABLE.map(str.strip).filter(bool) | st.sampled_from(
    ["Animal Shelter", "or/ders", "a.b", "-a", "..", "é"]
)
FREE = NAMES.filter(lambda name: name not in {"self", "env", "web"})


@given(NAMES)
def test_a_heading_of_the_manifest_means_that_name(name: str) -> None:
    assert tomllib.loads(f"{heading(name)}\nx = 1")["services"][name] == {"x": 1}
    assert tomllib.loads(f"{key(name)} = 1") == {name: 1}


@given(st.sets(NAMES, min_size=2, max_size=2))
def test_files_and_networks_get_a_name_for_each_of_them(names: set[str]) -> None:
    written = {plain(name) for name in names}
    assert len(written) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", each) for each in written)


@given(NAMES.filter(lambda name: PLAIN.fullmatch(name) is not None and len(name) < 100))
def test_a_plain_name_stays_what_it_is(name: str) -> None:
    assert plain(name) == name


@given(FREE)
def test_a_quoted_name_and_a_short_one_with_its_pacticipant_describe_the_same_system(name: str) -> None:
    rest = "\nimage = 'x'\nport = 80\n[services.web]\nimage = 'x'\nneeds = [{}]\n"
    quoted = parse(heading(name) + rest.format(key(f"{name}") if key(name) != name else repr(name)), _PLACE, {})
    short = parse(f"[services.shorty]\npacticipant = {_text(name)}" + rest.format("'shorty'"), _PLACE, {})
    for system in (quoted, short):
        assert [service.name for service in system.services] == [name, "web"]
        assert system.service("web").needs == (name,)
        assert system.pacticipants({name: "1"}) == {name: "1"}
    assert short.service("shorty").name == name
    assert short.pacticipants({"shorty": "2"}) == {name: "2"}
    assert short.renamed({"shorty": "", "stranger": ""}) == {name: "", "stranger": ""}


@pytest.mark.parametrize("written", ["${Animal Shelter.url}", "${ Animal Shelter.http.host }", "${shop.port}"])
def test_a_reference_names_a_service_as_the_manifest_does(written: str) -> None:
    text = (
        "[services.'Animal Shelter']\nimage = 'x'\nport = 80\n"
        "[services.shop]\npacticipant = 'The / shop'\nimage = 'x'\nport = 80\n"
        f"[services.web]\nimage = 'x'\nenvironment = {{ A = '{written}' }}\n"
    )
    (needed,) = parse(text, _PLACE, {}).service("web").needs
    assert needed == ("The / shop" if "shop" in written else "Animal Shelter")


def test_a_name_that_is_none_is_still_unknown() -> None:
    with pytest.raises(UnknownName):
        parse("[services.a]\nimage = 'x'\npacticipant = 'b'", _PLACE, {}).pacticipants({"c": ""})


_PLACE = Path("/nowhere/harness.toml")


def _text(name: str) -> str:
    return key(f"{name} ")[:-2] + '"'  # quoted in any case
