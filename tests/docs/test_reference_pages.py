"""The reference pages name what exists, all of it, and nothing else."""

from __future__ import annotations

import ast
import dataclasses
import re
import typing
from pathlib import Path

import pytest

from harness.engine import events
from harness.reports.formats import format_names
from harness.verdicts import Cause, Difference, Exchange, Exercised, Finding, Reason

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
FAMILIES = r"(?:request|response|provider|provider-state|openapi|suite|message)"
CODE = re.compile(rf"{FAMILIES}(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+")
FILES = re.compile(r"\.(?:json|ya?ml|py|toml)$")  # "openapi.json" is a file, not a finding


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def documented(name: str) -> list[str]:
    """The first cell of every row of every table, where it is a code."""
    return re.findall(r"^\| `([^`]+)` \|", page(name), re.MULTILINE)


def codes_in(source: str) -> set[str]:
    """The finding codes that a module spells out, wherever it does: as `code=`, in a table, as a constant."""
    literals = {
        n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    return {text for text in literals if CODE.fullmatch(text) and not FILES.search(text)}


def keywords_in(source: str) -> set[str]:
    """Every literal that is given as `code=`, of whatever family."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    given = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "code"]
    return {v.value for v in given if isinstance(v, ast.Constant) and isinstance(v.value, str)}


def test_every_finding_code_is_documented_and_nothing_else() -> None:
    sources = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "harness" / "checks").rglob("*.py"))]
    yielded = {code for source in sources for code in codes_in(source) | keywords_in(source)}
    rows = documented("findings.md")
    assert sorted(set(rows)) == sorted(rows), "documented twice"
    assert set(rows) == yielded


def test_every_cause_is_documented_and_nothing_else() -> None:
    assert documented("causes.md") == [cause.value for cause in Cause]


def test_every_report_format_is_documented_and_nothing_else() -> None:
    rows = [row for row in documented("reports.md") if row in format_names()]
    assert sorted(rows) == sorted(format_names())


def event_types() -> list[type]:
    return list(typing.get_args(events.Event))


def name_of(event: type) -> str:
    field = next(f for f in dataclasses.fields(event) if f.name == "event")
    assert isinstance(field.default, str)
    return field.default


def test_every_event_has_its_section_and_there_is_no_other() -> None:
    sections = re.findall(r"^## `([^`]+)`$", page("events.md"), re.MULTILINE)
    assert sections == [name_of(event) for event in event_types()]


@pytest.mark.parametrize("event", event_types(), ids=name_of)
def test_every_field_of_an_event_is_documented_and_nothing_else(event: type) -> None:
    section = page("events.md").partition(f"## `{name_of(event)}`\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)
    assert rows == [field.name for field in dataclasses.fields(event) if field.name != "event"]


@pytest.mark.parametrize("part", [Exercised, Finding, Exchange, Difference, Reason, events.TaskId, events.Uses])
def test_every_field_of_the_parts_of_an_event_is_documented(part: type) -> None:
    text = page("events.md")
    missing = [field.name for field in dataclasses.fields(part) if f"`{field.name}`" not in text]
    assert missing == []
