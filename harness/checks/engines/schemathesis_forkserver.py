"""The program that imports Schemathesis once and has every shard as a fork of itself.

    python -m harness.checks.engines.schemathesis_forkserver

The first line of its input says, as JSON, what to run; credentials are in it, so it is never a file. Lines
`interrupt N` and `kill N` may follow. It prints one line `N CODE` for every child that ended, and when its
input ends it ends, with all that it started; its children end with it, even when it is killed. Nothing but
Schemathesis is imported and no thread runs while it forks: that is what makes forking safe here.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
import threading
from typing import Any, NoReturn

# What a run imports only when it needs it; a name that another release does not have is left to the run.
_NEEDED = (
    "schemathesis.cli",
    "schemathesis.cli.commands.run.executor",
    "schemathesis.engine.run",
    "schemathesis.reporting.ndjson",
    "schemathesis.specs.openapi.coverage",
    "schemathesis.specs.openapi.negative.mutations",
    "schemathesis.specs.openapi.schemas",
    "schemathesis.specs.openapi.stateful",
    "schemathesis.specs.openapi.stateful.dependencies",
    "schemathesis.transport.requests",
    "schemathesis.transport.wsgi",
    "schemathesis.reporting.har",
    "schemathesis.reporting.junitxml",
    "schemathesis.reporting.vcr",
    "hypothesis.stateful",
    "hypothesis.internal.conjecture.engine",
    "hypothesis.strategies",
    "urllib3.util.ssl_",
)


def main() -> None:
    """Import, fork, and wait."""
    shards = json.loads(sys.stdin.readline())
    _get_ready()
    gc.freeze()  # what all share is not copied into each of them by the collector
    gc.set_threshold(
        50_000, 20, 50
    )  # short lives and much garbage: the default spends a sixth of the time looking
    life = os.pipe()
    living = {_born(shard, life): n for n, shard in enumerate(shards)}
    lock = threading.Lock()
    threading.Thread(target=_obey, args=(living, lock), daemon=True).start()
    while living:
        # Seen first and reaped under the lock: a signal never reaches a stranger with the same number.
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        if ended is None:
            continue
        with lock:
            pid, status = os.waitpid(ended.si_pid, 0)
            number = living.pop(pid, None)
        if number is not None:
            sys.stdout.write(f"{number} {os.waitstatus_to_exitcode(status)}\n")
            sys.stdout.flush()


def _get_ready() -> None:
    """Do once what every child would do for itself."""
    for name in _NEEDED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from hypothesis import strategies

    # Which of all characters UTF-8 can write takes Hypothesis half a second to find out.
    strategies.characters(codec="utf-8").validate()


def _born(shard: dict[str, Any], life: tuple[int, int]) -> int:
    """Fork one child in a process group of its own."""
    pid = os.fork()
    if pid == 0:
        _live(shard, life)  # does not come back
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)  # also done by the child: whoever comes first
    return pid


def _live(shard: dict[str, Any], life: tuple[int, int]) -> NoReturn:
    """Be Schemathesis' command line."""
    code = 1
    try:
        os.setpgid(0, 0)
        os.close(life[1])  # only the nursery holds this end: whoever reads the other learns of its death
        threading.Thread(target=_end_with, args=(life[0],), daemon=True).start()
        os.chdir(shard["folder"])
        os.environ.clear()
        os.environ.update(shard["environment"])
        for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY | os.O_CREAT | os.O_APPEND)):
            opened = os.open(os.devnull if descriptor == 0 else "output.txt", flags, 0o600)
            os.dup2(opened, descriptor)
            os.close(opened)
        os.dup2(1, 2)
        code = _schemathesis(shard["arguments"])
    finally:
        # The parent's open files and its exit handlers are not this process' to close.
        if sys.exc_info()[0] is not None:
            sys.excepthook(*sys.exc_info())
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _end_with(nursery: int) -> None:
    """Wait until the nursery is gone, then end at once."""
    os.read(nursery, 1)
    os.killpg(0, signal.SIGKILL)


def _schemathesis(arguments: list[str]) -> int:
    from schemathesis.cli import schemathesis

    sys.argv = ["schemathesis", *arguments]
    try:
        command: Any = schemathesis
        command(args=arguments, prog_name="schemathesis")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _obey(living: dict[int, int], lock: threading.Lock) -> None:
    """Pass signals on; when the input ends, whoever started this is gone, and so is everything here."""
    with contextlib.suppress(OSError, ValueError):
        for line in sys.stdin:
            name, _, number = line.strip().partition(" ")
            with lock:
                for pid, n in living.items():
                    if number == str(n):
                        _signal(pid, signal.SIGKILL if name == "kill" else signal.SIGINT)
    with lock:
        for pid in living:
            _signal(pid, signal.SIGKILL)
        os._exit(0)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if number is signal.SIGINT:
            os.kill(pid, number)
        else:
            os.killpg(pid, number)


if __name__ == "__main__":
    main()
