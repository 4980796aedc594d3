"""One behaviour for every ledger that people can point at: in memory, in SQLite, and a remote broker's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fake_original import Original
from fakes_ledger import MemoryLedger
from new_ledgers import new_ledger
from remote_ledgers import own_ledger, pact_between, remote_ledger

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.contracts.document import Contract, ContractKind
from harness.contracts.openapi_reader import read_openapi
from harness.errors import HarnessError, IdentityConflict, UnknownName, UsageError
from harness.evidence import Evidence, EvidenceKind, Known
from harness.gate import can_i_deploy, deployment_plan, rollback_targets
from harness.identity import Version
from harness.ledger.remote.ledger import RemoteLedger
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Cause, Exercised, Verdict

WEB1, WEB2 = Version("web", "1"), Version("web", "2")
ORDERS1, ORDERS2 = Version("orders", "1"), Version("orders", "2")
AnyLedger = MemoryLedger | SqlLedger | RemoteLedger


@pytest.fixture(params=["memory", "sqlite", "remote", "own broker"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyLedger]:
    make: dict[str, Callable[[], AnyLedger]] = {
        "memory": MemoryLedger,
        "sqlite": lambda: new_ledger(tmp_path / "ledger.db"),
        "remote": lambda: remote_ledger(Original(), tmp_path / "beside.db"),
        "own broker": lambda: own_ledger(
            broker(request.getfixturevalue("sqlite_database"), BrokerSettings()), tmp_path / "beside.db"
        ),
    }
    made = make[request.param]()
    for place in ("test", "production"):  # a served broker lists what somebody has used
        made.declare_environment(place, ["pacts"])
    yield made
    made.close()


def seen(contract: Contract, provider: Version, verdict: Verdict = Verdict.PASSED, **changes: Any) -> Evidence:
    because = {Verdict.FAILED: "it answered 500", Verdict.UNKNOWN: "the tool crashed"}.get(verdict, "")
    cause = {Verdict.FAILED: Cause.BROKEN_PROMISE, Verdict.UNKNOWN: Cause.TOOL_CRASHED}.get(verdict)
    values: dict[str, Any] = {
        "kind": EvidenceKind.PACTS,
        "contract": contract.key,
        "consumer": contract.owner,
        "provider": provider,
        "artifact": "",
        "identity": "",
        "verdict": verdict,
        "cause": cause,
        "because": because,
        "promised": 2,
        "exercised": 2,
        "complete": verdict is not Verdict.UNKNOWN,
        "run": "r1",
        "at": "2026-01-01T00:00:00.000+00:00",
    }
    return Evidence(**{**values, **changes})


def told_by(error: type[HarnessError], call: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def stock(ledger: AnyLedger) -> Contract:
    """web 1 needs orders; orders 1 keeps its promise and is live."""
    pact = pact_between()
    ledger.record_version(Known(version=WEB1, branch="main", build_url="http://ci/1"))
    ledger.publish(WEB1, [pact])
    ledger.record_version(Known(version=ORDERS1, branch="main"))
    ledger.record_evidence(seen(pact, ORDERS1))
    ledger.record_deployment("production", ORDERS1)
    return pact


def verdict(ledger: AnyLedger, *candidates: Version, place: str = "production") -> Verdict:
    return can_i_deploy(candidates, place, ledger.facts_about(candidates, [place])).verdict


# --- what is known -------------------------------------------------------------------------------------------


def test_a_version_is_known_with_its_branch_its_build_and_its_pacts(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    for facts in (ledger.facts(), ledger.facts_about([WEB1], ["production"])):
        known = facts.versions[WEB1]
        assert (known.branch, known.build_url, dict(known.pacts)) == ("main", "http://ci/1", {"orders": pact.key})


def test_a_contract_can_be_read_again_by_its_key(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    ledger.facts_about([WEB1], [])
    found = ledger.contract(pact.key)
    assert found is not None
    assert (found.kind, found.owner, found.counterpart) == (ContractKind.PACT, "web", "orders")
    assert ledger.contract("0" * 40) is None


def test_a_build_and_how_to_start_it_are_remembered(ledger: AnyLedger) -> None:
    known = Known(version=ORDERS1, artifacts=frozenset({"a1"}))
    ledger.record_version(known, runtime="docker", descriptor={"image": "orders:1"})
    assert ledger.descriptor(ORDERS1, "docker") == {"image": "orders:1"}
    assert ledger.facts().versions[ORDERS1].artifacts == {"a1"}
    other = Known(version=ORDERS1, artifacts=frozenset({"a2"}))
    told = told_by(IdentityConflict, lambda: ledger.record_version(other, runtime="docker"))
    assert "orders 1 already stands for build a1" in told


def test_the_documents_of_a_provider_are_kept_beside_its_pacts(ledger: AnyLedger) -> None:
    document = Contract(kind=ContractKind.OPENAPI, owner="orders", key="d1", text='{"openapi": "3.1.0"}')
    ledger.publish(ORDERS1, [document])
    ledger.record_version(Known(version=ORDERS1))
    assert ledger.facts().versions[ORDERS1].openapi == "d1"
    found = ledger.contract("d1")
    assert found is not None
    assert found.text == document.text


def document_of(*paths: str) -> Contract:
    """A document with these paths."""
    answers = {"get": {"responses": {"200": {"description": "fine"}}}}
    document = {"openapi": "3.1.0", "info": {"title": "o", "version": "1"}, "paths": dict.fromkeys(paths, answers)}
    return read_openapi(json.dumps(document).encode(), "orders", "a document").contract()


@pytest.mark.parametrize(
    ("paths", "own_tests", "verdict", "because"),
    [
        (["/a", "/b"], None, Verdict.UNKNOWN, "not exercised: GET /a 200"),
        (["/a", "/b"], True, Verdict.UNKNOWN, "not exercised: GET /a 200"),
        (["/a", "/b"], False, Verdict.FAILED, "own tests did not hold it"),
        (["/a"], True, Verdict.FAILED, "/b"),
    ],
)
def test_a_document_decides_where_its_provider_is_held_to_it_and_nothing_was_run(
    ledger: AnyLedger,
    request: pytest.FixtureRequest,
    paths: list[str],
    own_tests: bool | None,
    verdict: Verdict,
    because: str,
) -> None:
    pact, document = pact_between("web", "orders", "/a", "/b"), document_of(*paths)
    ledger.publish(WEB1, [pact])
    ledger.publish(ORDERS1, [document])
    if request.node.callspec.params["ledger"] == "remote":
        refuse = partial(ledger.hold_to_document, ORDERS1, document, own_tests=own_tests)
        assert "takes no provider contracts" in told_by(UsageError, refuse)
        return
    ledger.hold_to_document(ORDERS1, document, own_tests=own_tests)
    ledger.record_deployment("production", ORDERS1)
    reason = can_i_deploy([WEB1], "production", ledger.facts_about([WEB1], ["production"])).reasons[0]
    assert (reason.verdict, because in reason.text) == (verdict, True), reason.text
    ledger.record_evidence(seen(pact, ORDERS1))
    reason = can_i_deploy([WEB1], "production", ledger.facts_about([WEB1], ["production"])).reasons[0]
    assert (reason.verdict, reason.text) == (Verdict.PASSED, "web 1 is verified on orders 1")


# --- publishing ----------------------------------------------------------------------------------------------


def test_a_pact_is_published_once_and_tells_what_was_before(ledger: AnyLedger) -> None:
    first, second = pact_between(), pact_between("web", "orders", "/other")
    assert [p.created for p in ledger.publish(WEB1, [first])] == [True]
    assert [p.created for p in ledger.publish(WEB1, [first])] == [False]
    published = ledger.publish(WEB2, [second])
    assert [(p.created, p.previous) for p in published] == [(True, first.key)]


def test_other_content_under_the_same_version_is_refused_and_changes_nothing(ledger: AnyLedger) -> None:
    first, second = pact_between(), pact_between("web", "orders", "/other")
    ledger.publish(WEB1, [first])
    told = told_by(IdentityConflict, lambda: ledger.publish(WEB1, [second]))
    assert "web 1 already has other content for the pact of web with orders" in told
    assert "added: a request for /other" in told
    assert ledger.facts_about([WEB1], []).versions[WEB1].pacts == {"orders": first.key}


def test_all_pacts_of_a_version_are_refused_when_one_is(ledger: AnyLedger) -> None:
    ledger.publish(WEB1, [pact_between()])
    with pytest.raises(IdentityConflict):
        ledger.publish(WEB1, [pact_between("web", "stock"), pact_between("web", "orders", "/other")])
    assert ledger.facts_about([WEB1], []).versions[WEB1].pacts.keys() == {"orders"}


# --- evidence and decisions ----------------------------------------------------------------------------------


def test_a_verified_pair_is_a_yes(ledger: AnyLedger) -> None:
    stock(ledger)
    assert verdict(ledger, WEB1) is Verdict.PASSED
    assert can_i_deploy([WEB1], "production", ledger.facts()).verdict is Verdict.PASSED


def test_a_broken_promise_is_a_no_and_a_later_yes_heals_it(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    ledger.record_evidence(seen(pact, ORDERS1, Verdict.FAILED, run="r2", at="2026-01-03T00:00:00.000+00:00"))
    assert verdict(ledger, WEB1) is Verdict.FAILED
    ledger.record_evidence(seen(pact, ORDERS1, run="r3", at="2026-01-04T00:00:00.000+00:00"))
    assert verdict(ledger, WEB1) is Verdict.PASSED


@pytest.mark.parametrize("first", [Verdict.PASSED, Verdict.FAILED])
def test_two_builds_of_one_version_that_disagree_are_a_no_that_names_both(
    ledger: AnyLedger, first: Verdict, request: pytest.FixtureRequest
) -> None:
    pact = stock(ledger)
    second = Verdict.FAILED if first is Verdict.PASSED else Verdict.PASSED
    for artifact, said in (("build-one", first), ("build-two", second)):
        known = Known(version=ORDERS2, artifacts=frozenset({artifact}), untraced=("target/app.jar",))
        ledger.record_version(known, runtime="process", another_build=True)
        when = f"2026-01-0{1 + (artifact == 'build-two')}T00:00:00.000+00:00"
        ledger.record_evidence(
            seen(pact, ORDERS2, said, artifact=artifact, identity=artifact, run=f"run-{artifact}", at=when)
        )
    ledger.record_deployment("production", WEB1)
    decision = can_i_deploy([ORDERS2], "production", ledger.facts_about([ORDERS2], ["production"]))
    (reason,) = [each for each in decision.reasons if each.consumer == WEB1]
    assert reason.verdict is Verdict.FAILED
    if request.node.callspec.params["ledger"] == "remote":
        return  # a foreign broker knows no builds: it keeps the no, or this machine does
    assert reason.cause is Cause.DISAGREEING
    assert "results of two builds disagree" in reason.text
    for name in ("build-one", "build-two", "by process", "target/app.jar"):
        assert name in reason.text


def test_what_could_not_be_seen_is_neither(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    ledger.record_evidence(seen(pact, ORDERS2, Verdict.UNKNOWN))
    ledger.record_version(Known(version=ORDERS2))
    ledger.record_deployment("production", ORDERS2)
    assert verdict(ledger, WEB1) is Verdict.UNKNOWN


def test_every_live_version_counts(ledger: AnyLedger) -> None:
    stock(ledger)
    ledger.record_version(Known(version=ORDERS2))
    ledger.record_deployment("production", ORDERS2, instance="green")
    assert verdict(ledger, WEB1) is Verdict.UNKNOWN


def test_a_provider_answers_to_the_consumers_that_are_live(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    ledger.record_deployment("production", WEB1)
    ledger.record_version(Known(version=ORDERS2))
    assert verdict(ledger, ORDERS2) is Verdict.UNKNOWN
    ledger.record_evidence(seen(pact, ORDERS2, Verdict.FAILED))
    assert verdict(ledger, ORDERS2) is Verdict.FAILED


def test_evidence_of_equal_content_speaks_for_every_version_that_published_it(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    ledger.publish(WEB2, [pact])
    assert verdict(ledger, WEB2) is Verdict.PASSED


def test_a_version_of_which_only_the_number_is_known_is_no_yes(ledger: AnyLedger) -> None:
    stock(ledger)
    ledger.record_version(Known(version=WEB2))
    assert verdict(ledger, WEB2) is Verdict.UNKNOWN


def test_a_provider_that_nobody_live_needs_meets_nobody(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    ledger.record_evidence(seen(pact, ORDERS2))
    assert verdict(ledger, ORDERS2) is Verdict.PASSED


def test_names_that_nobody_knows_are_errors_and_say_what_was_meant(ledger: AnyLedger) -> None:
    stock(ledger)
    for wrong, meant in ((Version("web", "11"), "'1'"), (Version("wbe", "1"), "'web'")):
        told = told_by(UnknownName, lambda wrong=wrong: verdict(ledger, wrong))  # type: ignore[misc]
        assert f"did you mean {meant}" in told
    told = told_by(UnknownName, lambda: verdict(ledger, WEB1, place="produktion"))
    assert "did you mean 'production'?" in told


def test_results_in_full_are_reused_for_the_same_content_and_identity(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    results = tuple(Exercised(subject=f"a request for /orders/{n}", verdict=Verdict.PASSED) for n in (1, 2))
    evidence = seen(pact, ORDERS1, artifact="a1", identity="i1", results=results, run="r9")
    ledger.record_evidence(evidence)
    assert ledger.reusable(EvidenceKind.PACTS, pact.key, "i1") == evidence
    assert ledger.reusable(EvidenceKind.PACTS, pact.key, "i2") is None


def test_evidence_of_other_kinds_counts_where_the_policy_demands_it(ledger: AnyLedger) -> None:
    pact = stock(ledger)
    document = Contract(kind=ContractKind.OPENAPI, owner="orders", key="d1", text='{"openapi": "3.1.0"}')
    ledger.publish(ORDERS2, [document])
    ledger.record_evidence(seen(pact, ORDERS2))
    ledger.declare_environment("production", ["pacts", "properties"])
    assert verdict(ledger, ORDERS2) is Verdict.UNKNOWN
    properties = replace(seen(pact, ORDERS2), kind=EvidenceKind.PROPERTIES, contract="d1", consumer="")
    ledger.record_evidence(properties)
    assert verdict(ledger, ORDERS2) is Verdict.PASSED


# --- environments --------------------------------------------------------------------------------------------


def test_a_deployment_replaces_and_a_release_adds(ledger: AnyLedger) -> None:
    stock(ledger)
    ledger.record_version(Known(version=ORDERS2))
    ledger.record_deployment("production", ORDERS2)
    ledger.record_release("production", ORDERS1)
    live = [(str(e.version), e.released) for e in ledger.facts_about((), ["production"]).live]
    assert live == [("orders 1", True), ("orders 2", False)]
    ledger.record_support_ended("production", ORDERS1)
    assert ledger.record_undeployment("production", "orders") == 1
    assert ledger.facts().live == ()


def test_instances_are_slots_of_their_own(ledger: AnyLedger) -> None:
    stock(ledger)
    ledger.record_deployment("production", ORDERS1, instance="blue")
    told = told_by(UnknownName, lambda: ledger.record_undeployment("production", "orders", instance="green"))
    assert "'orders' is not deployed in production on instance 'green'" in told
    ledger.record_undeployment("production", "orders", instance="blue")
    assert [e.instance for e in ledger.facts().live] == [""]


def test_what_nobody_knows_cannot_be_deployed(ledger: AnyLedger) -> None:
    stock(ledger)
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: ledger.record_deployment("produktion", WEB1), "no environment 'produktion'"),
        (lambda: ledger.record_deployment("production", Version("web", "9")), "nobody has published or verified"),
        (lambda: ledger.record_release("production", Version("wbe", "1")), "no pacticipant 'wbe'"),
        (lambda: ledger.record_undeployment("production", "web"), "'web' is not deployed in production"),
        (lambda: ledger.record_support_ended("production", ORDERS1), "orders 1 is not released in production"),
    ]
    for call, text in calls:
        assert text in told_by(UnknownName, call)


def test_a_declared_environment_is_known_with_its_policy(ledger: AnyLedger) -> None:
    ledger.declare_environment("staging", ["integration"])
    ledger.declare_environment("production", ["integration"])
    assert ledger.facts().environments == {
        "test": ("pacts",),
        "production": ("integration",),
        "staging": ("integration",),
    }


def test_names_that_nothing_keeps_are_refused(ledger: AnyLedger) -> None:
    for bad in (Version("", "1"), Version("web", ""), Version("we\0b", "1"), Version("web", "\ud800")):
        with pytest.raises(UsageError):
            ledger.record_version(Known(version=bad))


@pytest.mark.parametrize("odd", ["feat/x", "a b", "1+dirty.3", "é🦊", "100%", "a?b#c", "..."])
def test_odd_names_come_back_as_they_were_given(ledger: AnyLedger, odd: str) -> None:
    consumer = Version(f"web {odd}", odd)
    pact = pact_between(consumer.pacticipant, f"orders {odd}")
    ledger.record_version(Known(version=consumer, branch=f"feat/{odd}"))
    ledger.publish(consumer, [pact])
    provider = Version(f"orders {odd}", odd)
    ledger.record_evidence(seen(pact, provider))
    ledger.record_deployment("production", provider, instance=odd)
    facts = ledger.facts_about([consumer], ["production"])
    assert facts.versions[consumer].branch == f"feat/{odd}"
    assert [(e.version, e.instance) for e in facts.live] == [(provider, odd)]
    assert can_i_deploy([consumer], "production", facts).verdict is Verdict.PASSED


# --- sets, orders, ways back ---------------------------------------------------------------------------------


def test_an_order_and_a_way_back_are_found(ledger: AnyLedger) -> None:
    stock(ledger)
    ledger.record_deployment("production", WEB1)
    both = pact_between("web", "orders", "/orders/1", "/orders/2", "/new")
    ledger.publish(WEB2, [both])
    ledger.record_evidence(seen(pact_between(), ORDERS2, at="2026-01-03T00:00:00.000+00:00"))
    ledger.record_evidence(
        seen(both, ORDERS2, promised=3, exercised=3, run="r2", at="2026-01-04T00:00:00.000+00:00")
    )
    candidates = [WEB2, ORDERS2]
    plan = deployment_plan(candidates, "production", ledger.facts_about(candidates, ["production"]))
    assert plan.verdict is Verdict.PASSED
    ledger.record_deployment("production", ORDERS2)
    back = rollback_targets(["orders"], "production", ledger.facts_of(["production"]))
    assert (back.verdict, back.together) == (Verdict.PASSED, (ORDERS1,))
