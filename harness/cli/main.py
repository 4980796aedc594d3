"""The command line's entry; the one place that turns a HarnessError into words and an exit code."""

from __future__ import annotations

import errno
import os
import sys

import click

from harness import __version__
from harness.cli.lazily import lazy
from harness.errors import EnvironmentProblem, Exit, HarnessError, not_installed

# What a file system says to whoever may not, for whom there is no room, or in whose way something is.
_REFUSALS = frozenset(
    {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR}
)
COMMANDS = {  # name to module; a command is imported only when it is asked for, so that `--version` is quick
    "init": "init",
    "doctor": "doctor",
    "run": "run",
    "verify": "verify",
    "up": "up",
    "down": "down",
    "publish": "publish",
    "pacts": "pacts",
    "can-i-deploy": "can_i_deploy",
    "plan": "plan",
    "rollback": "rollback",
    "record-deployment": "record_deployment",
    "record-undeployment": "record_undeployment",
    "record-release": "record_release",
    "record-support-ended": "record_support_ended",
    "diff": "diff",
    "compare": "compare",
    "coverage": "coverage",
    "report": "report",
    "broker": "broker",
}


@click.group(
    cls=lazy(COMMANDS), context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="harness")
def harness() -> None:
    """Say, with proof, whether versions of services can be deployed together.

    Exit codes: 0 passed / yes, 1 failed / no, 2 wrong usage or configuration, 3 unknown (cannot tell),
    130 interrupted.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    from harness.runtime.interrupts import interrupt_on_every_ending

    interrupt_on_every_ending()
    sys.exit(answer(arguments))


def answer(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    try:
        result = harness.main(args=arguments, prog_name="harness", standalone_mode=False)
        return int(result) if isinstance(result, int) else int(Exit.PASSED)
    except HarnessError as error:
        _tell(error)
        return int(error.exit)
    except click.ClickException as error:
        error.show()
        return int(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader has gone away (`harness … | head`); nobody is left to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.UNKNOWN)
    except ModuleNotFoundError as error:
        return _not_installed(error)
    except OSError as error:
        return _tell_refusal(error) if error.errno in _REFUSALS and error.filename else _defect(error)
    except Exception as error:  # noqa: BLE001 - a defect of ours must not be read as "no" (1) or "yes" (0)
        return _defect(error)


def _tell(error: HarnessError) -> None:
    from harness.cli.words import say_problems

    say_problems(error)


def _not_installed(error: ModuleNotFoundError) -> int:
    """What the harness needs and is not there is no defect of it; a module of its own is."""
    if not error.name or error.name.partition(".")[0] == "harness":
        return _defect(error)
    missing = not_installed(error.name)
    _tell(missing)
    return int(missing.exit)


def _tell_refusal(error: OSError) -> int:
    """What the file system refuses is no defect: it is told with the file."""
    refused = EnvironmentProblem(
        f"{error.strerror}: it cannot be written or read" if error.strerror else str(error),
        where=str(error.filename),
        hint="give the harness that right, make room, or name another place",
    )
    _tell(refused)
    return int(refused.exit)


def _defect(error: Exception) -> int:
    import traceback

    traceback.print_exception(error)
    click.echo(
        "error: this is a defect of the harness, not of your services; nothing is known about them\n"
        "  try: the same command again, and report the lines above",
        err=True,
    )
    return int(Exit.UNKNOWN)
