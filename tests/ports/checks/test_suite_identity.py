"""A suite is what its session loaded: whatever of that changes makes it another one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.app.suite_identity import reads_of, started_programs, suite_key
from harness.checks.engines.pytest_reads import READS, ROOT
from harness.checks.engines.pytest_suite import run_suite
from harness.services.system import Suite

TEST = """\
import os, pathlib, client

def test_it():
    assert client.answer() == pathlib.Path("data/expected.txt").read_text()
    os.environ.get("SWITCH")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    files = {
        "pytest.ini": "[pytest]\npythonpath = src\n",
        "src/client.py": "def answer():\n    return '1'\n",
        "data/expected.txt": "1",
        "data/other.txt": "",
        "suite/test_it.py": TEST,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def session(root: Path, suite: Suite) -> None:
    place, scratch = reads_of(root, suite), root / ".harness" / "scratch"
    shutil.rmtree(place.parent, ignore_errors=True)
    for folder in (place.parent, scratch):
        folder.mkdir(parents=True, exist_ok=True)
    told = run_suite(suite.path, timeout=60, scratch=scratch, environment={READS: str(place), ROOT: str(root)})
    assert told.exit == 0, told.last_words


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], object]] = {
    "the client": lambda root, _: (root / "src/client.py").write_text("def answer():\n    return '2'\n"),
    "a data file": lambda root, _: (root / "data/expected.txt").write_text("2"),
    "the ini file": lambda root, _: (root / "pytest.ini").write_text("[pytest]\npythonpath = src\naddopts = -x\n"),
    "a new conftest.py": lambda root, _: (root / "suite/conftest.py").write_text(""),
    "a file that is gone": lambda root, _: (root / "src/client.py").unlink(),
    "a variable": lambda _, patch: patch.setenv("SWITCH", "on"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", CHANGES)
def test_whatever_it_loaded_shows(project: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    suite = Suite(path=project / "suite")
    assert suite_key(project, suite) == ""  # nobody has seen it yet
    session(project, suite)
    before = suite_key(project, suite)
    (project / "data" / "other.txt").write_text("changed")  # nobody read it
    assert suite_key(project, suite) == before != ""
    CHANGES[what](project, monkeypatch)
    assert suite_key(project, suite) != before


@pytest.mark.slow
def test_one_that_starts_another_process_is_known_only_by_its_inputs(project: Path) -> None:
    test = project / "suite" / "test_it.py"
    test.write_text("import subprocess\n\ndef test_it():\n    subprocess.run(['true'], check=True)\n")
    suite = Suite(path=project / "suite")
    session(project, suite)
    assert (suite_key(project, suite), started_programs(project, suite)) == ("", ("true",))
    assert suite_key(project, Suite(path=suite.path, inputs=(project / "data",))) != ""
