"""However a run ends, nothing stays: killed after each kind of event, in both runtimes, and Ctrl-C twice."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import Place
from projects import harness, harness_process, project

pytestmark = pytest.mark.slow

RUNTIMES = (pytest.param("process"), pytest.param("docker", marks=pytest.mark.docker))
# Event by event there are other containers, networks and images; between the checks there are none.
EVENTS = ("run-started", "service-preparing", "service-starting", "service-ready", "check-started", "run-finished")
OF_CHECKS = ("planned", "promise-exercised", "check-found", "check-finished", "decided")
KILLED = [pytest.param(event, runtime.values[0], marks=runtime.marks) for runtime in RUNTIMES for event in EVENTS]


@pytest.fixture
def place(tmp_path: Path, runtime: str) -> Iterator[Place]:
    folders = [tmp_path / "state", tmp_path / "temporary"]
    for folder in folders:
        folder.mkdir()
    manifest = project(tmp_path / "project", database=runtime == "process")
    made = Place(manifest, folders[0], folders[1], uuid.uuid4().hex, runtime)
    yield made
    harness("run", "--plan", cwd=manifest.parent, environment=made.environment)


@pytest.mark.parametrize(("event", "runtime"), [*KILLED, *((event, "process") for event in OF_CHECKS)])
def test_a_run_that_is_killed_leaves_nothing_once_the_next_command_has_started(place: Place, event: str) -> None:
    process = place.start()
    try:
        place.wait_for(event, process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    swept = harness_process("run", "--plan", cwd=place.manifest.parent, environment=place.environment)
    assert swept.returncode == 0, swept.stderr
    place.assert_nothing_is_left()


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("event", ["service-starting", "check-started"])
def test_ctrl_c_twice_ends_a_run_with_130_and_leaves_nothing(place: Place, event: str) -> None:
    process = place.start()
    place.wait_for(event, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) in (130, -signal.SIGINT)
    harness_process("run", "--plan", cwd=place.manifest.parent, environment=place.environment)
    place.assert_nothing_is_left()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_run_that_ends_by_itself_has_cleaned_up_before_it_answers(place: Place) -> None:
    done = harness_process("run", cwd=place.manifest.parent, environment=place.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    place.assert_nothing_is_left()


def test_a_service_that_goes_only_when_it_is_made_to_is_told_with_the_answer(tmp_path: Path) -> None:
    manifest = project(tmp_path / "project")
    written = manifest.read_text().replace("port = 8000\n", "port = 8000\nstop-timeout = 0.3\n", 1)
    manifest.write_text(written)
    code = manifest.parent / "things" / "service.py"
    code.write_text(f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{code.read_text()}")
    ran = harness("run", "--only", "pacts", "--runtime", "process", cwd=manifest.parent)
    assert ran.returncode == 0, ran.stdout
    assert "things: it did not go when it was asked to, and was killed 0.3 s later" in " ".join(ran.stdout.split())
