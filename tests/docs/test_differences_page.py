"""Every known defect of the original has its place among the differences, and a test that is named after it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "differences.md").read_text(encoding="utf-8")
TESTS = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "ports").glob("test_*.py"))
)


@pytest.mark.parametrize("number", range(1, 13))
def test_a_defect_of_the_original_is_told_once_and_tested(number: int) -> None:
    assert len(re.findall(rf"\(D{number}\)", PAGE)) == 1
    assert re.search(rf"^def test_d{number}_\w+\(", TESTS, re.MULTILINE)


def test_no_other_defect_is_told_or_tested() -> None:
    known = {str(number) for number in range(1, 13)}
    assert set(re.findall(r"\(D(\d+)\)", PAGE)) == known
    assert set(re.findall(r"^def test_d(\d+)_", TESTS, re.MULTILINE)) == known


def test_every_difference_has_a_name_of_its_own() -> None:
    names = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name) for name in names)
