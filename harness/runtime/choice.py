"""Which runtime a command uses: the one that was asked for, or the best that this machine has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import EnvironmentProblem, Problem, UsageError, did_you_mean
from harness.plugins import door, unusable_plugins
from harness.ports import RuntimeKind, Workspace
from harness.runtime.plugin_runtimes import errors_by_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from harness.ports import Runtime

AUTO = "auto"  # the first runtime that can serve here


def choose(
    wanted: str, root: Path, environ: Mapping[str, str], apart: tuple[Path, ...] = (), *, fresh: bool = False
) -> tuple[Runtime, str]:
    """The runtime, and one line that says why when it was not asked for by name.

    `apart` are files and folders that are no part of what a process is, though they lie in its folder;
    with `fresh` everything is built anew.

    Raises EnvironmentProblem when what was asked for (or HARNESS_REQUIRE_DOCKER=1 requires) cannot serve here.
    """
    kind, note = _automatic(environ) if wanted == AUTO else (_kind_called(wanted, environ), "")
    here = Workspace(root=root, environ=environ, apart=apart, fresh=fresh)
    if kind in built_in_runtimes():
        return kind.make(here), note
    return errors_by_name(kind.key, lambda: kind.make(here)), note


_HOOK = "contract_harness_runtimes"


def built_in_runtimes() -> tuple[RuntimeKind, ...]:
    """The runtimes that need no plug-in, those first that are taken first."""
    return tuple(door().built_in(_HOOK, RuntimeKind).values())


def all_runtimes() -> tuple[RuntimeKind, ...]:
    """Every runtime that somebody here knows."""
    return tuple(door().every(_HOOK, RuntimeKind).values())


def _kind_called(wanted: str, environ: Mapping[str, str]) -> RuntimeKind:
    kind = door().find(_HOOK, wanted, RuntimeKind)
    if kind is None:
        nobody = Problem(f"unknown runtime '{wanted}'", hint=did_you_mean(wanted, runtime_names()))
        raise UsageError(nobody, *unusable_plugins())
    if why := why_not_here(kind, environ):
        raise EnvironmentProblem(f"{why}, and --runtime {wanted} was asked for", hint=kind.remedy)
    return kind


def why_not_here(kind: RuntimeKind, environ: Mapping[str, str]) -> str:
    """Why a runtime cannot serve on this machine; "" when it can. One that does not know that cannot."""
    try:
        return kind.why_not(environ)
    except Exception as error:  # noqa: BLE001 - a runtime is a plug-in and may raise anything
        return f"the runtime '{kind.key}' cannot say whether it can serve here: {type(error).__name__}: {error}"


def _automatic(environ: Mapping[str, str]) -> tuple[RuntimeKind, str]:
    missed: list[str] = []
    for kind in built_in_runtimes():
        if not kind.automatic:
            continue
        why = kind.why_not(environ)
        if not why:
            return kind, f"{'; '.join(missed)}: {kind.instead}" if missed else ""
        if kind.required and environ.get(kind.required) == "1":
            raise EnvironmentProblem(f"{why}, and {kind.required}=1 is set", hint=kind.remedy)
        missed.append(why)
    raise EnvironmentProblem("; ".join(missed))


def is_runtime(name: str) -> bool:
    """Whether somebody here knows it."""
    return door().find(_HOOK, name, RuntimeKind) is not None


def runtime_names() -> tuple[str, ...]:
    """Everything that can be asked for."""
    return (AUTO, *(kind.key for kind in all_runtimes()))
