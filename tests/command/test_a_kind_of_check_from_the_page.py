"""The recipe of docs/extend.md, followed as it stands there: one file brings a kind of check whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
from projects import harness_process, project
from recipes import Installed, blocks, install

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = "A kind of check"
MANIFEST = blocks(RECIPE)["manifest"]


class Answer(NamedTuple):
    exit: int
    out: str
    err: str


class Place(NamedTuple):
    """A project, and beside it what is installed."""

    folder: Path
    plugin: Installed
    state: Path

    def harness(self, *arguments: str, installed: bool = True) -> Answer:
        environment = {"HARNESS_STATE_DIR": str(self.state), **(self.plugin.environment if installed else {})}
        told = harness_process(*arguments, cwd=self.folder, timeout=240, environment=environment)
        return Answer(told.returncode, told.stdout, told.stderr)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A service whose answers have no request id, and the plug-in installed as pip does it."""
    manifest = project(tmp_path / "project")
    manifest.write_text(manifest.read_text() + MANIFEST)
    return Place(manifest.parent, install(RECIPE, tmp_path / "site"), tmp_path / "state")


def mend(place: Place) -> None:
    """The next version of the service says a request id."""
    service, manifest = place.folder / "things" / "service.py", place.folder / "harness.toml"
    ending = "self.end_headers()"
    told = f'self.send_header("X-Request-Id", "1")\n        {ending}'
    service.write_text(service.read_text().replace(ending, told))
    manifest.write_text(manifest.read_text().replace('version = "1"', 'version = "3"', 1))


@pytest.mark.slow
def test_a_kind_of_check_is_one_file_and_flows_through_everything(place: Place) -> None:
    assert place.plugin.written == ["request_id.py"]

    plan = place.harness("run", "--plan", "--runtime", "process", "--json")
    assert plan.exit == 0, plan.err
    assert "request-id" in [task["kind"] for task in json.loads(plan.out)["tasks"]]

    reports = [f"--report={name}={name}.out" for name in ("html", "markdown", "junit", "ndjson")]
    run = place.harness("run", "--runtime", "process", *reports)
    assert run.exit == 1, run.err
    assert "things 1 answers without a request id" in run.out
    for name in ("html", "markdown", "junit", "ndjson"):
        assert "request-id.missing" in (place.folder / f"{name}.out").read_text(), name
    assert "its request ids" in (place.folder / "html.out").read_text()
    asked = place.harness("can-i-deploy", "things=1", "--to", "staging")
    assert asked.exit == 1, asked.out + asked.err
    assert "breaks its request-id" in asked.out
    assert "harness run things=1 --only request-id" in asked.out

    mend(place)
    alone = place.harness("run", "--runtime", "process", "--only", "request-id", "things")
    assert alone.exit == 3, alone.out  # pacts are always required, and were not asked for
    plan = place.harness("run", "--plan", "--runtime", "process", "--json")
    known = {task["kind"]: task["known"] for task in json.loads(plan.out)["tasks"]}
    assert known == {"pacts": None, "properties": None, "request-id": "PASSED"}  # it is not tried again
    run = place.harness("run", "--runtime", "process")
    assert run.exit == 0, run.out + run.err
    assert place.harness("can-i-deploy", "things=3", "--to", "staging").exit == 0


@pytest.mark.slow
def test_a_plug_in_that_is_gone_or_broken_is_told_and_is_no_yes(place: Place) -> None:
    mend(place)
    assert place.harness("run", "--runtime", "process").exit == 0

    gone = place.harness("run", "--runtime", "process", installed=False)
    assert gone.exit == 2, gone.out
    assert "unknown kind of check 'request-id'" in gone.err

    manifest = place.folder / "harness.toml"
    manifest.write_text(manifest.read_text().replace(MANIFEST, ""))
    assert place.harness("can-i-deploy", "things=3", "--to", "staging").exit == 0
    gone = place.harness("can-i-deploy", "things=3", "--to", "staging", installed=False)
    assert gone.exit == 3, gone.out
    assert "no plug-in here knows the kind of evidence 'request-id'" in gone.out
    assert "install the plug-in that brings this kind of evidence" in " ".join(gone.out.split())

    (place.plugin.site / "request_id.py").write_text("raise RuntimeError('out of order')\n")
    broken = place.harness("can-i-deploy", "things=3", "--to", "staging")
    assert broken.exit == 3, broken.out
    assert "the plug-in 'request-id' cannot be used: RuntimeError: out of order" in broken.out
    broken = place.harness("run", "--runtime", "process", "--only", "request-id")
    assert broken.exit == 2, broken.out
    assert "the plug-in 'request-id' cannot be used: RuntimeError: out of order" in broken.err


@pytest.mark.slow
def test_what_a_plug_in_checks_is_a_test_of_pytest_too(place: Place) -> None:
    collect = ("--harness", "--harness-runtime", "process", "--collect-only", "-q")
    plain = ("-p", "no:cacheprovider", "-p", "no:pact", "-p", "no:schemathesis")
    told = subprocess.run(
        [sys.executable, "-m", "pytest", *collect, *plain],
        cwd=place.folder,
        env={**os.environ, "HARNESS_STATE_DIR": str(place.state), **place.plugin.environment},
        text=True,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert "harness.toml::things::request-id::all that is tried" in told.stdout.splitlines(), told.stdout
