"""What a suite is: what its last session loaded, as that is now; "" while nobody has seen a session of it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.engines.pytest_suite import root_of
from harness.identity import digest
from harness.runtime.contents import kept_contents
from harness.runtime.project_folder import project_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.runtime.contents import Contents
    from harness.services.system import Suite, System

_CONFIGURE = ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "conftest.py")


def reads_of(root: Path, suite: Suite) -> Path:
    """Where it is written down what a session of the suite loaded."""
    return project_folder(root, os.environ) / "suites" / f"{digest(os.path.relpath(suite.path, root))[:16]}.jsonl"


def suite_key(root: Path, suite: Suite) -> str:
    """The content of all that decides the outcome of a suite; "" where that cannot be known."""
    lines = _lines(reads_of(root, suite))
    if not lines or (started_programs(root, suite) and not suite.inputs):
        return ""
    contents = kept_contents(os.environ)
    paths = {Path(path) for line in lines for path in line["files"]} | set(_configuring(suite))
    files = (part for path in sorted(paths) for part in (os.path.relpath(path, root), _content(path, contents)))
    names = sorted({name for line in lines for name in line["variables"]})
    variables = (part for name in names for part in (name, os.environ.get(name, "\0")))
    met = () if suite.record_https else ("record-https = false",)
    return digest("suite", *files, *variables, *_installed_packages(), *met)


def started_programs(root: Path, suite: Suite) -> tuple[str, ...]:
    """The programs that its last session started as processes of their own."""
    return tuple(sorted({each for line in _lines(reads_of(root, suite)) for each in line["started"]}))


def _content(path: Path, contents: Contents) -> str:
    return contents.file(path) if path.is_file() else ""


def _lines(place: Path) -> list[dict[str, list[str]]]:
    try:
        return [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError):
        return []


def _configuring(suite: Suite) -> Iterator[Path]:
    """The files above a suite that pytest reads, also those that are not there yet."""
    top = root_of(suite.path)
    for folder in (suite.path, *suite.path.parents):
        yield from (folder / name for name in _CONFIGURE)
        if folder == top:
            return


def _installed_packages() -> list[str]:
    """The distributions that the suite's interpreter has."""
    places = {place for place in sys.path if "-packages" in place and os.path.isdir(place)}
    return sorted({name for place in places for name in os.listdir(place) if name.endswith(".dist-info")})


def noting_reads(system: System) -> System:
    """The same system, whose suites write down what they load."""

    def noting(suite: Suite | None) -> Suite | None:
        return suite and replace(suite, reads=reads_of(system.root, suite), root=system.root)

    return replace(
        system,
        consumer_suite=noting(system.consumer_suite),
        integration_suite=noting(system.integration_suite),
    )
