"""What the session of a suite notes of itself: what it loaded of the project, and nothing else."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.checks.engines import pytest_reads


@pytest.fixture
def noted() -> ModuleType:
    """The plugin with nothing noted yet."""
    spec = importlib.util.spec_from_file_location(pytest_reads.__name__, str(pytest_reads.__file__))
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh


def written_down(noted: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    place = folder / "reads.jsonl"
    monkeypatch.setenv(pytest_reads.READS, str(place))
    monkeypatch.setenv(pytest_reads.ROOT, str(folder / "project"))
    noted.pytest_unconfigure()
    noted.pytest_unconfigure()  # each process of the session appends its own
    first, second = (json.loads(line) for line in place.read_text().splitlines())
    assert first == second
    told: dict[str, Any] = first
    return told


def opened(noted: Any, path: Path, flags: int = os.O_RDONLY) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    noted._note_event("open", (str(path), "r", flags))
    return str(path.resolve())


def test_files_of_the_project_that_were_read_are_noted(
    noted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    read = {opened(noted, project / name) for name in ("a.json", "deep/b.json")}
    opened(noted, tmp_path / "beside.json")
    opened(noted, tmp_path / "projects" / "of another name")
    opened(noted, project / "written", os.O_WRONLY)
    opened(noted, project / "both")
    opened(noted, project / "both", os.O_RDWR)
    for folder in ("__pycache__", ".git", ".harness", ".pytest_cache", ".hypothesis", "lib/site-packages"):
        opened(noted, project / folder / "c")
    Path(opened(noted, project / "gone")).unlink()
    noted._note_event("open", (7, "r", 0))  # a file descriptor has no name
    noted._note_event("open", (bytes(project / "a.json"), "r", None))
    noted._note_event("os.listdir", (str(project / "a.json"),))
    told = written_down(noted, tmp_path, monkeypatch)
    assert {each for each in told["files"] if each.startswith(str(tmp_path))} == read
    assert str(Path(__file__).resolve()) in told["files"]  # a module that is loaded, wherever it is
    assert told["files"] == sorted(told["files"])
    library = (f"{os.path.realpath(sys.prefix)}/", f"{os.path.realpath(sysconfig.get_path('stdlib'))}/")
    assert not [each for each in told["files"] if each.startswith(library) or "-packages" in each]


def test_variables_that_were_asked_for_are_noted_besides_those_of_the_session(
    noted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = noted._Environ.__new__(noted._Environ)
    environ.__dict__.update(os.environ.__dict__)
    for name in (
        "B_OF_THE_SUITE",
        "A_OF_THE_SUITE",
        "PYTEST_X",
        "HARNESS_SUITE_X",
        "COLUMNS",
        "CONTRACT_HARNESS_X",
    ):
        assert environ.get(name, "default") == os.environ.get(name, "default")
    told = written_down(noted, tmp_path, monkeypatch)
    assert [name for name in told["variables"] if name.endswith("OF_THE_SUITE")] == [
        "A_OF_THE_SUITE",
        "B_OF_THE_SUITE",
    ]
    assert not {"PYTEST_X", "HARNESS_SUITE_X", "COLUMNS", "CONTRACT_HARNESS_X"} & set(told["variables"])


@pytest.mark.parametrize(
    ("event", "arguments", "started"),
    [
        ("subprocess.Popen", ("ls", ["ls"]), "ls"),
        ("os.system", (b"ls",), "ls"),
        ("os.posix_spawn", (Path("ls"), []), "os.posix_spawn"),
        ("os.exec", ("ls", []), "ls"),
    ],
)
def test_processes_that_the_tests_start_are_noted(
    event: str, arguments: Any, started: str, noted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = {"__name__": "their_test", "heard": noted._note_event}
    exec("def call(*given): heard(*given)", heard)
    call: Any = heard["call"]
    call(event, arguments)
    assert written_down(noted, tmp_path, monkeypatch)["started"] == [started]


def test_processes_that_python_or_the_harness_starts_are_not_of_the_tests(
    noted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("execnet.gateway", "harness.pytesting", "platform", "uuid", "ctypes.util"):
        theirs: dict[str, Any] = {"__name__": name, "heard": noted._note_event}
        exec("def call(*given): heard(*given)", theirs)
        theirs["call"]("subprocess.Popen", ("uname", []))
    noted._note_event("socket.connect", ("ls",))
    assert written_down(noted, tmp_path, monkeypatch)["started"] == []


def test_without_a_place_nothing_is_written(noted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pytest_reads.READS, raising=False)
    noted.pytest_unconfigure()
