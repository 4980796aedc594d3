"""Systems in which whatever decides an answer can be made to say "broken": a small one, a copy of the sample."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.app.run import Options
from harness.composition.runs import prepare_run
from harness.engine.events import CheckFinished, RunFinished
from harness.evidence import EvidenceKind
from harness.verdicts import Verdict

GOOD, BROKEN = "good", "broken"
REPOSITORY = Path(__file__).parents[3]

SAID = """
import os, sys, zipfile
from pathlib import Path

sys.path.insert(0, os.environ.get("LIBRARY", "."))
said = [os.environ.get(name, "") for name in ("SAYS", "RUNNER", "ARGUMENT", "BASED")]
for module in ("lying_outside", "installed"):
    try:
        said.append(__import__(module).SAYS)
    except ImportError:
        pass
here = Path(__file__).parent
named = os.environ.get("SHARED", "/nowhere")
for name in ("says.txt", "left_out.txt", "node_modules/own/index.js", "node_modules/linked/index.js", named):
    said += [(here / name).read_text()] if (here / name).exists() else []
for name in sys.argv[1:]:
    said.append(zipfile.ZipFile(name).read("entry").decode() if name.endswith(".jar") else Path(name).read_text())
BROKEN = any("broken" in each for each in said)
"""

SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
from said import BROKEN


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"broken" if BROKEN else "id": 7}).encode()
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

SMALL = """
pacts = ["pacts"]
gate = { require = ["pacts"] }

[services.svc]
version = "1"
directory = "svc"
command = ["python3", "server.py", ARGV]
CHANGING
environment = { LIBRARY = "OUTSIDE/library", SHARED = "OUTSIDE/shared/data.txt" }
build = { context = "svc", args = { BASE = "BASED", ARGUMENT = "ARGUED" } }
port = 8000

[services.web]
version = "1"

SUITE
"""
CHANGING = """
inputs = ["OUTSIDE/shared"]
pass-environment = ["SAYS"]
"""
SUITE = """
[suites.integration]
path = "suite"
inputs = ["OUTSIDE/notes"]
"""
TEST = """
def test_the_client():
    pass
"""
CONFTEST = """
import sys
from pathlib import Path

import pytest

sys.path.insert(0, "OUTSIDE/clients")
from client import SAYS


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call():
    assert "broken" not in SAYS + "SAID" + Path("OUTSIDE/notes/data.txt").read_text()
    return (yield)
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


@dataclass(frozen=True)
class Outcome:
    """What a run came to: by itself, and in each of its checks."""

    verdict: Verdict
    checks: Mapping[str, Verdict]


@dataclass(kw_only=True)
class Project:
    """A system, and what each place in it says now."""

    root: Path
    patch: pytest.MonkeyPatch
    runtime: str
    manifest: Path
    folder: Path  # of the service that breaks
    suite: Path
    text: Mapping[Path, str]  # files that say what NOTHING, ARGUED and the like stand for
    only: tuple[EvidenceKind, ...] = ()
    base: str = ""  # the image that the service's is built from
    says: dict[str, str] = field(default_factory=dict)

    @property
    def outside(self) -> Path:
        """Where what the service needs and does not hold itself lies."""
        return self.root / "outside"

    def write(self, path: Path, text: str, *, program: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if program else 0o644)

    def rewrite(self, path: Path, **words: str) -> None:
        """A file anew, with what stands for something replaced by what it is now."""
        text = self.text[path]
        for word, said in {"OUTSIDE": str(self.outside), "BASED": self.base, **words}.items():
            text = text.replace(word, said)
        self.write(path, text)

    def change(self, kind: str, says: str) -> None:
        {**PLACES[self.runtime], **NOTHING}[kind](self, says)
        self.says[kind] = says

    @property
    def expected(self) -> Verdict:
        """What a run with nothing in mind comes to."""
        broken = any(self.says[kind] == BROKEN for kind in PLACES[self.runtime])
        return Verdict.FAILED if broken else Verdict.PASSED

    def outcome(self, *, fresh: bool = False) -> Outcome:
        """What a run says; a fresh one leaves nothing behind that could answer the next."""
        options = Options(
            manifest=self.manifest, runtime=self.runtime, fresh=fresh, publish=not fresh, only=self.only
        )
        checks: dict[str, Verdict] = {}
        verdict = Verdict.UNKNOWN
        with prepare_run(options) as run:
            for event in run.events():
                if isinstance(event, CheckFinished):
                    checks[str(event.task)] = event.verdict
                elif isinstance(event, RunFinished):
                    verdict = event.verdict
        return Outcome(verdict, checks)


Place = Callable[[Project, str], None]


def _own(name: str) -> Place:
    return lambda project, says: project.write(project.folder / name, says)


def _outside(name: str, text: str = "{}") -> Place:
    return lambda project, says: project.write(project.outside / name, text.format(says))


def _linked(project: Project, says: str) -> None:
    link = project.folder / "node_modules" / "linked"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(project.outside / "packages" / "linked")
    project.write(project.outside / "packages" / "linked" / "index.js", says)


def _jar(project: Project, says: str) -> None:
    project.write(project.outside / "jars" / "app.jar", "")
    with zipfile.ZipFile(project.outside / "jars" / "app.jar", "w") as archive:
        archive.writestr("entry", says)


def _runner(project: Project, says: str) -> None:
    """Another JDK, Node or interpreter: the program that the PATH gives is another one."""
    installed = project.outside / "python" / "site-packages"
    text = f'#!/bin/sh\nexport RUNNER={says} PYTHONPATH="{installed}"\nexec "{sys.executable}" "$@"\n'
    project.write(project.outside / "bin" / "python3", text, program=True)
    if str(project.outside / "bin") not in os.environ["PATH"]:
        path = f"{project.outside / 'bin'}{os.pathsep}{os.environ['PATH']}"
        project.patch.setenv("PATH", path)


def _base_image(project: Project, says: str) -> None:
    """The image of that name is another one now."""
    text = f"FROM {os.environ.get('HARNESS_PYTHON_IMAGE', 'python:3.12-slim')}\nENV BASED={says}\n"
    subprocess.run(["docker", "build", "-q", "-t", project.base, "-"], input=text.encode(), check=True)


def _ignored(project: Project, says: str) -> None:
    """What breaks the service lies in its folder; whether the engine is sent it is what changes."""
    project.write(project.folder / "left_out.txt", BROKEN)
    project.write(project.folder / ".dockerignore", "notes\n" if says == BROKEN else "notes\nleft_out.txt\n")


def _again(which: str, word: str) -> Place:
    """A file of the project in which a word says it."""

    def place(project: Project, says: str) -> None:
        path = {"manifest": project.manifest, "dockerfile": project.folder / "Dockerfile"}.get(
            which, project.suite / which
        )
        project.rewrite(path, **{word: says})

    return place


PLACES: dict[str, dict[str, Place]] = {
    "process": {
        "a file of its own": _own("says.txt"),
        "an installed module": _own("node_modules/own/index.js"),
        "a linked package of the workspace": _linked,
        "a data file that inputs name": _outside("shared/data.txt"),
        "a file that its command names": _outside("tools/setting.txt"),
        "a jar outside of its folder": _jar,
        "a library that a variable names": _outside("library/lying_outside.py", "SAYS = {!r}"),
        "the program of the PATH": _runner,
        "a package of its interpreter": _outside("python/site-packages/installed.py", "SAYS = {!r}"),
        "a variable that is passed": lambda project, says: project.patch.setenv("SAYS", says),
        "a client that a suite imports": _outside("clients/client.py", "SAYS = {!r}"),
        "a conftest.py of a suite": _again("conftest.py", "SAID"),
        "a data file of a suite": _outside("notes/data.txt"),
    },
    "docker": {
        "a file of its context": _own("says.txt"),
        "an installed module": _own("node_modules/own/index.js"),
        "what .dockerignore leaves out": _ignored,
        "its Dockerfile": _again("dockerfile", "NOTHING"),
        "a build argument": _again("manifest", "ARGUED"),
        "its base image": _base_image,
    },
}
NOTHING: dict[str, Place] = {  # changes that break nothing
    "a lock file": lambda project, says: project.write(project.folder / "uv.lock", f"# {says}\n"),
    "a file that is nobody's": _outside("elsewhere/notes"),
    "a variable that nobody passes": lambda project, says: project.patch.setenv("NOBODY_ASKED", says),
    "a time": lambda project, _: os.utime(project.folder / "said.py", (1, 1)),
}


@contextmanager
def small_system(root: Path, patch: pytest.MonkeyPatch, runtime: str) -> Iterator[Project]:
    """One service with one pact, and as processes a suite."""
    argv = '"OUTSIDE/tools/setting.txt", "OUTSIDE/jars/app.jar"'
    text = SMALL.replace("ARGV", argv).replace("CHANGING", CHANGING)
    manifest, folder, suite = root / "harness.toml", root / "svc", root / "suite"
    project = Project(
        root=root,
        patch=patch,
        runtime=runtime,
        manifest=manifest,
        folder=folder,
        suite=suite,
        base=_base_name(runtime),
        text={
            manifest: text.replace("SUITE", SUITE if runtime == "process" else ""),
            folder / "Dockerfile": DOCKERFILE,
            suite / "conftest.py": CONFTEST,
        },
    )
    project.write(root / "pacts" / "web-svc.json", json.dumps(PACT))
    project.write(folder / "server.py", SERVER)
    project.write(suite / "test_client.py", TEST)
    with _made(project):
        yield project


@contextmanager
def sample_system(root: Path, patch: pytest.MonkeyPatch, runtime: str) -> Iterator[Project]:
    """The sample, whose catalog has a fault while anything says so; all of its suites, no property checks."""
    for name in ("fixtures", "contracts", "suites"):
        shutil.copytree(REPOSITORY / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".harness"))
    manifest, folder = root / "fixtures" / "harness.toml", root / "fixtures" / "services" / "catalog"
    main, suite = folder / "catalog_service" / "__main__.py", root / "suites" / "integration"
    fault = 'import os\nfrom said import BROKEN\nos.environ["FAULTS"] = "2a" if BROKEN else ""\n'
    (folder / "catalog_service" / "__main__.py").write_text(fault + main.read_text())
    project = Project(
        root=root,
        patch=patch,
        runtime=runtime,
        manifest=manifest,
        folder=folder,
        suite=suite,
        base=_base_name(runtime),
        only=(EvidenceKind.PACTS, EvidenceKind.CONSUMERS, EvidenceKind.INTEGRATION),
        text={
            manifest: _changing_sample(manifest.read_text()),
            folder / "Dockerfile": _changing_image((folder / "Dockerfile").read_text()),
            suite / "conftest.py": CONFTEST,
        },
    )
    with _made(project):
        yield project


def _changing_sample(text: str) -> str:
    """The sample's manifest, where the catalog needs what lies outside of it."""
    for before, after in (
        ('require = ["pacts", "properties"]', 'require = ["pacts", "integration"]'),
        (
            'command = ["python", "-m", "catalog_service"]',
            'command = ["python3", "-m", "catalog_service", "OUTSIDE/tools/setting.txt", "OUTSIDE/jars/app.jar"]'
            + CHANGING,
        ),
        (
            'HARNESS_STATES = "1" }',
            'HARNESS_STATES = "1", LIBRARY = "OUTSIDE/library", SHARED = "OUTSIDE/shared/data.txt" }',
        ),
        (
            'context = "services/catalog", args = { BASE = "${env.HARNESS_PYTHON_IMAGE:-python:3.12-slim}" }',
            'context = "services/catalog", args = { BASE = "BASED", ARGUMENT = "ARGUED" }',
        ),
        ('path = "../suites/integration"', 'path = "../suites/integration"\ninputs = ["OUTSIDE/notes"]'),
    ):
        assert before in text, before
        text = text.replace(before, after, 1)
    return text


def _changing_image(text: str) -> str:
    copied = "COPY catalog_service catalog_service\n"
    assert copied in text
    return text.replace(copied, "COPY . .\nARG ARGUMENT\nENV ARGUMENT=${ARGUMENT} RUNNER=NOTHING\n")


def _base_name(runtime: str) -> str:
    return f"contract-harness-test/base:{uuid.uuid4().hex}" if runtime == "docker" else "none"


@contextmanager
def _made(project: Project) -> Iterator[None]:
    project.write(project.folder / "said.py", SAID)
    for name in ("clients/client.py", "notes/data.txt", "shared/data.txt"):
        project.write(project.outside / name, 'SAYS = "good"\n')  # containers run with the same suites and inputs
    for path in project.text:
        project.rewrite(path)
    for kind in {**PLACES[project.runtime], **NOTHING}:
        project.change(kind, GOOD)
    try:
        yield
    finally:
        if project.runtime == "docker":
            subprocess.run(["docker", "rmi", "-f", project.base], capture_output=True, check=False)
