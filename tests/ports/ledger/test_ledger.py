"""One behaviour for everything that keeps a ledger: in memory, in SQLite, in PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fakes_ledger import MemoryLedger
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from law_examples import examples
from new_ledgers import new_ledger

from harness.contracts.document import Contract, ContractKind
from harness.errors import ContractError, HarnessError, IdentityConflict, UnknownName, UsageError
from harness.evidence import Evidence, EvidenceKind, Known, Live
from harness.identity import Version
from harness.ledger.db.complete_tables import complete_metadata
from harness.ledger.db.database import open_database
from harness.ledger.db.tables import REVISION_TABLE
from harness.ledger.sql_ledger import open_ledger
from harness.ports import Ledger
from harness.verdicts import Cause, Difference, Exchange, Exercised, Finding, Verdict

WEB1, WEB2 = Version("web", "1"), Version("web", "2")
ORDERS1, ORDERS2 = Version("orders", "1"), Version("orders", "2")
ODD = "a/b \"c\" 'd'; DROP TABLE versions;-- % _ \\ 🦊\n\té"


class Open(Ledger, Protocol):
    """A ledger that can be let go of, and that knows how to start a version again."""

    def descriptor(self, version: Version, runtime: str = "") -> Any: ...

    def close(self) -> None: ...


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Open]]:
    """Makes empty ledgers of one kind."""
    made: list[Open] = []

    def fresh() -> Open:
        ledger: Open
        if request.param == "memory":
            ledger = MemoryLedger()
        elif request.param == "sqlite":
            ledger = new_ledger(tmp_path / uuid4().hex / "ledger.db")
        else:
            ledger = open_ledger(new_database(request.getfixturevalue("postgres_server")))
        made.append(ledger)
        return ledger

    yield fresh
    for ledger in made:
        ledger.close()


def new_database(server: str) -> str:
    name = f"l{uuid4().hex}"
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


@pytest.fixture
def ledger(make: Callable[[], Open]) -> Open:
    return make()


def pact(key: str = "k1", *, owner: str = "web", provider: str = "orders", text: str = "{}") -> Contract:
    return Contract(kind=ContractKind.PACT, owner=owner, counterpart=provider, key=key, text=text)


def openapi(key: str = "d1", owner: str = "orders") -> Contract:
    return Contract(kind=ContractKind.OPENAPI, owner=owner, key=key, text='{"openapi": "3.1.0"}')


def seen(verdict: Verdict = Verdict.PASSED, **changes: Any) -> Evidence:
    failed = verdict is not Verdict.PASSED
    values: dict[str, Any] = {
        "kind": EvidenceKind.PACTS,
        "contract": "k1",
        "consumer": "web",
        "provider": ORDERS1,
        "artifact": "a1",
        "identity": "i1",
        "verdict": verdict,
        "cause": Cause.BROKEN_PROMISE if failed else None,
        "because": "it answered 500" if failed else "",
        "promised": 2,
        "exercised": 2,
        "complete": verdict is not Verdict.UNKNOWN,
        "run": "r1",
        "at": "2026-01-01T00:00:00Z",
    }
    return Evidence(**{**values, **changes})


def refused(error: type[HarnessError], call: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


# --- versions ------------------------------------------------------------------------------------------------


def test_a_new_ledger_knows_nothing_but_two_environments(ledger: Open) -> None:
    facts = ledger.facts()
    assert (facts.versions, facts.evidence, facts.live) == ({}, (), ())
    assert facts.environments == {"test": ("pacts",), "production": ("pacts",)}


def test_a_version_is_remembered_with_where_it_comes_from(ledger: Open) -> None:
    known = Known(
        version=ORDERS1,
        artifacts=frozenset({"a1"}),
        branch="feat/x",
        commit="c" * 40,
        build_url="https://ci/1?a=b&c=d",
    )
    ledger.record_version(known, runtime="docker")
    assert ledger.facts().versions == {ORDERS1: known}


def test_what_is_not_said_anew_stays_and_what_is_said_anew_counts(ledger: Open) -> None:
    ledger.record_version(Known(version=ORDERS1, branch="main", commit="c1", build_url="u1"))
    ledger.record_version(Known(version=ORDERS1, branch="release"))
    assert ledger.facts().versions[ORDERS1] == Known(
        version=ORDERS1, branch="release", commit="c1", build_url="u1"
    )


def test_two_runtimes_may_build_one_version_differently(ledger: Open) -> None:
    ledger.record_version(Known(version=ORDERS1, artifacts=frozenset({"a1"})), runtime="docker")
    ledger.record_version(Known(version=ORDERS1, artifacts=frozenset({"a2"})), runtime="process")
    assert ledger.facts().versions[ORDERS1].artifacts == {"a1", "a2"}


def test_a_second_build_under_one_number_is_an_error_that_names_both(ledger: Open) -> None:
    first, second = "a" * 64, "b" * 64
    ledger.record_version(Known(version=ORDERS1, artifacts=frozenset({first})), runtime="docker")
    before = ledger.facts()
    told = refused(
        IdentityConflict,
        lambda: ledger.record_version(
            Known(version=ORDERS1, artifacts=frozenset({second}), branch="other"), runtime="docker"
        ),
    )
    assert "orders 1" in told
    assert first[:12] in told
    assert second[:12] in told
    assert "first seen 20" in told
    assert "by docker" in told
    assert "raise the version" in told
    assert ledger.facts() == before


def test_a_second_build_stands_beside_the_first_where_that_is_wanted(ledger: Open) -> None:
    for artifact, untraced in (("a1", ("bin/server",)), ("a2", ()), ("a1", ())):
        known = Known(version=ORDERS1, artifacts=frozenset({artifact}), untraced=untraced)
        ledger.record_version(known, runtime="process", descriptor={"built": artifact}, another_build=True)
    facts = ledger.facts().versions[ORDERS1]
    assert facts.artifacts == {"a1", "a2"}
    assert facts.untraced == ("bin/server",)
    assert [(b.artifact, b.runtime, b.untraced) for b in facts.builds] == [
        ("a1", "process", ("bin/server",)),
        ("a2", "process", ()),
    ]
    assert ledger.descriptor(ORDERS1, "process") == {"built": "a2"}
    third = Known(version=ORDERS1, artifacts=frozenset({"a3"}))
    assert "a2" in refused(IdentityConflict, lambda: ledger.record_version(third, runtime="process"))
    ledger.record_version(Known(version=ORDERS1, artifacts=frozenset({"a1"})), runtime="process")  # it is known


def test_the_same_build_again_is_no_conflict(ledger: Open) -> None:
    for _ in range(2):
        ledger.record_version(Known(version=ORDERS1, artifacts=frozenset({"a1"})), runtime="docker")
    assert ledger.facts().versions[ORDERS1].artifacts == {"a1"}


def test_a_build_that_could_not_be_known_is_filled_in_and_never_emptied(ledger: Open) -> None:
    ledger.record_version(Known(version=ORDERS1), runtime="docker", descriptor={"image": "x"})
    assert ledger.facts().versions[ORDERS1].artifacts == frozenset()
    ledger.record_version(Known(version=ORDERS1, artifacts=frozenset({"a1"})), runtime="docker")
    ledger.record_version(Known(version=ORDERS1), runtime="docker")
    assert ledger.facts().versions[ORDERS1].artifacts == {"a1"}
    assert ledger.descriptor(ORDERS1, "docker") == {"image": "x"}


def test_one_runtime_cannot_have_built_two_things_at_once(ledger: Open) -> None:
    both = Known(version=ORDERS1, artifacts=frozenset({"a1", "a2"}))
    assert "a1 and a2" in refused(IdentityConflict, lambda: ledger.record_version(both, runtime="docker"))
    assert ledger.facts().versions == {}


def test_a_version_can_be_started_again_as_it_was_told(ledger: Open) -> None:
    told = {"image": "x:1", "environment": {"A": "🦊\0"}, "needs": ["db"]}
    ledger.record_version(Known(version=ORDERS1), runtime="docker", descriptor=told)
    assert ledger.descriptor(ORDERS1, "docker") == told
    assert ledger.descriptor(ORDERS1, "process") is None
    assert ledger.descriptor(ORDERS2, "docker") is None


def test_versions_keep_the_order_in_which_they_were_first_mentioned(ledger: Open) -> None:
    order = [Version("b", "2"), Version("a", "10"), Version("b", "1"), Version("a", "9")]
    for version in [*order, order[0]]:
        ledger.record_version(Known(version=version))
    assert list(ledger.facts().versions) == order


def test_names_may_hold_anything(ledger: Open) -> None:
    odd = Version(ODD, ODD)
    ledger.declare_environment(ODD, ["pacts"])
    ledger.publish(odd, [pact(owner=ODD, provider=ODD)])
    ledger.record_deployment(ODD, odd, instance=ODD)
    ledger.record_evidence(seen(provider=odd, consumer=ODD, because=ODD))
    facts = ledger.facts()
    assert facts.versions[odd].pacts == {ODD: "k1"}
    assert facts.live == (Live(environment=ODD, version=odd, instance=ODD),)
    assert facts.evidence[0].provider == odd
    assert ledger.record_undeployment(ODD, ODD, instance=ODD) == 1


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b", "x" * 501], ids=["NUL", "surrogate", "endless"])
def test_a_name_that_no_database_keeps_is_refused_before_anything_is_written(ledger: Open, name: str) -> None:
    for version in (Version(name, "1"), Version("orders", name)):
        refused(UsageError, lambda v=version: ledger.record_version(Known(version=v)))  # type: ignore[misc]
        refused(UsageError, lambda v=version: ledger.publish(v, []))  # type: ignore[misc]
        refused(UsageError, lambda v=version: ledger.record_evidence(seen(provider=v)))  # type: ignore[misc]
    refused(UsageError, lambda: ledger.declare_environment(name, []))
    refused(UsageError, lambda: ledger.publish(WEB1, [pact(provider=name)]))
    assert ledger.facts().versions == {}


@pytest.mark.parametrize("version", [Version("", "1"), Version("orders", "")])
def test_a_version_without_a_name_or_a_number_is_refused(ledger: Open, version: Version) -> None:
    refused(UsageError, lambda: ledger.record_version(Known(version=version)))
    refused(UsageError, lambda: ledger.publish(version, []))


# --- contracts -----------------------------------------------------------------------------------------------


def test_published_contracts_are_known_by_their_version_and_by_their_key(ledger: Open) -> None:
    (published,) = ledger.publish(WEB1, [pact()])
    assert (published.created, published.previous, published.version) == (True, "", WEB1)
    ledger.publish(ORDERS1, [openapi()])
    versions = ledger.facts().versions
    assert versions[WEB1].pacts == {"orders": "k1"}
    assert versions[ORDERS1].openapi == "d1"
    assert ledger.contract("k1") == pact()
    assert ledger.contract("d1") == openapi()
    assert ledger.contract("nobody's") is None


def test_the_same_content_again_is_not_created_again(ledger: Open) -> None:
    ledger.publish(WEB1, [pact()])
    (again,) = ledger.publish(WEB1, [pact()])
    assert not again.created


def test_the_first_spelling_of_equal_content_stands(ledger: Open) -> None:
    ledger.publish(WEB1, [pact(text='{"a": 1}')])
    ledger.publish(WEB2, [pact(text='{"a":1}')])
    kept = ledger.contract("k1")
    assert kept is not None
    assert kept.text == '{"a": 1}'


def test_one_contract_given_twice_is_published_once(ledger: Open) -> None:
    assert [p.created for p in ledger.publish(WEB1, [pact(), pact()])] == [True, False]


def test_other_content_under_one_version_is_an_error_and_nothing_of_the_call_is_kept(ledger: Open) -> None:
    old = json.dumps({"interactions": [{"description": "an order", "status": 200}, {"description": "gone"}]})
    new = json.dumps({"interactions": [{"description": "an order", "status": 201}, {"description": "new"}]})
    ledger.publish(WEB1, [pact("k" * 40, text=old)])
    before = ledger.facts()
    other = replace(pact("m" * 40, text=new), place="pacts/web-orders.json")
    told = refused(IdentityConflict, lambda: ledger.publish(WEB1, [pact("x", provider="catalog"), other]))
    for word in ("web 1", "orders", "k" * 12, "m" * 12, "pacts/web-orders.json", "raise the version"):
        assert word in told
    for line in ("changed: an order", "removed: gone", "added: new"):
        assert line in told
    assert ledger.facts() == before
    assert ledger.contract("x") is None


def test_every_contradiction_of_a_call_is_told(ledger: Open) -> None:
    ledger.publish(WEB1, [pact("a"), pact("b", provider="catalog")])
    with pytest.raises(IdentityConflict) as caught:
        ledger.publish(WEB1, [pact("c"), pact("d", provider="catalog")])
    assert len(caught.value.problems) == 2


def test_two_contents_for_one_promise_in_one_call_are_an_error_that_names_both(ledger: Open) -> None:
    one, two = replace(pact("a"), place="one.json"), replace(pact("b"), place="two.json")
    told = refused(ContractError, lambda: ledger.publish(WEB1, [one, two]))
    assert "one.json" in told
    assert "two.json" in told
    assert ledger.facts().versions == {}


def test_nobody_publishes_the_promise_of_somebody_else(ledger: Open) -> None:
    told = refused(ContractError, lambda: ledger.publish(WEB1, [pact(owner="mobile")]))
    assert "mobile" in told
    assert "'web'" in told
    assert ledger.facts().versions == {}


def test_a_publication_knows_what_the_version_before_promised(ledger: Open) -> None:
    ledger.publish(WEB1, [pact("k1"), pact("c1", provider="catalog")])
    ledger.publish(Version("mobile", "1"), [pact("m1", owner="mobile")])
    ledger.record_version(Known(version=Version("web", "1.5")))
    (published,) = ledger.publish(WEB2, [pact("k2")])
    assert published.previous == "k1"
    (late,) = ledger.publish(WEB1, [pact("k1")])
    assert late.previous == ""


def test_pacts_of_two_consumers_may_have_equal_content(ledger: Open) -> None:
    mobile = Version("mobile", "1")
    ledger.publish(mobile, [pact(owner="mobile", text='{"consumer": "mobile"}')])
    ledger.publish(WEB1, [pact(text='{"consumer": "web"}')])
    versions = ledger.facts().versions
    assert versions[WEB1].pacts == versions[mobile].pacts == {"orders": "k1"}


def test_kinds_that_nothing_can_check_yet_are_kept(ledger: Open) -> None:
    events = replace(openapi("e1"), kind=ContractKind.ASYNCAPI)
    ledger.publish(ORDERS1, [openapi(), events])
    assert ledger.contract("e1") == events
    assert ledger.facts().versions[ORDERS1].openapi == "d1"


@pytest.mark.parametrize(
    "text", ["", "\0", "\ud800", "🦊", "x" * 3_000_000], ids=["nothing", "NUL", "surrogate", "fox", "long"]
)
def test_the_text_of_a_contract_comes_back_exactly(ledger: Open, text: str) -> None:
    ledger.publish(WEB1, [pact(text=text)])
    assert ledger.contract("k1") == pact(text=text)


# --- evidence ------------------------------------------------------------------------------------------------

EXCHANGE = Exchange(
    method="GET",
    url="http://orders/1",
    request_headers=(("Accept", "*/*"),),
    status=500,
    response_body="\0\ud800 🦊",
    seconds=0.25,
)
RESULTS = (
    Exercised(subject="an order", verdict=Verdict.PASSED, exchange=EXCHANGE),
    Exercised(
        subject="another", verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE, because="\ud800", seconds=1.5
    ),
)
FINDINGS = (
    Finding(
        code="response.body.mismatch",
        subject="another",
        expected="1",
        actual='"1"',
        count=3,
        differences=(Difference(place="$.total", expected="1", actual='"1"'),),
        exchange=EXCHANGE,
    ),
)


def test_evidence_comes_back_whole_when_it_is_reused_and_lean_in_the_facts(ledger: Open) -> None:
    evidence = seen(Verdict.FAILED, results=RESULTS, findings=FINDINGS, seconds=2.5, because="\0 \ud800")
    ledger.record_evidence(evidence)
    assert ledger.reusable(EvidenceKind.PACTS, "k1", "i1") == evidence
    assert ledger.facts().evidence == (replace(evidence, results=(), findings=()),)


def test_evidence_is_told_oldest_first_and_nothing_of_it_is_lost(ledger: Open) -> None:
    history = [seen(verdict, run=f"r{n}") for n, verdict in enumerate([*Verdict, *reversed(Verdict)])]
    for evidence in history:
        ledger.record_evidence(evidence)
    assert ledger.facts().evidence == tuple(history)


def test_a_verified_version_is_known(ledger: Open) -> None:
    ledger.record_evidence(seen())
    assert ORDERS1 in ledger.facts().versions
    ledger.record_deployment("production", ORDERS1)


def test_evidence_about_no_version_makes_none_known(ledger: Open) -> None:
    suite = seen(kind=EvidenceKind.INTEGRATION, provider=Version("the system", ""), consumer="")
    ledger.record_evidence(suite)
    assert ledger.facts().evidence == (suite,)
    assert ledger.facts().versions == {}


def test_the_latest_conclusive_evidence_is_reused(ledger: Open) -> None:
    for evidence in (seen(Verdict.FAILED, run="r1"), seen(run="r2"), seen(Verdict.UNKNOWN, run="r3")):
        ledger.record_evidence(evidence)
    found = ledger.reusable(EvidenceKind.PACTS, "k1", "i1")
    assert found is not None
    assert (found.verdict, found.run) == (Verdict.PASSED, "r2")


@pytest.mark.parametrize(
    "evidence",
    [
        seen(Verdict.UNKNOWN),
        seen(Verdict.UNKNOWN, complete=True),
        seen(complete=False),
        seen(Verdict.FAILED, complete=False),
        seen(promised=2, exercised=1),
        # Of an empty pact the provider keeps all there is; a document of which nothing was tried says nothing.
        seen(kind=EvidenceKind.PROPERTIES, consumer="", promised=0, exercised=0),
        seen(identity=""),
        seen(contract=""),
    ],
    ids=[
        "unknown",
        "unknown, said to be complete",
        "cut short",
        "broken, then cut short",
        "one promise not tried",
        "nothing promised",
        "nobody knows what ran",
        "nobody knows the content",
    ],
)
def test_what_proves_nothing_is_never_reused(ledger: Open, evidence: Evidence) -> None:
    ledger.record_evidence(evidence)
    assert ledger.reusable(evidence.kind, evidence.contract, evidence.identity) is None


def test_a_pass_is_not_reused_after_the_same_content_was_seen_broken(ledger: Open) -> None:
    ledger.record_evidence(seen())
    ledger.record_evidence(seen(Verdict.FAILED, complete=False))
    assert ledger.reusable(EvidenceKind.PACTS, "k1", "i1") is None


def test_evidence_is_reused_only_for_its_own_kind_content_and_identity(ledger: Open) -> None:
    ledger.record_evidence(seen())
    assert ledger.reusable(EvidenceKind.PROPERTIES, "k1", "i1") is None
    assert ledger.reusable(EvidenceKind.PACTS, "k2", "i1") is None
    assert ledger.reusable(EvidenceKind.PACTS, "k1", "i2") is None


histories = st.lists(
    st.builds(
        seen,
        st.sampled_from(Verdict),
        contract=st.sampled_from(["k1", "k2"]),
        identity=st.sampled_from(["i1", "i2", ""]),
        complete=st.booleans(),
        exercised=st.integers(0, 2),
        kind=st.sampled_from([EvidenceKind.PACTS, EvidenceKind.PROPERTIES]),
    ),
    max_size=12,
)


@settings(max_examples=examples(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_whatever_the_history_the_latest_that_decides_stands(
    make: Callable[[], Open], history: list[Evidence]
) -> None:
    ledger = make()
    numbered = [replace(evidence, run=f"r{n}") for n, evidence in enumerate(history)]
    for evidence in numbered:
        ledger.record_evidence(evidence)
    assert ledger.facts().evidence == tuple(numbered)
    for kind, contract, identity in {(e.kind, e.contract, e.identity) for e in numbered}:
        deciding = [
            e for e in numbered if (e.kind, e.contract, e.identity) == (kind, contract, identity) and e.decisive
        ]
        expected = deciding[-1] if deciding and deciding[-1].conclusive and identity else None
        assert ledger.reusable(kind, contract, identity) == expected


# --- environments --------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(ledger: Open) -> Open:
    for version in (ORDERS1, ORDERS2, WEB1):
        ledger.record_version(Known(version=version))
    return ledger


def live(ledger: Open, environment: str = "production") -> list[tuple[str, str, bool]]:
    there = [each for each in ledger.facts().live if each.environment == environment]
    return [(str(each.version), each.instance, each.released) for each in there]


def test_a_deployment_replaces_what_ran_there(stocked: Open) -> None:
    stocked.record_deployment("production", ORDERS1)
    stocked.record_deployment("production", WEB1)
    stocked.record_deployment("test", ORDERS1)
    stocked.record_deployment("production", ORDERS2)
    assert live(stocked) == [("orders 2", "", False), ("web 1", "", False)]
    assert live(stocked, "test") == [("orders 1", "", False)]


def test_a_deployment_replaces_on_its_own_instance_only(stocked: Open) -> None:
    stocked.record_deployment("production", ORDERS1)
    stocked.record_deployment("production", ORDERS1, instance="blue")
    stocked.record_deployment("production", ORDERS2, instance="blue")
    assert live(stocked) == [("orders 1", "", False), ("orders 2", "blue", False)]


def test_the_same_deployment_again_changes_nothing(stocked: Open) -> None:
    for _ in range(2):
        stocked.record_deployment("production", ORDERS1)
    assert live(stocked) == [("orders 1", "", False)]


def test_a_rollback_is_a_deployment_like_any_other(stocked: Open) -> None:
    for version in (ORDERS1, ORDERS2, ORDERS1):
        stocked.record_deployment("production", version)
    assert live(stocked) == [("orders 1", "", False)]


def test_an_undeployment_ends_one_instance_and_counts_it(stocked: Open) -> None:
    stocked.record_deployment("production", ORDERS1)
    stocked.record_deployment("production", ORDERS1, instance="blue")
    assert stocked.record_undeployment("production", "orders") == 1
    assert live(stocked) == [("orders 1", "blue", False)]
    stocked.record_deployment("production", ORDERS1)
    assert len(live(stocked)) == 2


def test_what_is_not_there_cannot_be_undeployed(stocked: Open) -> None:
    told = refused(UnknownName, lambda: stocked.record_undeployment("production", "orders"))
    assert "not there at all" in told
    stocked.record_deployment("production", ORDERS1, instance="blue")
    told = refused(UnknownName, lambda: stocked.record_undeployment("production", "orders"))
    assert "blue" in told
    assert "--instance" in told
    stocked.record_deployment("production", ORDERS1)
    told = refused(UnknownName, lambda: stocked.record_undeployment("production", "orders", instance="red"))
    assert "leave --instance out" in told


def test_a_release_adds(stocked: Open) -> None:
    for version in (ORDERS1, ORDERS2, ORDERS2):
        stocked.record_release("production", version)
    stocked.record_deployment("production", ORDERS2)
    assert live(stocked) == [("orders 1", "", True), ("orders 2", "", False), ("orders 2", "", True)]


def test_support_ends_for_what_was_released_and_may_begin_again(stocked: Open) -> None:
    stocked.record_release("production", ORDERS1)
    stocked.record_support_ended("production", ORDERS1)
    assert live(stocked) == []
    told = refused(UnknownName, lambda: stocked.record_support_ended("production", ORDERS1))
    assert "no version of it was released there" in told
    stocked.record_release("production", ORDERS1)
    assert live(stocked) == [("orders 1", "", True)]
    told = refused(UnknownName, lambda: stocked.record_support_ended("production", ORDERS2))
    assert "supported there are: 1" in told


def test_a_deployment_is_not_a_release(stocked: Open) -> None:
    stocked.record_deployment("production", ORDERS1)
    refused(UnknownName, lambda: stocked.record_support_ended("production", ORDERS1))
    assert live(stocked) == [("orders 1", "", False)]


CALLS: dict[str, Callable[[Open, str, Version], object]] = {
    "deployment": lambda ledger, place, version: ledger.record_deployment(place, version),
    "undeployment": lambda ledger, place, version: ledger.record_undeployment(place, version.pacticipant),
    "release": lambda ledger, place, version: ledger.record_release(place, version),
    "support ended": lambda ledger, place, version: ledger.record_support_ended(place, version),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_name_that_nobody_knows_is_an_error_with_a_guess(
    stocked: Open, call: Callable[[Open, str, Version], object]
) -> None:
    before = stocked.facts()
    assert "did you mean 'production'?" in refused(UnknownName, lambda: call(stocked, "prodution", ORDERS1))
    told = refused(UnknownName, lambda: call(stocked, "production", Version("ordres", "1")))
    assert "did you mean 'orders'?" in told
    assert stocked.facts() == before


@pytest.mark.parametrize("call", ["deployment", "release", "support ended"])
def test_a_version_that_nobody_published_cannot_go_anywhere(stocked: Open, call: str) -> None:
    told = refused(UnknownName, lambda: CALLS[call](stocked, "production", Version("orders", "3")))
    assert "orders 3" in told
    assert "harness publish" in told


def test_among_many_versions_only_the_newest_are_offered(ledger: Open) -> None:
    for number in range(30):
        ledger.record_version(Known(version=Version("orders", f"build-{number}")))
    told = refused(UnknownName, lambda: ledger.record_deployment("test", Version("orders", "zzz")))
    assert "build-29" in told
    assert "build-3" not in told


def test_an_environment_is_declared_with_its_policy_and_may_change_it(ledger: Open) -> None:
    ledger.declare_environment("staging", ["pacts", "properties", "pacts"])
    ledger.declare_environment("production", ["integration"])
    ledger.declare_environment("staging", [])
    environments = ledger.facts().environments
    assert environments == {"test": ("pacts",), "production": ("integration",), "staging": ()}


def test_a_policy_with_an_unknown_kind_of_evidence_is_refused(ledger: Open) -> None:
    told = refused(UnknownName, lambda: ledger.declare_environment("staging", ["pact"]))
    assert "did you mean 'pacts'?" in told
    assert "staging" not in ledger.facts().environments


# --- PostgreSQL alone ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_schema_migrated_on_postgresql_is_the_one_that_the_program_expects(postgres_server: str) -> None:
    database = open_database(new_database(postgres_server))
    options = {"version_table": REVISION_TABLE, "compare_type": True, "compare_server_default": True}
    with database.reading() as db:
        found = compare_metadata(MigrationContext.configure(db, opts=options), complete_metadata())
    database.close()
    assert found == []


@pytest.mark.slow
def test_several_processes_make_one_new_ledger_on_postgresql_and_write_to_it(postgres_server: str) -> None:
    url = new_database(postgres_server)
    script = """
import sys
from harness.ledger.sql_ledger import open_ledger
from harness.identity import Version
from harness.evidence import Known
ledger = open_ledger(sys.argv[1])
for number in range(10):
    ledger.record_version(Known(version=Version("orders", str(number))))
    ledger.record_deployment("production", Version("orders", str(number)))
ledger.close()
"""
    writers = [subprocess.Popen([sys.executable, "-c", script, url]) for _ in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    ledger = open_ledger(url)
    facts = ledger.facts()
    ledger.close()
    assert [version.number for version in facts.versions] == [str(n) for n in range(10)]
    assert [str(each.version) for each in facts.live] == ["orders 9"]


@pytest.mark.slow
def test_a_reader_of_postgresql_sees_one_moment_while_others_write(postgres_server: str) -> None:
    ledger = open_ledger(new_database(postgres_server))
    count = sa.text("SELECT count(*) FROM versions")
    with ledger.database.reading() as db:
        assert db.execute(count).scalar() == 0
        ledger.record_version(Known(version=ORDERS1))
        assert db.execute(count).scalar() == 0
    assert len(ledger.facts().versions) == 1
    ledger.close()


def test_what_a_decision_rests_on_can_be_read_by_itself(stocked: Open) -> None:
    stocked.publish(WEB1, [pact()])
    stocked.record_evidence(seen())
    stocked.record_deployment("production", ORDERS1)
    stocked.record_deployment("production", ORDERS2, instance="blue")
    stocked.record_release("test", ORDERS1)
    everything, some = stocked.facts(), stocked.facts_about([WEB1], ["production"])
    assert some.evidence == everything.evidence
    assert some.environments == everything.environments
    assert [each.version for each in some.live] == [ORDERS1, ORDERS2]
    assert {WEB1, ORDERS1, ORDERS2} <= some.versions.keys()
    assert all(everything.versions[version] == known for version, known in some.versions.items())
    assert stocked.facts_about((), ()).environments == everything.environments
    assert [(s.version, s.instance, s.released) for s in everything.history] == [
        (ORDERS1, "", False),
        (ORDERS2, "blue", False),
        (ORDERS1, "", True),
    ]
