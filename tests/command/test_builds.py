"""A commit names a source; what ran is a build of it: which one, and whether two of them agree, is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from built_projects import BROKEN_SOURCE, build, built_project, commit
from projects import harness

pytestmark = pytest.mark.slow
RUN = ("run", "--runtime", "process", "--only", "pacts")


def gate(folder: Path, version: str) -> tuple[int, str, set[str | None]]:
    """What the gate says of things at a version beside the reader that is there."""
    asked = harness("can-i-deploy", f"things={version}", "--to", "test", "--json", cwd=folder)
    reasons = json.loads(asked.stdout)["reasons"]
    said = " ".join(f"{each['text']} {each['before']} {each['command']}" for each in reasons)
    return asked.returncode, said, {each["cause"] for each in reasons}


def test_two_builds_of_one_commit_that_disagree_are_told_by_the_gate(tmp_path: Path) -> None:
    first = built_project(tmp_path)
    build(tmp_path)
    ran = harness(*RUN, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert harness("record-deployment", f"reader={first}", "--environment", "test", cwd=tmp_path).returncode == 0
    code, said, _ = gate(tmp_path, first)
    assert code == 0
    assert "of which no commit holds things/bin/server" in said

    (tmp_path / "things" / "server.src").write_text(BROKEN_SOURCE)
    broken = commit(tmp_path, "breaks it")
    early = harness(*RUN, cwd=tmp_path)
    assert early.returncode == 0
    assert "not known to git" in early.stdout + early.stderr
    build(tmp_path)
    assert harness(*RUN, cwd=tmp_path).returncode == 1
    code, said, causes = gate(tmp_path, broken)
    assert code == 1
    assert "results disagree" in causes
    assert "results of two builds disagree" in said
    assert said.count("by process, with things/bin/server not known to git") == 2
    assert "so that a number stands for one build" in said
