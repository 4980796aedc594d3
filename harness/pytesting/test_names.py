"""What a test is called in a pact: the same words from whichever folder, ini file or command it was started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TestNames:
    """The names of a session's tests, from the repository's root: `web/tests/test_orders.py::test_an_order`.

    Pytest names a test from its own root, which the ini file that it finds decides; two projects of one repository
    then have tests of one name, and one test has two names.
    """

    __test__ = False  # no test class, whatever it is called

    root: Path  # what names are relative to
    pytest_root: Path  # what node ids are relative to
    grouped: bool = False  # `--dist loadgroup` writes a group behind a name

    def name(self, nodeid: str) -> str:
        """The name of the test with a node id."""
        file, colons, rest = self.node_id(nodeid).partition("::")
        return f"{_relative(self.pytest_root / file, self.root)}{colons}{rest}"

    def former_name(self, nodeid: str) -> str:
        """The name that earlier releases gave it: its node id."""
        return self.node_id(nodeid)

    def node_id(self, nodeid: str) -> str:
        """The node id without the group of `--dist loadgroup`."""
        grouped = self.grouped and nodeid.rfind("@") > nodeid.rfind("]")
        return nodeid[: nodeid.rfind("@")] if grouped else nodeid

    def file(self, name: str) -> Path:
        """Where a test of that name stands, or stood."""
        return Path(os.path.normpath(self.root / name.partition("::")[0]))


def names_root(pytest_root: Path, pacts: Path) -> Path:
    """What names are relative to: the repository, else the folder that holds both the project and its pacts."""
    for folder in (pytest_root, *pytest_root.parents):
        if (folder / ".git").exists():
            return folder
    shared = Path(os.path.commonpath([pytest_root, pacts]))
    return shared if shared != Path(shared.anchor) else pytest_root


def _relative(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()
