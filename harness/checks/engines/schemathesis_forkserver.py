"""The program that imports Schemathesis once and has every shard as a fork of itself.

    python -m harness.checks.engines.schemathesis_forkserver ANSWERS

The line of its input says, as JSON, what to run; credentials are in it, so it is never a file. It answers with
one line `[NUMBER, CODE]` for every shard that ended. Nothing but Schemathesis is imported and no thread runs while
it forks: that is what makes forking safe here.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
from typing import Any, NoReturn

from harness.checks.engines.child import end_with_parent

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
    shards, answers = json.loads(sys.stdin.readline()), int(sys.argv[1])
    _get_ready()
    gc.freeze()  # what all share is not copied into each of them by the collector
    gc.set_threshold(
        50_000, 20, 50
    )  # short lives and much garbage: the default spends a sixth of the time looking
    living = {_born(shard, answers): n for n, shard in enumerate(shards)}
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the shards, whose ends are still to be told
    while living:
        pid, status = os.wait()
        if pid in living:
            os.write(answers, json.dumps([living.pop(pid), os.waitstatus_to_exitcode(status)]).encode() + b"\n")


def _get_ready() -> None:
    """Do once what every child would do for itself."""
    for name in _NEEDED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from hypothesis import strategies

    # Which of all characters UTF-8 can write takes Hypothesis half a second to find out.
    strategies.characters(codec="utf-8").validate()


def _born(shard: dict[str, Any], answers: int) -> int:
    pid = os.fork()
    if pid == 0:
        os.close(answers)  # only the one that bore them answers: when it dies, that is heard
        _live(shard)  # does not come back
    return pid


def _live(shard: dict[str, Any]) -> NoReturn:
    """Be Schemathesis' command line."""
    code = 1
    try:
        end_with_parent()
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


def _schemathesis(arguments: list[str]) -> int:
    from schemathesis.cli import schemathesis

    sys.argv = ["schemathesis", *arguments]
    try:
        command: Any = schemathesis
        command(args=arguments, prog_name="schemathesis")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    main()
