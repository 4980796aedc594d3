"""Every known defect of the original has its place among the differences, and a test that is named after it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "differences.md").read_text(encoding="utf-8")
TESTS = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "ports").rglob("test_*.py"))
)


DEFECTS = [*(f"D{number}" for number in range(1, 13)), *(f"23.{number}" for number in range(1, 8))]


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_the_original_is_told_once_and_tested(defect: str) -> None:
    assert len(re.findall(rf"\({re.escape(defect)}\)", PAGE)) == 1
    name = defect.lower().replace(".", "_")
    assert re.search(rf"^def test_{name}_[a-z]\w+\(", TESTS, re.MULTILINE)


def test_no_other_defect_is_told_or_tested() -> None:
    assert set(re.findall(r"\((D\d+|23\.\d+)\)", PAGE)) == set(DEFECTS)
    tested = re.findall(r"^def test_(d\d+|23_\d+)_", TESTS, re.MULTILINE)
    assert {name.replace("_", ".").upper() for name in tested} == set(DEFECTS)


def test_every_difference_has_a_name_of_its_own() -> None:
    names = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", name) for name in names)
