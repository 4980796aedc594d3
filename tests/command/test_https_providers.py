"""Providers that speak HTTPS: readiness, pacts, documents, states and property checks believe what is named."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from harness.cli import main as command_line
from harness.errors import ManifestError
from harness.services.manifest.file import parse
from harness.services.trust import Trust

SERVICE = """
import json, ssl, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        document = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {"/pets": {"get": {
            "responses": {"200": {"description": "d", "content": {"application/json": {"schema": {
                "type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}}}}}}}}
        self.say(200, document if self.path == "/openapi.json" else {"n": 1})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.say(200 if self.path == "/states" else 405, {})

    def do_OTHER(self):
        self.say(405, {})

    do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_HEAD = do_QUERY = do_OTHER

    def say(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Allow", "GET")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
MANIFEST = """
pacts = ["pacts"]
[services.svc]
version = "1"
command = ["python", "svc.py", "${self.port}"]
endpoints = { https = 8443 }
openapi = "/openapi.json"
ready = { http = "/pets", within = %s }
states = { url = "/states", names = ["a pet"] }
budget = { examples = 3, seconds = 60 }
%s
[services.web]
version = "1"
"""
PACT = {
    "consumer": {"name": "web"},
    "provider": {"name": "svc"},
    "interactions": [
        {
            "description": "pets",
            "providerStates": [{"name": "a pet"}],
            "request": {"method": "GET", "path": "/pets"},
            "response": {"status": 200, "body": {"n": 1}},
        }
    ],
    "metadata": {"pactSpecification": {"version": "3.0.0"}},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl is here to make a certificate")
    made = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(made.split(), cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "svc.py").write_text(SERVICE)
    (tmp_path / "pacts").mkdir()
    (tmp_path / "pacts/web-svc.json").write_text(json.dumps(PACT))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_STATE_DIR", str(tmp_path / "state"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("said", ['ca = "cert.pem"', "tls-verify = false"])
def test_a_process_that_speaks_https_is_verified_and_its_document_exercised(
    project: Path, capsys: pytest.CaptureFixture[str], said: str
) -> None:
    (project / "harness.toml").write_text(MANIFEST % (30, said))
    code = command_line.answer(["run", "--runtime", "process"])
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert code == 0, told
    assert "2 promises: 2 kept" in told
    assert ("its certificate is not verified" in told) is (said == "tls-verify = false")


SUITE = """
import ssl, urllib.request
def test_pets(system):
    with urllib.request.urlopen(system.url("svc") + "/pets", context=ssl.create_default_context()) as answer:
        assert answer.status == 200
"""


@pytest.mark.slow
def test_what_a_suite_asks_over_https_is_exercised_as_what_it_asks_over_http(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "suite").mkdir()
    (project / "suite/test_pets.py").write_text(SUITE)
    suites = '[suites.integration]\npath = "suite"\n'
    (project / "harness.toml").write_text(MANIFEST % (30, 'ca = "cert.pem"') + suites)
    assert command_line.answer(["run", "--runtime", "process", "--only", "integration"]) in (0, 3)
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "svc: asked at the recorder over plain HTTP, and by it over HTTPS" in told, told
    assert command_line.answer(["coverage", "svc"]) in (0, 1, 3)
    told = capsys.readouterr().out
    assert "GET /pets" in told, told


@pytest.mark.slow
def test_a_certificate_that_nothing_names_is_no_broken_promise_and_what_to_write_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "harness.toml").write_text(MANIFEST % (2, ""))
    assert command_line.answer(["run", "--runtime", "process"]) == 3
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "its certificate is not trusted" in told
    assert "tls-verify = false" in told


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('ca = "none.pem"', "no file 'none.pem'"),
        ('ca = "harness.toml"', "a file with certificates"),
        ('tls-verify = "no"', "true or false is needed"),
        ('ca = "cert.pem"\ntls-verify = false', "has no meaning beside"),
    ],
)
def test_a_mistaken_certificate_is_told_before_anything_starts(project: Path, keys: str, said: str) -> None:
    (project / "harness.toml").write_text("")
    with pytest.raises(ManifestError, match=said):
        parse(f'[services.svc]\nurl = "https://127.0.0.1:1"\n{keys}\n', project / "harness.toml", {})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('consumer = { path = "pacts", record-https = false }', "unknown key"),
        ('integration = { path = "pacts", record-https = "no" }', "true or false is needed"),
    ],
)
def test_whether_https_is_recorded_is_a_key_of_the_integration_suite(project: Path, keys: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        parse(f"[suites]\n{keys}\n", project / "harness.toml", {})


def test_a_suite_is_told_plain_addresses_unless_it_wants_tls_and_believes_what_each_service_says(
    project: Path,
) -> None:
    service = '[services.svc]\nurl = "https://127.0.0.1:1"\ntls-verify = false\n[services.web]\nversion = "1"\n'
    for written, record in (("", True), (", record-https = true", True), (", record-https = false", False)):
        suites = f'[suites]\nintegration = {{ path = "pacts"{written} }}\n'
        suite = parse(f"{service}{suites}", project / "harness.toml", {}).integration_suite
        assert suite is not None
        assert (suite.record_https, suite.trusts) == (record, (("svc", Trust(verify=False)),))


def test_trust_never_grows_by_itself(project: Path) -> None:
    named, usual, none = Trust(ca=str(project / "cert.pem")), Trust(), Trust(verify=False)
    for host in ("127.0.0.1", "pets.example"):
        assert named.context(host).verify_mode is usual.context(host).verify_mode is ssl.CERT_REQUIRED
        assert none.context(host).verify_mode is ssl.CERT_NONE
        assert usual.context(host).check_hostname
    assert named.context("pets.example").check_hostname
    assert named.curl("pets.example") == ("--cacert", named.ca)
    assert (named.curl("127.0.0.1"), usual.curl("127.0.0.1"), none.curl("x")) == (
        ("--insecure",),
        (),
        ("--insecure",),
    )
    assert (named.told("pets.example"), usual.told("127.0.0.1"), none.told("x")) == (named.ca, True, False)
