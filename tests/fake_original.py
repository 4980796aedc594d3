"""A broker in the shapes in which the original was recorded, its surprises included; it forgets at the end.

It answers as Pact Broker 2.120.0 does where a client of it can tell: HAL rels, 100 rows of the matrix unless told
otherwise, pages of branches, `null` in matrix rows, 415 for a PATCH that is no merge patch.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from harness.contracts.pact_reader import pact_key
from harness.identity import content_key

Json = Any
Answer = tuple[int, Json]
TYPE = "application/hal+json;charset=utf-8"


@dataclass
class Original:
    """The store and its routes."""

    base: str = "http://broker.test"
    password: str = ""  # "user:secret" or "Bearer token"; "" lets everybody in
    versions: dict[str, list[str]] = field(default_factory=dict)  # in the order of their first mention
    builds: dict[tuple[str, str], str] = field(default_factory=dict)
    branches: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    tags: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    labels: dict[str, list[str]] = field(default_factory=dict)
    contents: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    pacts: dict[tuple[str, str, str], str] = field(default_factory=dict)  # consumer, number, provider -> sha
    results: list[Json] = field(default_factory=list)
    environments: dict[str, Json] = field(default_factory=dict)  # by uuid
    records: list[Json] = field(default_factory=list)  # deployments and releases
    webhooks: dict[str, Json] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    faults: list[Callable[[str, str], tuple[int, dict[str, str], bytes] | None]] = field(default_factory=list)
    says_no: str = ""  # a reason: then every can-i-deploy is a no

    def __post_init__(self) -> None:
        for name in ("test", "production"):
            self.environments[_uuid(name)] = {
                "uuid": _uuid(name),
                "name": name,
                "production": name == "production",
            }

    # --- one request -----------------------------------------------------------------------------------------

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        self.requests.append(f"{method} {target}")
        for fault in self.faults:
            told = fault(method, target)
            if told is not None:
                return told
        if self.password and headers.get("authorization") != self.password:
            return 401, {"WWW-Authenticate": 'Basic realm="Restricted area"'}, b""
        if method == "PATCH" and "versions/" in target and "merge-patch" not in headers.get("content-type", ""):
            return 415, {}, b""
        parts = urlsplit(target)
        path = parts.path.removeprefix(urlsplit(self.base).path)
        status, document = self._route(method, path, parse_qsl(parts.query), json.loads(body) if body else {})
        content = b"" if document is None else json.dumps(document).encode()
        return status, {"Content-Type": TYPE}, content

    def _route(self, method: str, path: str, query: list[tuple[str, str]], body: Json) -> Answer:
        for verb, pattern, handler in ROUTES:
            found = re.fullmatch(pattern, path.rstrip("/") or "/")
            if found and verb == method:
                names = [unquote(each) for each in found.groups()]
                return handler(self, *names, query=query, body=body)
        return 404, {"error": "The requested document was not found on this server."}

    def url(self, *names: str) -> str:
        return self.base + "".join("/" + quote(each, safe="") for each in names)

    # --- what is there ---------------------------------------------------------------------------------------

    def mention(self, name: str, number: str) -> bool:
        numbers = self.versions.setdefault(name, [])
        if number in numbers:
            return False
        numbers.append(number)
        return True

    def version(self, name: str, number: str) -> Json:
        self_url = self.url("pacticipants", name, "versions", number)
        branches = [b for (n, b), numbers in self.branches.items() if n == name and number in numbers]
        tags = self.tags.get((name, number), [])
        places = [(e["name"], u) for u, e in self.environments.items()]
        return {
            "number": number,
            **({"buildUrl": self.builds[name, number]} if (name, number) in self.builds else {}),
            "createdAt": "2026-01-01T00:00:00+00:00",
            "_embedded": {
                "branchVersions": [
                    {"name": b, "latest": self.branches[name, b][-1] == number, "_links": {}} for b in branches
                ],
                "tags": [{"name": t, "_links": {}} for t in tags],
            },
            "_links": {
                "self": {"title": "Version", "name": number, "href": self_url},
                "pb:pact-versions": [
                    {"title": "Pact", "name": f"Pact between {c} ({n}) and {p}", "href": self._pact_url(c, n, p)}
                    for (c, n, p) in self.pacts
                    if (c, n) == (name, number)
                ],
                "pb:record-deployment": [
                    {"name": place, "href": f"{self_url}/deployed-versions/environment/{uuid}"}
                    for place, uuid in places
                ],
                "pb:record-release": [
                    {"name": place, "href": f"{self_url}/released-versions/environment/{uuid}"}
                    for place, uuid in places
                ],
            },
        }

    def _pact_url(self, consumer: str, number: str, provider: str) -> str:
        return self.url("pacts", "provider", provider, "consumer", consumer, "version", number)

    def pact(self, consumer: str, number: str, provider: str, sha: str) -> Json:
        permalink = self.url("pacts", "provider", provider, "consumer", consumer, "pact-version", sha)
        return {
            **self.contents[consumer, provider, sha],
            "createdAt": "2026-01-01T00:00:00+00:00",
            "_links": {
                "self": {"title": "Pact", "href": self._pact_url(consumer, number, provider)},
                "pb:consumer": {"name": consumer, "href": self.url("pacticipants", consumer)},
                "pb:consumer-version": {
                    "name": number,
                    "href": self.url("pacticipants", consumer, "versions", number),
                },
                "pb:provider": {"name": provider, "href": self.url("pacticipants", provider)},
                "pb:pact-version": {"title": "Pact content version permalink", "name": sha, "href": permalink},
                "pb:publish-verification-results": {"href": f"{permalink}/verification-results"},
                "curies": [{"name": "pb", "href": self.url("doc") + "/{rel}", "templated": True}],
            },
        }

    def publish(self, consumer: str, number: str, pact: Json) -> None:
        self.mention(consumer, number)
        provider = pact["provider"]["name"]
        self.versions.setdefault(provider, [])
        sha = pact_key(pact)
        shown = {**pact, "interactions": [{"_id": content_key(i), **i} for i in pact["interactions"]]}
        self.contents.setdefault((consumer, provider, sha), shown)
        self.pacts[consumer, number, provider] = sha

    def merged(self, consumer: str, number: str, pact: Json) -> Json:
        """The pact with the interactions that this version has promised before."""
        sha = self.pacts.get((consumer, number, pact["provider"]["name"]))
        kept = self.contents[consumer, pact["provider"]["name"], sha]["interactions"] if sha else []
        had = [{key: value for key, value in each.items() if key != "_id"} for each in kept]
        return {**pact, "interactions": had + [each for each in pact["interactions"] if each not in had]}

    def result_url(self, result: Json) -> str:
        names = "pacts", "provider", result["provider"], "consumer", result["consumer"]
        return self.url(*names, "pact-version", result["sha"], "verification-results", str(result["n"]))

    def shown_result(self, result: Json) -> Json:
        permalink = self.result_url(result).rpartition("/verification-results")[0]
        given = {k: v for k, v in result["given"].items() if k != "verifiedBy"}
        return {
            "providerName": result["provider"],
            **given,
            "verificationDate": result["at"],
            "_links": {
                "self": {"href": self.result_url(result)},
                "pb:pact-version": {"title": "Pact", "href": f"{permalink}/metadata/Y3ZuPTE"},
            },
        }

    def live(self, kind: str, uuid: str) -> list[Json]:
        return [r for r in self.records if r["kind"] == kind and r["environment"] == uuid and not r["until"]]

    def shown_record(self, record: Json) -> Json:
        deployed = record["kind"] == "deployed"
        still = "currentlyDeployed" if deployed else "currentlySupported"
        ended = "undeployedAt" if deployed else "supportEndedAt"
        instance = record["instance"]
        return {
            "uuid": record["uuid"],
            still: not record["until"],
            **({"target": instance, "applicationInstance": instance} if instance else {}),
            "createdAt": record["since"],
            **({ended: record["until"]} if record["until"] else {}),
            "_embedded": {"pacticipant": {"name": record["name"]}, "version": {"number": record["number"]}},
            "_links": {"self": {"href": self.url(f"{record['kind']}-versions", record["uuid"])}},
        }

    def now(self) -> str:
        minutes, seconds = divmod(len(self.requests), 60)
        return f"2026-01-02T{minutes // 60 % 24:02}:{minutes % 60:02}:{seconds:02}+00:00"

    # --- the matrix ------------------------------------------------------------------------------------------

    def rows(self, query: list[tuple[str, str]]) -> list[Json]:
        named = _selectors(query)
        for name in named:
            if name not in self.versions:
                raise KeyError(name)
        found = []
        for (consumer, number, provider), sha in self.pacts.items():
            there = consumer in named, provider in named
            asked = named.get(consumer, "") in ("", number) or (len(named) == 1 and consumer == provider)
            if (all(there) if len(named) > 1 else any(there)) and asked:
                found += self._rows_of(consumer, number, provider, sha, named)
        return found[::-1]

    def _rows_of(self, consumer: str, number: str, provider: str, sha: str, named: dict[str, str]) -> list[Json]:
        latest: dict[str, Json] = {}
        for result in self.results:
            if (result["consumer"], result["provider"], result["sha"]) == (consumer, provider, sha):
                latest[result["given"]["providerApplicationVersion"]] = result
        alone = len(named) == 1 and named.get(consumer) == number  # all results of its pacts, also on itself
        kept = {v: r for v, r in latest.items() if alone or named.get(provider, "") in ("", v)}
        if not kept and consumer in named:
            return [self._row(consumer, number, provider, None, None)]
        return [self._row(consumer, number, provider, v, r) for v, r in kept.items()]

    def _row(self, consumer: str, number: str, provider: str, version: str | None, result: Json) -> Json:
        return {
            "consumer": {"name": consumer, "version": {"number": number, "branch": None}},
            "provider": {"name": provider, "version": {"number": version} if version is not None else None},
            "pact": {"createdAt": "2026-01-01T00:00:00+00:00"},
            "verificationResult": None
            if result is None
            else {
                "success": result["given"]["success"],
                "verifiedAt": result["at"],
                "_links": {"self": {"href": self.result_url(result)}},
            },
        }


def _selectors(query: list[tuple[str, str]]) -> dict[str, str]:
    """Pacticipant to the version that is asked for; "" is any."""
    named: dict[str, str] = {}
    last = ""
    for key, value in query:
        if key == "q[][pacticipant]":
            last = value
            named[last] = ""
        elif key == "q[][version]":
            named[last] = value
    return named


def _uuid(name: str) -> str:
    digits = content_key(name)[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


# --- routes: each takes the decoded names of its path ----------------------------------------------------------


def index(o: Original, **_: Any) -> Answer:
    b = o.base
    of_one = f"{b}/pacticipants/{{pacticipant}}"
    rels = {
        "self": f"{b}",
        "pb:publish-contracts": f"{b}/contracts/publish",
        "pb:pacticipants": f"{b}/pacticipants",
        "pb:pacticipant": of_one,
        "pb:pacticipant-version": f"{of_one}/versions/{{version}}",
        "pb:pacticipant-version-tag": f"{of_one}/versions/{{version}}/tags/{{tag}}",
        "pb:pacticipant-branch-version": f"{of_one}/branches/{{branch}}/versions/{{version}}",
        "pb:provider-pacts-for-verification": f"{b}/pacts/provider/{{provider}}/for-verification",
        "pb:environments": f"{b}/environments",
        "pb:webhooks": f"{b}/webhooks",
        "pb:integrations": f"{b}/integrations",
    }
    return 200, {"_links": {rel: {"href": href, "templated": "{" in href} for rel, href in rels.items()}}


def pacticipants(o: Original, **_: Any) -> Answer:
    shown = [pacticipant(o, name)[1] for name in sorted(o.versions)]
    return 200, {"_embedded": {"pacticipants": shown}, "_links": {"self": {"href": o.url("pacticipants")}}}


def pacticipant(o: Original, name: str, **_: Any) -> Answer:
    if name not in o.versions:
        return 404, {"error": f"No pacticipant with name '{name}' found"}
    url = o.url("pacticipants", name)
    links = {
        "self": {"href": url},
        "pb:versions": {"href": f"{url}/versions"},
        "pb:branches": {"href": f"{url}/branches"},
    }
    main = {"mainBranch": "main"} if (name, "main") in o.branches else {}
    labels = [{"name": each} for each in o.labels.get(name, [])]
    return 200, {"name": name, **main, "_embedded": {"labels": labels}, "_links": links}


def versions(o: Original, name: str, *, query: list[tuple[str, str]], **_: Any) -> Answer:
    if name not in o.versions:
        return 404, {"error": f"No pacticipant with name '{name}' found"}
    numbers = o.versions[name][::-1]
    shown = [o.version(name, number) for number in numbers]
    for each in shown:  # the recorded list tells less of each version
        each["_links"] = {k: v for k, v in each["_links"].items() if "record" not in k}
    return _paged(o, o.url("pacticipants", name, "versions"), "versions", shown, query)


def _paged(
    o: Original, url: str, key: str, shown: list[Json], query: list[tuple[str, str]], size: int = 0
) -> Answer:
    told = dict(query)
    size = int(told.get("size", told.get("pageSize", size)))
    if not size:
        return 200, {"_embedded": {key: shown}, "_links": {"self": {"href": url}}}
    number = int(told.get("page", told.get("pageNumber", 1)))
    pages = -(-len(shown) // size)
    links = {"self": {"href": url}}
    if number < pages:
        links["next"] = {"href": f"{url}?size={size}&page={number + 1}"}
    page = {"number": number, "size": size, "totalElements": len(shown), "totalPages": pages}
    return 200, {"page": page, "_embedded": {key: shown[(number - 1) * size : number * size]}, "_links": links}


def version(o: Original, name: str, number: str, **_: Any) -> Answer:
    if number not in o.versions.get(name, []):
        return 404, {"error": "The requested document was not found on this server."}
    return 200, o.version(name, number)


def put_version(o: Original, name: str, number: str, *, body: Json, **_: Any) -> Answer:
    created = o.mention(name, number)
    if "buildUrl" in body:
        o.builds[name, number] = body["buildUrl"]
    return (201 if created else 200), o.version(name, number)


def put_branch_version(o: Original, name: str, branch: str, number: str, **_: Any) -> Answer:
    o.mention(name, number)
    numbers = o.branches.setdefault((name, branch), [])
    created = number not in numbers
    if created:
        numbers.append(number)
    return (201 if created else 200), {"_links": {"pb:branch": {"name": branch}}}


def branches(o: Original, name: str, *, query: list[tuple[str, str]], **_: Any) -> Answer:
    url = o.url("pacticipants", name, "branches")
    shown = [
        {
            "name": b,
            "createdAt": "2026-01-01T00:00:00+00:00",
            "_links": {
                "self": {"href": f"{url}/{quote(b, safe='')}"},
                "pb:latest-version": {"href": f"{url}/{quote(b, safe='')}/latest-version"},
            },
        }
        for n, b in o.branches
        if n == name
    ]
    return _paged(o, url, "branches", shown, query, size=100)


def branch_head(o: Original, name: str, branch: str, **_: Any) -> Answer:
    return 200, o.version(name, o.branches[name, branch][-1])


def webhooks(o: Original, **_: Any) -> Answer:
    links = [{"title": "A webhook", "name": "POST", "href": o.url("webhooks", uuid)} for uuid in o.webhooks]
    return 200, {"_links": {"self": {"href": o.url("webhooks")}, "pb:webhooks": links}}


def webhook(o: Original, uuid: str, **_: Any) -> Answer:
    return 200, {"uuid": uuid, **o.webhooks[uuid]}


def publish(o: Original, *, body: Json, **_: Any) -> Answer:
    consumer, number = body["pacticipantName"], body["pacticipantVersionNumber"]
    given = [
        o.merged(consumer, number, pact) if each.get("onConflict") == "merge" else pact
        for each in body["contracts"]
        for pact in [json.loads(base64.b64decode(each["content"]))]
    ]
    for asked, pact in zip(body["contracts"], given, strict=True):
        before = o.pacts.get((consumer, number, pact["provider"]["name"]))
        if before is not None and before != pact_key(pact) and asked.get("onConflict") != "merge":
            text = f"Cannot change the content of the pact for {consumer} version {number}"
            return 409, {"notices": [{"type": "error", "text": text}], "errors": {"contracts": [text]}}
    for pact in given:
        o.publish(consumer, number, pact)
    links = [
        {"title": "Pact", "name": "…", "href": o._pact_url(consumer, number, pact["provider"]["name"])}
        for pact in given
    ]
    return 200, {"logs": [], "notices": [], "_embedded": {}, "_links": {"pb:contracts": links}}


def pact(o: Original, provider: str, consumer: str, number: str, **_: Any) -> Answer:
    sha = o.pacts.get((consumer, number, provider))
    if sha is None:
        return 404, {"error": "The requested document was not found on this server."}
    return 200, o.pact(consumer, number, provider, sha)


def pact_version(o: Original, provider: str, consumer: str, sha: str, *_rest: str, **__: Any) -> Answer:
    if (consumer, provider, sha) not in o.contents:
        return 404, {"error": "The requested document was not found on this server."}
    number = next(n for (c, n, p), s in o.pacts.items() if (c, p, s) == (consumer, provider, sha))
    return 200, o.pact(consumer, number, provider, sha)


def post_result(o: Original, provider: str, consumer: str, sha: str, *, body: Json, **_: Any) -> Answer:
    if (consumer, provider, sha) not in o.contents:
        return 404, {"error": "The requested document was not found on this server."}
    o.mention(provider, body["providerApplicationVersion"])
    result = {
        "provider": provider,
        "consumer": consumer,
        "sha": sha,
        "given": body,
        "n": 101 + len(o.results),
        "at": o.now(),
    }
    o.results.append(result)
    return 201, o.shown_result(result)


def result(o: Original, provider: str, consumer: str, sha: str, n: str, **_: Any) -> Answer:
    found = next((r for r in o.results if str(r["n"]) == n and r["sha"] == sha), None)
    return (200, o.shown_result(found)) if found else (404, {"error": "not found"})


def for_verification(o: Original, provider: str, *, body: Json, **__: Any) -> Answer:
    if provider not in o.versions:
        return 404, {"error": f"No provider with name '{provider}' found"}
    pending = body.get("includePendingStatus", True)
    shown = []
    latest = {(c, p): (n, sha) for (c, n, p), sha in o.pacts.items() if p == provider}
    for (consumer, _), (number, sha) in latest.items():
        good = any(r["sha"] == sha and r["given"]["success"] for r in o.results)
        notices = [{"when": "before_verification", "text": f"The pact of {consumer} is the latest"}]
        properties = {**({"pending": not good} if pending else {}), "notices": notices}
        href = o.url(
            "pacts", "provider", provider, "consumer", consumer, "pact-version", sha, "metadata", "Y3ZuPTE"
        )
        shown.append(
            {
                "shortDescription": "latest",
                "verificationProperties": properties,
                "_links": {"self": {"href": href, "name": f"Pact between {consumer} ({number}) and {provider}"}},
            }
        )
    return 200, {
        "_embedded": {"pacts": shown},
        "_links": {"self": {"href": o.url("pacts", "provider", provider, "for-verification")}},
    }


def environments(o: Original, **_: Any) -> Answer:
    shown = [environment(o, uuid)[1] for uuid in o.environments]
    return 200, {"_embedded": {"environments": shown}, "_links": {}}


def environment(o: Original, uuid: str, **_: Any) -> Answer:
    if uuid not in o.environments:
        return 404, {"error": "not found"}
    url = o.url("environments", uuid)
    links = {
        "self": {"href": url},
        "pb:currently-deployed-deployed-versions": {"href": f"{url}/deployed-versions/currently-deployed"},
        "pb:currently-supported-released-versions": {"href": f"{url}/released-versions/currently-supported"},
    }
    return 200, {**o.environments[uuid], "_links": links}


def post_environment(o: Original, *, body: Json, **_: Any) -> Answer:
    if any(each["name"] == body["name"] for each in o.environments.values()):
        return 400, {"errors": {"name": [f"name '{body['name']}' is already used by an existing environment."]}}
    uuid = _uuid(body["name"])
    o.environments[uuid] = {"uuid": uuid, **body}
    return 201, environment(o, uuid)[1]


def live(o: Original, uuid: str, kind: str, _way: str, *, query: list[tuple[str, str]], **_: Any) -> Answer:
    wanted = dict(query).get("pacticipant")
    found = [o.shown_record(r) for r in o.live(kind, uuid) if wanted in (None, r["name"])]
    return 200, {"_embedded": {f"{kind}Versions": found}, "_links": {}}


def post_record(o: Original, name: str, number: str, kind: str, uuid: str, *, body: Json, **_: Any) -> Answer:
    if number not in o.versions.get(name, []) or uuid not in o.environments:
        return 404, {"error": "The requested document was not found on this server."}
    instance = body.get("applicationInstance", "")
    for each in o.live(kind, uuid):
        if each["name"] == name and (
            each["instance"] == instance if kind == "deployed" else each["number"] == number
        ):
            if each["number"] == number:
                return 201, o.shown_record(each)
            each["until"] = o.now()
    record = {
        "uuid": _uuid(str(len(o.records))),
        "kind": kind,
        "environment": uuid,
        "name": name,
        "number": number,
        "instance": instance,
        "since": o.now(),
        "until": "",
    }
    o.records.append(record)
    return 201, o.shown_record(record)


def get_records(o: Original, name: str, number: str, kind: str, uuid: str, **_: Any) -> Answer:
    sought = (name, number, kind, uuid)
    found = [r for r in o.records if (r["name"], r["number"], r["kind"], r["environment"]) == sought]
    return 200, {"_embedded": {f"{kind}Versions": [o.shown_record(r) for r in found]}, "_links": {}}


def end_record(o: Original, kind: str, uuid: str, **_: Any) -> Answer:
    found = next(r for r in o.records if r["uuid"] == uuid)
    found["until"] = o.now()
    return 200, o.shown_record(found)


def matrix(o: Original, *, query: list[tuple[str, str]], **_: Any) -> Answer:
    told = dict(query)
    try:
        rows = o.rows(query)
    except KeyError as error:
        return 400, {"errors": [f"Pacticipant {error.args[0]} not found"]}
    rows = rows[: int(told.get("limit", "100"))]
    deployable = not o.says_no
    summary = {"deployable": deployable, "reason": o.says_no or "There are no missing dependencies"}
    return 200, {"summary": summary, "notices": [], "matrix": rows}


_N = "([^/]+)"
ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    ("GET", "/", index),
    ("POST", "/contracts/publish", publish),
    ("GET", "/matrix", matrix),
    ("GET", "/pacticipants", pacticipants),
    ("GET", f"/pacticipants/{_N}", pacticipant),
    ("GET", f"/pacticipants/{_N}/versions", versions),
    ("GET", f"/pacticipants/{_N}/branches", branches),
    ("GET", f"/pacticipants/{_N}/branches/{_N}/latest-version", branch_head),
    ("GET", "/webhooks", webhooks),
    ("GET", f"/webhooks/{_N}", webhook),
    ("GET", f"/pacticipants/{_N}/versions/{_N}", version),
    ("PUT", f"/pacticipants/{_N}/versions/{_N}", put_version),
    ("PATCH", f"/pacticipants/{_N}/versions/{_N}", put_version),
    ("PUT", f"/pacticipants/{_N}/branches/{_N}/versions/{_N}", put_branch_version),
    ("GET", f"/pacticipants/{_N}/versions/{_N}/(deployed|released)-versions/environment/{_N}", get_records),
    ("POST", f"/pacticipants/{_N}/versions/{_N}/(deployed|released)-versions/environment/{_N}", post_record),
    ("PATCH", f"/(deployed|released)-versions/{_N}", end_record),
    ("GET", f"/pacts/provider/{_N}/consumer/{_N}/version/{_N}", pact),
    ("GET", f"/pacts/provider/{_N}/consumer/{_N}/pact-version/{_N}", pact_version),
    ("GET", f"/pacts/provider/{_N}/consumer/{_N}/pact-version/{_N}/metadata/{_N}", pact_version),
    ("POST", f"/pacts/provider/{_N}/consumer/{_N}/pact-version/{_N}/verification-results", post_result),
    ("GET", f"/pacts/provider/{_N}/consumer/{_N}/pact-version/{_N}/verification-results/{_N}", result),
    ("GET", f"/pacts/provider/{_N}/for-verification", for_verification),
    ("POST", f"/pacts/provider/{_N}/for-verification", for_verification),
    ("GET", "/environments", environments),
    ("POST", "/environments", post_environment),
    ("GET", f"/environments/{_N}", environment),
    ("GET", f"/environments/{_N}/(deployed|released)-versions/currently-(deployed|supported)", live),
]


# --- served ----------------------------------------------------------------------------------------------------


@contextmanager
def served(original: Original) -> Iterator[str]:
    """The broker on a port of this machine; its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                status, told, content = original.answer(self.command, self.path, headers, body)
            self.send_response(status)
            for name, value in told.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{verb}", Handler._any)
    lock = threading.Lock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    original.base = f"http://127.0.0.1:{server.server_address[1]}{urlsplit(original.base).path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield original.base
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
