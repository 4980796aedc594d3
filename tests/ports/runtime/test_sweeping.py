"""Nothing is left behind: what a killed run leaves goes with the next sweep, and nothing else does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import dedent

import psutil
import pytest
from runtime_bench import REAL, Bench, accepts, bench_for, marked, need_postgres, on, service, shared_memory, until

from harness.errors import EnvironmentProblem
from harness.ports import Endpoint, Instance
from harness.runtime import sweeping
from harness.runtime.containers import ContainerRuntime
from harness.runtime.launch import start_time, write_down
from harness.runtime.process_handle import ProcessHandle, end, read_life


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return bench_for(request.param, tmp_path)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HARNESS_STATE_DIR": str(tmp_path / "state")}


HOLDER = """
import os, sys, time
sys.path[:0] = {path!r}
from runtime_bench import bench_for, database, service
from pathlib import Path

kind, folder, run, what = sys.argv[1:]
bench = bench_for(kind, Path(folder))
unit = database() if what == "database" else service(MODE="child") if what == "child" else service()
session = bench.runtime.session(run, keep=what == "keep")
try:
    with session as held:
        if what != "nothing":
            print(held.start(unit, {{}}).url, flush=True)
        else:
            print("-", flush=True)
        if what != "keep":
            time.sleep(120)
except KeyboardInterrupt:
    sys.exit(130)
print("ended", flush=True)
time.sleep(120)
"""


def holder(bench: Bench, folder: Path, run: str, what: str) -> list[str]:
    """The command of another harness that holds a session."""
    script = dedent(HOLDER).format(path=[str(Path(__file__).parents[2])])
    return [sys.executable, "-c", script, bench.runtime.name, str(folder), run, what]


@contextmanager
def holding(bench: Bench, folder: Path, run: str, what: str) -> Iterator[tuple[subprocess.Popen[str], Instance]]:
    """Another harness that holds a session, and what it started."""
    command = holder(bench, folder, run, what)
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        if what == "keep":
            assert child.stdout.readline().strip() == "ended"
        yield child, Instance(name="x", version="1", endpoints=(Endpoint(name="http", url=url, inside=url),))
    finally:
        if child.poll() is None:
            child.kill()
        child.wait(timeout=20)
        assert child.stdout is not None
        child.stdout.close()


# Real runs that are killed


@on(*REAL)
@pytest.mark.parametrize("what", ["service", "child", "database"])
def test_what_a_killed_run_leaves_goes_with_the_next_sweep(bench: Bench, tmp_path: Path, what: str) -> None:
    if what == "database":
        need_postgres(bench)
    run = bench.run()
    with holding(bench, tmp_path, run, what) as (child, instance):
        assert bench.runtime.sweep() == 0, "a living run was swept"
        child.kill()
        child.wait()
    assert bench.runtime.sweep() >= 1
    assert bench.left() == []
    assert marked(run) == []
    assert what == "database" or not accepts(instance)
    assert bench.runtime.sweep() == 0


@on(*REAL)
@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_run_that_is_killed_at_any_moment_of_a_start_leaves_nothing(
    bench: Bench, tmp_path: Path, moment: float
) -> None:
    run = bench.run()
    bench.runtime.artifact(service())
    command = holder(bench, tmp_path, run, "service")
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    assert until((tmp_path / "state" / "runs" / run / "run.json").exists, 20)
    time.sleep(moment)
    child.kill()
    child.wait()
    time.sleep(0.2)  # as long as the next command takes to start
    bench.runtime.sweep()
    assert marked(run) == []
    assert bench.left() == []


@on(*REAL)
def test_a_sweep_leaves_living_and_kept_runs_alone(bench: Bench, tmp_path: Path) -> None:
    with holding(bench, tmp_path, bench.run(), "keep") as (keeper, kept):
        keeper.kill()
        keeper.wait()
        with holding(bench, tmp_path, bench.run(), "service") as (_, living):
            assert bench.runtime.sweep() == 0
            assert accepts(kept)
            assert accepts(living)
    bench.runtime.sweep()
    assert accepts(kept)
    assert bench.runtime.down() >= 1
    assert not accepts(kept)
    assert bench.left() == []


@on(*REAL)
def test_a_run_of_another_state_folder_is_not_ours_to_sweep(bench: Bench, tmp_path: Path) -> None:
    other = bench_for(bench.runtime.name, tmp_path / "other")
    with bench.runtime.session(bench.run()) as session:
        instance = session.start(service(), {})
        assert other.runtime.sweep() == 0
        assert session.alive(instance)
    if isinstance(other.runtime, ContainerRuntime):
        other.runtime.engine.close()


@on(*REAL)
def test_ctrl_c_twice_still_clears_up(bench: Bench, tmp_path: Path) -> None:
    run = bench.run()
    with holding(bench, tmp_path, run, "service") as (child, instance):
        child.send_signal(signal.SIGINT)
        time.sleep(0.03)
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=20) in {130, -signal.SIGINT}
    assert not accepts(instance)
    assert bench.left() == []


@on(REAL[0])
def test_on_linux_a_process_ends_with_the_harness_that_was_killed(bench: Bench, tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux can do it")
    with holding(bench, tmp_path, bench.run(), "service") as (child, instance):
        child.kill()
        child.wait()
        assert until(lambda: not accepts(instance)), "it lived on without a sweep"
    bench.runtime.sweep()


@on(REAL[0])
def test_a_kept_process_outlives_the_harness(bench: Bench, tmp_path: Path) -> None:
    with holding(bench, tmp_path, bench.run(), "keep") as (child, instance):
        child.kill()
        child.wait()
    time.sleep(0.3)
    assert accepts(instance)
    assert bench.runtime.down() >= 1
    assert until(lambda: not accepts(instance))


@on(REAL[0])
@pytest.mark.parametrize("moment", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7])
def test_a_database_that_is_killed_at_any_moment_leaves_no_shared_memory(
    bench: Bench, tmp_path: Path, moment: float
) -> None:
    need_postgres(bench)
    run, before = bench.run(), shared_memory()
    command = holder(bench, tmp_path, run, "database")
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    assert until((tmp_path / "state" / "runs" / run / "data").exists, 20)
    time.sleep(moment)
    for pid in marked(run):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    child.kill()
    child.wait()
    bench.runtime.sweep()
    assert marked(run) == []
    assert shared_memory() - before == set()
    assert bench.left() == []


# Processes are who they are by pid and start time


def test_a_stranger_with_the_same_pid_is_never_ended(environ: dict[str, str]) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        with sweeping.hold_run_folder("run", environ) as folder:
            record = folder.place("processes") / "1-x.json"
            record.write_text(json.dumps({"pid": stranger.pid, "start": "another boot/1/2", "signal": 9}))
            assert folder.end_processes().count == 0
        assert stranger.poll() is None
        assert end([ProcessHandle(stranger.pid, "another boot/1/2")]).count == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_is_known_by_its_start(tmp_path: Path) -> None:
    record = tmp_path / "record"
    write_down(str(record), os.getpid(), 15, 2.5)
    life = read_life(record)
    assert life is not None
    assert life == ProcessHandle(os.getpid(), start_time(os.getpid()), 15, 2.5)
    assert life.goes_on
    assert os.listdir(tmp_path) == ["record"]


def test_a_process_that_ended_but_was_not_waited_for_does_not_go_on() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    life = ProcessHandle(child.pid, start_time(child.pid))
    assert until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not life.goes_on
    child.wait()
    assert start_time(child.pid) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"pid": "x", "start": "", "signal": 1}', "\0"])
def test_a_broken_record_is_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "record").write_text(text)
    assert read_life(tmp_path / "record") is None


# Run folders


def test_a_run_folder_is_there_while_it_is_held_and_gone_afterwards(environ: dict[str, str]) -> None:
    with sweeping.run_folder("run", environ) as scratch:
        (scratch / "file").write_text("x")
        assert sweeping.sweep(environ, None) == 0
        assert (scratch / "file").exists()
    assert not scratch.parent.exists()


def test_a_run_may_be_held_several_times_by_one_process(environ: dict[str, str]) -> None:
    with sweeping.run_folder("run", environ) as outer:
        with sweeping.hold_run_folder("run", environ) as inner:
            assert inner.path == outer.parent
        assert outer.exists()
        assert sweeping.sweep(environ, None) == 0
    assert not outer.exists()


def test_an_unlocked_folder_is_swept(environ: dict[str, str], tmp_path: Path) -> None:
    dead = tmp_path / "state" / "runs" / "dead"
    (dead / "scratch" / "deep").mkdir(parents=True)
    (dead / "scratch" / "deep" / "file").write_text("x")
    assert sweeping.leftovers(environ) == ["dead"]
    assert sweeping.sweep(environ, None) == 1
    assert not dead.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"keep": 1}'])
def test_a_folder_with_a_broken_record_is_swept(environ: dict[str, str], tmp_path: Path, text: str) -> None:
    dead = tmp_path / "state" / "runs" / "dead"
    dead.mkdir(parents=True)
    (dead / "run.json").write_text(text)
    assert sweeping.sweep(environ, None) == 1
    assert not dead.exists()


def test_a_run_with_containers_waits_for_an_engine(environ: dict[str, str]) -> None:
    with sweeping.hold_run_folder("run", environ) as folder:
        folder.note(containers=True, keep=True)
    assert folder.path.exists()
    (folder.path / "run.json").write_text(json.dumps({"root": "", "keep": False, "containers": True}))
    removed: list[str] = []

    def remove(run: str) -> int:
        removed.append(run)
        return 2

    assert sweeping.sweep(environ, None) == 0
    assert sweeping.sweep(environ, remove) == 3
    assert removed == ["run"]
    assert not folder.path.exists()


def test_a_kept_run_whose_processes_are_gone_is_swept(environ: dict[str, str]) -> None:
    with sweeping.hold_run_folder("run", environ) as folder:
        folder.note(keep=True)
    assert sweeping.sweep(environ, None) == 1


def test_runs_that_begin_and_end_while_others_sweep_do_not_disturb_each_other(
    environ: dict[str, str], tmp_path: Path
) -> None:
    script = (
        "import os, sys\n"
        "from harness.runtime import sweeping\n"
        "for number in range(40):\n"
        "    with sweeping.run_folder(f'{sys.argv[1]}-{number % 3}', os.environ) as folder:\n"
        "        (folder / 'file').write_text('x')\n"
        "        assert (folder / 'file').exists()\n"
        "    sweeping.sweep(os.environ, None)\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", script, f"run{number}"], env={**os.environ, **environ})
        for number in range(3)
    ]
    assert [child.wait(timeout=60) for child in children] == [0, 0, 0]
    assert list((tmp_path / "state" / "runs").iterdir()) == []


def test_the_host_has_one_name(environ: dict[str, str], tmp_path: Path) -> None:
    name = sweeping.host_name(environ)
    assert name == sweeping.host_name(environ)
    assert name != sweeping.host_name({"HARNESS_STATE_DIR": str(tmp_path / "other")})
    assert [p.name for p in (tmp_path / "state").iterdir()] == ["host"]


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match="state folder cannot be written"):
        sweeping.sweep({"HARNESS_STATE_DIR": str(tmp_path / "file" / "state")}, None)


def test_the_state_folder_follows_the_environment() -> None:
    assert sweeping.state_folder({"XDG_STATE_HOME": "/x", "HOME": "/h"}) == Path("/x/contract-harness")
    assert sweeping.state_folder({"HOME": "/h"}) == Path("/h/.local/state/contract-harness")
    assert sweeping.state_folder({"HARNESS_STATE_DIR": "/own", "HOME": "/h"}) == Path("/own")
