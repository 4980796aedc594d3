"""Whatever changes, the next run says what `--fresh` says: nothing that decides an answer is left out of a build.

Each place below breaks the service while it says "broken". HARNESS_STALE_CHANGES is how many changes are made.
"""

from __future__ import annotations

import json
import os
import random
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.app.run import Options
from harness.composition.runs import prepared
from harness.engine.events import RunFinished
from harness.verdicts import Verdict

CHANGES = int(os.environ.get("HARNESS_STALE_CHANGES", "3"))
GOOD, BROKEN = "good", "broken"

SERVER = """
import json, os, sys, zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

sys.path.insert(0, os.environ.get("LIBRARY", "."))
try:
    from helper import SAYS
except ImportError:
    SAYS = ""
said = [SAYS, os.environ.get("SAYS", ""), os.environ.get("RUNNER", ""), os.environ.get("ARGUMENT", "")]
for name in ("says.txt", "node_modules/own/index.js", "node_modules/linked/index.js", "../shared/data.txt"):
    said += [Path(name).read_text()] if Path(name).exists() else []
for name in sys.argv[1:]:
    said.append(zipfile.ZipFile(name).read("entry").decode() if name.endswith(".jar") else Path(name).read_text())


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"broken" if any("broken" in each for each in said) else "id": 7}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""

PACT = {
    "consumer": {"name": "web"},
    "provider": {"name": "svc"},
    "interactions": [
        {
            "type": "Synchronous/HTTP",
            "description": "a thing",
            "request": {"method": "GET", "path": "/"},
            "response": {
                "status": 200,
                "body": {"content": {"id": 7}, "contentType": "application/json", "encoded": False},
            },
        }
    ],
    "metadata": {"pactSpecification": {"version": "4.0"}},
}

MANIFEST = """
pacts = ["pacts"]
gate = { require = ["pacts"] }

[services.svc]
version = "1"
directory = "svc"
command = ["runner", "server.py", "../tools/setting.txt", "../jars/app.jar"]
inputs = ["shared"]
pass-environment = ["SAYS"]
environment = { LIBRARY = "../library" }
build = { context = "svc", args = { BASE = "${env.HARNESS_PYTHON_IMAGE:-python:3.12-slim}", ARGUMENT = "ARGUED" } }
port = 8000

[services.web]
version = "1"
"""
SUITE = """
[suites.integration]
path = "suite"
"""
TEST = """
from client import SAYS


def test_the_client(said):
    assert "broken" not in SAYS + said
"""
CONFTEST = """
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "clients"))


@pytest.fixture
def said():
    return "SAID"
"""

DOCKERFILE = """
ARG BASE=python:3.12-slim
FROM ${BASE}
ARG ARGUMENT
ENV ARGUMENT=${ARGUMENT} RUNNER=NOTHING
WORKDIR /svc
COPY . .
CMD ["python3", "server.py"]
"""


@dataclass
class Project:
    """A small system, and what each place in it says now."""

    root: Path
    patch: pytest.MonkeyPatch
    runtime: str
    says: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.write("pacts/web-svc.json", json.dumps(PACT))
        self.write("svc/server.py", SERVER)
        self.write("svc/Dockerfile", DOCKERFILE)
        self.write("svc/.dockerignore", "notes\n")
        self.write("shared/data.txt", GOOD)
        self.write("suite/test_client.py", TEST)
        self.write("harness.toml", MANIFEST + (SUITE if self.runtime == "process" else ""))
        for kind in {**PLACES[self.runtime], **NOTHING}:
            self.change(kind, GOOD)

    def write(self, name: str, text: str, *, program: bool = False) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if program else 0o644)

    def change(self, kind: str, says: str) -> None:
        {**PLACES[self.runtime], **NOTHING}[kind](self, says)
        self.says[kind] = says

    @property
    def expected(self) -> Verdict:
        """What a run with nothing in mind comes to."""
        broken = any(self.says[kind] == BROKEN for kind in PLACES[self.runtime])
        return Verdict.FAILED if broken else Verdict.PASSED

    def verdict(self, *, fresh: bool = False) -> Verdict:
        """What a run says; a fresh one leaves nothing behind that could answer the next."""
        options = Options(
            manifest=self.root / "harness.toml", runtime=self.runtime, fresh=fresh, publish=not fresh
        )
        with prepared(options) as run:
            (finished,) = (event for event in run.events() if isinstance(event, RunFinished))
        return finished.verdict


Place = Callable[[Project, str], None]


def _file(name: str) -> Place:
    return lambda project, says: project.write(name, says)


def _linked(project: Project, says: str) -> None:
    link = project.root / "svc" / "node_modules" / "linked"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../packages/linked")
    project.write("packages/linked/index.js", says)


def _jar(project: Project, says: str) -> None:
    project.write("jars/app.jar", "")
    with zipfile.ZipFile(project.root / "jars" / "app.jar", "w") as archive:
        archive.writestr("entry", says)


def _runner(project: Project, says: str) -> None:
    """Another JDK, Node or interpreter: the program that the PATH gives is another one."""
    text = f'#!/bin/sh\nRUNNER={says} exec "{sys.executable}" "$@"\n'
    project.write("bin/runner", text, program=True)
    project.patch.setenv("PATH", f"{project.root / 'bin'}{os.pathsep}{os.environ['PATH']}")


def _argument(project: Project, says: str) -> None:
    project.write("harness.toml", MANIFEST.replace("ARGUED", says))


PLACES: dict[str, dict[str, Place]] = {
    "process": {
        "a file of its own": _file("svc/says.txt"),
        "an installed module": _file("svc/node_modules/own/index.js"),
        "a linked package of the workspace": _linked,
        "an input": _file("shared/data.txt"),
        "a file that its command names": _file("tools/setting.txt"),
        "a jar outside of its folder": _jar,
        "a library that a variable names": lambda project, says: project.write(
            "library/helper.py", f"SAYS = {says!r}"
        ),
        "the program of the PATH": _runner,
        "a client that a suite imports": lambda project, says: project.write(
            "clients/client.py", f"SAYS = {says!r}"
        ),
        "a conftest.py of a suite": lambda project, says: project.write(
            "suite/conftest.py", CONFTEST.replace("SAID", says)
        ),
        "a variable that is passed": lambda project, says: project.patch.setenv("SAYS", says),
    },
    "docker": {
        "a file of its context": _file("svc/says.txt"),
        "an installed module": _file("svc/node_modules/own/index.js"),
        "its Dockerfile": lambda project, says: project.write(
            "svc/Dockerfile", DOCKERFILE.replace("NOTHING", says)
        ),
        "a build argument": _argument,
    },
}
NOTHING: dict[str, Place] = {  # changes that change nothing
    "a file that is not sent to the engine": _file("elsewhere/notes"),
    "a variable that nobody passes": lambda project, says: project.patch.setenv("NOBODY_ASKED", says),
    "a time": lambda project, _: os.utime(project.root / "svc" / "server.py", (1, 1)),
}


@pytest.mark.slow
@pytest.mark.timeout(120 + 60 * CHANGES)
@pytest.mark.parametrize("runtime", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_the_next_run_says_what_a_fresh_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    dice = random.Random(CHANGES)
    project = Project(tmp_path / "project", monkeypatch, runtime)
    assert project.verdict() is Verdict.PASSED
    kinds = [*PLACES[runtime], *NOTHING]
    left: list[str] = []
    for _ in range(CHANGES):
        left = left or dice.sample(kinds, k=len(kinds))  # each kind once before any a second time
        broken = [kind for kind in PLACES[runtime] if project.says[kind] == BROKEN]
        kind = dice.choice(broken) if len(broken) > 1 else left.pop()
        project.change(kind, GOOD if project.says[kind] == BROKEN else BROKEN)
        assert project.verdict() is project.expected, (kind, project.says)
        assert project.verdict(fresh=True) is project.expected, (kind, project.says)
