"""When a run is over: whoever waits is let go at once, and an interruption never cuts cleaning up short."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from harness.cancellation import CancelToken, RunIsOver
from harness.runtime.interrupts import asked_again, defer_interrupts, interrupt_on_every_ending
from harness.runtime.launch import start_time
from harness.runtime.process_handle import ProcessHandle, end
from harness.runtime.readiness import NotReady, wait_until_ready

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_work_gives_what_it_gives() -> None:
    ending = CancelToken()
    assert ending.unless_over(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        ending.unless_over(lambda: 1 // 0)


def test_whoever_waits_is_let_go_when_the_run_ends() -> None:
    ending, hangs = CancelToken(), threading.Event()
    timer = threading.Timer(0.05, ending.declare)
    timer.start()
    with pytest.raises(RunIsOver, match="the run is over"):
        ending.unless_over(lambda: hangs.wait(20))
    hangs.set()
    timer.join()


def test_nothing_begins_after_the_end() -> None:
    ending, done = CancelToken(), list[str]()
    ending.declare()
    ending.declare()
    with pytest.raises(RunIsOver, match="the run is over"):
        ending.unless_over(lambda: done.append("work"))
    assert done == []


def test_a_pause_ends_with_the_run() -> None:
    ending = CancelToken()
    ending.declare()
    with pytest.raises(NotReady, match="the run is over"):
        wait_until_ready(lambda: "not yet", lambda: ending.why, 20, ending.pause)


@pytest.mark.parametrize("number", ENDINGS)
def test_an_interruption_is_heard_after_the_work(number: signal.Signals) -> None:
    done = []
    signal.signal(number, signal.SIG_DFL)  # a parent may have made this process ignore it (nohup does)
    interrupt_on_every_ending()
    before = signal.getsignal(number)

    def work() -> None:
        with defer_interrupts():
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
            done.append("work")
        done.append("never")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["work"]
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("interrupted", [True, False])
def test_who_interrupts_once_more_while_things_end_is_heard_at_once(interrupted: bool) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asked: list[bool] = []

    def work() -> None:
        try:
            if interrupted:
                raise KeyboardInterrupt
        finally:
            with defer_interrupts():
                for _ in range(3):
                    asked.append(asked_again())
                    os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert asked == ([False, True, True] if interrupted else [False, False, True])
    assert not asked_again()


def test_a_second_interruption_waits_for_no_grace() -> None:
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    stubborn = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    life = ProcessHandle(stubborn.pid, start_time(stubborn.pid), grace=3600.0)

    def work() -> None:
        with defer_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            reaper = threading.Thread(target=stubborn.wait)
            reaper.start()
            assert end([life]).killed == {life}
            reaper.join()

    signal.signal(signal.SIGINT, signal.default_int_handler)
    with stubborn.stdout, pytest.raises(KeyboardInterrupt):
        work()


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupt_on_every_ending()
    with defer_interrupts():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_process_that_nobody_made_listen_still_dies_of_the_signal_after_its_work() -> None:
    program = (
        "import os, signal\n"
        "from harness.runtime.interrupts import defer_interrupts\n"
        "with defer_interrupts():\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('work done', flush=True)\n"
        "print('never')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, "work done\n")
