from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from projects import project

from harness import composition
from harness.app.content import consumers_task
from harness.identity import Version
from harness.services.system import Suite


def test_the_suite_that_writes_pacts_runs_again_when_any_service_changes(tmp_path: Path) -> None:
    system = composition.system(project(tmp_path / "project"))
    suite = Suite(path=tmp_path / "suite")
    suite.path.mkdir()
    system = replace(system, consumer_suite=suite)
    before = consumers_task(system, suite)
    assert consumers_task(system, suite).identity == before.identity
    service = tmp_path / "project" / "things" / "service.py"
    service.write_text(service.read_text() + "# changed\n")
    assert consumers_task(system, suite).identity != before.identity


def test_a_version_without_a_number_is_named_alone_on_a_command_line() -> None:
    assert (Version("orders", "").argument, Version("orders", "1").argument) == ("orders", "orders=1")


def test_the_embedded_ledger_stays_out_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = project(tmp_path / "project")
    monkeypatch.chdir(manifest.parent)
    with composition.memory(manifest, None) as ledger:
        assert ledger.facts().versions == {}
    subprocess.run(["git", "init", "-q"], check=True)
    told = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    assert ".harness" not in told
