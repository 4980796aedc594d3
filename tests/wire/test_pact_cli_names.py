"""The unmodified `pact broker` command with the pacticipants, versions, tags, branches and environments here."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_broker import Served

from harness.ledger.db.database import Database

PACT = Path(sys.executable).with_name("pact")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PACT.exists(), reason="no pact command: pip install pact-python-cli"),
]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Cli:
    """Runs `pact broker …`; the exit code and what was printed."""

    def __init__(self, base: str) -> None:
        self.environment = {**os.environ, "PACT_BROKER_BASE_URL": base, "NO_COLOR": "1"}

    def __call__(self, *arguments: str) -> tuple[int, str]:
        ran = subprocess.run(
            [str(PACT), "broker", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return ran.returncode, (ran.stdout + ran.stderr).strip()


@pytest.fixture
def cli(database: Database) -> Iterator[Cli]:
    server = Served(database)
    yield Cli(server.base)
    server.stop()


MINE = ("--pacticipant", "My Svc")


def test_pacticipants_are_made_changed_described_and_listed(cli: Cli) -> None:
    name = ("--name", "My Svc")
    code, said = cli("create-or-update-pacticipant", *name, "--main-branch", "main", "--display-name", "Mine")
    assert code == 0
    assert "Pacticipant 'My Svc' created successfully" in said
    assert cli("create-or-update-pacticipant", *name, "--main-branch", "trunk") == (
        0,
        "Pacticipant 'My Svc' updated successfully",
    )
    code, said = cli("describe-pacticipant", *name)
    assert code == 0
    assert "Display Name: Mine\nMain Branch: trunk" in said
    assert '"My Svc"' in cli("list-pacticipants")[1]
    code, said = cli("describe-pacticipant", "--name", "nobody")
    assert code == 1
    assert "404 Not Found" in said


def test_versions_are_made_tagged_and_described(cli: Cli) -> None:
    one = (*MINE, "--version", "1")
    assert cli("create-or-update-version", *one, "--branch", "feat/x", "--tag", "dev") == (
        0,
        "Branch 'feat/x' created for version '1'\nTag 'dev' created for version '1'",
    )
    for which in (("--version", "1"), (), ("--latest", "dev")):
        code, said = cli("describe-version", *MINE, *which)
        assert code == 0
        assert re.search(r"\b1 +┆ dev", said)
    assert cli("create-version-tag", *one, "--tag", "prod/x") == (
        0,
        "Tagging version '1' of pacticipant 'My Svc' with tag 'prod/x' - Success",
    )
    code, said = cli("create-version-tag", *MINE, "--version", "9", "--tag", "t")
    assert code == 1
    assert "Version '9' of pacticipant 'My Svc' does not exist" in said
    assert cli("create-version-tag", *MINE, "--version", "9", "--tag", "t", "--auto-create-version")[0] == 0
    assert cli("delete-version-tag", *one, "--tag", "prod/x") == (
        0,
        "Successfully deleted tag 'prod/x' from version '1' of pacticipant 'My Svc'",
    )
    assert "was not found" in cli("delete-version-tag", *one, "--tag", "prod/x")[1]


def test_branches_are_deleted(cli: Cli) -> None:
    cli("create-or-update-version", *MINE, "--version", "1", "--branch", "feat/x")
    assert cli("delete-branch", *MINE, "--branch", "feat/x") == (
        0,
        "Successfully deleted branch 'feat/x' of pacticipant 'My Svc'",
    )
    assert "as it was not found" in cli("delete-branch", *MINE, "--branch", "feat/x")[1]


def test_deployments_and_releases_are_recorded_and_ended(cli: Cli) -> None:
    cli("create-or-update-version", *MINE, "--version", "1", "--branch", "main")
    code, said = cli("create-environment", "--name", "prod", "--production", "--display-name", "Production")
    assert code == 0
    assert UUID.search(said)
    code, said = cli("create-environment", "--name", "prod", "--production")
    assert (code, said) == (1, "❌ name: name 'prod' is already used by an existing environment.")
    there = (*MINE, "--environment", "prod")
    blue = ("--application-instance", "blue")
    for instance in ((), blue):
        code, said = cli("record-deployment", *there, "--version", "1", *instance)
        assert code == 0
        assert "Recorded deployment of My Svc version 1 to prod environment" in said
    code, said = cli("describe-version", *there, "--deployed")
    assert code == 0
    assert len(re.findall(r"1 +┆ Deployed ┆ prod", said)) == 2
    for instance in (blue, ()):
        code, said = cli("record-undeployment", *there, *instance)
        assert code == 0
        assert "Undeployed My Svc from prod environment" in said
    code, said = cli("record-undeployment", *there)
    assert code == 1
    assert "is not currently deployed to prod environment" in said
    for _ in range(2):
        assert cli("record-release", *there, "--version", "1")[0] == 0
    assert cli("record-support-ended", *there, "--version", "1")[0] == 0
    assert cli("record-support-ended", *there, "--version", "1")[0] == 1
    assert cli("record-deployment", *there, "--version", "77")[0] == 1
    assert cli("record-deployment", *MINE, "--environment", "nowhere", "--version", "1")[0] == 1
