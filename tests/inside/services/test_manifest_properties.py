"""Laws of the manifest: no value breaks its reading, and every line it names is the right one."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ManifestError, Problem
from harness.services.drafting.draft import draft
from harness.services.manifest.entries import RESOURCE_KEYS, SERVICE_KEYS, VERSION_KEYS
from harness.services.manifest.file import KEYS, parse
from harness.services.manifest.toml_source import lines_of, parse_toml
from harness.services.node import Node

MANIFEST = Path("/nowhere/harness.toml")

WORDS = st.sampled_from(
    ["", "/", "a", "b", "${a.url}", "${b.x.port}", "${self.port}", "${env.X}", "${", "$${", "postgres", "http",
     "container", "a:b", "/x", "..", "\u202e", "ü", "'", "x" * 300,
     "http://[", "http://x:1", "sqlite:///", "(", "1"]
)  # fmt: skip
SCALARS = st.one_of(
    WORDS,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.booleans(),
    st.just(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)),
    st.just(datetime.time(1, 2)),
    st.just(datetime.date(2024, 1, 1)),
)
INNER_KEYS = st.sampled_from(
    [*SERVICE_KEYS, "context", "dockerfile", "args", "http", "tcp", "log", "exec", "within", "url", "callable",
     "names", "bearer", "basic", "header", "name", "value", "examples", "seconds", "file", "path", "a b"]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda each: st.lists(each, max_size=3) | st.dictionaries(INNER_KEYS, each, max_size=3), max_leaves=6
)


def entries(more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(["a", "b", "self", "ü"]), st.one_of(VALUES, more), max_size=3)


def table(keys: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), VALUES, max_size=6)


SERVICE = st.builds(
    lambda own, versions: own | ({"versions": versions} if versions else {}),
    table(SERVICE_KEYS),
    st.dictionaries(st.sampled_from(["1", "2"]), table(VERSION_KEYS), max_size=2),
)
DOCUMENTS = st.builds(
    lambda top, services, resources: top | {"services": services, "resources": resources},
    table(KEYS),
    entries(SERVICE),
    entries(table(RESOURCE_KEYS)),
)


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text; whatever else it raises fails the test."""
    try:
        parse(text, MANIFEST, {})
    except ManifestError as error:
        return error.problems or (Problem("an error without a problem"),)
    return ()


@given(DOCUMENTS)
def test_whatever_the_values_are_each_mistake_has_a_place(document: dict[str, Any]) -> None:
    assert all(problem.where.startswith("harness.toml:") for problem in problems(tomlkit.dumps(document)))


@pytest.mark.parametrize("key", SERVICE_KEYS)
@given(value=VALUES)
def test_whatever_stands_at_a_key_of_a_service_each_mistake_has_a_place(key: str, value: Any) -> None:
    document = {"services": {"a": {"image": "x", key: value}, "b": {"image": "y", "port": 1}}}
    assert all(problem.where.startswith("harness.toml:") for problem in problems(tomlkit.dumps(document)))


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("[]{}=.,\"'\\# \n\tab1"))
def test_whatever_the_text_is_each_mistake_is_told_in_words(text: str) -> None:
    assert all(problem.where.startswith("harness.toml") and problem.text for problem in problems(text))


def places(value: object, place: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], object]:
    """Every key and element of a document, with its value."""
    found: dict[tuple[str | int, ...], object] = {place: value}
    if isinstance(value, dict):
        for key, each in value.items():
            found |= places(each, (*place, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            found |= places(each, (*place, index))
    return found


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), VALUES, max_size=5))
def test_every_key_and_element_has_a_line(document: dict[str, Any]) -> None:
    text = tomlkit.dumps(document)
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # the writer has mistakes of its own
    lines = lines_of(text)
    assert places(read).keys() <= lines.keys()
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


LOCATED = '''\
# a comment with [brackets] and = "signs"
first = 1
"quoted.key" = 'x # no comment'
'literal "key"' = [  # list
  1,
  "]", # not the end
  { inner = """
a = "no key"
[no.table]
""", after = 2 },
]
dotted . "b.c" . d = """\\
  "" two quotes """""
[table]
in-table = { a = { b = [ 1,
  2 ] }, "c\\u00e9" = 3 }
when = 1979-05-27 07:32:00  # a space inside a date
[[array]]
name = "one"
[[array.nested]]
x = 1
[[array]]
name = "two"
[array.sub]
y = \'\'\'
z = 3\'\'\'
[[array.nested]]
x = 2
[other.deep]
[other]
z = 1
'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("first",), 2),
        (("quoted.key",), 3),
        (('literal "key"',), 4),
        (('literal "key"', 0), 5),
        (('literal "key"', 1), 6),
        (('literal "key"', 2), 7),
        (('literal "key"', 2, "inner"), 7),
        (('literal "key"', 2, "after"), 10),
        (("dotted", "b.c", "d"), 12),
        (("table",), 14),
        (("table", "in-table", "a", "b", 1), 16),
        (("table", "in-table", "cé"), 16),
        (("table", "when"), 17),
        (("array", 0, "name"), 19),
        (("array", 0, "nested", 0, "x"), 21),
        (("array", 1, "name"), 23),
        (("array", 1, "sub", "y"), 25),
        (("array", 1, "nested", 0, "x"), 28),
        (("other", "deep"), 29),
        (("other",), 30),
        (("other", "z"), 31),
    ],
    ids=str,
)
def test_a_line_is_right_in_every_form_that_toml_has(place: tuple[str | int, ...], line: int) -> None:
    assert lines_of(LOCATED)[place] == line
    assert places(tomllib.loads(LOCATED)).keys() <= lines_of(LOCATED).keys()


@given(st.integers(0, 30), st.sampled_from(["\n", "\r\n", "# x\n", "\n\t \n"]))
def test_lines_before_a_key_move_it_by_as_many(count: int, blank: str) -> None:
    node = parse_toml(blank * count + "key = 1", "x").at("key")
    assert node == Node(1, f"x:{(blank * count).count(chr(10)) + 1}")


def test_a_draft_of_an_empty_folder_loads(tmp_path: Path) -> None:
    assert parse(draft(tmp_path).text, tmp_path / "harness.toml", {}).services == ()
