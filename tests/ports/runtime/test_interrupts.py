"""An interruption is heard, wherever Python happens to be when it comes."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import signal, sys, time, weakref
from harness.runtime.interrupts import interrupt_on_every_ending

class Thing:
    {finalizer}

interrupt_on_every_ending()
try:
    thing = Thing()
    {watch}
    del thing
    print("dropped", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""
FINALIZER = "def __del__(self): signal.raise_signal(signal.{name})"
WATCHED = "watched = weakref.ref(thing, lambda _: signal.raise_signal(signal.{name}))"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("form", [(FINALIZER, "pass"), ("pass", WATCHED)], ids=["finalizer", "callback"])
def test_an_interruption_inside_of_what_python_calls_by_itself_comes_again(
    form: tuple[str, str], name: str
) -> None:
    finalizer, watch = (each.format(name=name) for each in form)
    program = PROGRAM.format(finalizer=finalizer, watch=watch)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "dropped\n", "")


def test_other_faults_in_finalizers_are_told_as_ever() -> None:
    program = PROGRAM.format(finalizer="def __del__(self): 1 / 0", watch="pass").replace("time.sleep(60)", "pass")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, "ZeroDivisionError" in done.stderr) == (0, True)
