"""What this machine has and lacks for the harness, each with its remedy."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import REINSTALL, EnvironmentProblem
from harness.runtime import engine_address, postgres, sweeping
from harness.runtime.choice import all_runtimes, built_in_runtimes, why_not_here

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One thing that was looked at."""

    subject: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(environ: Mapping[str, str]) -> tuple[Examination, ...]:
    """Look at everything that a run may need; nothing is changed."""
    return (
        _python(),
        _installation(),
        _docker(environ),
        *_plugin_runtimes(environ),
        _postgres(environ),
        _git(environ),
        _library("pact-python", "pact_ffi", "verifies pacts"),
        _library("schemathesis", "schemathesis", "exercises OpenAPI documents"),
        _state(environ),
        _leftovers(environ),
    )


def _python() -> Examination:
    return Examination(
        subject="Python",
        ok=sys.version_info >= (3, 11),
        detail=f"{platform.python_version()} at {sys.executable}",
        remedy="install Python 3.11 or newer",
    )


def _installation() -> Examination:
    missing = sorted(name for name in _required_packages() if not _is_installed(name))
    listed = f"not installed: {', '.join(missing)}"
    return Examination(
        subject="contract-harness",
        ok=not missing,
        detail=listed if missing else "all Python packages that it needs are installed",
        remedy=REINSTALL,
    )


def _required_packages() -> list[str]:
    """The packages that the harness cannot do without; none where it runs without being installed."""
    try:
        told = importlib.metadata.requires("contract-harness") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    return [_NAME.match(each)[0] for each in told if ";" not in each]  # type: ignore[index]  # each has a name


_NAME = re.compile(r"[\w.-]+")


def _is_installed(package: str) -> bool:
    try:
        modules = [each for each in importlib.metadata.files(package) or () if each.suffix == ".py"]
    except importlib.metadata.PackageNotFoundError:
        return False
    return not modules or any(Path(str(each.locate())).is_file() for each in modules)


def _docker(environ: Mapping[str, str]) -> Examination:
    answer = engine_address.ask(environ)
    return Examination(
        subject="Docker engine",
        ok=not answer.why_not,
        detail=answer.why_not or f"answers at {answer.address}",
        remedy="start Docker; without it, services with a 'command' run as local processes",
    )


def _plugin_runtimes(environ: Mapping[str, str]) -> Iterator[Examination]:
    built_in = built_in_runtimes()
    for kind in all_runtimes():
        if kind not in built_in:
            why = why_not_here(kind, environ)
            yield Examination(
                subject=f"runtime {kind.key}", ok=not why, detail=why or "can serve here", remedy=kind.remedy
            )


def _postgres(environ: Mapping[str, str]) -> Examination:
    found = postgres.find(environ)
    return Examination(
        subject="PostgreSQL for the process runtime",
        ok=found is not None,
        detail=str(found or "no binaries"),
        remedy=postgres.REMEDY,
    )


def _git(environ: Mapping[str, str]) -> Examination:
    found = shutil.which("git", path=environ.get("PATH"))
    return Examination(
        subject="git",
        ok=found is not None,
        detail=found or "not on the PATH",
        remedy="install git; without it every service needs its version in the manifest",
    )


def _library(name: str, module: str, purpose: str) -> Examination:
    try:
        importlib.import_module(module)
        version = importlib.metadata.version(name)
    except (ImportError, OSError) as error:
        return Examination(
            subject=name,
            ok=False,
            detail=f"cannot be loaded ({error}); it {purpose}",
            remedy=f"pip install --force-reinstall {name}",
        )
    return Examination(subject=name, ok=True, detail=f"{version}; {purpose}")


def _state(environ: Mapping[str, str]) -> Examination:
    folder = sweeping.state_folder(environ)
    nearest = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    ok = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return Examination(
        subject="state folder",
        ok=ok,
        detail=f"{folder}{'' if ok else ' cannot be written'}",
        remedy="set HARNESS_STATE_DIR to a folder of yours",
    )


def _leftovers(environ: Mapping[str, str]) -> Examination:
    try:
        left = sweeping.leftovers(environ)
    except EnvironmentProblem as error:
        return Examination(subject="leftovers", ok=False, detail=str(error.problems[0].text))
    return Examination(
        subject="leftovers",
        ok=not left,
        detail=f"of killed runs: {', '.join(left)}"
        if left
        else f"none (temporary files go to {tempfile.gettempdir()})",
        remedy="the next `harness run` removes them",
    )
