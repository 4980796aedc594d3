"""`harness up` leaves a system running that later commands spare, and `harness down` stops it."""

from __future__ import annotations

import json
import shlex
import subprocess
import urllib.request
from pathlib import Path

import pytest
from projects import harness_process, project

pytestmark = pytest.mark.slow

RUNTIMES = (pytest.param("process"), pytest.param("docker", marks=pytest.mark.docker))


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_a_shell_learns_where_the_services_are(tmp_path: Path) -> None:
    folder = project(tmp_path / "project").parent
    settings = {"HARNESS_STATE_DIR": str(tmp_path / "state"), "HARNESS_RUNTIME": "process"}
    try:
        up = harness_process("up", "--env", cwd=folder, environment=settings)
        assert "is ready" in up.stderr
        shell = ["sh", "-c", f'eval {shlex.quote(up.stdout)} && echo "$THINGS_URL"']
        assert answers(
            subprocess.run(shell, capture_output=True, check=True, text=True, timeout=10).stdout.strip()
        )
    finally:
        harness_process("down", cwd=folder, environment=settings)
    (folder / "things" / "service.py").write_text("raise SystemExit('no such setting: COLOUR')")
    broken = harness_process("up", "--env", cwd=folder, environment=settings)
    assert (broken.returncode, broken.stdout) == (3, "false\n")
    assert "no such setting: COLOUR" in broken.stderr
    assert harness_process("up", "--env", "--json", cwd=folder, environment=settings).returncode == 2


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_what_was_started_stays_until_it_is_stopped(tmp_path: Path, runtime: str) -> None:
    folder = project(tmp_path / "project").parent
    settings = {"HARNESS_STATE_DIR": str(tmp_path / "state"), "HARNESS_RUNTIME": runtime}
    up = harness_process("up", "--json", cwd=folder, environment=settings)
    assert up.returncode == 0, up.stderr
    url = json.loads(up.stdout)["running"][0]["endpoints"]["http"]
    try:
        assert answers(url)
        harness_process("run", "--plan", cwd=folder, environment=settings)
        assert answers(url), "a sweep must spare what was left running on purpose"
    finally:
        down = harness_process("down", cwd=folder, environment=settings)
    assert down.returncode == 0
    assert "stopped" in down.stdout
    assert not answers(url)
    assert "nothing was running" in harness_process("down", cwd=folder, environment=settings).stdout


def test_a_service_that_does_not_start_is_told_with_its_log(tmp_path: Path) -> None:
    manifest = project(tmp_path / "project")
    (manifest.parent / "things" / "service.py").write_text("raise SystemExit('no such setting: COLOUR')")
    settings = {"HARNESS_STATE_DIR": str(tmp_path / "state"), "HARNESS_RUNTIME": "process"}
    up = harness_process("up", cwd=manifest.parent, environment=settings)
    assert up.returncode == 3
    assert "no such setting: COLOUR" in up.stdout


def test_a_run_whose_service_does_not_start_cannot_tell_and_says_why(tmp_path: Path) -> None:
    manifest = project(tmp_path / "project")
    (manifest.parent / "things" / "service.py").write_text("raise SystemExit('no such setting: COLOUR')")
    settings = {"HARNESS_STATE_DIR": str(tmp_path / "state"), "HARNESS_RUNTIME": "process"}
    run = harness_process("run", cwd=manifest.parent, environment=settings)
    assert run.returncode == 3
    assert "CANNOT TELL" in run.stdout
    assert "no such setting: COLOUR" in run.stdout
    told = json.loads(harness_process("run", "--json", cwd=manifest.parent, environment=settings).stdout)
    assert told["deployable"] is None
    assert {task["cause"] for task in told["tasks"]} == {"service did not start"}
