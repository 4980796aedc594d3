"""`harness coverage` after a real run: what the running service answered is there, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from projects import harness, project


@pytest.mark.slow
def test_what_a_run_saw_is_told_beside_what_the_document_declares(tmp_path: Path) -> None:
    folder = project(tmp_path / "project").parent
    settings = {"HARNESS_STATE_DIR": str(tmp_path / "state"), "HARNESS_RUNTIME": "process"}
    before = harness("coverage", "things", cwd=folder, environment=settings)
    assert before.returncode in (2, 3), before.stdout
    run = harness("run", cwd=folder, environment=settings)
    assert run.returncode == 0, run.stdout + run.stderr
    told = harness("coverage", "things", "--json", cwd=folder, environment=settings)
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["provider"]["name"] == "things"
    assert {each["status"] for each in document["seen"]} >= {200}
    assert all(each["operation"].startswith(("GET ", "POST ", "PUT ", "DELETE ")) for each in document["seen"])
    shown = harness("coverage", "things", cwd=folder, environment=settings)
    assert shown.returncode == 0
    assert "things" in shown.stdout


def test_a_provider_that_nobody_knows_is_told(tmp_path: Path) -> None:
    told = harness("coverage", "nobody", "--broker", f"sqlite:///{tmp_path / 'l.db'}", cwd=tmp_path)
    assert told.returncode == 2
    assert "nobody" in told.stderr
