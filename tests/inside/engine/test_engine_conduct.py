"""A whole run with stand-ins: what it starts, what it keeps, what earlier evidence answers, what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from test_engine_tasks import FakeSession, NoRecorder, Ticks, broken, finding, kept

from harness.checks.api import CheckSettings, CheckTarget
from harness.contracts.openapi import OpenApi, Operation
from harness.contracts.pact import Interaction, InteractionKind, Pact
from harness.engine.conduct import PlanRunner
from harness.engine.events import (
    CheckFinished,
    CheckFound,
    Decided,
    Event,
    Planned,
    RunFinished,
    read_events,
    write,
)
from harness.engine.plan import Inputs, make_plan, why_nothing
from harness.engine.run import RunContext
from harness.errors import ContractError
from harness.evidence import Evidence, EvidenceKind, Known
from harness.identity import Version
from harness.ports import Instance
from harness.services.system import Service, System
from harness.verdicts import Cause, Exercised, Finding, Verdict


def pact(consumer: str, provider: str, *paths: str) -> Pact:
    interactions = tuple(
        Interaction(
            index=i,
            kind=InteractionKind.HTTP,
            description=f"{consumer} asks {path}",
            method="GET",
            path=path,
            status=200,
            document={},
        )
        for i, path in enumerate(paths)
    )
    return Pact(
        consumer=consumer,
        provider=provider,
        specification="4.0",
        interactions=interactions,
        key=f"{consumer}->{provider}:{paths}",
        document={},
    )


DOCUMENT = OpenApi(
    provider="orders",
    specification="3.1.0",
    operations=(Operation(method="GET", path="/orders/{id}"), Operation(method="GET", path="/prices")),
    key="the document of orders",
    document={},
)


@dataclass
class Scripted:
    """A check that keeps every promise, but for the subjects that it was told to break."""

    kind: EvidenceKind
    breaks: Mapping[str, str] = field(default_factory=dict)  # subject to operation
    ran: list[str] = field(default_factory=list)

    def run(self, target: CheckTarget) -> Iterator[Exercised | Finding]:
        self.ran.append(target.service.name)
        labels = [i.label for i in target.pact.interactions] if target.pact else []
        labels += [o.label for o in target.document.operations] if target.document else []
        for label in labels:
            if label in self.breaks:
                yield broken(label)
                yield replace(finding(label), operation=self.breaks[label])
            else:
                yield kept(label)


class World:
    """Two consumers of one provider, whose document the running service tells; a ledger in memory."""

    def __init__(self, **services: Service) -> None:
        self.pacts = [pact("web", "orders", "/orders/7"), pact("billing", "orders", "/prices")]
        self.services = {
            "orders": Service(name="orders", version="1", command=("x",), openapi="/openapi.json"),
            "web": Service(name="web", version="1"),
            "billing": Service(name="billing", version="1"),
            **services,
        }
        self.ledger: list[Evidence] = []
        self.pact_check = Scripted(EvidenceKind.PACTS)
        self.property_check = Scripted(EvidenceKind.PROPERTIES)
        self.session = FakeSession()
        self.known_documents: dict[str, OpenApi] = {}
        self.unreadable = False
        self.learned: list[str] = []

    def lookup(self, kind: EvidenceKind, contract: str, identity: str) -> Evidence | None:
        hits = [
            e
            for e in self.ledger
            if (e.kind, e.contract, e.identity) == (kind, contract, identity) and e.conclusive
        ]
        return hits[-1] if hits else None

    def inputs(self, **changes: object) -> Inputs:
        versions = {name: Version(name, s.version) for name, s in self.services.items()}
        base = {
            "system": System(
                root=Path("/nowhere"),
                manifest=Path("/nowhere/harness.toml"),
                services=tuple(self.services.values()),
            ),
            "versions": versions,
            "artifacts": {name: f"artifact of {name}" for name, s in self.services.items() if s.startable},
            "pacts": tuple(self.pacts),
            "documents": self.known_documents,
            "settings": {},
        }
        return Inputs(**{**base, **changes})  # type: ignore[arg-type]  # the tests name real fields

    def run(
        self, *, fresh: bool = False, require: tuple[str, ...] = ("pacts", "properties"), **inputs: object
    ) -> list[Event]:
        plan = make_plan(self.inputs(**inputs), self.lookup, fresh=fresh)
        known = {
            v: Known(
                version=v,
                artifacts=frozenset([f"artifact of {name}"]),
                pacts={p.provider: p.key for p in self.pacts if p.consumer == name},
                openapi="unread" if self.services[name].openapi else "",
            )
            for name, v in plan.inputs.versions.items()
        }
        known = {
            v: replace(k, openapi=self.known_documents[v.pacticipant].key)
            if v.pacticipant in self.known_documents
            else k
            for v, k in known.items()
        }
        conductor = PlanRunner(
            plan=plan,
            run=f"run {len(self.ledger)}",
            bench=RunContext(
                checks={c.kind: c for c in (self.pact_check, self.property_check)},
                recorder=NoRecorder(),  # type: ignore[arg-type]  # must not be used
                clock=Ticks(),
                settings=CheckSettings(scratch=Path("/nowhere")),
                states=lambda *_: None,
            ),
            session=self.opened,
            known=known,
            require=require,
            document=self.document,
            keep=self.ledger.append,
            learned=lambda version, document: self.learned.append(f"{version}: {document.key}"),
        )
        return list(conductor.events())

    @contextmanager
    def opened(self) -> Iterator[FakeSession]:
        yield self.session

    def document(self, service: Service, instance: Instance) -> OpenApi:
        assert service.name == instance.name == "orders"
        if self.unreadable:
            raise ContractError("not a document", where="/openapi.json")
        return DOCUMENT


def verdict(events: list[Event]) -> Verdict:
    last = events[-1]
    assert isinstance(last, RunFinished)
    return last.verdict


def decided(events: list[Event]) -> Decided:
    return next(e for e in events if isinstance(e, Decided))


def test_a_good_set_gets_a_yes_and_its_evidence_is_kept() -> None:
    world = World()
    events = world.run()
    assert verdict(events) is Verdict.PASSED
    assert decided(events).verdict is Verdict.PASSED
    assert sorted(e.contract for e in world.ledger) == sorted(
        [world.pacts[0].key, world.pacts[1].key, DOCUMENT.key]
    )
    assert all(e.complete and e.identity for e in world.ledger)
    assert world.learned == ["orders 1: the document of orders"]


def test_the_events_survive_their_own_json() -> None:
    events = World().run()
    assert list(read_events(write(events))) == events


def test_an_unchanged_second_run_starts_nothing_and_answers_the_same() -> None:
    world = World()
    world.run()
    world.known_documents = {"orders": DOCUMENT}
    world.session.started.clear()
    kept_before = len(world.ledger)
    events = world.run()
    assert world.session.started == []
    assert verdict(events) is Verdict.PASSED
    assert all(e.reused for e in events if isinstance(e, CheckFinished))
    assert next(e for e in events if isinstance(e, Planned)).tasks == ()
    assert world.ledger[kept_before:] == world.ledger[:kept_before]  # told again; what stands is not kept twice


def test_fresh_runs_everything_again() -> None:
    world = World()
    world.run()
    world.session.started.clear()
    world.run(fresh=True)
    assert world.session.started == ["orders"]


def test_a_broken_promise_names_whom_it_hits_and_whom_it_spares() -> None:
    world = World()
    world.pact_check.breaks = {"web asks /orders/7": "GET /orders/7"}
    events = world.run()
    assert verdict(events) is Verdict.FAILED
    found = next(e for e in events if isinstance(e, CheckFound))
    assert found.hits == (Version("web", "1"),)
    assert found.spares == (Version("billing", "1"),)


def test_a_finding_of_the_property_checks_hits_those_who_use_the_operation() -> None:
    world = World()
    world.property_check.breaks = {"GET /prices": "GET /prices"}
    found = next(e for e in world.run() if isinstance(e, CheckFound))
    assert (found.hits, found.spares) == ((Version("billing", "1"),), (Version("web", "1"),))


def test_a_service_that_does_not_start_makes_its_promises_unknown_never_passed() -> None:
    world = World()
    world.session.fails = {"orders": "start"}
    events = world.run()
    assert verdict(events) is Verdict.UNKNOWN
    causes = {e.cause for e in events if isinstance(e, CheckFinished)}
    assert causes == {Cause.DID_NOT_START}
    assert decided(events).verdict is Verdict.UNKNOWN


def test_unknown_is_never_reused() -> None:
    world = World()
    world.session.fails = {"orders": "start"}
    world.run()
    world.session.fails = {}
    assert verdict(world.run()) is Verdict.PASSED


def test_a_document_that_cannot_be_read_is_unknown_with_its_place() -> None:
    world = World()
    world.unreadable = True
    events = world.run()
    unread = next(e for e in events if isinstance(e, CheckFinished) and e.task.kind is EvidenceKind.PROPERTIES)
    assert (unread.verdict, unread.cause) == (Verdict.UNKNOWN, Cause.UNREADABLE)
    assert "/openapi.json" in unread.because
    assert decided(events).verdict is Verdict.UNKNOWN


def test_a_set_for_which_nothing_is_checked_is_unknown() -> None:
    world = World(orders=Service(name="orders", version="1", command=("x",)))
    world.pacts = []
    events = world.run()
    assert verdict(events) is Verdict.UNKNOWN
    assert decided(events).reasons[0].cause is Cause.NOTHING_EXERCISED


def test_a_provider_that_is_not_in_the_manifest_is_unknown() -> None:
    world = World()
    world.pacts.append(pact("web", "search", "/"))
    events = world.run()
    assert verdict(events) is Verdict.UNKNOWN
    assert "search" in decided(events).reasons[0].text


def test_only_one_kind_leaves_the_others_unrun_and_the_policy_says_so() -> None:
    world = World()
    events = world.run(require=("pacts",), only=(EvidenceKind.PACTS,))
    assert world.property_check.ran == []
    assert decided(events).require == ("pacts",)
    assert verdict(events) is Verdict.PASSED


def test_a_change_runs_again_only_what_depends_on_it() -> None:
    catalog = Service(name="catalog", version="1", command=("x",))
    orders = Service(name="orders", version="1", command=("x",), needs=("catalog",))
    world = World(orders=orders, catalog=catalog)
    world.pacts.append(pact("orders", "catalog", "/things"))
    world.run()
    world.pact_check.ran.clear()
    artifacts = {"orders": "artifact of orders, changed", "catalog": "artifact of catalog"}
    world.run(artifacts=artifacts)
    assert world.pact_check.ran == ["orders", "orders"]
    world.pact_check.ran.clear()
    world.run(artifacts={"orders": "artifact of orders", "catalog": "artifact of catalog, changed"})
    assert sorted(world.pact_check.ran) == ["catalog", "orders", "orders"]


def test_what_cannot_be_identified_is_never_answered_by_earlier_evidence() -> None:
    world = World()
    world.run(artifacts={})
    world.pact_check.ran.clear()
    world.run(artifacts={})
    assert world.pact_check.ran == ["orders", "orders"]


# A yes is about all of the set


LONELY = Service(name="lonely", version="1", command=("x",))


def test_a_service_that_nobody_needs_is_started_and_unknown_when_it_cannot() -> None:
    world = World(lonely=LONELY)
    world.session = FakeSession(fails={"lonely": "start"})
    events = world.run()
    assert verdict(events) is Verdict.UNKNOWN
    told = [r for r in decided(events).reasons if r.cause is Cause.DID_NOT_START]
    assert [(r.provider, r.command) for r in told] == [(Version("lonely", "1"), "harness up lonely")]
    assert all(e.verdict is Verdict.PASSED for e in events if isinstance(e, CheckFinished))


def test_what_no_evidence_has_seen_running_is_started_in_every_run() -> None:
    world = World(lonely=LONELY)
    world.run()
    world.known_documents = {"orders": DOCUMENT}
    world.session.started.clear()
    assert verdict(world.run()) is Verdict.PASSED
    assert world.session.started == ["lonely"]
    world.session = FakeSession(fails={"lonely": "start"})
    assert verdict(world.run()) is Verdict.UNKNOWN


@given(
    st.lists(st.sampled_from(["orders", "web", "billing", "lonely"]), unique=True),
    st.sets(st.sampled_from(["orders", "web", "billing", "lonely"])),
    st.booleans(),
)
def test_a_yes_has_seen_every_service_of_the_set_running_now_or_with_equal_content(
    selected: list[str], broken: set[str], again: bool
) -> None:
    consumers = {name: replace(LONELY, name=name) for name in ("web", "billing", "lonely")}
    world = World(**consumers)
    if again:
        world.run()
        world.known_documents = {"orders": DOCUMENT}
    world.session = FakeSession(fails=dict.fromkeys(broken, "start"))
    events = world.run(selected=tuple(selected))
    if verdict(events) is Verdict.PASSED:
        seen = {"orders"} if again else set()  # whom earlier evidence of equal content has met
        chosen = set(selected) or set(world.services)
        assert not chosen & broken - seen
        assert chosen - seen <= set(world.session.started) - broken


def test_a_run_of_the_consumers_suite_alone_starts_nobody() -> None:
    world = World(lonely=LONELY)
    world.run(only=(EvidenceKind.CONSUMERS,))
    assert world.session.started == []


def test_a_plan_without_tasks_says_why_and_what_would_give_it_one() -> None:
    world = World()
    world.services = {"web": Service(name="web", version="1")}
    world.pacts = [pact("web", "orders", "/orders/7")]
    assert [why.partition(":")[0] for why in why_nothing(world.inputs())] == [
        "web needs orders, and the manifest has no [services.orders]",
        "no service that can be started has a document",
    ]
    world.services["orders"] = Service(name="orders", version="1")
    world.pacts = []
    assert [why.partition(":")[0] for why in why_nothing(world.inputs(only=(EvidenceKind.PACTS,)))] == [
        "no pact was found",
        "no service that can be started has a document",
        "only a part was asked for",
    ]
