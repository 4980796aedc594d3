"""The first Ctrl-C, or a CI job's SIGTERM, stops a run at once; no later command has to clear up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import Place
from projects import harness, project

from harness.pytesting import system_server

pytestmark = pytest.mark.slow

AT_ONCE = 30.0  # seconds on a busy machine; what is waited for would take a minute
RUNTIMES = (pytest.param("process"), pytest.param("docker", marks=pytest.mark.docker))
SLEEPER = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("starting", flush=True)
time.sleep(120)
"""

HANGING = """elif path.startswith("/things/"):
            import time; time.sleep(60)
        elif path == "/things/7":"""
SUITE = "import subprocess\n\n\ndef test_slow():\n    subprocess.run(['sleep', '97'])\n"
INTEGRATION = '[suites.integration]\npath = "suites/integration"\n\n'


@pytest.fixture
def place(tmp_path: Path, runtime: str) -> Iterator[Place]:
    folders = [tmp_path / "state", tmp_path / "temporary"]
    for folder in folders:
        folder.mkdir()
    manifest = project(tmp_path / "project")
    made = Place(manifest, folders[0], folders[1], uuid.uuid4().hex, runtime)
    yield made
    harness("run", "--plan", cwd=manifest.parent, environment=made.environment)


def sleeping(place: Place) -> None:
    """Its service is never ready and does not go when it is asked to."""
    (place.manifest.parent / "things" / "service.py").write_text(SLEEPER)
    if place.runtime == "process":  # a container is removed at once
        text = place.manifest.read_text()
        place.manifest.write_text(text.replace("[services.things]", "[services.things]\nstop-timeout = 0.5", 1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_start_up_that_is_interrupted_once_ends_at_once_and_has_cleaned_up(
    place: Place, number: signal.Signals
) -> None:
    sleeping(place)
    process = place.start()
    place.wait_for("service-starting", process)
    assert _within(60, lambda: bool(place.started()))
    assert _interrupted(process, number) < AT_ONCE
    place.assert_nothing_is_left()
    assert place.seen()[-1]["interrupted"] is True


@pytest.mark.parametrize("runtime", [RUNTIMES[1]])
def test_a_build_that_is_interrupted_ends_with_its_container(place: Place) -> None:
    mark = f"sleep 90.{uuid.uuid4().int}"
    dockerfile = place.manifest.parent / "things" / "Dockerfile"
    dockerfile.write_text(f"{dockerfile.read_text()}\nRUN {mark}\n")
    process = place.start()
    place.wait_for("service-preparing", process)
    assert _within(60, lambda: _building(mark))
    assert _interrupted(process, signal.SIGTERM) < AT_ONCE
    place.assert_nothing_is_left()
    assert _within(15, lambda: not _building(mark))


@pytest.mark.parametrize("runtime", RUNTIMES[:1])
def test_up_that_is_interrupted_leaves_nothing_running(place: Place) -> None:
    sleeping(place)
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "up"],
        cwd=place.manifest.parent,
        env={**os.environ, **place.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert _within(30, lambda: any("service.py" in line for line in place.processes()))
    assert _interrupted(process, signal.SIGINT) < AT_ONCE
    place.assert_nothing_is_left()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_checks_that_hang_on_their_service_are_interrupted_at_once(place: Place, number: signal.Signals) -> None:
    service = place.manifest.parent / "things" / "service.py"
    service.write_text(service.read_text().replace('elif path == "/things/7":', HANGING))
    process = place.start()
    place.wait_for("check-started", process)
    time.sleep(1.0)
    assert _interrupted(process, number) < AT_ONCE
    place.assert_nothing_is_left()


@pytest.mark.parametrize("runtime", RUNTIMES[:1])
def test_a_suite_that_is_interrupted_takes_its_processes_along(place: Place) -> None:
    suite = place.manifest.parent / "suites" / "integration"
    suite.mkdir(parents=True)
    (suite / "test_slow.py").write_text(SUITE)
    text = place.manifest.read_text().replace("[services.things]", f"{INTEGRATION}[services.things]", 1)
    place.manifest.write_text(text)
    process = place.start()
    assert _within(60, lambda: any("sleep 97" in line for line in place.processes()))
    assert _interrupted(process, signal.SIGTERM) < AT_ONCE
    place.assert_nothing_is_left()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_system_that_is_still_starting_for_pytest_is_given_up_with_the_session(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sleeping(place)
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "notebook"
    folder.mkdir()
    system_server.start(folder, str(place.manifest), place.runtime, os.getpid())
    assert _within(60, lambda: bool(place.started()))
    began = time.monotonic()
    system_server.stop(folder)
    assert time.monotonic() - began < AT_ONCE
    assert not place.started()
    place.assert_nothing_is_left()


def _interrupted(process: subprocess.Popen[bytes], number: signal.Signals) -> float:
    """Seconds from the signal to the end; who is not heard asks again, as a person does."""
    began = time.monotonic()
    process.send_signal(number)
    try:
        code = process.wait(timeout=AT_ONCE / 2)
    except subprocess.TimeoutExpired:
        # An interruption that Python raises inside of a callback is lost: rare, and only on a busy machine.
        process.send_signal(number)
        code = process.wait(timeout=60)
    assert code == 130
    return time.monotonic() - began


def _building(mark: str) -> bool:
    listed = subprocess.run(
        ["docker", "ps", "--no-trunc", "--format", "{{.Command}}"], capture_output=True, text=True, check=True
    )
    return mark in listed.stdout


def _within(seconds: float, seen: object) -> bool:
    assert callable(seen)
    deadline = time.monotonic() + seconds
    while not (result := bool(seen())) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result
