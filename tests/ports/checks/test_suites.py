"""The user's own suites as checks: every way in which a suite can end, and never a yes without a passed test."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.engines.pytest_system import read_system, write_system
from harness.checks.suites import SuiteCheck
from harness.errors import ToolCrashed, UsageError
from harness.evidence import EvidenceKind
from harness.ports import Endpoint, Instance
from harness.runtime.recorder import HttpRecorder
from harness.services.system import Service, Suite
from harness.services.trust import Trust
from harness.verdicts import Cause, Covered, Exercised, Finding, Verdict

pytestmark = pytest.mark.slow  # each starts a pytest of its own

SYSTEM = Instance(name="the system", version="", endpoints=())
ORDERS = Instance(
    name="orders",
    version="1",
    endpoints=(Endpoint(name="http", url="http://127.0.0.1:1", inside="http://orders:8000"),),
)
DATABASE = Instance(
    name="database",
    version="",
    endpoints=(Endpoint(name="main", url="postgresql://127.0.0.1:1/d", inside="postgresql://db/d"),),
)


def run(folder: Path, text: str, timeout: float = 60) -> list[Exercised | Finding]:
    return list(stream(folder, text, timeout=timeout))


def stream(
    folder: Path,
    text: str,
    kind: EvidenceKind = EvidenceKind.INTEGRATION,
    timeout: float = 60,
    running: Instance = ORDERS,
    **how: Any,
) -> Iterator[Exercised | Finding]:
    suite = folder / "suite"
    suite.mkdir(exist_ok=True)
    (suite / "test_it.py").write_text(text)
    scratch = folder / "scratch"
    scratch.mkdir()
    target = CheckTarget(
        service=Service(name="the system"),
        instance=SYSTEM,
        running={"orders": running, "database": DATABASE},
        suite=Suite(path=suite, timeout=timeout, **how),
        recorder=HttpRecorder(),
        settings=CheckSettings(scratch=scratch),
    )
    return SuiteCheck(kind).run(target)


def only(items: list[Exercised | Finding]) -> Exercised:
    exercised = [item for item in items if isinstance(item, Exercised)]
    assert len(exercised) == 1, items
    return exercised[0]


@pytest.mark.parametrize(
    ("text", "verdict", "cause"),
    [
        ("def test_it(): pass", Verdict.PASSED, None),
        ("def test_it(): assert 1 == 2", Verdict.FAILED, Cause.BROKEN_PROMISE),
        ("import pytest\ndef test_it(): pytest.skip('later')", Verdict.UNKNOWN, Cause.NOTHING_EXERCISED),
        ("import pytest\n@pytest.mark.xfail\ndef test_it(): 1 / 0", Verdict.UNKNOWN, Cause.NOTHING_EXERCISED),
        ("import pytest\n@pytest.mark.xfail\ndef test_it(): pass", Verdict.UNKNOWN, Cause.NOTHING_EXERCISED),
        (
            "import pytest\n@pytest.fixture\ndef f(): raise OSError('no disk')\ndef test_it(f): pass",
            Verdict.UNKNOWN,
            Cause.TOOL_CRASHED,
        ),
        (
            "import pytest\n@pytest.fixture\ndef f():\n    yield\n    raise OSError('x')\ndef test_it(f): pass",
            Verdict.FAILED,
            Cause.BROKEN_PROMISE,
        ),
        ("import nothing_of_that_name", Verdict.UNKNOWN, Cause.UNREADABLE),
        ("import pytest\npytest.skip('no', allow_module_level=True)", Verdict.UNKNOWN, Cause.NOTHING_EXERCISED),
    ],
    ids=["passes", "fails", "skips", "fails as expected", "passes unexpectedly", "cannot be set up",
         "cannot be torn down", "cannot be imported", "is skipped whole"],
)  # fmt: skip
def test_what_a_test_does_decides_its_verdict(
    tmp_path: Path, text: str, verdict: Verdict, cause: Cause | None
) -> None:
    exercised = only(run(tmp_path, text))
    assert (exercised.verdict, exercised.cause) == (verdict, cause)


def test_a_session_that_a_plugin_calls_failed_at_its_very_end_is_no_yes(tmp_path: Path) -> None:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite/conftest.py").write_text(
        "import pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_sessionfinish(session):\n"
        "    session.exitstatus = 1\n"
        "def pytest_terminal_summary(terminalreporter):\n"
        "    terminalreporter.section('pacts')\n"
        "    terminalreporter.write_line('web-orders.json: the pacts cannot be written')\n"
    )
    with pytest.raises(ToolCrashed, match=r"exit code 1: web-orders\.json: the pacts cannot be written; 1 passed"):
        run(tmp_path, "def test_it(): pass")


def test_a_failed_test_is_a_finding_with_its_error_its_place_and_a_command(tmp_path: Path) -> None:
    items = run(tmp_path, "\n\ndef test_it():\n    assert 'red' == 'blue'")
    finding = next(item for item in items if isinstance(item, Finding))
    assert finding.code == "suite.test-failed"
    assert "'red' == 'blue'" in finding.actual
    assert finding.place.endswith("test_it.py:3")
    assert finding.replay.startswith("python -m pytest ")


def test_a_suite_with_a_configuration_of_its_own_is_told_from_where_the_person_stands(tmp_path: Path) -> None:
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "pytest.ini").write_text("[pytest]\n")
    exercised = only(run(tmp_path, "def test_it(): pass"))
    assert exercised.replay == f"python -m pytest {os.path.relpath(tmp_path / 'suite' / 'test_it.py')}::test_it"


def test_consumer_tests_do_not_see_a_system_that_is_none_of_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_SYSTEM", "/of/an/outer/run.json")
    text = "import os\ndef test_it(): assert 'HARNESS_SYSTEM' not in os.environ"
    assert only(list(stream(tmp_path, text, EvidenceKind.CONSUMERS))).verdict is Verdict.PASSED


def test_a_suite_without_tests_exercises_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "x = 1") == []


def test_a_suite_that_dies_is_a_crash_not_a_yes(tmp_path: Path) -> None:
    with pytest.raises(ToolCrashed, match="SIGKILL"):
        run(tmp_path, "import os, signal\ndef test_a(): pass\ndef test_b(): os.kill(os.getpid(), signal.SIGKILL)")


def test_what_was_seen_before_a_suite_died_is_told(tmp_path: Path) -> None:
    text = "import os, signal\ndef test_a(): assert 0\ndef test_b(): os.kill(os.getpid(), signal.SIGKILL)"
    seen: list[Exercised | Finding] = []
    with pytest.raises(ToolCrashed):
        for item in stream(tmp_path, text):
            seen.append(item)
    verdicts = [item.verdict for item in seen if isinstance(item, Exercised)]
    assert verdicts == [Verdict.FAILED, Verdict.UNKNOWN]


def test_a_suite_that_hangs_is_ended_with_everything_that_it_started(tmp_path: Path) -> None:
    text = """
import subprocess, sys, time
def test_it():
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # forgotten by {0}"])
    time.sleep(60)
""".replace("{0}", str(tmp_path))
    with pytest.raises(TimeoutError, match="within 3 s"):
        run(tmp_path, text, timeout=3)
    time.sleep(0.2)
    left = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])]
    assert left == []


def test_the_suite_gets_the_addresses_of_the_running_system_and_nothing_of_an_outer_pytest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
import json, os
def test_it():
    orders, database = json.load(open(os.environ["HARNESS_SYSTEM"]))["instances"]
    assert orders["endpoints"][0]["url"].startswith("http://127.0.0.1:")
    assert orders["endpoints"][0]["inside"] == "http://orders:8000"
    assert database["endpoints"][0]["url"] == "postgresql://127.0.0.1:1/d"
    assert not [name for name in os.environ if name.startswith("PYTEST_XDIST")]
"""
    monkeypatch.setenv("PYTEST_XDIST_TESTRUNUID", "outer")
    assert only(run(tmp_path, text)).verdict is Verdict.PASSED


class Orders(BaseHTTPRequestHandler):
    """A service with one order."""

    def do_GET(self) -> None:
        body = b'{"id": 7, "lines": [{"sku": "a"}]}'
        self.send_response(200 if self.path.startswith("/orders/7") else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def orders() -> Iterator[Instance]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Orders) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield replace(ORDERS, endpoints=(Endpoint(name="http", url=url, inside=url),))
        server.shutdown()
        thread.join()


ASKS = """
import json, os, urllib.request
def test_first(): pass
def test_it():
    told = json.load(open(os.environ["HARNESS_SYSTEM"]))
    with urllib.request.urlopen(told["instances"][0]["endpoints"][0]["url"] + "/orders/7?full=1") as answer:
        assert json.load(answer)["id"] == 7
"""


def test_what_the_tests_ask_of_a_service_counts_as_exercised(tmp_path: Path, orders: Instance) -> None:
    items = list(stream(tmp_path, ASKS, running=orders))
    seen = [covered for item in items if isinstance(item, Exercised) for covered in item.covered]
    assert seen == [
        Covered(
            operation="GET /orders/7",
            status=200,
            media_type="application/json",
            fields=("/id", "/lines", "/lines/[]", "/lines/[]/sku"),
            parameters=("query full",),
            service="orders",
        )
    ]


class SecureOrders(Orders):
    """The same for whoever brings the cookie back that it gave away."""

    def do_GET(self) -> None:
        if self.path == "/login":
            self.send_response(204)
            self.send_header("Set-Cookie", "session=1; Path=/; Secure; HttpOnly")
            self.end_headers()
        elif "session=1" in self.headers.get("Cookie", ""):
            super().do_GET()
        else:
            self.send_error(401)


@pytest.fixture
def secure_orders(tmp_path: Path) -> Iterator[Instance]:
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(made.split(), cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), SecureOrders) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"https://127.0.0.1:{server.server_port}"
        yield replace(ORDERS, endpoints=(Endpoint(name="https", url=url, inside=url),))
        server.shutdown()
        thread.join()


CLIENTS = """
import http.cookiejar, json, os, ssl, urllib.request
import httpx, requests
URL = json.load(open(os.environ["HARNESS_SYSTEM"]))["instances"][0]["endpoints"][0]["url"]
CA = os.path.join(os.path.dirname(os.path.dirname(__file__)), "cert.pem")

def context():
    made = ssl.create_default_context(cafile=CA)
    made.check_hostname = False
    return made

def test_requests():
    with requests.Session() as client:
        client.get(URL + "/login", verify=WHICH)
        assert client.get(URL + "/orders/7?with=requests", verify=WHICH).json()["id"] == 7

def test_httpx():
    with httpx.Client(verify=context()) as client:
        client.get(URL + "/login")
        assert client.get(URL + "/orders/7?with=httpx").json()["id"] == 7

def test_urllib():
    opening = (urllib.request.HTTPSHandler(context=context()), urllib.request.HTTPCookieProcessor())
    client = urllib.request.build_opener(*opening)
    client.open(URL + "/login").close()
    with client.open(URL + "/orders/7?with=urllib") as answer:
        assert json.load(answer)["id"] == 7
"""


@pytest.mark.parametrize("trust", ["ca", "any"])
def test_what_the_tests_ask_over_https_counts_as_exercised(
    tmp_path: Path, secure_orders: Instance, trust: str
) -> None:
    believed = Trust(ca=str(tmp_path / "cert.pem")) if trust == "ca" else Trust(verify=False)
    text = CLIENTS.replace("WHICH", "CA")  # at the recorder nobody asks for a certificate
    items = list(stream(tmp_path, text, running=secure_orders, trusts=(("orders", believed),)))
    told = [item for item in items if isinstance(item, Exercised)]
    assert [each.verdict for each in told] == [Verdict.PASSED] * 3
    seen = {covered.operation: covered for each in told for covered in each.covered}
    assert set(seen) == {"GET /login", "GET /orders/7"}
    assert (seen["GET /orders/7"].service, seen["GET /orders/7"].status) == ("orders", 200)
    assert "over plain HTTP" in told[0].remark


def test_a_certificate_that_nothing_names_is_not_believed_for_a_suite(
    tmp_path: Path, secure_orders: Instance
) -> None:
    items = list(stream(tmp_path, CLIENTS.replace("WHICH", "CA"), running=secure_orders))
    assert {item.verdict for item in items if isinstance(item, Exercised)} == {Verdict.FAILED}
    assert not [item for item in items if isinstance(item, Exercised) and item.covered]


def test_what_could_not_be_recorded_is_told_and_counts_as_nothing(tmp_path: Path, secure_orders: Instance) -> None:
    text = CLIENTS.replace("WHICH", "False")
    items = list(stream(tmp_path, text, running=secure_orders, record_https=False))
    told = [item for item in items if isinstance(item, Exercised)]
    assert [each.verdict for each in told] == [Verdict.PASSED] * 3
    assert not [each for each in told if each.covered]
    assert "was not recorded and counts as nothing" in told[0].remark


def test_of_a_suite_that_failed_nothing_counts_as_exercised(tmp_path: Path, orders: Instance) -> None:
    items = list(stream(tmp_path, f"{ASKS}    assert 0\n", running=orders))
    assert {item.verdict for item in items if isinstance(item, Exercised)} == {Verdict.PASSED, Verdict.FAILED}
    assert not [item for item in items if isinstance(item, Exercised) and item.covered]


def test_under_xdist_every_test_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -n 2\n")
    items = run(tmp_path, "import pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_it(n): assert n < 5")
    verdicts = sorted(item.verdict for item in items if isinstance(item, Exercised))
    assert verdicts == [Verdict.PASSED] * 5 + [Verdict.FAILED]


LEAVES_OUT = """import pytest
def test_it(): pass
@pytest.mark.skipif(False, reason='-')
def test_slow(): assert 0
"""


@pytest.mark.parametrize(
    "words", ["-k 'not slow'", "--deselect suite/test_it.py::test_slow", "-n 2 -k 'not slow'"]
)
def test_a_yes_says_which_tests_the_suite_itself_left_out(tmp_path: Path, words: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {words}\n")
    exercised = only(run(tmp_path, LEAVES_OUT))
    assert exercised.verdict is Verdict.PASSED
    assert exercised.remark == "1 test was deselected and not run: suite/test_it.py::test_slow"


def test_a_system_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_system(tmp_path / "system.json", [ORDERS])
    assert read_system(tmp_path / "system.json") == {"orders": ORDERS}


@pytest.mark.parametrize("text", ["", "[]", '{"instances": [{}]}', '{"instances": 3}'])
def test_a_system_file_that_is_none_names_itself(tmp_path: Path, text: str) -> None:
    (tmp_path / "system.json").write_text(text)
    with pytest.raises(UsageError, match=r"system\.json"):
        read_system(tmp_path / "system.json")
