"""A small real system in a folder, for whole-command tests: one service, one pact, one document, a database."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from textwrap import dedent

from harness.cli.main import answer

SERVICE = """
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BROKEN = os.environ.get("BROKEN", "")
STATES = {"a thing exists"}
THING = {"id": 7, "name": "seven"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 405:
            self.send_header("Allow", "GET")
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/health":
            self.answer(200, {"ok": True})
        elif path == "/_states":
            self.answer(200, {"states": sorted(STATES)})
        elif path == "/things/7":
            self.answer(200, {"id": 7} if BROKEN == "field" else THING)
        elif path.startswith("/things/"):
            self.answer(404, {"error": "no such thing"})
        else:
            self.answer(404, {"error": "no such path"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.path.partition("?")[0] != "/_states":
            self.answer(405, {"error": "not allowed"})
        elif body.get("state") in STATES:
            self.answer(200, {})
        else:
            self.answer(404, {"error": "no such state"})

    def refuse(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(405, {"error": "not allowed"})

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_QUERY = refuse

    def log_message(self, *_):
        pass


print("listening", flush=True)
ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""

DOCKERFILE = """
ARG BASE=python:3.12-slim
FROM ${BASE}
COPY service.py /service.py
CMD ["python3", "/service.py"]
"""

OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "things", "version": "1"},
    "paths": {
        "/things/{id}": {
            "get": {
                "operationId": "thing",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {
                    "200": {
                        "description": "the thing",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["id"],
                                    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
                                }
                            }
                        },
                    },
                    "404": {
                        "description": "no such thing",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    },
                },
            }
        }
    },
}

PACT = {
    "consumer": {"name": "reader"},
    "provider": {"name": "things"},
    "interactions": [
        {
            "type": "Synchronous/HTTP",
            "description": "a thing by id",
            "providerStates": [{"name": "a thing exists"}],
            "request": {"method": "GET", "path": "/things/7"},
            "response": {
                "status": 200,
                "headers": {"Content-Type": ["application/json"]},
                "body": {
                    "content": {"id": 7, "name": "seven"},
                    "contentType": "application/json",
                    "encoded": False,
                },
            },
        },
        {
            "type": "Synchronous/HTTP",
            "description": "a thing that is not there",
            "request": {"method": "GET", "path": "/things/8"},
            "response": {"status": 404},
        },
    ],
    "metadata": {"pactSpecification": {"version": "4.0"}},
}

MANIFEST = """
pacts = ["pacts"]

[services.things]
version = "1"
build = { context = "things", args = { BASE = "${env.HARNESS_PYTHON_IMAGE:-python:3.12-slim}" } }
command = ["python", "service.py"]
directory = "things"
port = 8000
ready = "/health"
openapi = "openapi.json"
states = "/_states"
budget = { examples = 5, seconds = 60 }

[services.things.versions."2"]
environment = { BROKEN = "field" }

[services.reader]
version = "1"
"""

DATABASE = """
[resources.db]
kind = "postgres"
"""


def project(folder: Path, *, database: bool = False) -> Path:
    """Write the system into a folder; the manifest's path."""
    (folder / "things").mkdir(parents=True)
    (folder / "pacts").mkdir()
    (folder / "things" / "service.py").write_text(SERVICE)
    (folder / "things" / "Dockerfile").write_text(DOCKERFILE)
    (folder / "openapi.json").write_text(json.dumps(OPENAPI))
    (folder / "pacts" / "reader-things.json").write_text(json.dumps(PACT))
    manifest = folder / "harness.toml"
    text = dedent(MANIFEST)
    if database:
        text = text.replace('states = "/_states"', 'states = "/_states"\nneeds = ["db"]') + dedent(DATABASE)
    manifest.write_text(text)
    return manifest


def harness(
    *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The whole command, in this process: its exit code and all that it wrote."""
    written = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2)]
    before = dict(os.environ)
    os.environ.update({"NO_COLOR": "1", **(environment or {})})
    try:
        with chdir(cwd), redirect_stdout(written[0]), redirect_stderr(written[1]):
            code = answer(list(arguments))
    finally:
        os.environ.clear()
        os.environ.update(before)
    out, err = (each.buffer.getvalue().decode() for each in written)
    return subprocess.CompletedProcess(arguments, code, out, err)


def harness_process(
    *arguments: str, cwd: Path, timeout: float = 120, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The whole command in a process of its own, where it is about processes."""
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **(environment or {})},
        text=True,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
