"""Whatever changes, the next run says what `--fresh` says: nothing that decides an answer is left out of a build.

Each place breaks a service, or a suite, while it says "broken". HARNESS_STALE_CHANGES is how many changes are made
in the small system, HARNESS_STALE_SAMPLE_CHANGES how many in a copy of the sample.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from changing_systems import BROKEN, GOOD, NOTHING, PLACES, Project, sample_system, small_system

from harness.verdicts import Verdict

CHANGES = int(os.environ.get("HARNESS_STALE_CHANGES", "3"))
SAMPLE_CHANGES = int(os.environ.get("HARNESS_STALE_SAMPLE_CHANGES", "0"))
RUNTIMES = ["process", pytest.param("docker", marks=pytest.mark.docker)]


def changed(project: Project, times: int) -> None:
    """Change one place after the other, and hold the next run against a fresh one."""
    dice = random.Random(times)
    good = project.outcome()
    assert good.verdict is Verdict.PASSED, good
    kinds = [*PLACES[project.runtime], *NOTHING]
    left: list[str] = []
    for _ in range(times):
        left = left or dice.sample(kinds, k=len(kinds))  # each kind once before any a second time
        broken = [kind for kind in PLACES[project.runtime] if project.says[kind] == BROKEN]
        kind = dice.choice(broken) if len(broken) > 1 else left.pop()
        project.change(kind, GOOD if project.says[kind] == BROKEN else BROKEN)
        told = project.outcome()
        assert told.verdict is project.expected, (kind, project.says, told)
        assert told == project.outcome(fresh=True), (kind, project.says)


@pytest.mark.slow
@pytest.mark.timeout(120 + 60 * CHANGES)
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_next_run_says_what_a_fresh_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    with small_system(tmp_path / "project", monkeypatch, runtime) as project:
        changed(project, CHANGES)


@pytest.mark.slow
@pytest.mark.timeout(600 + 240 * SAMPLE_CHANGES)
@pytest.mark.skipif(not SAMPLE_CHANGES, reason="minutes: tox -e oracle")
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_next_run_of_the_sample_says_what_a_fresh_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    with sample_system(tmp_path / "project", monkeypatch, runtime) as project:
        changed(project, SAMPLE_CHANGES)
