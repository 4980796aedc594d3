"""Which runtime is used, how an engine is found, and what the doctor says."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from runtime_bench import need_docker

from harness.errors import EnvironmentProblem, UsageError
from harness.runtime import engine_address
from harness.runtime.choice import choose
from harness.runtime.doctor import examine
from harness.runtime.readiness import http_probe, log_probe, tcp_probe


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody who has no engine."""
    return {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "HARNESS_STATE_DIR": str(tmp_path / "state")}


@contextmanager
def answering(path: Path, answer: bytes) -> Iterator[None]:
    """Something that listens on a socket and gives one answer."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=5)
        server.close()


def test_without_an_engine_services_run_as_processes_and_one_line_says_so(
    nowhere: dict[str, str], tmp_path: Path
) -> None:
    runtime, note = choose("auto", tmp_path, nowhere)
    assert runtime.name == "process"
    assert note.startswith("no Docker engine answers (")
    assert note.endswith("): running services as local processes")
    assert "none.sock: No such file or directory" in note
    assert "\n" not in note


@pytest.mark.timeout(45)  # one that is waited for has a minute
def test_an_unreachable_engine_costs_little_time(tmp_path: Path) -> None:
    runtime, _ = choose("auto", tmp_path, {"DOCKER_HOST": "tcp://127.0.0.1:9"})
    assert runtime.name == "process"


def test_a_required_engine_that_is_not_there_is_an_error(nowhere: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="HARNESS_REQUIRE_DOCKER=1 is set"):
        choose("auto", tmp_path, {**nowhere, "HARNESS_REQUIRE_DOCKER": "1"})
    with pytest.raises(EnvironmentProblem, match="--runtime docker was asked for"):
        choose("docker", tmp_path, nowhere)


def test_a_runtime_that_was_asked_for_needs_no_note(nowhere: dict[str, str], tmp_path: Path) -> None:
    runtime, note = choose("process", tmp_path, {**nowhere, "HARNESS_REQUIRE_DOCKER": "1"})
    assert (runtime.name, note) == ("process", "")


def test_an_unknown_runtime_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'docker'"):
        choose("docke", tmp_path, {})


@pytest.mark.docker
def test_with_an_engine_services_run_in_containers(tmp_path: Path) -> None:
    need_docker()
    runtime, note = choose("auto", tmp_path, os.environ)
    assert (runtime.name, note) == ("docker", "")


@pytest.mark.parametrize(
    ("answer", "fine"), [(b"HTTP/1.0 200 OK\r\n\r\nOK", True), (b"HTTP/1.0 500 x\r\n\r\n", False), (b"", False)]
)
def test_only_a_proper_answer_is_an_engine(tmp_path: Path, answer: bytes, fine: bool) -> None:
    path = tmp_path / "s"
    with answering(path, answer):
        seen = engine_address.ask({"DOCKER_HOST": f"unix://{path}"})
    assert (seen.why_not == "") == fine


def test_the_chosen_context_is_followed(tmp_path: Path) -> None:
    folder = tmp_path / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest()
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"Endpoints": {"docker": {"Host": "unix:///from/context.sock"}}}))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": "mine"}))
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    assert engine_address.ask(environ).address == "unix:///from/context.sock"
    assert engine_address.ask({**environ, "DOCKER_HOST": "unix:///said"}).address == "unix:///said"
    (tmp_path / "config.json").write_text("{broken")
    assert engine_address.ask({**environ, "HOME": str(tmp_path)}).address != "unix:///from/context.sock"


def test_an_address_that_means_nothing_is_told() -> None:
    assert "not an address" in engine_address.ask({"DOCKER_HOST": "carrier-pigeon://x"}).why_not


@pytest.mark.parametrize(
    ("address", "gateway", "host"),
    [
        ("tcp://10.0.0.5:2375", "", "10.0.0.5"),
        ("ssh://me@far.example", "", "far.example"),
        ("unix:///var/run/docker.sock", "127.0.0.1", "127.0.0.1"),
        ("unix:///var/run/docker.sock", "", "127.0.0.1"),
    ],
)
def test_where_published_ports_are_reached(address: str, gateway: str, host: str) -> None:
    assert engine_address.reachable_host(address, gateway) == host


# The doctor


def test_the_doctor_gives_a_remedy_for_what_is_missing(nowhere: dict[str, str], tmp_path: Path) -> None:
    seen = {e.subject: e for e in examine({**nowhere, "PATH": "", "HARNESS_POSTGRES_BIN": str(tmp_path)})}
    assert list(seen) == [
        "Python",
        "contract-harness",
        "Docker engine",
        "PostgreSQL for the process runtime",
        "git",
        "pact-python",
        "schemathesis",
        "state folder",
        "leftovers",
    ]
    missing = [e for e in seen.values() if not e.ok]
    assert {e.subject for e in missing} == {"Docker engine", "PostgreSQL for the process runtime", "git"}
    assert all(e.remedy for e in missing)
    assert seen["PostgreSQL for the process runtime"].remedy == "pip install 'contract-harness[postgres]'"


def test_the_doctor_sees_leftovers_and_changes_nothing(nowhere: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "state" / "runs" / "dead").mkdir(parents=True)
    seen = {e.subject: e for e in examine(nowhere)}["leftovers"]
    assert not seen.ok
    assert "dead" in seen.detail
    assert (tmp_path / "state" / "runs" / "dead").exists()


# Readiness


def test_what_a_probe_sees_names_the_address() -> None:
    assert http_probe("http://127.0.0.1:9", "/health")().startswith("GET http://127.0.0.1:9/health: ")
    assert "127.0.0.1:9" in tcp_probe("http://127.0.0.1:9")()


def test_a_path_is_joined_to_the_base_of_the_url() -> None:
    assert "http://127.0.0.1:9/api/health:" in http_probe("http://127.0.0.1:9/api/", "/health")()
    assert "http://127.0.0.1:9/health?full=1:" in http_probe("http://127.0.0.1:9", "health?full=1")()


def test_a_log_is_searched_line_by_line() -> None:
    assert log_probe("^ready$", lambda: "a\nready\nb")() == ""
    assert log_probe("^ready$", lambda: "not ready")() == "nothing in its log fits '^ready$'"
