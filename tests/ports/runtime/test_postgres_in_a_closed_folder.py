"""PostgreSQL refuses root, so it runs as somebody else, who must still reach binaries in folders of root."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from projects import harness_process, project

from harness.runtime.postgres import find

pytestmark = pytest.mark.slow


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_binaries_that_only_root_may_reach_serve_all_the_same(tmp_path: Path) -> None:
    real = find({})
    assert real is not None
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "postgres").symlink_to(real.parent)
    manifest = project(tmp_path / "project", database=True)
    done = harness_process(
        "run",
        "--json",
        "--only",
        "pacts",
        cwd=manifest.parent,
        environment={"HARNESS_RUNTIME": "process", "HARNESS_POSTGRES_BIN": str(closed / "postgres" / real.name)},
    )
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["verdict"] == "PASSED"
