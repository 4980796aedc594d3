"""The unmodified MCP client of npm on our broker: every tool but those that administer users, teams and roles."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from npm_clients import McpSession, node_modules
from served import ServedBroker

pytestmark = pytest.mark.slow

USER = {"PACT_BROKER_BASIC_AUTH_USERNAME": "rw", "PACT_BROKER_BASIC_AUTH_PASSWORD": "s3cret"}
OPENAPI = """
openapi: 3.0.3
info: {title: orders, version: "1"}
paths:
  /orders/1:
    get: {responses: {"200": {description: the order}}}
"""


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Heard(BaseHTTPRequestHandler):
    """Somebody whom webhooks tell."""

    requests: list[tuple[str, str]] = []  # noqa: RUF012 - of the one server of this module

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.requests.append((self.headers.get("x-key", ""), body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@pytest.fixture(scope="module")
def listener() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Heard)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBroker]:
    node_modules()
    folder = tmp_path_factory.mktemp("broker")
    allowed = {
        "PACT_BROKER_WEBHOOK_SCHEME_WHITELIST": "http https",
        "PACT_BROKER_WEBHOOK_HOST_WHITELIST": "127.0.0.1",
    }
    served = ServedBroker(f"sqlite:///{folder / 'ledger.db'}", folder / "log", {**USER, **allowed}).start()
    yield served
    assert served.stop() == 0
    log = (folder / "log").read_text()
    assert "Traceback" not in log
    assert "s3cret" not in log


@pytest.fixture(scope="module")
def client(broker: ServedBroker) -> Iterator[McpSession]:
    """The client with a token: it offers what PactFlow has as well."""
    command = [sys.executable, "-m", "harness", "broker", "token", "create", "assistant", "--role", "admin"]
    made = subprocess.run(
        [*command, "--database-url", broker.database_url, "--json"], capture_output=True, text=True, check=True
    )
    found = re.search(r"cht_[\w-]+", made.stdout)
    assert found, made.stdout
    environment = {"PACT_BROKER_BASE_URL": broker.base, "PACT_BROKER_TOKEN": found.group()}
    with McpSession(environment, node_modules()) as session:
        yield session


def contract(consumer: str = "web", provider: str = "orders") -> dict[str, str]:
    asked = {"description": "an order", "request": {"method": "GET", "path": "/orders/1"}}
    content = {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [{**asked, "providerState": "an order is there", "response": {"status": 200}}],
    }
    return {
        "consumerName": consumer,
        "providerName": provider,
        "content": b64(json.dumps(content)),
        "contentType": "application/json",
        "specification": "pact",
    }


def test_it_publishes_and_reads_what_it_published(client: McpSession) -> None:
    client(
        "publish_consumer_contracts",
        pacticipantName="web",
        pacticipantVersionNumber="1",
        branch="feat/x",
        tags=["dev"],
        contracts=[contract()],
    )
    results = {"success": True, "verifier": "schemathesis", "content": b64("fine"), "contentType": "text/plain"}
    client(
        "publish_provider_contract",
        providerName="orders",
        pacticipantVersionNumber="2",
        branch="main",
        contract={
            "content": b64(OPENAPI),
            "contentType": "application/yaml",
            "specification": "oas",
            "selfVerificationResults": results,
        },
    )
    pacts = client("get_pacts_for_verification", providerName="orders", includePendingStatus=True)
    assert pacts["_embedded"]["pacts"][0]["shortDescription"]
    assert client("get_provider_states", provider="orders")["providerStates"][0]["name"] == "an order is there"
    assert client("list_integrations")["_embedded"]["integrations"][0]["consumer"]["name"] == "web"
    assert client("get_pacticipant_network", pacticipantName="web")["integrations"]


def test_it_keeps_pacticipants_their_labels_branches_and_versions(client: McpSession) -> None:
    assert client("create_pacticipant", name="shop front", mainBranch="main")["name"] == "shop front"
    assert client("update_pacticipant", pacticipantName="web", displayName="Web")["displayName"] == "Web"
    patched = client("patch_pacticipant", pacticipantName="web", repositoryName="web-repo")
    assert (patched["displayName"], patched["repositoryName"]) == ("Web", "web-repo")
    assert client("get_pacticipant", pacticipantName="shop front")["mainBranch"] == "main"
    assert client("list_pacticipants", pageSize=1)["_embedded"]["pacticipants"]
    client("add_label_to_pacticipant", pacticipantName="web", labelName="ui")
    assert client("get_pacticipant_label", pacticipantName="web", labelName="ui")["name"] == "ui"
    assert client("list_labels")["_embedded"]["labels"][0]["name"] == "ui"
    assert len(client("list_pacticipants_by_label", labelName="ui")["_embedded"]["pacticipants"]) == 1
    client.does("remove_label_from_pacticipant", pacticipantName="web", labelName="ui")
    assert client("list_branches", pacticipantName="web", q="feat")["_embedded"]["branches"]
    assert client("get_branch", pacticipantName="web", branchName="feat/x")["name"] == "feat/x"
    assert client("get_branch_versions", pacticipantName="web", branchName="feat/x")["_embedded"]["versions"]
    client("update_pacticipant_version", pacticipantName="web", versionNumber="1", buildUrl="https://ci/1")
    seen = client("get_pacticipant_version", pacticipantName="web", versionNumber="1")
    assert seen["buildUrl"] == "https://ci/1"
    assert client("get_latest_pacticipant_version", pacticipantName="web", tag="dev")["number"] == "1"
    assert client("list_pacticipant_versions", pacticipantName="web")["_embedded"]["versions"]
    client.does("delete_pacticipant", pacticipantName="shop front")


def test_it_records_what_runs_where_and_asks_what_may_follow(client: McpSession) -> None:
    uuid = client("create_environment", name="prod", production=True, displayName="Prod")["uuid"]
    asked = {"pacticipantName": "orders", "versionNumber": "2", "environmentId": uuid}
    client("record_deployment", **asked, applicationInstance="blue")
    client("record_release", **asked)
    deployed = client("get_currently_deployed_versions", environmentId=uuid)["_embedded"]["deployedVersions"]
    assert deployed[0]["_embedded"]["version"]["number"] == "2"
    assert client("get_currently_supported_versions", environmentId=uuid)["_embedded"]["releasedVersions"]
    assert client("get_deployed_versions_for_version", **asked)["_embedded"]["deployedVersions"]
    assert client("get_released_versions_for_version", **asked)["_embedded"]["releasedVersions"]
    assert client("get_environment", environmentId=uuid)["production"] is True
    assert client("list_environments")["_embedded"]["environments"]
    client("update_environment", environmentId=uuid, name="prod", production=True, displayName="Production")
    told = client("can_i_deploy", pacticipant="web", version="1", environment="prod")
    assert told["summary"]["deployable"] is not True
    rows = client("matrix", q=[{"pacticipant": "web", "branch": "feat/x", "latest": True}], latestby="cvp")
    assert rows["matrix"][0]["consumer"]["name"] == "web"


def test_it_reads_both_sides_of_provider_contracts(client: McpSession) -> None:
    provider = {"providerName": "orders", "providerVersionNumber": "2"}
    both = {**provider, "consumerName": "web", "consumerVersionNumber": "1"}
    for name in (
        "provider_contract",
        "provider_contract_verification_results",
        "consumer_contracts",
        "consumer_contract_verification_results",
        "cross-contract_verification_results",
    ):
        assert client(f"get_bdct_{name}", **provider)["verificationStatus"]
    for name in (
        "consumer_by_consumer_version",
        "provider_by_consumer_version",
        "provider_check_results_by_consumer",
        "consumer_pact_test_results_by_consumer",
        "x-contract_test_results_by_consumer",
    ):
        assert client(f"get_bdct_{name}", **both)["verificationStatus"]


def test_it_keeps_webhooks_and_their_secrets(client: McpSession, listener: str) -> None:
    secret = client("create_secret", name="KEY", value="hush-hush", description="for the chat")["uuid"]
    assert client("list_secrets")["_embedded"]["secrets"][0]["name"] == "KEY"
    assert "hush-hush" not in json.dumps(client("get_secret", secretId=secret))
    request = {
        "method": "POST",
        "url": f"{listener}/told",
        "headers": {"x-key": "${user.KEY}"},
        "body": {"who": "${pactbroker.consumerName}"},
    }
    events = [{"name": "contract_published"}]
    made = client("create_webhook", description="tell", events=events, request=request, enabled=True)
    uuid = made.get("uuid") or made["_links"]["self"]["href"].rpartition("/")[2]
    assert client("get_webhook", webhookId=uuid)["description"] == "tell"
    assert client("list_webhooks")["_embedded"]["webhooks"]
    client("update_webhook", webhookId=uuid, description="told", events=events, request=request, enabled=True)
    executed = client("execute_webhook", webhookId=uuid)
    assert Heard.requests[-1][0] == "hush-hush", executed
    assert "hush-hush" not in json.dumps(executed)
    assert client("test_execute_webhooks")["success"] is True
    client("update_secret", secretId=secret, name="KEY", value="changed it")
    client("execute_webhook", webhookId=uuid)
    assert Heard.requests[-1][0] == "changed it"
    client.does("delete_webhook", webhookId=uuid)
    client.does("delete_secret", secretId=secret)


def test_it_sees_who_did_what(client: McpSession) -> None:
    oldest, newest = (
        client("get_audit_log", sort=sort, pageSize=100)["events"] for sort in ("+timestamp", "-timestamp")
    )
    assert [each["uuid"] for each in oldest] == [each["uuid"] for each in reversed(newest)]
    some = oldest[0]["type"]
    assert {each["type"] for each in client("get_audit_log", type=some, pageSize=100)["events"]} == {some}
    assert client("check_pactflow_ai_entitlements") is not None
    assert client("get_current_user")["active"] is True
    assert "_embedded" in client("get_user_preferences")
    assert "_embedded" in client("get_system_preferences")
    assert client("get_metrics")["pacticipants"]["count"] == 2
    assert client("get_team_metrics")["teams"] == []
    team = {"teamId": "00000000-0000-4000-8000-000000000000"}
    told = client.ask("tools/call", {"name": "contract-testing_get_integrations_by_team", "arguments": team})
    assert "404" in told["content"][0]["text"]  # nobody has a team here, so that no name of one is right


def test_it_cleans_up(client: McpSession) -> None:
    client.does("delete_branch", pacticipantName="web", branchName="feat/x")
    client.does("delete_integration", providerName="orders", consumerName="web")
    environment = client("list_environments")["_embedded"]["environments"][0]
    client.does("delete_environment", environmentId=environment["uuid"])
    client.does("delete_all_integrations")
    token = client("list_api_tokens")["_embedded"]["items"][0]
    assert client("regenerate_api_token", tokenId=token["uuid"])["value"].startswith("cht_")
    # The very token that it speaks with has ended: nothing is answered from now on.
    told = client.ask("tools/call", {"name": "contract-testing_get_metrics", "arguments": {}})
    assert told["isError"]
    assert "401" in told["content"][0]["text"]


def test_no_tool_was_left_out(client: McpSession) -> None:
    offered = {each for each in client.tools() if not each.startswith("admin_")}
    assert offered - client.called == {"get_integrations_by_team"}
    assert len(offered) > 70


def test_with_a_user_and_a_password_it_is_served_as_by_the_open_source_broker(broker: ServedBroker) -> None:
    environment = {
        "PACT_BROKER_BASE_URL": broker.base,
        "PACT_BROKER_USERNAME": "rw",
        "PACT_BROKER_PASSWORD": "s3cret",
    }
    with McpSession(environment, node_modules()) as session:
        assert session("create_pacticipant", name="from here")["name"] == "from here"
        assert "get_audit_log" not in session.tools()
    assert httpx.get(f"{broker.base}/pacticipants").status_code == 401
