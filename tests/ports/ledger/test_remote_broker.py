"""What is taken from a remote broker: never more than it has, whatever it answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_original import TYPE, Original
from remote_ledgers import document, pact_between, remote_ledger, site_of

from harness.errors import BrokerRefused, BrokerSilent, HarnessError, UnknownName
from harness.evidence import Evidence, EvidenceKind, Known
from harness.gate import can_i_deploy
from harness.gate.decision import Decision
from harness.identity import Version
from harness.ledger.remote.hal import Document
from harness.ledger.remote.ledger import RemoteLedger
from harness.verdicts import Cause, Exercised, Verdict

WEB1, ORDERS1, ORDERS2 = Version("web", "1"), Version("orders", "1"), Version("orders", "2")
LIVE = "production"


def stocked(**told: Any) -> Original:
    """web 1 needs orders; orders 1 is live and has given one result."""
    original = Original()
    original.publish("web", "1", document())
    result(original, "web", "1", "orders", "1", **told)
    deploy(original, "orders", "1")
    return original


def result(
    original: Original, consumer: str, number: str, provider: str, version: str, success: bool = True, **told: Any
) -> None:
    sha = original.pacts[consumer, number, provider]
    path = f"/pacts/provider/{provider}/consumer/{consumer}/pact-version/{sha}/verification-results"
    send(original, "POST", path, {"success": success, "providerApplicationVersion": version, **told})


def deploy(original: Original, name: str, number: str, instance: str = "") -> None:
    uuid = next(u for u, e in original.environments.items() if e["name"] == LIVE)
    body = {"applicationInstance": instance} if instance else {}
    send(original, "POST", f"/pacticipants/{name}/versions/{number}/deployed-versions/environment/{uuid}", body)


def send(original: Original, method: str, path: str, body: Any) -> None:
    headers = {"authorization": original.password}
    status, _, content = original.answer(method, path, headers, json.dumps(body).encode())
    assert status < 300, content


def decided(original: Original, tmp_path: Path, *candidates: Version) -> Decision:
    ledger = remote_ledger(original, tmp_path / "beside.db")
    try:
        wanted = candidates or (WEB1,)
        return can_i_deploy(wanted, LIVE, ledger.facts_about(wanted, [LIVE]))
    finally:
        ledger.close()


# --- never more than it has ----------------------------------------------------------------------------------


def test_a_result_of_a_foreign_client_counts(tmp_path: Path) -> None:
    assert decided(stocked(), tmp_path).verdict is Verdict.PASSED
    assert decided(stocked(success=False), tmp_path).verdict is Verdict.FAILED


def test_a_success_that_looked_at_some_interactions_only_is_no_yes(tmp_path: Path) -> None:
    original = Original()
    original.publish("web", "1", document())
    ids = [each["_id"] for each in next(iter(original.contents.values()))["interactions"]]
    result(original, "web", "1", "orders", "1", testResults=[{"interactionId": ids[0], "success": True}])
    deploy(original, "orders", "1")
    decision = decided(original, tmp_path)
    assert (decision.verdict, decision.reasons[0].cause) == (Verdict.UNKNOWN, Cause.NOT_VERIFIED)
    assert "only 1 of 2 interactions were verified" in decision.reasons[0].text
    broken = [{"interactionId": ids[0], "success": True}, {"interactionId": ids[1], "success": False}]
    result(original, "web", "1", "orders", "1", testResults=broken)
    assert decided(original, tmp_path).verdict is Verdict.UNKNOWN
    result(original, "web", "1", "orders", "1", testResults=[{"interactionId": i, "success": True} for i in ids])
    assert decided(original, tmp_path).verdict is Verdict.PASSED


def test_the_hundred_rows_of_a_matrix_hide_nothing(tmp_path: Path) -> None:
    """The original says yes here: its matrix stops at 100 rows, and the one that failed is the oldest (D1)."""
    original = Original()
    for number in range(120):
        consumer = f"web{number}"
        original.publish(consumer, "1", document(consumer, "orders", f"/{number}"))
        result(original, consumer, "1", "orders", "2", success=number != 0)
        deploy(original, consumer, "1")
    decision = decided(original, tmp_path, ORDERS2)
    assert decision.verdict is Verdict.FAILED
    assert [str(r.consumer) for r in decision.reasons if r.verdict is Verdict.FAILED] == ["web0 1"]


def test_a_decision_asks_only_for_what_it_rests_on(tmp_path: Path) -> None:
    original = stocked()
    for number in range(20):
        original.publish(f"other{number}", "1", document(f"other{number}", "stock", f"/{number}"))
        deploy(original, f"other{number}", "1")
    original.requests.clear()
    assert decided(original, tmp_path).verdict is Verdict.PASSED
    asked = [each.split()[1].split("?")[0] for each in original.requests]
    assert sum("/version/" in each for each in asked) == 1, "of all pacts, its own"
    assert asked.count("/matrix") == 2, "its results, and what the broker itself says"
    assert sum(each.endswith("/versions") for each in asked) == 2, "what runs recorded in the place of the two"
    assert len(asked) <= 32


def test_where_results_of_equal_pacts_disagree_a_no_stands(tmp_path: Path) -> None:
    original = stocked(success=False)
    original.publish("shop", "1", document("shop"))
    result(original, "shop", "1", "orders", "1")
    shop = Version("shop", "1")
    assert decided(original, tmp_path, WEB1, shop).verdict is Verdict.FAILED
    result(original, "web", "1", "orders", "1")
    assert decided(original, tmp_path, WEB1, shop).verdict is Verdict.PASSED


def test_each_live_version_must_be_verified_not_one_of_them(tmp_path: Path) -> None:
    """The original says yes here: the unverified instance has no row in its matrix (D2)."""
    original = stocked()
    original.mention("orders", "2")
    deploy(original, "orders", "2", "green")
    assert decided(original, tmp_path).verdict is Verdict.UNKNOWN


def test_a_no_of_the_broker_that_nothing_explains_is_told_and_is_no_yes(tmp_path: Path) -> None:
    original = stocked()
    original.says_no = "There is no verified pact between web (1) and stock"
    decision = decided(original, tmp_path)
    assert decision.verdict is Verdict.UNKNOWN
    assert decision.reasons[0].cause is Cause.DISAGREEING
    assert (
        "the broker itself does not say yes: There is no verified pact between web (1) and stock"
        in decision.reasons[0].text
    )


def test_a_yes_of_the_broker_alone_is_worth_nothing(tmp_path: Path) -> None:
    original = stocked()
    original.results.clear()
    assert decided(original, tmp_path).verdict is Verdict.UNKNOWN


def test_a_result_of_other_content_than_the_pact_has_now_is_left_out(tmp_path: Path) -> None:
    original = stocked()

    def lies(method: str, target: str) -> tuple[int, dict[str, str], bytes] | None:
        if not target.startswith("/matrix"):
            return None
        status, body = original._route("GET", "/matrix", [("q[][pacticipant]", "web"), ("q[][version]", "1")], {})
        sha = original.pacts["web", "1", "orders"]
        return status, {"Content-Type": TYPE}, json.dumps(body).replace(sha, "f" * 40).encode()

    original.results.append({**original.results[0], "sha": "f" * 40})
    original.contents["web", "orders", "f" * 40] = document("web", "orders", "/other")
    original.pacts["web", "0", "orders"] = "f" * 40
    original.faults.append(lies)
    assert decided(original, tmp_path).verdict is Verdict.UNKNOWN


def test_a_yes_that_only_this_machine_has_seen_is_no_yes_for_the_team(tmp_path: Path) -> None:
    original = stocked()
    ledger = remote_ledger(original, tmp_path / "beside.db")
    pact = pact_between()
    mine = Evidence(
        kind=EvidenceKind.PACTS,
        contract=pact.key,
        consumer="web",
        provider=ORDERS1,
        artifact="a1",
        identity="i1",
        verdict=Verdict.PASSED,
        promised=2,
        exercised=2,
        complete=True,
        run="r1",
        at="2026-01-01T00:00:00Z",
        results=tuple(Exercised(subject=f"a request for /orders/{n}", verdict=Verdict.PASSED) for n in (1, 2)),
    )
    ledger.record_version(Known(version=ORDERS1, artifacts=frozenset({"a1"})))
    original.results.clear()
    ledger.record_evidence(mine)
    sent = original.results[0]["given"]["testResults"]
    assert [each["success"] for each in sent] == [True, True]
    assert {each["interactionId"] for each in sent} == {
        each["_id"] for each in next(iter(original.contents.values()))["interactions"]
    }
    facts = ledger.facts_about([WEB1], [LIVE])
    assert [(e.artifact, e.identity, e.run) for e in facts.evidence] == [("a1", "i1", "r1")]
    assert can_i_deploy([WEB1], LIVE, facts).verdict is Verdict.PASSED
    original.results.clear()  # somebody deletes it at the broker
    facts = ledger.facts_about([WEB1], [LIVE])
    assert can_i_deploy([WEB1], LIVE, facts).verdict is Verdict.UNKNOWN
    ledger.close()


def test_another_machines_failure_stands_over_a_yes_of_this_one(tmp_path: Path) -> None:
    original = stocked()
    ledger = remote_ledger(original, tmp_path / "beside.db")
    assert can_i_deploy([WEB1], LIVE, ledger.facts_about([WEB1], [LIVE])).verdict is Verdict.PASSED
    result(original, "web", "1", "orders", "1", success=False)
    assert can_i_deploy([WEB1], LIVE, ledger.facts_about([WEB1], [LIVE])).verdict is Verdict.FAILED
    ledger.close()


def test_what_was_published_is_read_back_and_compared(tmp_path: Path) -> None:
    """A broker that merges may keep less than it was given, and call it a success (D3)."""
    original = Original()
    ledger = remote_ledger(original, tmp_path / "beside.db")
    keep = original.publish

    def loses(consumer: str, number: str, pact: Document) -> None:
        keep(consumer, number, {**pact, "interactions": pact["interactions"][:1]})

    original.publish = loses  # type: ignore[method-assign]
    with pytest.raises(BrokerSilent, match="keeps other content"):
        ledger.publish(WEB1, [pact_between()])
    ledger.close()


def test_of_all_facts_only_what_was_read_in_full_is_told(tmp_path: Path) -> None:
    original = Original()
    for number in range(30):
        original.publish("web", str(number), document("web", "orders", f"/{number}"))
    ledger = remote_ledger(original, tmp_path / "beside.db")
    assert [v.number for v in ledger.facts().versions] == [str(n) for n in range(20, 30)]
    old = Version("web", "3")
    asked = ledger.facts_about([old], [LIVE]).versions[old]
    assert asked.pacts
    ledger.record_version(Known(version=Version("web", "30")))
    assert ledger.facts().versions[old] == asked
    ledger.close()


def test_a_live_version_that_cannot_be_read_is_not_left_out(tmp_path: Path) -> None:
    original = stocked()
    deploy(original, "web", "1")
    original.faults.append(faulty("/pacticipants/web/versions/1", 404))
    with pytest.raises(BrokerSilent, match="web 1 is live in production, and the broker does not know"):
        decided(original, tmp_path, ORDERS1)


def test_a_version_that_does_not_say_what_it_published_is_not_one_without_pacts(tmp_path: Path) -> None:
    original = stocked()
    shown = original.version("web", "1")
    del shown["_links"]["pb:pact-versions"]
    content = json.dumps(shown).encode()
    original.faults.append(faulty("/pacticipants/web/versions/1", 200, content, Content_Type=TYPE))
    with pytest.raises(BrokerSilent, match="does not name its pacts"):
        decided(original, tmp_path)


def test_an_environment_of_the_manifest_is_made_when_something_first_comes_there(tmp_path: Path) -> None:
    original = stocked()
    ledger = remote_ledger(original, tmp_path / "beside.db", policies={"staging": ("pacts", "integration")})
    assert ledger.facts_about((), ()).environments["staging"] == ("pacts", "integration")
    missing = can_i_deploy([WEB1], "staging", ledger.facts_about([WEB1], ["staging"])).reasons
    assert Cause.NOTHING_DEPLOYED in {reason.cause for reason in missing}
    assert "staging" not in {each["name"] for each in original.environments.values()}
    with pytest.raises(UnknownName):
        can_i_deploy([WEB1], "elsewhere", ledger.facts_about([WEB1], ["elsewhere"]))
    ledger.record_deployment("staging", ORDERS1)
    assert ledger.facts_about((), ()).environments["staging"] == ("pacts", "integration")
    ledger.close()


# --- whatever it answers -------------------------------------------------------------------------------------


def faulty(where: str, status: int, content: bytes = b"", **headers: str) -> Callable[[str, str], Any]:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _method, target: (status, told, content) if where in target else None


JUNK = [b"", b"null", b"[]", b"7", b'"x"', b"{", b"\xff\xfe", b'{"_embedded": []}', b"[" * 100_000]
PLACES = [
    "/matrix",
    "/environments",
    "/pacticipants/web/versions/1",
    "/verification-results/",
    "/deployed-versions/",
]


@pytest.mark.parametrize("content", JUNK, ids=lambda c: repr(c[:20]))
@pytest.mark.parametrize("where", PLACES)
def test_junk_is_never_a_yes(tmp_path: Path, where: str, content: bytes) -> None:
    original = stocked()
    original.faults.append(faulty(where, 200, content, Content_Type=TYPE))
    with pytest.raises(BrokerSilent) as caught:
        decided(original, tmp_path)
    assert caught.value.exit == 3
    assert "try:" in str(caught.value)


@pytest.mark.parametrize("where", ["/", *PLACES])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 410, 418, 429, 500, 502, 503, 504])
def test_a_refusal_is_never_a_yes(tmp_path: Path, where: str, status: int) -> None:
    original = stocked()
    original.faults.append(faulty(where, status, b"{}", Content_Type=TYPE))
    with pytest.raises(HarnessError) as caught:
        decided(original, tmp_path)
    assert caught.value.exit in {2, 3}
    assert str(status) in str(caught.value) or isinstance(caught.value, UnknownName)


def test_a_web_page_is_told_as_one(tmp_path: Path) -> None:
    original = stocked()
    original.faults.append(faulty("/", 200, b"<html>Log in</html>", Content_Type="text/html"))
    with pytest.raises(BrokerSilent, match="answers with a web page"):
        decided(original, tmp_path)


def test_a_busy_broker_is_asked_again_and_no_more_often_than_patience_allows(tmp_path: Path) -> None:
    original = stocked()
    answers = [503, 429]

    def busy(_method: str, target: str) -> Any:
        return (answers.pop(), {"Retry-After": "0"}, b"") if answers and "/matrix" in target else None

    original.faults.append(busy)
    assert decided(original, tmp_path).verdict is Verdict.PASSED
    original.faults[:] = [faulty("/environments", 503, Retry_After="0")]
    original.requests.clear()
    with pytest.raises(BrokerSilent, match="HTTP 503"):
        decided(original, tmp_path)
    assert original.requests.count("GET /environments") == 3


def test_a_broker_that_asks_to_come_back_much_later_is_not_waited_for(tmp_path: Path) -> None:
    original = stocked()
    original.faults.append(faulty("/", 429, Retry_After="3600"))
    with pytest.raises(BrokerSilent, match="come back after 3600"):
        decided(original, tmp_path)


def test_pages_are_followed_and_pages_without_end_are_told(tmp_path: Path) -> None:
    original = stocked()
    site = site_of(original)
    url = site.link("pb:pacticipant", pacticipant="web")
    for number in range(250):
        original.branches["web", f"b{number}"] = ["1"]
    branches = site.all_pages(f"{url}/branches", "branches")
    assert len(branches) == 250
    page = {
        "page": {},
        "_embedded": {"environments": []},
        "_links": {"next": {"href": "http://broker.test/environments?page=1"}},
    }
    original.faults.append(faulty("/environments", 200, json.dumps(page).encode(), Content_Type=TYPE))
    with pytest.raises(BrokerSilent, match="pages do not end"):
        site.all_pages(site.link("pb:environments"), "environments")


def test_a_redirect_is_followed_only_where_secrets_may_go(tmp_path: Path) -> None:
    original = stocked()
    original.faults.append(faulty("/", 302, Location="http://evil.test/"))
    with pytest.raises(BrokerRefused, match=r"redirects to http://evil\.test/"):
        decided(original, tmp_path)


def test_a_broker_that_insists_on_tls_is_talked_to_with_tls() -> None:
    original = stocked()
    asked = []

    def answered(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url}")
        if request.url.scheme == "http":
            return httpx.Response(301, headers={"Location": str(request.url.copy_with(scheme="https"))})
        target = request.url.raw_path.decode()
        status, told, content = original.answer(request.method, target, dict(request.headers), request.read())
        return httpx.Response(status, headers=told, content=content)

    site = site_of(original)
    site.http.transport = httpx.MockTransport(answered)
    site.read(site.link("pb:environments"))
    assert asked == [
        "GET http://broker.test/",
        "GET https://broker.test/",
        "GET https://broker.test/environments",
    ]


def test_a_base_url_with_a_path_keeps_it(tmp_path: Path) -> None:
    original = Original(base="http://broker.test/pact")
    original.publish("web", "1", document())
    ledger = remote_ledger(original, tmp_path / "beside.db")
    ledger.record_version(Known(version=ORDERS1, branch="feat/x"))
    assert ledger.facts().versions.keys() == {WEB1, ORDERS1}
    assert all(" /pact/" in each for each in original.requests)
    ledger.close()


def test_the_credentials_are_sent_and_never_told(tmp_path: Path) -> None:
    original = stocked()
    original.password = "Bearer s3cret"
    ok = RemoteLedger(
        site=site_of(original, {"PACT_BROKER_TOKEN": "s3cret"}),
        beside=remote_ledger(original, tmp_path / "a.db").beside,
    )
    assert ok.facts_about([WEB1], [LIVE]).versions
    assert "s3cret" not in repr(ok)
    ok.close()
    for environ in ({}, {"PACT_BROKER_TOKEN": "wr0ng"}):
        with pytest.raises(BrokerRefused) as caught:
            _ = site_of(original, environ).index
        assert "wr0ng" not in str(caught.value)
        assert "set PACT_BROKER_TOKEN" in str(caught.value)


def test_an_address_where_no_broker_is_says_so(tmp_path: Path) -> None:
    original = stocked()
    original.faults.append(faulty("/", 404))
    with pytest.raises(BrokerRefused, match="there is no broker at that address"):
        decided(original, tmp_path)


def test_a_version_called_by_steps_of_a_path_is_refused(tmp_path: Path) -> None:
    ledger = remote_ledger(Original(), tmp_path / "beside.db")
    with pytest.raises(BrokerRefused, match="no broker can be asked"):
        ledger.record_version(Known(version=Version("web", "..")))
    ledger.close()
