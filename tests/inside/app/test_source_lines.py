"""The line of a place in a text: what a pointer names, or what is nearest around it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.app.source_lines import Lines

YAML = """openapi: 3.1.0
paths:
  /orders/{id}:
    get:
      tags: [a, b]
      responses:
        "200": {description: fine}
"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        ("#", 1),
        ("", 1),
        ("#/paths", 2),
        ("#/paths/~1orders~1{id}/get", 4),
        ("#/paths/~1orders~1{id}/get/tags/1", 5),
        ("#/paths/~1orders~1{id}/get/responses/200/description", 7),
        ("#/paths/~1orders~1{id}/get/nothing/more", 4),
        ("#/nothing", 1),
    ],
)
def test_a_pointer_leads_to_its_line(pointer: str, line: int) -> None:
    assert Lines(YAML).of(pointer) == line


def test_json_has_lines_too() -> None:
    text = json.dumps({"a": [{"b~/c": 1}, {"d": 2}]}, indent=2)
    assert Lines(text).of("#/a/1/d") == text.splitlines().index('      "d": 2') + 1
    assert Lines(text).of("#/a/0/b~0~1c") == 4


@pytest.mark.parametrize("text", ["", "{", "a: [", "\t- x", "&a [*a]", "x" * 2_000_001])
def test_what_cannot_be_read_has_one_line(text: str) -> None:
    assert Lines(text).of("#/a/0") == 1


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(alphabet='ab "/~\n'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="ab/~ ", max_size=3), inner, max_size=3)
    ),
)


@given(values, st.text(alphabet="ab/~01#", max_size=12))
def test_every_pointer_into_every_text_has_a_line_of_it(value: Any, pointer: str) -> None:
    text = json.dumps(value, indent=1)
    assert 1 <= Lines(text).of(pointer) <= len(text.splitlines())
