"""The unmodified JavaScript clients of npm on our broker: consumer test, publication, verification, decision."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from npm_clients import node, node_modules
from served import ServedBroker

pytestmark = pytest.mark.slow

SCRIPTS = Path(__file__).parent / "node"
USER = {"PACT_BROKER_BASIC_AUTH_USERNAME": "rw", "PACT_BROKER_BASIC_AUTH_PASSWORD": "s3cret"}
AUTH = ("rw", "s3cret")


@dataclass
class Node:
    """Runs what is written in JavaScript, as a developer of that team does."""

    base: str
    folder: Path
    modules: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PACT_")}
        more = {"NODE_PATH": str(self.modules), "PACT_DO_NOT_TRACK": "true"}
        return subprocess.run(
            [node(self.modules), *command],
            cwd=self.folder,
            env={**kept, **more},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def pact(self, consumer: str, path: str) -> str:
        """Run a consumer test; the pact that it writes."""
        folder = self.folder / f"{consumer}-pacts"
        ran = self.run(str(SCRIPTS / "consumer.cjs"), str(folder), consumer, "orders", path)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return str(folder)

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`pact-broker` of `@pact-foundation/pact-cli`."""
        script = self.modules / "@pact-foundation/pact-cli/bin/pact-broker.js"
        access = ("--broker-base-url", self.base, "--broker-username", AUTH[0], "--broker-password", AUTH[1])
        return self.run(str(script), *arguments, *access)

    def verify(self, version: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the provider's test."""
        options = {
            "provider": "orders",
            "providerVersion": version,
            "providerVersionBranch": "main",
            "pactBrokerUrl": self.base,
            "pactBrokerUsername": AUTH[0],
            "pactBrokerPassword": AUTH[1],
            "publishVerificationResult": True,
            **more,
        }
        return self.run(str(SCRIPTS / "provider.cjs"), json.dumps(options))

    def get(self, path: str, **query: str) -> Mapping[str, Any]:
        """What the broker says."""
        answer = httpx.get(f"{self.base}{path}", params=query, auth=AUTH)
        found: Mapping[str, Any] = answer.raise_for_status().json()
        return found

    def publish(self, consumer: str, path: str, version: str, branch: str) -> None:
        """Test a consumer and publish what it needs."""
        ran = self.cli(
            "publish",
            self.pact(consumer, path),
            "--consumer-app-version",
            version,
            "--branch",
            branch,
            "--tag",
            "dev",
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    modules = node_modules()
    folder = tmp_path_factory.mktemp("javascript")
    served = ServedBroker(f"sqlite:///{folder / 'ledger.db'}", folder / "log", USER).start()
    yield Node(served.base, folder, modules)
    assert served.stop() == 0
    log = (folder / "log").read_text()
    assert "Traceback" not in log


def test_the_whole_way_from_a_consumer_s_test_to_a_decision(team: Node) -> None:
    team.publish("web", "/orders/1", "1", "main")
    verified = team.verify(
        "7", enablePending=True, consumerVersionSelectors=[{"mainBranch": True}, {"latest": True}]
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    rows = team.get("/matrix", **{"q[][pacticipant]": "web", "q[][version]": "1", "latestby": "cvpv"})
    [row] = rows["matrix"]
    assert row["verificationResult"]["success"] is True
    latest = team.get("/pacts/provider/orders/consumer/web/version/1/verification-results/latest")
    assert latest["verifiedBy"]["implementation"]
    assert [each["success"] for each in latest["testResults"]] == [True]
    assert row["provider"]["version"]["branch"] == "main"
    assert team.cli("create-environment", "--name", "prod", "--production").returncode == 0
    deployed = team.cli("record-deployment", "--pacticipant", "orders", "--version", "7", "--environment", "prod")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    asked = team.cli("can-i-deploy", "--pacticipant", "web", "--version", "1", "--to-environment", "prod")
    assert asked.returncode == 0, asked.stdout + asked.stderr


def test_a_broken_promise_of_work_in_progress_fails_nobody_and_is_a_no(team: Node) -> None:
    team.publish("shop", "/orders/2", "1", "feat/new")
    verified = team.verify(
        "8",
        enablePending=True,
        includeWipPactsSince="2020-01-01",
        consumerVersionSelectors=[{"mainBranch": True}],
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    query = {"q[][pacticipant]": "shop", "q[][version]": "1", "latestby": "cvpv"}
    [row] = team.get("/matrix", **query)["matrix"]
    assert row["verificationResult"]["success"] is False
    deployed = team.cli("record-deployment", "--pacticipant", "orders", "--version", "8", "--environment", "prod")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    asked = team.cli("can-i-deploy", "--pacticipant", "shop", "--version", "1", "--to-environment", "prod")
    assert asked.returncode == 1


def test_a_broken_promise_that_is_not_pending_fails_the_provider_s_test(team: Node) -> None:
    verified = team.verify(
        "9", enablePending=False, consumerVersionSelectors=[{"consumer": "shop", "latest": True}]
    )
    assert verified.returncode == 1
    assert "not verified" in verified.stdout
