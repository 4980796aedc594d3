"""Which runtime a command uses: the one that was asked for, or the best that this machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import EnvironmentProblem, UsageError, did_you_mean
from harness.runtime import engine_address
from harness.runtime.containers import ContainerRuntime
from harness.runtime.processes import ProcessRuntime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.ports import Runtime

KNOWN = ("auto", "docker", "process")


def choose(
    wanted: str, root: Path, environ: Mapping[str, str], apart: tuple[Path, ...] = (), *, fresh: bool = False
) -> tuple[Runtime, str]:
    """The runtime, and one line that says why when it was not asked for by name.

    `apart` are files and folders that are no part of what a process is, though they lie in its folder;
    with `fresh` everything is built anew.

    Raises EnvironmentProblem when Docker was asked for (or HARNESS_REQUIRE_DOCKER=1 is set) and none answers.
    """
    if wanted not in KNOWN:
        raise UsageError(f"unknown runtime '{wanted}'", hint=did_you_mean(wanted, KNOWN))
    if wanted == "process":
        return ProcessRuntime(root, environ, apart, fresh), ""
    answer = engine_address.ask(environ)
    if not answer.why_not:
        return ContainerRuntime(root, environ, apart, fresh), ""
    required = environ.get("HARNESS_REQUIRE_DOCKER") == "1"
    if wanted == "docker" or required:
        because = "HARNESS_REQUIRE_DOCKER=1 is set" if wanted != "docker" else "--runtime docker was asked for"
        raise EnvironmentProblem(
            f"no Docker engine answers ({answer.why_not}), and {because}",
            hint="start Docker, or use --runtime process",
        )
    return ProcessRuntime(root, environ, apart, fresh), (
        f"no Docker engine answers ({answer.why_not}): running services as local processes"
    )
