"""Every recipe of docs/extend.md works as it stands there, in a package of one file that nothing else knows of."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sample_events as sample
from projects import harness_process, project
from recipes import install
from served import ServedBroker, plain_http

from harness.engine import events

if TYPE_CHECKING:
    from subprocess import CompletedProcess


def recorded(folder: Path) -> Path:
    path = folder / "run.ndjson"
    path.write_text("".join(f"{line}\n" for line in events.write(sample.faults_run())))
    return path


def handlers(folder: Path) -> None:
    """The small system, whose service is a handler that a thread can serve."""
    manifest = project(folder)
    manifest.write_text(manifest.read_text().replace('["python", "service.py"]', '["service:Handler"]'))
    service = folder / "things" / "service.py"
    text = service.read_text()
    service.write_text(text[: text.index("\nprint(")])


@pytest.mark.slow
def test_a_report_format_is_one_file(tmp_path: Path) -> None:
    plugin = install("A report format", tmp_path / "site")
    path = recorded(tmp_path)
    found = harness_process("report", str(path), "--format", "csv", cwd=tmp_path, environment=plugin.environment)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("provider,version,consumer,kind,verdict,because\n")
    assert len(found.stdout.splitlines()) > 1
    assert plugin.written == [f"{plugin.module}.py"]
    shown = harness_process("report", "--help", cwd=tmp_path, environment=plugin.environment)
    assert "csv" in shown.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("import csv\n", "import csw\n"), "the plug-in 'csv-report' cannot be used: ModuleNotFoundError"),
        (("return [ReportFormat", "return 1 / 0, [ReportFormat"), "ZeroDivisionError"),
        (('key="csv"', 'key="junit"'), "brings 'junit', and there is one called so already"),
        (
            ("contract_harness_report_formats", "contract_harness_reports"),
            "no hook is called contract_harness_rep",
        ),
    ],
)
def test_a_report_format_that_cannot_be_used_is_told_by_name(
    change: tuple[str, str], says: str, tmp_path: Path
) -> None:
    plugin = install("A report format", tmp_path / "site", change=change)
    path = recorded(tmp_path)
    found = harness_process("report", str(path), "--format", "csv", cwd=tmp_path, environment=plugin.environment)
    assert (found.returncode, found.stdout) == (2, "")
    assert "no report format 'csv'" in found.stderr
    assert says in found.stderr
    fine = harness_process("report", str(path), "--format", "junit", cwd=tmp_path, environment=plugin.environment)
    assert (fine.returncode, fine.stderr) == (0, ""), "nobody who does not need it is told"


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The small system, and a runtime that serves it from threads."""
    folder = tmp_path_factory.mktemp("threads")
    plugin = install("A runtime", folder / "site")
    assert plugin.written == [f"{plugin.module}.py"]
    handlers(folder / "system")
    return folder / "system", plugin.environment


def run_in(folder: Path, *arguments: str, environment: dict[str, str]) -> CompletedProcess[str]:
    return harness_process("run", *arguments, "--json", cwd=folder, environment=environment)


@pytest.mark.slow
def test_a_runtime_is_one_file(threads: tuple[Path, dict[str, str]]) -> None:
    folder, environment = threads
    found = run_in(folder, "--runtime", "threads", environment=environment)
    told = json.loads(found.stdout)
    assert (found.returncode, told["verdict"], told["runtime"]) == (0, "PASSED", "threads"), found.stdout
    assert {task["kind"] for task in told["tasks"]} == {"pacts", "properties"}
    again = json.loads(run_in(folder, "--runtime", "threads", environment=environment).stdout)
    assert all(task["reused"] for task in again["tasks"]), "its identity decides"
    doctor = harness_process("doctor", cwd=folder, environment=environment)
    assert "runtime threads: can serve here" in doctor.stdout


@pytest.mark.slow
def test_a_runtime_that_nobody_has_is_refused(threads: tuple[Path, dict[str, str]]) -> None:
    folder, _ = threads
    found = run_in(folder, "--runtime", "threads", environment={})
    assert found.returncode == 2
    assert "'threads' is not one of 'auto', 'docker', 'process'" in found.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("        handle, url =", "        raise LookupError('lost')\n        handle, url ="),
            "LookupError: lost",
        ),
        (("        session = Started(self)\n", "        raise SystemExit(0)\n"), "SystemExit: 0"),
        (("            session.close()\n", "            raise KeyError('end')\n"), "KeyError: 'end'"),
        (("        self.root = workspace.root\n", "        self.root = workspace.roof\n"), "no attribute 'roof'"),
    ],
)
def test_whatever_a_runtime_raises_is_told_by_its_name_and_is_no_yes(
    change: tuple[str, str], says: str, tmp_path: Path
) -> None:
    plugin = install("A runtime", tmp_path / "site", change=change)
    handlers(tmp_path / "system")
    found = run_in(tmp_path / "system", "--runtime", "threads", environment=plugin.environment)
    assert found.returncode == 3, found.stdout + found.stderr
    told = found.stdout + found.stderr
    assert "the runtime 'threads', which a plug-in brings, failed with" in told
    assert says in told
    assert "defect" not in told


def served(tmp_path: Path, environment: dict[str, str]) -> ServedBroker:
    return ServedBroker(f"sqlite:///{tmp_path}/broker.db", tmp_path / "broker.log", environment)


@pytest.mark.slow
def test_a_resource_of_the_broker_is_one_file(tmp_path: Path) -> None:
    plugin = install("A resource of the broker", tmp_path / "site")
    broker = served(tmp_path, plugin.environment).start()
    try:
        with plain_http(broker.base) as client:
            assert client.post("/pacticipants", json={"name": "orders"}).status_code == 201
            answered = client.get("/roll-call")
            refused = client.post("/roll-call", json={})
    finally:
        broker.stop()
    assert (answered.status_code, answered.json()["names"]) == (200, ["orders"])
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, OPTIONS")
    assert plugin.written == [f"{plugin.module}.py"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('"/roll-call"', '"/can-i-deploy"'), "GET /can-i-deploy: the broker answers that path already"),
        (('"/roll-call"', '"/pacticipants/orders"'), "the broker answers that path already"),
        (("routes=lambda: routes", "routes=lambda: 7"), "'roll-call' gives 7 and no Routes"),
    ],
)
def test_a_resource_that_cannot_be_used_is_told_and_the_broker_answers_as_before(
    change: tuple[str, str], says: str, tmp_path: Path
) -> None:
    plugin = install("A resource of the broker", tmp_path / "site", change=change)
    broker = served(tmp_path, plugin.environment).start()
    try:
        with plain_http(broker.base) as client:
            assert client.get("/roll-call").status_code == 404
            assert client.get("/pacticipants/orders").status_code == 404
            assert client.get("/can-i-deploy").status_code == 400
    finally:
        broker.stop()
    assert says in broker.log.read_text()


REDIS = """\
#!{python}
import socket, sys
assert sys.argv[1] == "--port"
listening = socket.create_server(("127.0.0.1", int(sys.argv[2])))
print("Ready to accept connections", flush=True)
kept = []
while True:
    kept.append(listening.accept())
"""


def with_cache(folder: Path) -> None:
    """The small system, whose service serves nothing without the address of a cache; and a stand-in for Redis."""
    manifest = project(folder)
    text = manifest.read_text().replace(
        "[services.things]\n", '[services.things]\nenvironment = { CACHE = "${cache.url}" }\n'
    )
    manifest.write_text(f'{text}\n[resources.cache]\nkind = "redis"\n')
    service = folder / "things" / "service.py"
    check = 'import re\nassert re.fullmatch("redis://127.0.0.1:[0-9]+/0", os.environ["CACHE"])\nprint('
    service.write_text(service.read_text().replace("\nprint(", f"\n{check}", 1))
    server = folder / "bin" / "redis-server"
    server.parent.mkdir()
    server.write_text(REDIS.format(python=sys.executable))
    server.chmod(0o755)


@pytest.mark.slow
def test_a_kind_of_resource_is_one_file(tmp_path: Path) -> None:
    plugin = install("A kind of resource", tmp_path / "site")
    folder = tmp_path / "system"
    with_cache(folder)
    environment = {**plugin.environment, "PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}"}
    found = run_in(folder, "--runtime", "process", "--only", "pacts", environment=environment)
    assert (found.returncode, json.loads(found.stdout)["verdict"]) == (0, "PASSED"), found.stdout + found.stderr
    assert plugin.written == [f"{plugin.module}.py"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("", ""), "resources.cache.kind: unknown kind 'redis'"),
        (("{port}/0", "{prot}/0"), "the plug-in 'redis' cannot be used"),
        (("from harness.services.system", "from harness.services.systems"), "No module named"),
        (('key="redis"', 'key="postgres"'), "brings 'postgres', and there is one called so already"),
    ],
)
def test_a_kind_of_resource_that_is_not_there_is_refused_with_the_reason(
    change: tuple[str, str], says: str, tmp_path: Path
) -> None:
    environment = (
        install("A kind of resource", tmp_path / "site", change=change).environment if any(change) else {}
    )
    with_cache(tmp_path / "system")
    found = run_in(tmp_path / "system", "--plan", environment=environment)
    assert found.returncode == 2, found.stdout + found.stderr
    assert says in found.stderr
    assert "unknown kind" in found.stderr
