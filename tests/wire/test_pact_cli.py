"""The unmodified `pact` command line on our broker: every broker sub-command, exit codes and what it prints."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from served import ServedBroker

pytestmark = pytest.mark.slow

PACT = shutil.which("pact", path=str(Path(sys.executable).parent)) or shutil.which("pact") or ""


@dataclass(frozen=True)
class Ran:
    code: int
    said: str


@dataclass
class Cli:
    base: str
    folder: Path

    def __call__(self, *arguments: str) -> Ran:
        environment = {**os.environ, "PACT_BROKER_BASE_URL": self.base, "PACT_DO_NOT_TRACK": "true"}
        done = subprocess.run(
            [PACT, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout + done.stderr)

    def ok(self, *arguments: str) -> str:
        ran = self(*arguments)
        assert ran.code == 0, ran.said
        return ran.said

    def pact(self, name: str = "web-orders.json", path: str = "/orders/1", states: tuple[str, ...] = ()) -> str:
        asked = {
            "description": f"a request for {path}",
            **({"providerState": states[0]} if states else {}),
            "request": {"method": "GET", "path": path},
            "response": {"status": 200},
        }
        document = {
            "consumer": {"name": "web"},
            "provider": {"name": "orders"},
            "interactions": [asked],
            "metadata": {"pactSpecification": {"version": "2.0.0"}},
        }
        (self.folder / name).write_text(json.dumps(document))
        return name


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBroker]:
    folder = tmp_path_factory.mktemp("broker")
    served = ServedBroker(f"sqlite:///{folder / 'ledger.db'}", folder / "log").start()
    yield served
    assert served.stop() == 0
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture
def pact(broker: ServedBroker, tmp_path: Path) -> Cli:
    httpx.delete(f"{broker.base}/integrations")
    for each in httpx.get(f"{broker.base}/pacticipants").json()["pacticipants"]:
        httpx.delete(f"{broker.base}/pacticipants/{each['name']}")
    for each in httpx.get(f"{broker.base}/environments").json()["_embedded"]["environments"]:
        httpx.delete(each["_links"]["self"]["href"])
    return Cli(broker.base, tmp_path)


class Orders(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/orders/1" else 404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture(scope="module")
def orders() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Orders) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_a_pact_is_published_and_published_again_and_cannot_be_changed(pact: Cli) -> None:
    said = pact.ok("broker", "publish", pact.pact(), "-a", "1.0", "--branch", "main", "--tag", "dev")
    assert "Created web version 1.0 with branch main and tags dev" in said
    assert "Pact successfully published for web version 1.0 and provider orders." in said
    assert "no content changes" in pact.ok("broker", "publish", pact.pact(), "-a", "1.0", "--branch", "main")
    refused = pact("broker", "publish", pact.pact(path="/orders/2"), "-a", "1.0", "--branch", "main")
    assert refused.code == 1
    assert "Cannot change the content of the pact for web version 1.0 and provider orders" in refused.said


def test_parts_of_a_pact_from_two_jobs_are_merged(pact: Cli) -> None:
    pact.ok("broker", "publish", pact.pact(), "-a", "1.0", "--branch", "main", "--merge")
    said = pact.ok("broker", "publish", pact.pact(path="/orders/2"), "-a", "1.0", "--branch", "main", "--merge")
    assert "merged" in said
    document = httpx.get(f"{pact.base}/pacts/provider/orders/consumer/web/version/1.0").json()
    assert [each["request"]["path"] for each in document["interactions"]] == ["/orders/1", "/orders/2"]


def test_pacticipants_versions_branches_and_tags(pact: Cli) -> None:
    pact.ok("broker", "create-or-update-pacticipant", "--name", "web", "--main-branch", "main")
    assert "updated" in pact.ok(
        "broker", "create-or-update-pacticipant", "--name", "web", "--repository-url", "http://x"
    )
    assert "Main Branch: main" in pact.ok("broker", "describe-pacticipant", "--name", "web")
    assert '"web"' in pact.ok("broker", "list-pacticipants")
    pact.ok(
        "broker",
        "create-or-update-version",
        "--pacticipant",
        "web",
        "--version",
        "1",
        "--branch",
        "feat/x",
        "--tag",
        "t",
    )
    pact.ok("broker", "create-version-tag", "--pacticipant", "web", "--version", "1", "--tag", "prod/x")
    assert "prod/x" in pact.ok("broker", "describe-version", "--pacticipant", "web", "--version", "1")
    pact.ok("broker", "delete-version-tag", "--pacticipant", "web", "--version", "1", "--tag", "prod/x")
    assert "prod/x" not in pact.ok("broker", "describe-version", "--pacticipant", "web", "--version", "1")
    assert "feat/x" in pact.ok("broker", "delete-branch", "--pacticipant", "web", "--branch", "feat/x")


def test_environments_deployments_and_releases(pact: Cli) -> None:
    pact.ok("broker", "publish", pact.pact(), "-a", "1.0", "--branch", "main")
    assert "UUID" in pact.ok(
        "broker", "create-environment", "--name", "prod", "--display-name", "Prod", "--production"
    )
    assert "prod" in pact.ok("broker", "list-environments")
    place = ("--pacticipant", "web", "--version", "1.0", "--environment", "prod")
    assert "Recorded deployment of web version 1.0 to prod" in pact.ok(
        "broker", "record-deployment", *place, "--application-instance", "blue"
    )
    pact.ok(
        "broker",
        "record-undeployment",
        "--pacticipant",
        "web",
        "--environment",
        "prod",
        "--application-instance",
        "blue",
    )
    assert "Recorded release of web version 1.0 to prod" in pact.ok("broker", "record-release", *place)
    pact.ok("broker", "record-support-ended", *place)
    unknown = pact(
        "broker", "record-deployment", "--pacticipant", "web", "--version", "9", "--environment", "prod"
    )
    assert unknown.code != 0


def test_can_i_deploy_says_no_until_the_native_verifier_has_published_its_results(pact: Cli, orders: int) -> None:
    pact.ok("broker", "publish", pact.pact(), "-a", "1.0", "--branch", "main")
    pact.ok("broker", "create-environment", "--name", "prod", "--production")
    asked = ("broker", "can-i-deploy", "--pacticipant", "web", "--version", "1.0", "--to-environment", "prod")
    before = pact(*asked)
    assert before.code == 1
    assert "no version is currently recorded as deployed/released in this environment" in before.said
    verified = pact(
        "verifier",
        *("--hostname", "127.0.0.1", "--port", str(orders), "--provider-name", "orders"),
        *("--broker-url", pact.base, "--publish", "--provider-version", "9", "--provider-branch", "main"),
        *("--enable-pending", "--include-wip-pacts-since", "2020-01-01"),
        *("--consumer-version-selectors", '{"mainBranch": true}'),
    )
    assert verified.code == 0, verified.said
    pact.ok("broker", "record-deployment", "--pacticipant", "orders", "--version", "9", "--environment", "prod")
    assert "All required verification results are published and successful" in pact.ok(*asked)
    assert "Computer says yes" in pact.ok("broker", "can-i-merge", "--pacticipant", "web", "--version", "1.0")


def test_a_pending_pact_that_fails_does_not_break_the_provider_s_build(pact: Cli, orders: int) -> None:
    pact.ok("broker", "publish", pact.pact(path="/missing"), "-a", "1.0", "--branch", "main")
    ran = pact(
        "verifier",
        *("--hostname", "127.0.0.1", "--port", str(orders), "--provider-name", "orders"),
        *("--broker-url", pact.base, "--publish", "--provider-version", "9", "--provider-branch", "main"),
        *("--enable-pending", "--consumer-version-selectors", '{"mainBranch": true}'),
    )
    assert ran.code == 0, ran.said
    assert "pending" in ran.said
    result = httpx.get(f"{pact.base}/pacts/provider/orders/consumer/web/version/1.0/verification-results/latest")
    assert result.json()["success"] is False


def test_lists_of_pacts_and_provider_states(pact: Cli) -> None:
    pact.ok("broker", "publish", pact.pact(states=("an order exists",)), "-a", "1.0", "--branch", "main")
    assert '"orders"' in pact.ok("broker", "list-latest-pact-versions")
    assert "Pact between web (1.0) and orders" in pact.ok("broker", "get-pacts", "--provider", "orders")
    latest = pact.ok("broker", "get-pacts", "--provider", "orders", "--consumer", "web", "--latest")
    assert "Pact between web (1.0) and orders" in latest
    assert "an order exists" in pact.ok("broker", "provider-states", "list", "--provider", "orders")


def test_webhooks_are_made_tried_and_deleted(pact: Cli) -> None:
    made = pact.ok("broker", "create-webhook", "https://example.org", "--request", "POST", "--contract-published")
    uuid = json.loads(made)["uuid"]
    pact("broker", "test-webhook", "--uuid", uuid)
    assert httpx.get(f"{pact.base}/webhooks/{uuid}").status_code == 200
    httpx.delete(f"{pact.base}/webhooks/{uuid}")


def test_a_provider_contract_is_published_by_the_same_command_line(pact: Cli) -> None:
    document = pact.folder / "oas.yml"
    document.write_text('openapi: 3.1.0\ninfo: {title: orders, version: "1"}\npaths: {}\n')
    (pact.folder / "results.txt").write_text("all well")
    said = pact.ok(
        *(
            "pactflow",
            "publish-provider-contract",
            "oas.yml",
            "--provider",
            "orders",
            "--provider-app-version",
            "1",
        ),
        *("--branch", "main", "--specification", "oas", "--content-type", "application/yaml"),
        *("--verification-success", "--verification-results", "results.txt", "--verifier", "tool"),
    )
    assert "Provider contract published for orders version 1" in said
    where = f"{pact.base}/contracts/bi-directional/provider/orders/version/1/provider-contract"
    kept = httpx.get(where).json()["_embedded"]["providerContract"]
    assert kept["contentType"] == "application/yaml"
