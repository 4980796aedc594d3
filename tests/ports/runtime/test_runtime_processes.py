"""What only local processes do."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from runtime_bench import SERVICE, Bench, bench_for, database, marked, need_postgres, service, shared_memory

from harness.errors import ServiceDidNotStart
from harness.runtime.spawning import stop_signal
from harness.services.system import ContainerSettings, Resource, ResourceKind

pytestmark = [pytest.mark.slow]
PYTHON = shlex.quote(sys.executable)  # one that is there for each folder may first look for long which it is


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_for("process", tmp_path)


def test_a_service_without_a_command_says_how_to_mend_it(bench: Bench) -> None:
    bare = replace(service(), command=())
    with bench.runtime.session(bench.run()) as session:
        for step in (session.prepare, lambda unit: session.start(unit, {})):
            with pytest.raises(ServiceDidNotStart, match=r"\[services.catalog\] a 'command'"):
                step(bare)


def test_a_command_that_is_not_installed_is_named(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        with pytest.raises(ServiceDidNotStart, match="'no-such-program' is not installed"):
            session.start(replace(service(), command=("no-such-program",)), {})
        with pytest.raises(ServiceDidNotStart, match="exit code 1") as told:
            session.start(replace(service(), command=("./missing",)), {})
        assert any("No such file" in line for line in told.value.log_tail)


def test_a_container_resource_needs_docker(bench: Bench) -> None:
    queue = Resource(name="queue", kind=ResourceKind.CONTAINER, image="rabbitmq")
    with bench.runtime.session(bench.run()) as session, pytest.raises(ServiceDidNotStart, match="needs Docker"):
        session.start(queue, {})


def test_python_is_the_interpreter_of_the_harness(bench: Bench) -> None:
    import sys

    with bench.runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        assert psutil.Process(int(instance.handle)).cmdline()[0] == sys.executable


def test_a_service_runs_in_its_folder(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        assert Path(psutil.Process(int(instance.handle)).cwd()) == SERVICE


def test_a_port_that_somebody_takes_meanwhile_is_chosen_anew(bench: Bench, tmp_path: Path) -> None:
    # The first start finds its port taken, as if another program had bound it just before.
    script = tmp_path / "late.py"
    script.write_text(
        "import os, pathlib, runpy, socket, sys\n"
        "mark = pathlib.Path('tried')\n"
        "if not mark.exists():\n"
        "    mark.touch()\n"
        "    sys.exit('OSError: [Errno 98] Address already in use')\n"
        f"runpy.run_path({str(SERVICE / 'serve.py')!r})\n"
    )
    late = replace(service(), command=("python", "late.py"), directory=tmp_path)
    with bench.runtime.session(bench.run()) as session:
        assert session.alive(session.start(late, {}))


@pytest.mark.parametrize("command", [("python", "serve.py"), ("/bin/sh", "-c", f"{PYTHON} serve.py; true")])
def test_a_process_is_asked_to_go_at_the_end_of_a_run_and_by_down(
    bench: Bench, tmp_path: Path, command: tuple[str, ...]
) -> None:
    told = tmp_path / "told"
    polite = replace(service(MODE="polite", TOLD=str(told)), command=command)
    with bench.runtime.session(bench.run()) as session:
        session.start(polite, {})
        assert not told.exists()
    assert told.read_text() == "asked to go"
    told.unlink()
    with bench.runtime.session(bench.run(), keep=True) as session:
        session.start(polite, {})
    assert not told.exists()
    assert bench.runtime.down() >= 1
    assert told.read_text() == "asked to go"
    assert bench.left() == []


def test_a_service_that_is_stopped_by_itself_is_asked_to_go(bench: Bench, tmp_path: Path) -> None:
    told = tmp_path / "told"
    with bench.runtime.session(bench.run()) as session:
        session.stop(session.start(service(MODE="polite", TOLD=str(told)), {}))
        assert told.read_text() == "asked to go"


def test_the_signal_of_a_compose_file_asks_a_process_to_go() -> None:
    written = {"SIGINT": 2, "int": 2, "9": 9, "": 15, "SIGNONE": 15, "999": 15}
    told = {text: ContainerSettings(options=(("stop_signal", (text,)),)) for text in written}
    assert {text: stop_signal(replace(service(), container=told[text])) for text in written} == written


def test_a_service_that_listens_elsewhere_is_told_where_and_what_to_write(bench: Bench) -> None:
    fixed = replace(service(within=2.0), command=("/bin/sh", "-c", f"PORT=0 exec {PYTHON} serve.py"))
    with (
        bench.runtime.session(bench.run()) as session,
        pytest.raises(
            ServiceDidNotStart, match=r"it listens on .*:\d+: give its command or environment \$\{self.port"
        ),
    ):
        session.start(fixed, {})


def test_an_answer_of_a_stranger_on_the_port_is_not_readiness(bench: Bench, tmp_path: Path) -> None:
    # It forks a server that leaves the family, and does not listen itself.
    script = tmp_path / "stranger.py"
    script.write_text(
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        os.execvp('python3', ['python3', {str(SERVICE / 'serve.py')!r}])\n"
        "    os._exit(0)\n"
        "time.sleep(60)\n"
    )
    odd = replace(service(), command=("python", "stranger.py"), directory=tmp_path)
    run = bench.run()
    with bench.runtime.session(run) as session, pytest.raises(ServiceDidNotStart, match="another program"):
        session.start(odd, {})
    assert marked(run) == [], "what left its family was not ended"


def test_children_that_left_the_family_are_ended_with_the_run(bench: Bench) -> None:
    run = bench.run()
    with bench.runtime.session(run) as session:
        session.start(service(MODE="child"), {})
        assert len(marked(run)) == 2
    assert marked(run) == []


def test_a_service_that_refuses_to_go_is_made_to(bench: Bench, tmp_path: Path) -> None:
    script = tmp_path / "stubborn.py"
    script.write_text(
        "import signal, runpy\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"runpy.run_path({str(SERVICE / 'serve.py')!r})\n"
    )
    stubborn = replace(service(), command=("python", "stubborn.py"), directory=tmp_path, stop_timeout=0.3)
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(stubborn, {})
        began = time.monotonic()
        session.stop(instance)
        assert 0.3 <= time.monotonic() - began < 6
        assert not psutil.pid_exists(int(instance.handle))
    assert bench.runtime.killed() == {stubborn.name: 0.3}


def test_what_goes_only_when_it_is_made_to_is_known_whoever_started_it(bench: Bench, tmp_path: Path) -> None:
    program = tmp_path / "parent.sh"
    program.write_text(f"""trap '' TERM; "{sys.executable}" '{SERVICE / "serve.py"}' & trap - TERM; wait""")
    parent = replace(service("parent"), command=("sh", "parent.sh"), directory=tmp_path, stop_timeout=0.3)
    polite = replace(service("polite"), stop_timeout=20.0)
    with bench.runtime.session(bench.run()) as session:
        session.start(parent, {})
        session.start(polite, {})
    assert bench.runtime.killed() == {"parent": 0.3}


def test_a_worker_that_listens_nowhere_is_ready_when_it_runs(bench: Bench) -> None:
    worker = replace(service(), command=("sleep", "60"), endpoints=())
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(worker, {})
        assert session.alive(instance)
        assert instance.url == ""


def test_postgresql_gives_its_shared_memory_back(bench: Bench) -> None:
    need_postgres(bench)
    before = shared_memory()
    with bench.runtime.session(bench.run()) as session:
        session.start(database(), {})
    assert shared_memory() <= before


def test_starting_after_the_end_is_refused(bench: Bench) -> None:
    with bench.runtime.session(bench.run()) as session:
        pass
    with pytest.raises(ServiceDidNotStart, match="the run is over"):
        session.start(service(), {})
