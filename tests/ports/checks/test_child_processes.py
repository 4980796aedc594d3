"""One behaviour of every process that holds an engine: it answers, or how it ended is told, and nothing stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import psutil
import pytest
from runtime_bench import until

from harness.cancellation import CancelToken
from harness.checks.engines.child import MARK, Child, how_it_ended, started_with
from harness.checks.engines.pact_verifier import CHILD
from harness.errors import ToolCrashed

SPOKEN = """
import json, os, signal, subprocess, sys
def say(message): os.write(int(sys.argv[1]), json.dumps(message).encode() + b"\\n")
def start(**how): return subprocess.Popen(["/bin/sleep", "60"], **how).pid
"""


class Impatient(Child):
    """A child that is not waited for."""

    farewell: ClassVar[float] = 0.1


@contextmanager
def child(code: str, kind: type[Child] = Child) -> Iterator[Child]:
    with kind("the engine", [sys.executable, "-c", SPOKEN + code], os.environ, spoken=True) as process:
        yield process


def soon() -> Callable[[], float]:
    """As long as anybody could need, on a machine that does much else."""
    return lambda: float("inf")


def at_once() -> float:
    return 0.0


def test_it_answers_what_it_is_told_as_often_as_one_asks() -> None:
    with child("for line in sys.stdin: say(json.loads(line) * 2)") as process:
        for word in ("a", "ä\n", "b" * 100_000):
            process.tell(word)
            assert process.hear(soon()) == word * 2
        assert process.code is None
    assert process.code == -signal.SIGKILL


def test_what_it_said_before_it_ended_is_heard() -> None:
    with child("say(1); say(2)") as process:
        assert process.wait(60)
        assert [process.hear(at_once), process.hear(at_once)] == [1, 2]
        with pytest.raises(ToolCrashed, match="ended with exit code 0"):
            process.hear(soon())


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "the engine was killed by SIGSEGV"),
        ("os.kill(os.getpid(), signal.SIGKILL)", r"the engine was killed by SIGKILL \(out of memory\?\)"),
        ("os._exit(3)", "the engine ended with exit code 3$"),
        ("sys.exit('thread panicked')", "the engine ended with exit code 1: thread panicked"),
        ("print('a report'); sys.exit(2)", "the engine ended with exit code 2$"),
        (
            "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); bytearray(1 << 31)",
            "the engine ended with exit code 1: .*MemoryError",
        ),
        ("os.write(int(sys.argv[1]), b'{\\n'); input()", "the engine's answer cannot be understood: b'{'"),
        ("os.write(int(sys.argv[1]), b'\\xff\\n'); input()", "cannot be understood"),
    ],
    ids=["signal", "killed", "code", "words", "report", "memory", "garbage", "bytes"],
)
def test_what_became_of_it_is_told(code: str, told: str) -> None:
    with child(code) as process, pytest.raises(ToolCrashed, match=told):
        process.tell("a job")
        process.hear(soon())


def test_one_that_closes_its_output_and_lives_on_is_not_waited_for() -> None:
    with child("os.close(int(sys.argv[1])); input()", Impatient) as process:
        with pytest.raises(ToolCrashed, match="the engine said no more, though it went on"):
            process.hear(soon())
        assert process.code is None
    assert process.code is not None


def test_one_that_is_silent_for_too_long_may_still_be_asked_again() -> None:
    with child("say(input())") as process:
        with pytest.raises(TimeoutError):
            process.hear(at_once)
        process.tell(1)
        assert process.hear(soon()) == "1"


def test_an_answer_in_pieces_is_one_answer() -> None:
    with child("os.write(int(sys.argv[1]), b'[1'); input(); os.write(int(sys.argv[1]), b', 2]\\n')") as process:
        with pytest.raises(TimeoutError):
            process.hear(at_once)
        process.tell("")
        assert process.hear(soon()) == [1, 2]


def test_one_that_cannot_be_started_is_told_like_one_that_died(tmp_path: Path) -> None:
    with pytest.raises(ToolCrashed, match=r"the engine could not be started: .*none"):
        Child("the engine", [str(tmp_path / "none")], {})


@pytest.mark.parametrize(
    ("start", "then"),
    [
        ("start()", "input()"),
        ("start(start_new_session=True)", "input()"),
        ("start(env={}, start_new_session=True)", "input()"),
        ("start(start_new_session=True)", "os._exit(0)"),
        ("start(process_group=0)", "os.kill(os.getpid(), signal.SIGKILL)"),
        ("(signal.signal(signal.SIGTERM, signal.SIG_IGN), start(start_new_session=True))[1]", "input()"),
    ],
    ids=["group", "session", "environment", "orphan", "crash", "deaf"],
)
def test_what_it_started_ends_with_it_wherever_it_has_gone(start: str, then: str) -> None:
    with child(f"say({start}); {then}") as process:
        started = psutil.Process(process.hear(soon()))
        if then != "input()":
            assert process.wait(60)
    assert psutil.wait_procs([started], timeout=20)[1] == []


def test_what_was_started_a_moment_ago_is_known_by_its_mark() -> None:
    for number in range(100):
        with subprocess.Popen(["/bin/sleep", "60"], env={**os.environ, MARK: str(number)}) as started:
            assert started_with(started.pid, MARK) == str(number)
            started.kill()


def test_ending_it_twice_and_after_it_was_closed_is_harmless() -> None:
    with child("input()") as process:
        process.kill()
        process.kill()
    process.close()
    process.kill()
    assert process.code == -signal.SIGKILL


def test_whoever_waits_for_one_that_the_run_ends_is_told() -> None:
    run, heard = CancelToken(), list[Exception]()
    with child("say('ready'); input()") as process, run.calling(process.kill):
        assert process.hear(soon()) == "ready"

        def wait() -> None:
            try:
                process.hear(soon())
            except ToolCrashed as error:
                heard.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        run.declare()
        waiting.join(20)
    assert "was killed by SIGKILL" in str(heard[0])


HOLDS = """
try:
    say("ready")
    signal.pause()
except KeyboardInterrupt:
    {}
    sys.exit(5)
"""


@pytest.mark.parametrize("whom", ["leader", "group"])
def test_one_that_is_interrupted_may_clear_up(whom: str) -> None:
    with child(HOLDS.format("say('given back')")) as process:
        assert process.hear(soon()) == "ready"
        process.interrupt(group=whom == "group")
        assert process.hear(soon()) == "given back"
        assert process.wait(60)
        assert process.code == 5


def test_one_that_does_not_go_when_it_is_interrupted_is_ended() -> None:
    with child(HOLDS.format("say('no'); input()")) as process:
        assert process.hear(soon()) == "ready"
        process.finish_aside(0.0)
        assert process.wait(60)
        assert process.code == -signal.SIGKILL


def test_of_one_that_is_not_spoken_to_the_last_words_are_kept(tmp_path: Path) -> None:
    code = "import sys; print('x' * 90_000); print('this', flush=True); sys.exit('that' + sys.stdin.read())"
    with Child("a", [sys.executable, "-c", code], os.environ, folder=tmp_path, scratch=tmp_path) as process:
        assert process.wait(60)
        assert (process.code, process.last_words(14)) == (1, "xxx\nthis\nthat")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [*range(0, 256, 51), *(-number for number in range(1, 70))])
def test_every_end_has_words(code: int) -> None:
    told = how_it_ended(code)
    if code >= 0:
        assert told == f"ended with exit code {code}"
    else:
        known = -code in signal.valid_signals()
        assert told.startswith("was killed by SIG" if known and -code < 32 else "was killed by ")


PARENT = """
import os, sys, threading
from harness.checks.engines.child import Child
process = Child("a", sys.argv[1:], os.environ, spoken=True)
print(process._process.pid, flush=True)
print(process.hear(lambda: float("inf")) if "-c" in sys.argv[1:] else "", flush=True)
threading.Event().wait()
"""
WATCHES = SPOKEN + (
    "from harness.checks.engines.child import end_with_parent\nend_with_parent()\n"
    "say(start(start_new_session=True))\nsignal.pause()"
)


@contextmanager
def parent_of(*command: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process that has a child, and the ids of this and of what it started."""
    words = [sys.executable, "-c", PARENT, sys.executable, *command]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        try:
            yield (
                parent,
                [int(line) for line in (parent.stdout.readline(), parent.stdout.readline()) if line.strip()],
            )
        finally:
            parent.kill()


@pytest.mark.parametrize("command", [("-c", WATCHES), pytest.param(CHILD, marks=pytest.mark.slow)])
def test_it_ends_with_a_parent_that_is_killed_and_so_does_all_that_it_started(command: tuple[str, ...]) -> None:
    with parent_of(*command) as (parent, pids):
        there = [psutil.Process(pid) for pid in pids]
        parent.send_signal(signal.SIGKILL)
        assert psutil.wait_procs(there, timeout=30)[1] == []


SUITE = """
import subprocess
from pathlib import Path
def test_it():
    started = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    Path(__file__).with_name("began").write_text(f"{started.pid}")
"""


@pytest.mark.slow
def test_what_a_suite_forgot_in_a_session_of_its_own_ends_with_it(tmp_path: Path) -> None:
    from harness.checks.engines.pytest_suite import run_suite

    (tmp_path / "test_it.py").write_text(SUITE)
    assert run_suite(tmp_path, timeout=60, scratch=tmp_path, environment={}).exit == 0
    pid = int((tmp_path / "began").read_text())
    assert until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, 20)
