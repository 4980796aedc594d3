from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checks.api import CheckSettings, CheckTarget
from harness.contracts.pact import Interaction, InteractionKind, Pact
from harness.engine.events import (
    CheckFinished,
    CheckFound,
    Event,
    PromiseExercised,
    ServiceReady,
    ServiceStep,
    TaskId,
)
from harness.engine.plan import Task
from harness.engine.run import RunContext, run_task
from harness.engine.startup import Startup
from harness.engine.workers import Workers, conflict
from harness.errors import ServiceDidNotStart, ToolCrashed
from harness.evidence import EvidenceKind
from harness.identity import Version
from harness.ports import Endpoint, Instance, Tell, Unit, silent
from harness.services.system import Ready, ReadyKind, Service, System
from harness.services.trust import Trust
from harness.verdicts import Cause, Exercised, Finding, Verdict


def pact(*descriptions: str) -> Pact:
    interactions = tuple(
        Interaction(
            index=i, kind=InteractionKind.HTTP, description=d, method="GET", path="/", status=200, document={}
        )
        for i, d in enumerate(descriptions)
    )
    return Pact(
        consumer="web", provider="orders", specification="4.0", interactions=interactions, key="k", document={}
    )


def task(*descriptions: str, ignore: tuple[str, ...] = ()) -> Task:
    return Task(
        id=TaskId(
            kind=EvidenceKind.PACTS, provider=Version("orders", "1"), consumer=Version("web", "1"), contract="k"
        ),
        service=Service(name="orders", version="1", command=("x",), ignore=ignore),
        pact=pact(*descriptions),
        identity="i",
        artifact="a",
        touches=frozenset({"orders"}),
        promised=len(descriptions),
    )


def kept(subject: str) -> Exercised:
    return Exercised(subject=subject, verdict=Verdict.PASSED)


def broken(subject: str) -> Exercised:
    return Exercised(subject=subject, verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE, because="it broke")


def finding(subject: str, code: str = "response.body.mismatch") -> Finding:
    return Finding(code=code, subject=subject, expected="1", actual="2")


@dataclass(frozen=True)
class FakeCheck:
    """Says what it was told to say, then raises what it was told to raise."""

    says: tuple[Exercised | Finding, ...] = ()
    raises: Exception | None = None
    kind: EvidenceKind = EvidenceKind.PACTS

    def run(self, target: CheckTarget) -> Iterator[Exercised | Finding]:
        assert target.instance.name == "orders"
        yield from self.says
        if self.raises:
            raise self.raises


class Ticks:
    def __init__(self) -> None:
        self.count = 0.0

    def now(self) -> str:
        return "2026-01-01T00:00:00+00:00"

    def seconds(self) -> float:
        self.count += 1
        return self.count


class NoRecorder:
    def record(
        self,
        upstream: str,
        *,
        headers: Mapping[str, str] | None = None,
        within: float | None = None,
        trust: Trust | None = None,
    ) -> object:
        raise AssertionError("nothing is recorded here")


ORDERS = Instance(
    name="orders", version="1", endpoints=(Endpoint(name="http", url="http://x", inside="http://orders"),)
)


def bench(check: FakeCheck, *, failed: Mapping[str, str] | None = None, alive: bool = True) -> RunContext:
    return RunContext(
        checks={check.kind: check},
        recorder=NoRecorder(),  # type: ignore[arg-type]  # must not be used
        clock=Ticks(),
        settings=CheckSettings(scratch=Path("/nowhere")),
        states=lambda *_: None,
        alive=lambda _: alive,
        running={} if failed else {"orders": ORDERS},
        failed=failed or {},
    )


def end(events: list[Event]) -> CheckFinished:
    last = events[-1]
    assert isinstance(last, CheckFinished)
    return last


def subjects(events: list[Event]) -> list[tuple[str, Verdict]]:
    return [(e.exercised.subject, e.exercised.verdict) for e in events if isinstance(e, PromiseExercised)]


@pytest.mark.parametrize(
    ("check", "verdict", "cause"),
    [
        (FakeCheck((kept("a"), kept("b"))), Verdict.PASSED, None),
        (FakeCheck((kept("a"), broken("b"), finding("b"))), Verdict.FAILED, Cause.BROKEN_PROMISE),
        (FakeCheck((kept("a"), kept("b"), finding("b"))), Verdict.FAILED, Cause.BROKEN_PROMISE),
        (FakeCheck((kept("a"),)), Verdict.UNKNOWN, Cause.NOTHING_EXERCISED),
        (FakeCheck(()), Verdict.UNKNOWN, Cause.NOTHING_EXERCISED),
        (FakeCheck((), OSError("connection reset")), Verdict.UNKNOWN, Cause.TOOL_CRASHED),
        (FakeCheck((kept("a"), kept("b")), ToolCrashed("died")), Verdict.UNKNOWN, Cause.TOOL_CRASHED),
        (FakeCheck((broken("a"),), OSError("reset")), Verdict.FAILED, Cause.BROKEN_PROMISE),
        (FakeCheck((), TimeoutError("too slow")), Verdict.UNKNOWN, Cause.TIME_RAN_OUT),
    ],
    ids=["keeps both", "breaks one", "a finding beside two yeses", "speaks of one", "says nothing", "crashes",
         "crashes after the last", "breaks one, then crashes", "runs out of time"],
)  # fmt: skip
def test_what_a_check_does_decides_the_verdict_of_its_task(
    check: FakeCheck, verdict: Verdict, cause: Cause | None
) -> None:
    finished = end(list(run_task(task("a", "b"), bench(check))))
    assert (finished.verdict, finished.cause) == (verdict, cause)


def test_a_promise_that_the_check_never_spoke_of_is_told_as_unknown() -> None:
    events = list(run_task(task("a", "b"), bench(FakeCheck((kept("a"),)))))
    assert subjects(events) == [("a", Verdict.PASSED), ("b", Verdict.UNKNOWN)]


def test_an_empty_pact_is_kept_unless_something_went_wrong() -> None:
    """Nothing is promised, and that was read: it was unknown for ever, and nothing could resolve it."""
    assert end(list(run_task(task(), bench(FakeCheck())))).verdict is Verdict.PASSED
    crashed = end(list(run_task(task(), bench(FakeCheck(raises=ToolCrashed("it broke"))))))
    assert (crashed.verdict, crashed.cause) == (Verdict.UNKNOWN, Cause.TOOL_CRASHED)
    assert end(list(run_task(task(), bench(FakeCheck(), alive=False)))).cause is Cause.SERVICE_DIED


def test_a_check_of_no_pact_that_exercised_nothing_is_unknown() -> None:
    """Only of a pact is it known by reading it that nothing is promised."""
    assert end(list(run_task(replace(task(), pact=None), bench(FakeCheck())))).verdict is Verdict.UNKNOWN


def test_two_promises_of_one_name_need_two_answers() -> None:
    events = list(run_task(task("a", "a"), bench(FakeCheck((kept("a"),)))))
    assert end(events).verdict is Verdict.UNKNOWN
    assert len(subjects(events)) == 2


def test_what_did_not_start_makes_its_promises_unknown_with_that_cause() -> None:
    events = list(run_task(task("a"), bench(FakeCheck(), failed={"orders": "exit code 1"})))
    assert end(events).cause is Cause.DID_NOT_START
    assert "exit code 1" in end(events).because


def test_a_provider_that_died_before_its_check_is_unknown() -> None:
    assert end(list(run_task(task("a"), bench(FakeCheck(), alive=False)))).cause is Cause.SERVICE_DIED


def test_an_accepted_finding_is_told_and_does_not_break_the_promise() -> None:
    code = "openapi.undocumented-status"
    events = list(run_task(task("a", ignore=(code,)), bench(FakeCheck((broken("a"), finding("a", code))))))
    assert end(events).verdict is Verdict.PASSED
    assert [e.accepted for e in events if isinstance(e, CheckFound)] == [True]


def test_an_accepted_finding_does_not_excuse_another_one() -> None:
    code = "openapi.undocumented-status"
    says = (broken("a"), finding("a", code), finding("a", "openapi.server-error"))
    assert end(list(run_task(task("a", ignore=(code,)), bench(FakeCheck(says))))).verdict is Verdict.FAILED


@given(st.lists(st.sampled_from([kept("a"), broken("a"), kept("b"), broken("b"), finding("a")])), st.booleans())
def test_a_task_passes_only_when_every_promise_was_seen_kept(
    says: list[Exercised | Finding], crashes: bool
) -> None:
    check = FakeCheck(tuple(says), OSError("reset") if crashes else None)
    finished = end(list(run_task(task("a", "b"), bench(check))))
    spoken = [item for item in says if isinstance(item, Exercised)]
    clean = (
        not crashes
        and {item.subject for item in spoken} == {"a", "b"}
        and all(item.verdict is Verdict.PASSED for item in spoken)
        and len(spoken) == len(says)
    )
    assert (finished.verdict is Verdict.PASSED) == clean


# --- start-up


@dataclass
class FakeSession:
    fails: Mapping[str, str] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    slow: frozenset[str] = frozenset()  # those that come up only when the others are given up
    cancelled: threading.Event = field(default_factory=threading.Event)

    def prepare(self, unit: Unit, tell: Tell = silent) -> None:
        tell(f"Step 1/3 : FROM {unit.name}")
        if unit.name in self.fails and self.fails[unit.name] == "build":
            raise ServiceDidNotStart(unit.name, "the build failed", ("Step 1/3",))

    def start(self, unit: Unit, peers: Mapping[str, Instance], slot: str = "") -> Instance:
        assert set(peers) == set(unit.needs)
        self.started.append(unit.name)
        if unit.name in self.slow:
            assert self.cancelled.wait(10)
            raise ServiceDidNotStart(unit.name, "the run is over")
        if unit.name in self.fails:
            raise ServiceDidNotStart(unit.name, "exit code 1", ("Traceback",))
        return Instance(name=unit.name, version="1", slot=slot, endpoints=())

    def cancel(self) -> None:
        self.cancelled.set()

    def stop(self, instance: Instance) -> None: ...

    def alive(self, instance: Instance) -> bool:
        return bool(instance)

    def log_tail(self, instance: Instance, lines: int = 40) -> tuple[str, ...]:
        return (instance.name,)[:lines]

    def log_position(self, instance: Instance) -> float:
        return 0

    def log_between(self, instance: Instance, begin: float, end: float | None = None) -> tuple[str, ...]:
        return ()

    def listening(self, instance: Instance) -> tuple[str, ...]:
        return ()


def system(**needs: tuple[str, ...]) -> System:
    services = tuple(Service(name=n, version="1", command=("x",), needs=other) for n, other in needs.items())
    return System(root=Path("/nowhere"), manifest=Path("/nowhere/harness.toml"), services=services)


def bring_up(session: FakeSession, described: System, order: list[str]) -> Startup:
    startup = Startup(session=session, system=described, clock=Ticks())
    list(startup.events(order))
    return startup


def test_a_service_starts_after_everything_it_needs() -> None:
    session = FakeSession()
    bring_up(session, system(db=(), orders=("db",), web=("orders", "db")), ["db", "orders", "web"])
    assert session.started == ["db", "orders", "web"]


@pytest.mark.parametrize("how", ["build", "start"])
def test_a_failed_start_is_kept_to_those_who_need_it(how: str) -> None:
    session = FakeSession(fails={"orders": how})
    startup = bring_up(
        session,
        system(orders=(), web=("orders",), page=("web",), catalog=()),
        ["orders", "web", "page", "catalog"],
    )
    assert set(startup.running) == {"catalog"}
    assert startup.failed["web"] == "it needs orders, which did not start"
    assert startup.failed["page"] == "it needs web, which did not start"


@pytest.mark.parametrize("seen", [0, 1, 4, 5], ids="{} events".format)
def test_closing_a_start_up_gives_up_whatever_is_in_progress(seen: int) -> None:
    session = FakeSession(slow=frozenset({"orders"}))
    startup = Startup(session=session, system=system(db=(), orders=(), web=("orders",)), clock=Ticks())
    stream = startup.events(["db", "orders", "web"])
    for _ in range(seen):
        next(stream)
    stream.close()
    assert session.cancelled.is_set() == (seen > 0)
    assert "web" not in session.started


def test_a_start_up_that_ended_by_itself_cancels_nothing() -> None:
    session = FakeSession(fails={"orders": "start"})
    bring_up(session, system(db=(), orders=()), ["db", "orders"])
    assert not session.cancelled.is_set()


def test_what_does_not_need_each_other_starts_side_by_side() -> None:
    class Meeting(FakeSession):
        met = threading.Barrier(3)

        def start(self, unit: Unit, peers: Mapping[str, Instance], slot: str = "") -> Instance:
            self.met.wait(timeout=10)  # only when all three are being started at once
            return super().start(unit, peers, slot)

    session = Meeting()
    assert set(bring_up(session, system(a=(), b=(), c=()), ["a", "b", "c"]).running) == {"a", "b", "c"}


def test_what_waits_for_a_free_worker_is_not_counted_as_its_own_time() -> None:
    class Slow(FakeSession):
        def start(self, unit: Unit, peers: Mapping[str, Instance], slot: str = "") -> Instance:
            clock.now_is += 10
            return super().start(unit, peers, slot)

    class Held(Ticks):
        now_is = 0.0

        def seconds(self) -> float:
            return self.now_is

    clock = Held()
    startup = Startup(session=Slow(), system=system(a=(), b=(), c=()), clock=clock)
    ready = [e for e in startup.events(["a", "b", "c"], workers=1) if isinstance(e, ServiceReady)]
    assert [e.seconds for e in ready] == [10, 10, 10]


# --- side by side


def touching(name: str, touches: set[str], *, shared: bool = False) -> Task:
    base = task("a")
    return Task(
        id=TaskId(
            kind=EvidenceKind.PACTS, provider=Version(name, "1"), consumer=Version("web", "1"), contract=name
        ),
        service=base.service,
        pact=base.pact,
        identity="i",
        touches=frozenset(touches),
        shared=shared,
        promised=1,
    )


def test_tasks_that_meet_in_an_instance_wait_for_each_other_unless_both_leave_it_as_it_was() -> None:
    orders = touching("orders", {"orders", "catalog"})
    catalog = touching("catalog", {"catalog"})
    payments = touching("payments", {"payments"})
    assert conflict(orders, catalog)
    assert not conflict(catalog, payments)
    assert not conflict(touching("x", {"x"}, shared=True), touching("x", {"x"}, shared=True))
    assert conflict(touching("x", {"x"}, shared=True), touching("x", {"x"}))


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_every_task_is_run_exactly_once_whatever_the_number_of_workers(jobs: int) -> None:
    tasks = [touching(name, {name, "db"} if name in "ab" else {name}) for name in "abcdef"]

    def work(one: Task) -> Iterator[Event]:
        yield from run_task(one, bench(FakeCheck((kept("a"),))))

    events = list(Workers(jobs=jobs, work=work).events(tasks))
    ended = sorted(e.task.contract for e in events if isinstance(e, CheckFinished))
    assert ended == list("abcdef")


def test_a_defect_in_a_worker_reaches_the_caller() -> None:
    def work(one: Task) -> Iterator[Event]:
        yield from ()
        raise RuntimeError(f"a defect in {one.id}")

    with pytest.raises(RuntimeError, match="a defect in"):
        list(Workers(jobs=2, work=work).events([touching("a", {"a"})]))


def test_steps_of_a_build_are_told_while_it_goes_on_and_its_time_with_the_start() -> None:
    class Building(FakeSession):
        told = threading.Event()

        def prepare(self, unit: Unit, tell: Tell = silent) -> None:
            tell("Step 1/2 : FROM x")
            tell(f"Step 2/2 : RUN {unit.name}")
            assert self.told.wait(10)  # the step is seen before the build has ended

    session = Building()
    startup = Startup(session=session, system=system(orders=()), clock=Ticks())
    seen: list[object] = []
    for event in startup.events(["orders"]):
        seen.append(event)
        if isinstance(event, ServiceStep):
            session.told.set()
    steps = [e for e in seen if isinstance(e, ServiceStep)]
    assert [e.text for e in steps] == ["Step 2/2 : RUN orders"]
    ready = next(e for e in seen if isinstance(e, ServiceReady))
    assert ready.prepared > 0


@pytest.mark.parametrize(
    ("ready", "proven"),
    [
        (Ready(kind=ReadyKind.LOG, target=""), False),
        (Ready(kind=ReadyKind.LOG, target="up"), True),
        (Ready(), True),
    ],
)
def test_what_nothing_tells_to_be_ready_is_not_said_to_be(ready: Ready, proven: bool) -> None:
    described = system(cache=())
    described = replace(described, services=(replace(described.services[0], ready=ready),))
    startup = Startup(session=FakeSession(), system=described, clock=Ticks())
    events = [e for e in startup.events(["cache"]) if isinstance(e, ServiceReady)]
    assert [e.proven for e in events] == [proven]
