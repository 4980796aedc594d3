"""`harness broker prune` asks before it forgets, where somebody can answer."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from harness.evidence import Known
from harness.identity import Version
from harness.ledger.db.tables import versions
from harness.ledger.sql_ledger import open_ledger


@pytest.fixture
def old_version(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = open_ledger(url)
    for number in ("1", "2"):
        ledger.record_version(Known(version=Version("orders", number)))
    with ledger.database.writing() as db:
        db.execute(sa.update(versions).values(created_at="2020-01-01T00:00:00.000+00:00"))
    ledger.close()
    return url


def at_a_terminal(url: str, answer: str) -> str:
    """What the command says to somebody who answers so."""
    command = [sys.executable, "-m", "harness", "broker", "prune", "--database-url", url]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        said, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0, said
    return said.decode()


@pytest.mark.slow
def test_who_sits_at_a_terminal_sees_what_would_go_and_is_asked(old_version: str) -> None:
    said = at_a_terminal(old_version, "n")
    assert "orders 1" in said
    assert "Forget them?" in said
    assert "nothing is gone" in said
    assert "1 version is gone" in at_a_terminal(old_version, "y")
    assert "0 versions are gone" in at_a_terminal(old_version, "y")
