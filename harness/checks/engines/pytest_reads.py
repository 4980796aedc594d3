"""A pytest plugin that notes what a suite's session loaded: files, variables, and whether it started processes.

Each process of the session (workers of xdist too) appends its own lines to the file named by HARNESS_SUITE_READS.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

READS = "HARNESS_SUITE_READS"
ROOT = "HARNESS_SUITE_ROOT"
_NEVER = ("__pycache__", ".git", ".harness", ".pytest_cache", ".hypothesis")
_STARTING = frozenset({"execnet", "harness", "ctypes", "platform", "uuid"})  # for reasons of their own
_CALLING_TESTS = frozenset({"_pytest", "pluggy"})
_OURS = ("PYTEST_", "HARNESS_SUITE_", "COLUMNS", "LINES", "CONTRACT_HARNESS_")

_read: set[str] = set()
_written: set[str] = set()
_variables: set[str] = set()
_started: set[str] = set()


class _Environ(os._Environ):  # type: ignore[type-arg]
    """The environment, noting which names are asked for."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            _variables.add(key)
        return super().__getitem__(key)


def _note_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        (_written if (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR) else _read).add(path)
    elif event in {"subprocess.Popen", "os.system", "os.posix_spawn", "os.exec"} and not _is_ours():
        _started.add(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes) else event)


def _is_ours() -> bool:
    """Whether xdist, the harness or Python's own library starts it, for reasons of their own.

    Below pytest, which calls the tests, nobody is asked: at the bottom of an xdist worker is execnet.
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in _STARTING:
            return True
        if package in _CALLING_TESTS:
            return False
        frame = frame.f_back
    return False


def pytest_unconfigure() -> None:
    """Write down what this process has seen."""
    place = os.environ.get(READS)
    if place:
        line = {"files": sorted(_files()), "variables": sorted(_names()), "started": sorted(_started)}
        with open(place, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _files() -> Iterator[str]:
    root = os.path.realpath(os.environ.get(ROOT, os.getcwd()))
    library = [os.path.realpath(path) for path in (sys.prefix, sysconfig.get_path("stdlib"))]
    modules = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    for path in {os.path.realpath(each) for each in (_read | modules) - _written if each}:
        installed = "-packages" in path or any(path.startswith(f"{each}{os.sep}") for each in library)
        inside = path.startswith(f"{root}{os.sep}") or path in modules
        if inside and not installed and not set(Path(path).parts) & set(_NEVER) and os.path.isfile(path):
            yield path


def _names() -> Iterator[str]:
    return (name for name in _variables if not name.startswith(_OURS))


if os.environ.get(READS):
    os.environ.__class__ = _Environ
    sys.addaudithook(_note_event)
