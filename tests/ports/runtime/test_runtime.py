"""What every runtime does, seen on containers, on local processes and on the stand-in."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeRuntime
from runtime_bench import (
    ALL,
    REAL,
    Bench,
    accepts,
    ask,
    bench_for,
    database,
    listening,
    marked,
    need_postgres,
    on,
    service,
    until,
)

from harness.errors import ManifestError, ServiceDidNotStart
from harness.ports import Endpoint, Instance, Runtime
from harness.runtime.containers import ContainerRuntime
from harness.runtime.processes import ProcessRuntime
from harness.services.system import Ready, ReadyKind, Service


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return bench_for(request.param, tmp_path)


# What is started


@on(*ALL)
def test_a_started_service_answers_under_its_url(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        assert ask(instance)["PORT"]
        assert session.alive(instance)
        assert (instance.name, instance.version, instance.slot) == ("catalog", "1", "")
        assert instance.artifact == bench.runtime.artifact(service())
    assert not accepts(instance)
    assert bench.left() == [] or bench.left() == [str(Path(bench.environ["HARNESS_STATE_DIR"]) / "host")]


@on(*ALL)
def test_references_in_the_environment_are_resolved(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        seen = ask(session.start(service(OWN="${self.port}", OUTSIDE="${env.A_SECRET}", LITERAL="$${x}"), {}))
    assert seen["OWN"] == seen["PORT"]
    assert seen["OUTSIDE"] == "from outside"
    assert seen["LITERAL"] == "${x}"


@on(*ALL)
def test_services_reach_each_other_by_their_names(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        catalog = session.start(service(WHO="the catalog"), {})
        orders = session.start(service("orders", PEER="${catalog.url}"), {"catalog": catalog})
        assert ask(orders, "/peer")["WHO"] == "the catalog"


@on(*ALL)
def test_a_peer_may_have_any_inside_url(bench: Bench) -> None:
    recorder = Endpoint(name="http", url="http://127.0.0.1:1", inside="http://recorder.example:9")
    recorded = Instance(name="catalog", version="1", endpoints=(recorder,))
    with bench.runtime.session(bench.run()) as session:
        orders = session.start(
            service("orders", PEER="${catalog.url}", HOST="${catalog.host}"), {"catalog": recorded}
        )
        seen = ask(orders)
    assert (seen["PEER"], seen["HOST"]) == ("http://recorder.example:9", "recorder.example")


@on(*ALL)
def test_two_versions_of_one_service_run_at_once(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        old = session.start(service(version="1", WHO="old"), {})
        new = session.start(service(version="2", WHO="new"), {}, slot="new")
        assert (ask(old)["WHO"], ask(new)["WHO"]) == ("old", "new")
        caller = session.start(service("orders", PEER="${catalog.url}"), {"catalog": new})
        assert ask(caller, "/peer")["WHO"] == "new"
        session.stop(new)
        assert session.alive(old)
        assert not session.alive(new)
    assert (new.version, new.slot) == ("2", "new")


@on(*ALL)
def test_two_runs_at_once_do_not_meet(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as one:
        first = one.start(service(WHO="one"), {})
        with bench.runtime.session(bench.run()) as two:
            second = two.start(service(WHO="two"), {})
            assert (ask(first)["WHO"], ask(second)["WHO"]) == ("one", "two")
        assert one.alive(first)


@on(*ALL)
def test_every_endpoint_has_an_address(bench: Bench) -> None:
    several = replace(service(), endpoints=(("http", 8000), ("admin", 9000)))
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(several, {})
    assert [endpoint.name for endpoint in instance.endpoints] == ["http", "admin"]


@on(*ALL)
def test_an_attached_service_is_asked_but_never_started_or_stopped(bench: Bench) -> None:
    with listening() as url:
        attached = Service(name="payments", version="7", url=url, ready=Ready(target="/health", within=5))
        with bench.runtime.session(bench.run()) as session:
            session.prepare(attached)
            instance = session.start(attached, {})
            session.stop(instance)
            assert (instance.url, instance.inside, instance.artifact) == (url, url, "")
            assert session.alive(instance)
            assert session.log_tail(instance) == ()
    assert bench.runtime.artifact(attached) == ""


@on(*REAL)
def test_an_attached_service_that_does_not_answer_did_not_start(bench: Bench) -> None:
    attached = Service(name="payments", url="http://127.0.0.1:9", ready=Ready(target="/", within=0.1))
    with (
        bench.runtime.session(bench.run()) as session,
        pytest.raises(ServiceDidNotStart, match="attached by its url"),
    ):
        session.start(attached, {})


@on(*ALL)
def test_the_log_is_read_from_where_it_stood_and_where_it_listens_is_seen(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        assert session.log_between(instance, 1)[-1:] == session.log_tail(instance)[-1:]
        assert session.log_between(instance, 1, 1) == ()
        assert session.listening(instance)


# What does not start


@on(*ALL)
def test_a_service_that_crashes_is_told_with_its_last_words(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        with pytest.raises(ServiceDidNotStart, match="ended with exit code 1") as told:
            session.start(service(within=60, MODE="crash"), {})
        assert "no such table: orders" in told.value.log_tail
        other = session.start(service("other"), {})
        assert session.alive(other), "the failure of one is no failure of another"


@on(*ALL)
def test_a_service_that_is_never_ready_is_told_with_what_it_answered(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        with pytest.raises(ServiceDidNotStart, match="answered 503") as told:
            session.start(service(within=2, HEALTH="503"), {})
        assert "not ready within 2 s" in told.value.why
        assert told.value.log_tail


@on(*REAL)
def test_a_failed_start_leaves_nothing_running(bench: Bench) -> None:
    run = bench.run()
    with bench.runtime.session(run) as session:
        for environment in ({"MODE": "crash"}, {"HEALTH": "500"}):
            with pytest.raises(ServiceDidNotStart):
                session.start(service(within=1, **environment), {})
        assert marked(run) == []
        if isinstance(bench.runtime, ContainerRuntime):
            containers = [
                t for t in bench.runtime.engine.labelled(f"contract-harness={run}") if t.kind == "container"
            ]
            assert containers == []


@on(*ALL)
def test_a_reference_to_nobody_is_an_error_and_leaves_nothing(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session, pytest.raises(ManifestError, match="nothing is called"):
        session.start(service(PEER="${catalogue.url}"), {})


# When it counts as ready


@pytest.mark.parametrize(
    "ready",
    [
        Ready(kind=ReadyKind.TCP, target="http", within=30),
        Ready(kind=ReadyKind.LOG, target="^listening$", within=30),
        Ready(kind=ReadyKind.EXEC, target="test -f serve.py || test -f /serve.py", within=30),
    ],
    ids=lambda ready: str(ready.kind.value),
)
@on(*REAL)
def test_each_kind_of_readiness(bench: Bench, ready: Ready) -> None:
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(replace(service(), ready=ready), {})
        assert session.alive(instance)


@on(*REAL)
@pytest.mark.parametrize("kind", [ReadyKind.TCP, ReadyKind.HTTP])
def test_a_port_that_is_open_before_the_service_listens_is_not_ready(bench: Bench, kind: ReadyKind) -> None:
    target = "http" if kind is ReadyKind.TCP else "/health"
    slow = replace(service(DELAY="1.5"), ready=Ready(kind=kind, target=target, within=30))
    with bench.runtime.session(bench.run()) as session:
        assert ask(session.start(slow, {}))["DELAY"] == "1.5"


@on(*REAL)
@pytest.mark.parametrize(
    ("ready", "seen"),
    [
        (Ready(kind=ReadyKind.LOG, target="^never$", within=1), "'^never$'"),
        (Ready(kind=ReadyKind.EXEC, target="exit 9", within=1), "ended with 9"),
    ],
)
def test_what_was_seen_instead_of_readiness_is_told(bench: Bench, ready: Ready, seen: str) -> None:
    with bench.runtime.session(bench.run()) as session, pytest.raises(ServiceDidNotStart) as told:
        session.start(replace(service(), ready=ready), {})
    assert seen in told.value.why


# What runs


@on(*ALL)
def test_a_service_that_died_is_not_alive(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        with suppress(OSError):
            ask(instance, "/die")
        assert until(lambda: not session.alive(instance))


@on(*ALL)
def test_stopping_twice_is_harmless(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        session.stop(instance)
        session.stop(instance)
        assert not session.alive(instance)
        assert not accepts(instance)


@on(*ALL)
def test_the_log_can_be_read_while_it_runs(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        assert "listening" in session.log_tail(instance)
        for _ in range(5):
            ask(instance)
        assert until(lambda: sum("/environment" in line for line in session.log_tail(instance)) == 5)
        assert len(session.log_tail(instance, 2)) == 2


@on(*ALL)
def test_an_error_in_the_run_stops_what_it_started(bench: Bench) -> None:
    started: list[Instance] = []

    def fail() -> None:
        with bench.runtime.session(bench.run(), keep=True) as session:
            started.append(session.start(service(), {}))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not accepts(started[0])
    assert bench.runtime.down() == 0


@on(*ALL)
def test_what_is_kept_stays_until_it_is_stopped(bench: Bench) -> None:
    with bench.runtime.session(bench.run(), keep=True) as session:
        instance = session.start(service(WHO="kept"), {})
    try:
        bench.runtime.sweep()
        assert ask(instance)["WHO"] == "kept"
    finally:
        stopped = bench.runtime.down()
    assert stopped >= 1
    assert not accepts(instance)
    assert bench.runtime.down() == 0


@on(*REAL)
def test_only_this_project_is_stopped(bench: Bench, tmp_path: Path) -> None:
    other = type(bench.runtime)(tmp_path / "elsewhere", bench.environ)  # type: ignore[call-arg]
    with bench.runtime.session(bench.run(), keep=True) as session:
        instance = session.start(service(), {})
    try:
        assert other.down() == 0
        assert accepts(instance)
    finally:
        assert bench.runtime.down() >= 1


# PostgreSQL


@on(*REAL)
def test_postgresql_answers_a_query_and_forgets_everything(bench: Bench) -> None:
    import psycopg

    need_postgres(bench)
    with bench.runtime.session(bench.run()) as session:
        session.prepare(database())
        instance = session.start(database(), {})
        with psycopg.connect(instance.url) as connection:
            connection.execute("create table things (id int)")
            row = connection.execute("select current_database(), current_user").fetchone()
            assert row == ('or"ders', "own-er")
        session.stop(instance)
        assert not session.alive(instance)
        again = session.start(database(), {})
        with psycopg.connect(again.url) as connection, pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("select * from things")
        seen = ask(session.start(service(URL="${db.url}"), {"db": again}))
        assert seen["URL"].startswith("postgresql://own-er:p%3Aw%40%2F%25@")
    assert [p for p in bench.left() if "data" in p] == []


@on(*REAL)
def test_postgresql_wants_the_password(bench: Bench) -> None:
    import psycopg

    need_postgres(bench)
    with bench.runtime.session(bench.run()) as session:
        url = session.start(database(), {}).url
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace("p%3Aw%40%2F%25", "wrong"))


def test_both_runtimes_keep_the_port() -> None:
    runtimes: list[Runtime] = [ProcessRuntime(Path(), {}), ContainerRuntime(Path(), {}), FakeRuntime()]
    assert [runtime.name for runtime in runtimes] == ["process", "docker", "fake"]


@on(*REAL)
@pytest.mark.parametrize(("status", "ready"), [("404", True), ("500", False)])
def test_where_nobody_named_a_path_any_answer_that_is_no_error_of_the_service_will_do(
    status: str, ready: bool, bench: Bench
) -> None:
    unsaid = replace(service(ELSEWHERE=status), ready=Ready(within=30.0 if ready else 2.0))
    with bench.runtime.session(bench.run()) as session:
        if ready:
            assert session.alive(session.start(unsaid, {}))
        else:
            with pytest.raises(ServiceDidNotStart, match="answered 500"):
                session.start(unsaid, {})
