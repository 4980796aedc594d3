"""Which tests that a pact names are gone: a wrong "gone" loses a promise, a wrong "left out" keeps an old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.pytesting.absent_tests import CollectedTests
from harness.pytesting.test_names import TestNames, names_root

if TYPE_CHECKING:
    from pathlib import Path

FILE = "tests/test_it.py"


def collected(root: Path, source: str, *tests: str, driven: tuple[str, ...] = ()) -> CollectedTests:
    (root / "tests").mkdir(exist_ok=True)
    (root / FILE).write_text(source)
    return CollectedTests(
        names=TestNames(root, root),
        tests=frozenset(f"{FILE}::{test}" for test in tests),
        driven=frozenset(f"{FILE}::{test}" for test in driven),
        whole=True,
        searched=(root / "tests",),
    )


LITERAL = "@pytest.mark.parametrize('n', {})\ndef test_a(n): ...\ndef test_b(): ..."


@pytest.mark.parametrize(
    ("source", "seen", "missing"),
    [
        ("def test_b(): ...", ["test_b"], "test_a"),
        ("class TestB:\n    def test_a(self): ...", ["TestB::test_a"], "TestA::test_a"),
        (LITERAL.format("[1, 2]"), ["test_a[1]", "test_a[2]", "test_b"], "test_a[3]"),
        (LITERAL.format("range(2)"), ["test_a[0]", "test_a[1]"], "test_a[2]"),
        (LITERAL.format("[pytest.param(1, id='x')]"), ["test_a[x]"], "test_a[y]"),
        ("CASES: list[int] = [1]\n" + LITERAL.format("CASES"), ["test_a[1]"], "test_a[2]"),
        (LITERAL.format("[n * 2 for n in range(3)]"), ["test_a[0]", "test_a[2]", "test_a[4]"], "test_a[6]"),
        ("def test_a(): ...", ["test_a"], "test_a[1]"),
    ],
)
def test_what_the_file_no_longer_has_is_gone(tmp_path: Path, source: str, seen: list[str], missing: str) -> None:
    there = collected(tmp_path, source, *seen)
    assert there.gone(f"{FILE}::{missing}")
    assert not there.left_out(f"{FILE}::{missing}")
    assert not any(there.gone(f"{FILE}::{test}") for test in seen)


@pytest.mark.parametrize(
    ("source", "seen", "missing"),
    [
        ("import os\nif os.environ.get('ALL'):\n    def test_a(): ...\ndef test_b(): ...", ["test_b"], "test_a"),
        ("def test_a(): ...\ndef test_b(): ...", ["test_b"], "test_a"),  # a hook took it away
        ("import os\n" + LITERAL.format("os.environ['T'].split()"), ["test_a[1]"], "test_a[2]"),
        ("from cases import CASES\n" + LITERAL.format("CASES"), ["test_a[1]"], "test_a[2]"),
        ("CASES = [1]\nif x:\n    CASES = [2]\n" + LITERAL.format("CASES"), ["test_a[1]"], "test_a[2]"),
        ("CASES = [1]\nCASES += more()\n" + LITERAL.format("CASES"), ["test_a[1]"], "test_a[2]"),
        (LITERAL.format("[1] if all_of_them else [2]"), ["test_a[1]"], "test_a[2]"),
        ("def test_a(n): ...", ["test_a[1]"], "test_a[2]"),  # pytest_generate_tests gives the parameters
        ("class TestA:\n    def test_a(self): ...\ndef test_b(): ...", ["test_b"], "TestA::test_a"),
        ("async def test_a(): ...\ndef test_b(): ...", ["test_b"], "test_a"),
    ],
)
def test_what_an_option_or_a_variable_may_leave_out_is_not_gone(
    tmp_path: Path, source: str, seen: list[str], missing: str
) -> None:
    there = collected(tmp_path, source, *seen)
    assert not there.gone(f"{FILE}::{missing}")
    assert there.left_out(f"{FILE}::{missing}")


def test_parameters_that_a_hook_gives_beside_those_of_marks_may_come_back(tmp_path: Path) -> None:
    source = "@pytest.mark.parametrize('n', [1])\ndef test_a(n, tenant): ..."
    there = collected(tmp_path, source, "test_a[1-a]", driven=("test_a[1-a]",))
    assert not there.gone(f"{FILE}::test_a[1-b]")


def test_a_file_is_gone_only_where_it_was_looked_for(tmp_path: Path) -> None:
    there = collected(tmp_path, "def test_a(): ...", "test_a")
    assert there.gone("tests/test_other.py::test_x")
    assert not there.gone("elsewhere/test_other.py::test_x")


def test_a_partial_session_knows_of_nothing_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    there = CollectedTests(names=TestNames(tmp_path, tmp_path), whole=False, searched=(tmp_path,))
    assert not there.gone(f"{FILE}::test_a")


def test_names_start_at_the_repository_whatever_pytest_takes_for_its_root(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    pacts = tmp_path / "contracts/pacts"
    for root, nodeid in ((tmp_path, "web/tests/test_a.py::t"), (tmp_path / "web", "tests/test_a.py::t")):
        assert TestNames(names_root(root, pacts), root).name(nodeid) == "web/tests/test_a.py::t"


def test_without_a_repository_names_start_at_the_folder_that_holds_project_and_pacts(tmp_path: Path) -> None:
    web = tmp_path / "web"
    assert names_root(web, tmp_path / "contracts/pacts") == tmp_path
    assert names_root(web, web / "contracts/pacts") == web


def test_a_test_above_the_root_of_pytest_has_a_name_without_detours(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    names = TestNames(tmp_path, tmp_path / "web")
    assert names.name("../shared/test_a.py::t[a/../b]") == "shared/test_a.py::t[a/../b]"


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("test_a.py::test_it@orders", "test_a.py::test_it"),
        ("test_a.py::test_it[a@b]@orders", "test_a.py::test_it[a@b]"),
        ("test_a.py::test_it[a@b]", "test_a.py::test_it[a@b]"),
    ],
)
def test_the_group_that_xdist_writes_behind_a_name_is_no_part_of_it(
    tmp_path: Path, nodeid: str, name: str
) -> None:
    assert TestNames(tmp_path, tmp_path, grouped=True).name(nodeid) == name
    assert TestNames(tmp_path, tmp_path).name(nodeid) == nodeid
