"""A commit names a source; what ran is a build of it: which one, and whether two of them agree, is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from built_projects import BROKEN_SOURCE, FROM_SOURCE, build, built_project, commit, git
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


BUILD = "build-command = [\"{python}\", \"-c\", '''{program}''']"


def test_what_a_build_command_makes_of_a_commit_is_of_that_commit(tmp_path: Path) -> None:
    """The same story with a build command: the commit that breaks it is a no at once, and nothing is stale."""
    built_project(tmp_path, BUILD.format(python=sys.executable, program=FROM_SOURCE))
    plan = harness(*RUN, "--plan", "--json", cwd=tmp_path)
    assert [each["name"] for each in json.loads(plan.stdout)["builds"]] == ["things"]
    assert not (tmp_path / "things" / "bin").exists(), "a plan builds nothing"
    first = harness(*RUN, cwd=tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "build-command: " in first.stderr
    assert "not known to git" not in first.stdout + first.stderr
    again = harness(*RUN, cwd=tmp_path)
    assert "build-command: " not in again.stderr, "nothing has changed"

    (tmp_path / "things" / "server.src").write_text(BROKEN_SOURCE)
    commit(tmp_path, "breaks it")
    assert harness(*RUN, cwd=tmp_path).returncode == 1

    (tmp_path / "things" / "server.src").unlink()
    unbuilt = harness(*RUN, cwd=tmp_path)
    assert unbuilt.returncode == 3
    assert "its build-command ended with exit code 1" in " ".join(unbuilt.stdout.split())
    assert "No such file or directory" in unbuilt.stderr


def test_what_ci_built_from_a_commit_is_believed_of_the_one_that_is_here(tmp_path: Path) -> None:
    first = built_project(tmp_path)
    build(tmp_path)
    other = harness(*RUN, "--built-from", "0123456789", cwd=tmp_path)
    assert (other.returncode, first[:12] in other.stderr) == (2, True), other.stderr
    ran = harness(*RUN, "--built-from", first[:9], cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "not known to git" not in ran.stdout + ran.stderr


def test_pacts_that_git_ignores_are_told(tmp_path: Path) -> None:
    built_project(tmp_path)
    build(tmp_path)
    (tmp_path / ".gitignore").write_text("bin/\n.harness/\npacts/\n")
    git(tmp_path, "rm", "-rq", "--cached", "pacts")
    commit(tmp_path, "pacts are made, not kept")
    ran = harness(*RUN, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "pacts/reader-things.json is not known to git" in " ".join(ran.stdout.split())


def test_a_yes_of_one_build_says_that_the_gate_says_no_since_another_broke_it(tmp_path: Path) -> None:
    """A run answers for what it ran; what else its number stands for is told with the gate's own words."""
    built_project(tmp_path)
    source = tmp_path / "things" / "server.src"
    good = source.read_text()
    source.write_text(BROKEN_SOURCE)
    broken = commit(tmp_path, "breaks it")
    build(tmp_path)
    assert harness(*RUN, cwd=tmp_path).returncode == 1
    (tmp_path / "things" / "bin" / "server").write_text(good)
    for again in ("the build that is right", "nothing has changed"):
        ran = harness(*RUN, "--json", cwd=tmp_path)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        (told,) = [each["text"] for each in json.loads(ran.stdout)["notices"] if "says no" in each["text"]]
        assert f"harness can-i-deploy says no to things {broken[:10]}, " in told, again
        assert "results of two builds disagree" in told
        assert "so that a number stands for one build, then harness run things" in told

    git(tmp_path, "commit", "--allow-empty", "-qm", "a number of its own")
    right = git(tmp_path, "rev-parse", "HEAD")
    ran = harness(*RUN, "--json", cwd=tmp_path)
    assert (ran.returncode, "says no" in ran.stdout) == (0, False), ran.stdout
    assert harness("record-deployment", f"reader={right}", "--environment", "test", cwd=tmp_path).returncode == 0
    assert gate(tmp_path, right)[0] == 0, "what was told leads to a yes"
    assert gate(tmp_path, broken)[0] == 1
