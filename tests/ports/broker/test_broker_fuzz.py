"""Ten thousand requests that nobody means: no 5xx, nothing lost, no answer that the document does not tell.

The requests are drawn from a fixed seed, so that a failure is the same again; HARNESS_FUZZ_SEED draws others.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import time
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
from broker_client import HAL, Client, Reply, check_against_document, exchange

from harness.broker.app import broker, router
from harness.broker.settings import BrokerSettings
from harness.ledger.db.database import Database
from harness.web.pages import Pages

pytestmark = pytest.mark.slow

REQUESTS = int(os.environ.get("HARNESS_FUZZ_REQUESTS", "3000"))
SEED = int(os.environ.get("HARNESS_FUZZ_SEED", "20260101"))
ROUTES = sorted({(route.method, route.path) for route in router().routes if route.path != "/test/error"})
TEXTS = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1e999",
        "9" * 40,
        "null",
        "true",
        "latest",
        "label",
        "versions",
        "..",
        ".",
        "*",
        "%",
        "%s",
    ),
    *(
        "'",
        '"',
        "';DROP TABLE pacticipants;--",
        "' OR '1'='1",
        "a' UNION SELECT 1--",
        "\\",
        "a/b",
        "a%2Fb",
        "a?b=c#d",
    ),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}", "${pactbroker.x}", "${user.KEY}"),
    *(
        "\x00",
        "a\x00b",
        "a\r\nSet-Cookie: x=1",
        "\t",
        "\x1b[31m",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\ufffe",
        "e\u0301",
    ),
    *(
        "é",
        "ß",
        "İ",
        "ﬁ",
        "😀",
        "👨\u200d👩",
        "漢字",
        "א",
        "\U0010ffff",
        "x" * 600,
        "😀" * 300,
        "2026-99-99T99:99:99Z",
    ),
)
RAW_SEGMENTS = (
    *(
        "%00",
        "%0a",
        "%0D%0A",
        "%2F",
        "%2f%2F",
        "%2e%2e",
        "%252F",
        "%",
        "%2",
        "%zz",
        "%FF%FE",
        "%ED%A0%80",
        "%C0%AF",
    ),
    *(
        "+",
        "a+b",
        ";a=b",
        "a;b",
        ":",
        "@",
        "~",
        "$",
        "&",
        "=",
        ",",
        "[]",
        "{version}",
        "%7Bversion%7D",
        "x" * 4000,
    ),
    *("a.json", "a.csv", "badge.svg", ".svg", "%F0%9F%98%80", "%3Cscript%3E", "%27%20OR%201=1--"),
)
KNOWN = ("web", "orders", "1", "main", "dev", "prod", "ui")
FIELDS = (
    *(
        "name",
        "displayName",
        "mainBranch",
        "repositoryUrl",
        "buildUrl",
        "production",
        "contacts",
        "applicationInstance",
    ),
    *(
        "currentlyDeployed",
        "currentlySupported",
        "target",
        "events",
        "request",
        "url",
        "method",
        "headers",
        "body",
    ),
    *(
        "consumer",
        "provider",
        "enabled",
        "description",
        "password",
        "username",
        "value",
        "uuid",
        "success",
        "pacts",
    ),
    *("testResults", "providerApplicationVersion", "verifiedBy", "interactions", "metadata", "pactSpecification"),
    *("pacticipantName", "pacticipantVersionNumber", "branch", "tags", "contracts", "content", "contentType"),
    *("specification", "onConflict", "consumerVersionSelectors", "includePendingStatus", "includeWipPactsSince"),
    *(
        "providerVersionBranch",
        "providerVersionTags",
        "latest",
        "deployedOrReleased",
        "contract",
        "__proto__",
        "",
        "\x00",
    ),
)
PARAMETERS = (
    *(
        "q",
        "q[]",
        "q[][pacticipant]",
        "q[][version]",
        "q[][branch]",
        "q[][latest]",
        "q[][tag]",
        "q[0][pacticipant]",
    ),
    *(
        "latestby",
        "latest",
        "tag",
        "limit",
        "environment",
        "pacticipant",
        "version",
        "to",
        "page",
        "size",
        "pageNumber",
    ),
    *(
        "pageSize",
        "exclude[]",
        "ignore[][pacticipant]",
        "mainBranch",
        "sort",
        "since",
        "from",
        "type",
        "format",
        "label",
    ),
    *("name", "applicationInstance", "userUuid", "days", "%00", "q[", "q]", "q[][][]", "[]", "", "q[][latest][x]"),
)
MEDIA = (
    *("application/json", "application/merge-patch+json", "application/hal+json", "text/plain", "application/xml"),
    *(
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "",
        "json",
        "application/json; charset=x",
    ),
)
ACCEPTS = (
    *(
        HAL,
        "*/*",
        "text/html",
        "application/json",
        "image/svg+xml",
        "text/plain",
        "application/problem+json",
        "",
        ";;;",
    ),
    *("application/hal+json;q=nope", "text/*;q=0", ", ,", "a" * 3000),
)


class Draw:
    """Requests from a seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def request(self) -> tuple[str, str, bytes, dict[str, str]]:
        method, path = self.dice.choice(ROUTES)
        if self.dice.random() < 0.1:
            method = self.dice.choice(
                ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"]
            )
        parts = [self.segment() if part.startswith("{") else part for part in path.split("/")]
        if self.dice.random() < 0.03:
            parts.insert(self.dice.randrange(1, len(parts) + 1), self.segment())
        target = "/".join(parts) + self.query()
        body = b"" if method == "GET" and self.dice.random() < 0.95 else self.body(path)
        return method, target, body, self.headers()

    def segment(self) -> str:
        chance = self.dice.random()
        if chance < 0.45:
            return self.dice.choice(KNOWN)
        if chance < 0.7:
            return self.dice.choice(RAW_SEGMENTS)
        return quote(self.text().encode("utf-8", "surrogatepass"), safe="") or "-"

    def text(self) -> str:
        if self.dice.random() < 0.8:
            return self.dice.choice(TEXTS)
        return "".join(
            chr(self.dice.choice((self.dice.randrange(256), self.dice.randrange(0xD7FF)))) for _ in range(6)
        )

    def query(self) -> str:
        if self.dice.random() < 0.5:
            return ""
        pairs = []
        for _ in range(self.dice.randrange(1, 5)):
            value = self.segment() if self.dice.random() < 0.7 else ""
            pairs.append(f"{self.dice.choice(PARAMETERS)}={value}")
        return "?" + "&".join(pairs)

    def body(self, path: str) -> bytes:
        chance = self.dice.random()
        if chance < 0.08:
            return self.dice.choice(
                (b"", b"{", b"[" * 5000, b'{"a":' * 1000, b"\xff\xfe", b"null", b"nan", b'"\\ud800"')
            )
        if chance < 0.4:
            return json.dumps(self.almost(path)).encode()
        return json.dumps(self.value(3)).encode()

    def almost(self, path: str) -> Any:
        """What the route takes, with one thing in it that it does not."""
        document = self.sensible(path)
        return self.spoiled(document) if self.dice.random() < 0.8 else document

    def sensible(self, path: str) -> dict[str, Any]:
        pact = {
            "consumer": {"name": "web"},
            "provider": {"name": "orders"},
            "interactions": [{"description": "d", "request": {"path": "/"}, "response": {"status": 200}}],
        }
        if "contracts/publish" in path:
            content = base64.b64encode(json.dumps(self.spoiled(pact)).encode()).decode()
            one = {"consumerName": "web", "providerName": "orders", "content": content}
            return {
                "pacticipantName": "web",
                "pacticipantVersionNumber": self.dice.choice(("1", self.text())),
                "branch": "main",
                "tags": ["dev"],
                "contracts": [{**one, "contentType": "application/json", "specification": "pact"}],
            }
        if "webhook" in path:
            asked = {"method": "POST", "url": "https://hooks.invalid/x", "headers": {"a": "b"}, "body": {"a": [1]}}
            return {"events": [{"name": "contract_published"}], "request": asked, "consumer": {"name": "web"}}
        if "verification-results" in path:
            results = {"tests": [{"interactionId": "x", "success": True}]}
            return {"success": True, "providerApplicationVersion": "1", "testResults": results}
        if "for-verification" in path:
            return {"consumerVersionSelectors": [{"mainBranch": True}], "includePendingStatus": True}
        if path.startswith("/pacts/"):
            return pact
        return {
            "name": self.dice.choice(KNOWN),
            "displayName": "x",
            "production": True,
            "target": "t",
            "value": "v",
        }

    def spoiled(self, document: Any) -> Any:
        if not isinstance(document, dict) or not document or self.dice.random() < 0.2:
            return self.value(2)
        key = self.dice.choice(sorted(document))
        if self.dice.random() < 0.15:
            return {name: value for name, value in document.items() if name != key}
        return {**document, key: self.spoiled(document[key])}

    def value(self, deep: int) -> Any:
        kind = self.dice.randrange(9 if deep else 6)
        if kind < 2:
            return self.text()
        if kind < 6:
            return self.dice.choice((None, True, False, 0, -1, 2**70, 1.5, 1e308))
        if kind < 7:
            return [self.value(deep - 1) for _ in range(self.dice.randrange(4))]
        return {self.dice.choice(FIELDS): self.value(deep - 1) for _ in range(self.dice.randrange(5))}

    def headers(self) -> dict[str, str]:
        found = {"host": "broker.test", "content-type": self.dice.choice(MEDIA)}
        if self.dice.random() < 0.7:
            found["content-type"] = "application/json"
        if self.dice.random() < 0.9:
            found["accept"] = HAL if self.dice.random() < 0.6 else self.dice.choice(ACCEPTS)
        if self.dice.random() < 0.1:
            name = self.dice.choice(
                ("x-forwarded-host", "x-forwarded-proto", "authorization", "cookie", "x-big", "range")
            )
            found[name] = self.dice.choice(
                (*ACCEPTS, "x" * 60_000, "evil.test", "é\x7f", "Basic !!!", "bytes=0-1")
            )
        return found


KEPT = (
    "/pacticipants/kept",
    "/pacticipants/kept/versions/1",
    "/pacts/provider/kept%20api/consumer/kept/version/1",
)


def kept(client: Client) -> None:
    """Something that no drawn name touches."""
    pact = {
        "consumer": {"name": "kept"},
        "provider": {"name": "kept api"},
        "interactions": [{"description": "d", "request": {"path": "/"}, "response": {"status": 200}}],
    }
    content = base64.b64encode(json.dumps(pact).encode()).decode()
    one = {"consumerName": "kept", "providerName": "kept api", "content": content}
    contract = {**one, "contentType": "application/json", "specification": "pact"}
    asked = {"pacticipantName": "kept", "pacticipantVersionNumber": "1", "branch": "main", "contracts": [contract]}
    assert client.post("/contracts/publish", asked).status == 200


def _without_links(found: dict[str, Any]) -> dict[str, Any]:
    """Environments that were made meanwhile add links."""
    return {name: value for name, value in found.items() if name != "_links"}


def told_well(method: str, target: str, reply: Reply) -> str:
    """What is wrong with an answer; "" when nothing is."""
    media = reply.headers.get("content-type", "").partition(";")[0]
    if reply.status >= 500:
        return f"{reply.status}: {reply.text}"
    if b"Traceback" in reply.content or b"sqlalchemy" in reply.content or b"sqlite3" in reply.content:
        return f"tells of its inside: {reply.text[:300]}"
    if media.endswith("json") and reply.content:
        json.loads(reply.content)
    if media == "text/html" and (b"<script" in reply.content or b"<img src=x" in reply.content):
        return f"lets markup through: {reply.text[:300]}"
    if any("\r" in value or "\n" in value for value in reply.headers.values()):
        return f"splits its headers: {reply.headers}"
    try:
        check_against_document(method, target, reply)
    except AssertionError as error:
        return str(error)[:500]
    return ""


def test_thousands_of_requests_that_nobody_means(sqlite_database: Database) -> None:
    settings = BrokerSettings()
    app = broker(sqlite_database, settings, pages=Pages(database=sqlite_database, settings=settings))
    client = Client(app=app)
    kept(client)
    before = [_without_links(client.get(path).json) for path in KEPT]
    draw, seen, wrong, slowest = Draw(SEED), Counter[int](), [], (0.0, "")

    async def all_of_them() -> None:
        nonlocal slowest
        for number in range(REQUESTS):
            method, target, body, headers = draw.request()
            if target.partition("?")[0] in ("/integrations", "/pacticipants") and method == "DELETE":
                continue  # it means to delete everything
            began = time.perf_counter()
            reply = await exchange(app, method, target, {**headers, "content-length": str(len(body))}, body)
            slowest = max(slowest, (time.perf_counter() - began, f"{method} {target[:200]}"))
            seen[reply.status] += 1
            problem = told_well(method, target, reply)
            if problem:
                wrong.append(f"request {number}: {method} {target[:300]} {headers} {body[:300]!r}\n  {problem}")

    asyncio.run(all_of_them())
    assert not wrong, f"{len(wrong)} of {REQUESTS}\n" + "\n".join(wrong[:10])
    assert [_without_links(client.get(path).json) for path in KEPT] == before
    assert slowest[0] < 5, slowest
    # Requests that all fail at the door would prove little.
    assert sum(number for status, number in seen.items() if status < 300) > REQUESTS / 10, seen
    assert len(seen) > 8, seen
