"""Two machines and one `harness broker serve` between them: tokens, runs, decisions, import through the API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from broker_histories import pact
from projects import harness, project

from harness.contracts.pact_reader import pact_key

pytestmark = pytest.mark.slow
PROCESS = ("--runtime", "process")


@dataclass(frozen=True)
class Served:
    """A broker in a process of its own, and a token for each role."""

    url: str
    tokens: dict[str, str]

    def environment(self, role: str) -> dict[str, str]:
        return {"PACT_BROKER_BASE_URL": self.url, "PACT_BROKER_TOKEN": self.tokens.get(role, "")}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    database = f"sqlite:///{tmp_path / 'broker' / 'team.db'}"
    tokens = {}
    for role in ("read", "publish", "deploy", "admin"):
        made = harness(
            "broker", "token", "create", role, "--role", role, "--database-url", database, "--json", cwd=tmp_path
        )
        tokens[role] = json.loads(made.stdout)["token"]
    arguments = ["broker", "serve", "--port", "0", "--database-url", database]
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments],
        cwd=tmp_path,
        env=dict(os.environ),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Served(_address(process), tokens)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        line = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        if found and not found.group().endswith(":0"):
            return found.group()
    raise AssertionError("the broker did not say where it listens")


def machine(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    manifest = project(folder)
    manifest.write_text(f"{manifest.read_text()}\n[environments.production]\n")
    return folder


def test_what_one_machine_verifies_another_may_deploy(served: Served, tmp_path: Path) -> None:
    one, other = machine(tmp_path, "one"), machine(tmp_path, "other")
    admin, reader = served.environment("admin"), served.environment("read")
    ran = harness("run", "--only", "pacts", *PROCESS, cwd=one, environment=admin)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for version in ("things=1", "reader=1"):
        done = harness("record-deployment", version, "--environment", "production", cwd=one, environment=admin)
        assert done.returncode == 0, done.stderr
    asked = harness("can-i-deploy", "reader=1", "--to", "production", cwd=other, environment=reader)
    assert (asked.returncode, asked.stdout.splitlines()[0]) == (0, "YES: reader 1 to production"), asked.stderr
    broken = harness("verify", "things=2", *PROCESS, cwd=other, environment=admin)
    assert broken.returncode == 1
    told = harness("can-i-deploy", "things=2", "--to", "production", cwd=one, environment=reader)
    assert told.returncode == 1
    assert "reader 1 is broken by things 2" in told.stdout
    chosen = harness("verify", "things", "--selector", "deployed", "--fresh", *PROCESS, cwd=one, environment=admin)
    assert chosen.returncode == 0, chosen.stderr
    assert "reader 1: deployed to production" in chosen.stderr

    copied = harness("broker", "import", "--from", served.url, "--to", "copy.db", cwd=one, environment=reader)
    assert copied.returncode == 0, copied.stdout + copied.stderr
    assert "answers are the same" in copied.stdout


def test_a_token_may_do_what_its_role_says_and_no_secret_is_told(served: Served, tmp_path: Path) -> None:
    folder = machine(tmp_path, "one")
    for role, code, said in (
        ("", 2, "HTTP 401"),
        ("read", 2, "HTTP 403"),
        ("publish", 0, ""),
    ):
        found = harness(
            "publish", "--version", "1", "--allow-dirty", cwd=folder, environment=served.environment(role)
        )
        assert found.returncode == code, found.stdout + found.stderr
        assert said in found.stderr
        assert not served.tokens.get(role) or served.tokens[role] not in found.stdout + found.stderr
    refused = harness(
        "record-deployment",
        "reader=1",
        "--environment",
        "production",
        cwd=folder,
        environment=served.environment("publish"),
    )
    assert refused.returncode == 2


def test_a_served_broker_says_no_to_everybody_where_two_builds_of_one_version_disagree(
    served: Served, tmp_path: Path
) -> None:
    team = machine(tmp_path, "team")
    document = pact("c", "p", 0)
    headers = {"Authorization": f"Bearer {served.tokens['publish']}"}
    with httpx.Client(base_url=served.url, headers=headers) as client:
        assert client.put("/pacts/provider/p/consumer/c/version/1", json=document).status_code == 201
        results = f"/pacts/provider/p/consumer/c/pact-version/{pact_key(document)}/verification-results"
        for build, success in (("b" * 64, False), ("a" * 64, True)):
            body = {"success": success, "providerApplicationVersion": "7", "build": build}
            assert client.post(results, json=body).status_code == 201
        admin = served.environment("admin")
        there = harness("record-deployment", "p=7", "--environment", "production", cwd=team, environment=admin)
        assert there.returncode == 0, there.stderr
        for command in ("can-i-deploy", "plan"):
            asked = harness(command, "c=1", "--to", "production", cwd=team, environment=served.environment("read"))
            assert asked.returncode == 1, asked.stdout + asked.stderr
            assert "results of two builds disagree" in asked.stdout
            assert "aaaaaaaaaaaa" in asked.stdout
            assert "bbbbbbbbbbbb" in asked.stdout
        for path in ("/", "/matrix/provider/p/consumer/c"):
            assert "failed" in client.get(path, headers={"Accept": "text/html"}).text
