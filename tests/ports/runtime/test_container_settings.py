"""What a container finds beside its image: files, storage, names, another entrypoint."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from runtime_bench import Bench, ask, bench_for, service

from harness.ports import Session
from harness.runtime.choice import choose
from harness.runtime.containers import ContainerRuntime
from harness.services.system import (
    ContainerSettings,
    Mount,
    MountKind,
    Ready,
    ReadyKind,
    Resource,
    ResourceKind,
    Service,
)

pytestmark = [pytest.mark.slow, pytest.mark.docker]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_for("docker", tmp_path)


def said(bench: Bench, session: Session, program: str, settings: ContainerSettings, name: str = "look") -> Any:
    """What a program prints as JSON in a container with these settings."""
    assert isinstance(bench.runtime, ContainerRuntime)
    python = () if settings.entrypoint else ("python3",)
    job = Resource(
        name=name,
        kind=ResourceKind.JOB,
        build=service().build,
        container_command=(*python, "-c", f"import json, os\nprint(json.dumps({program}))"),
        container=settings,
        ready=Ready(kind=ReadyKind.EXIT, target="0"),
    )
    session.prepare(job)
    return json.loads(session.log_tail(session.start(job, {}))[-1])


def test_folders_and_files_of_the_project_are_there_as_copies(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "seed/deep").mkdir(parents=True)
    (tmp_path / "seed/deep/a.txt").write_text("a")
    (tmp_path / "seed/.harness").mkdir()
    (tmp_path / "one.txt").write_text("one")
    settings = ContainerSettings(
        mounts=(
            Mount(target="/seed", kind=MountKind.COPY, source=str(tmp_path / "seed"), read_only=True),
            Mount(target="/new/place/one.txt", kind=MountKind.COPY, source=str(tmp_path / "one.txt")),
            Mount(target="/run/secrets/t", kind=MountKind.TEXT, text="s", mode=0o440, owner=(7, 8)),
        )
    )
    program = (
        "[sorted(os.listdir('/seed')), open('/seed/deep/a.txt').read(), open('/new/place/one.txt').read(),"
        " open('/run/secrets/t').read(), os.stat('/run/secrets/t')[:6], os.access('/seed', os.W_OK)]"
    )
    with bench.runtime.session(bench.run()) as session:
        listed, a, one, secret, stat, writable = said(bench, session, program, settings)
    assert (listed, a, one, secret, writable) == (["deep"], "a", "one", "s", False)
    assert (stat[0] & 0o777, stat[4:6]) == (0o440, [7, 8])
    assert (tmp_path / "seed/deep/a.txt").read_text() == "a"


def test_what_a_container_writes_stays_in_the_run_and_is_seen_by_the_others(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    folder = Mount(target="/s", kind=MountKind.COPY, source=str(tmp_path / "shared"))
    named = Mount(target="/n", kind=MountKind.VOLUME, source="data")
    settings = ContainerSettings(mounts=(folder, named))
    run = bench.run()
    with bench.runtime.session(run) as session:
        said(bench, session, "[open('/s/x', 'w').write('1'), open('/n/y', 'w').write('2')]", settings, "writer")
        seen = said(bench, session, "[os.listdir('/s'), os.listdir('/n')]", settings, "reader")
        assert seen == [["x"], ["y"]]
    assert list((tmp_path / "shared").iterdir()) == []
    assert isinstance(bench.runtime, ContainerRuntime)
    assert bench.runtime.engine.labelled(f"contract-harness={run}") == []


def test_a_container_is_made_as_it_is_told(bench: Bench) -> None:
    settings = ContainerSettings(
        entrypoint=("python3", "-X", "utf8"),
        working_dir="/usr",
        user="12:34",
        hostname="somebody",
        hosts=("elsewhere:10.1.2.3",),
        tmpfs=("/scratch:size=1m",),
        options=(("ulimits", ("nofile=99:99",)), ("sysctls", ("net.core.somaxconn=77",)), ("init", ("true",))),
    )
    program = (
        "[os.getcwd(), os.getuid(), os.getgid(), os.uname()[1], '10.1.2.3' in open('/etc/hosts').read(),"
        " os.statvfs('/scratch')[1] * os.statvfs('/scratch')[2], __import__('resource').getrlimit(7)[0],"
        " open('/proc/sys/net/core/somaxconn').read().strip()]"
    )
    with bench.runtime.session(bench.run()) as session:
        seen = said(bench, session, program, settings)
    assert seen == ["/usr", 12, 34, "somebody", True, 1 << 20, 99, "77"]


def test_a_container_is_asked_to_go_when_it_is_given_time_for_that(bench: Bench, tmp_path: Path) -> None:
    seen = []
    for grace in (5.0, None):
        told = tmp_path / f"told-{grace}"
        told.mkdir()
        mount = Mount(target="/told", kind=MountKind.HOST, source=str(told))
        polite = service(MODE="polite", TOLD="/told/it")
        with bench.runtime.session(bench.run()) as session:
            session.start(replace(polite, container=ContainerSettings(mounts=(mount,)), stop_timeout=grace), {})
        seen.append((told / "it").exists())
    assert seen == [True, False]
    assert bench.runtime.killed() == {}


def test_a_container_that_does_not_go_in_its_time_is_known(bench: Bench) -> None:
    deaf = replace(service(), stop_timeout=1.0)  # the first process of a container goes only at what it handles
    with bench.runtime.session(bench.run()) as session:
        session.start(deaf, {})
    assert bench.runtime.killed() == {deaf.name: 1.0}


def test_a_container_is_told_to_ask_itself_and_its_peers_past_any_proxy(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        catalog = session.start(service(), {})
        orders = session.start(service("orders", NO_PROXY="corp.example"), {"catalog": catalog})
        told = ask(orders)["NO_PROXY"].split(",")
    assert {"corp.example", "localhost", "127.0.0.1", "orders", "catalog"} <= set(told)


def test_other_names_of_a_service_are_known_in_the_runs_network(bench: Bench) -> None:
    named = replace(service(), container=ContainerSettings(names=("shop-catalog",)))
    caller = service("orders", PEER="http://shop-catalog:8000")
    with bench.runtime.session(bench.run()) as session:
        session.start(named, {})
        assert ask(session.start(caller, {}), "/peer")["PORT"] == "8000"


def test_what_is_mounted_is_part_of_what_a_service_is_known_by(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "folder/node_modules").mkdir(parents=True)
    path = tmp_path / "folder/node_modules/x.js"

    def artifact(text: str, target: str = "/x") -> str:
        path.write_text(text)
        mount = Mount(target=target, kind=MountKind.COPY, source=str(tmp_path / "folder"))
        another_command, _ = choose("docker", tmp_path, bench.environ)
        return another_command.artifact(replace(service(), container=ContainerSettings(mounts=(mount,))))

    seen = [artifact("1"), artifact("2"), artifact("1", "/y"), bench.runtime.artifact(service())]
    assert len(set(seen)) == 4
    assert artifact("1") == seen[0]


@pytest.mark.parametrize("changed", [{"entrypoint": ("x",)}, {"user": "1"}, {"options": (("tty", ("true",)),)}])
def test_how_a_container_is_made_is_part_of_it_too(changed: dict[str, object], bench: Bench) -> None:
    other = replace(service(), container=replace(ContainerSettings(), **changed))  # type: ignore[arg-type]
    assert bench.runtime.artifact(other) != bench.runtime.artifact(service())


def test_a_folder_of_the_machine_has_no_content_that_could_be_known(bench: Bench) -> None:
    mount = Mount(target="/x", kind=MountKind.HOST, source="/sys")
    unit: Service = replace(service(), container=ContainerSettings(mounts=(mount,)))
    assert bench.runtime.artifact(unit) == ""
