"""Whole runs whose memory is a Pact Broker: what is published, verified, sent back, and decided from it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_original import Original, served
from projects import PACT, harness, project

pytestmark = pytest.mark.slow
PROCESS = ("--runtime", "process")


@pytest.fixture
def original(tmp_path: Path) -> Iterator[Original]:
    made = Original()
    project(tmp_path)
    with served(made) as url:
        manifest = tmp_path / "harness.toml"
        manifest.write_text(f'{manifest.read_text()}\n[broker]\nurl = "{url}"\n')
        yield made


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return harness(*arguments, cwd=folder)


def other_reader(*paths: str) -> dict[str, Any]:
    """Another consumer's pact, which asks for what the service does not have."""
    interactions: Any = PACT["interactions"]
    asked = [
        {**interactions[1], "description": f"nothing at {path}", "request": {"method": "GET", "path": path}}
        for path in paths
    ]
    return {**PACT, "consumer": {"name": "other"}, "interactions": asked}


def test_a_run_publishes_verifies_and_is_decided_from_what_the_broker_has(
    original: Original, tmp_path: Path
) -> None:
    first = run(tmp_path, "run", "--only", "pacts", *PROCESS)
    assert first.returncode == 0, first.stdout + first.stderr
    assert original.versions == {"reader": ["1"], "things": ["1"]}
    (result,) = original.results
    assert result["given"]["success"] is True
    shown = next(iter(original.contents.values()))["interactions"]
    told = {each["interactionId"]: each["success"] for each in result["given"]["testResults"]}
    assert told == {each["_id"]: True for each in shown}
    assert run(tmp_path, "record-deployment", "things=1", "--environment", "production").returncode == 0
    assert run(tmp_path, "can-i-deploy", "reader=1", "--to", "production").returncode == 0

    again = run(tmp_path, "run", "--only", "pacts", *PROCESS)
    assert again.returncode == 0
    assert len(original.results) == 1, "what is known is neither run nor sent again"

    broken = run(tmp_path, "verify", "things=2", *PROCESS)
    assert broken.returncode == 1
    told = {each["interactionId"]: each["success"] for each in original.results[-1]["given"]["testResults"]}
    assert [told[each["_id"]] for each in shown] == [False, True]
    alone = run(tmp_path, "can-i-deploy", "things=2", "--to", "production")
    assert alone.returncode == 0  # reader is not live: it meets nobody
    run(tmp_path, "record-deployment", "reader=1", "--environment", "production")
    assert run(tmp_path, "can-i-deploy", "things=2", "--to", "production").returncode == 1


def test_an_unknown_heals_into_the_broker(original: Original, tmp_path: Path) -> None:
    run(tmp_path, "publish", "--version", "1", "--allow-dirty")
    run(tmp_path, "record-deployment", "reader=1", "--environment", "production")
    first = run(tmp_path, "can-i-deploy", "things=1", "--to", "production")
    assert first.returncode in {2, 3}
    assert run(tmp_path, "verify", "things=1", *PROCESS).returncode == 0
    assert run(tmp_path, "can-i-deploy", "things=1", "--to", "production").returncode == 0


def test_the_broker_chooses_the_pacts_and_a_pending_one_does_not_fail_the_build(
    original: Original, tmp_path: Path
) -> None:
    original.publish("other", "5", other_reader("/nowhere"))
    found = run(tmp_path, "verify", "things", "--from-broker", "--selector", "latest", *PROCESS)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "other 5: latest, pending" in found.stderr
    assert {r["consumer"]: r["given"]["success"] for r in original.results} == {"other": True}

    original.publish("other", "6", other_reader("/things/7"))
    pending = run(tmp_path, "verify", "things", "--from-broker", *PROCESS)
    assert pending.returncode == 0, pending.stdout + pending.stderr
    assert "pending: other 6 needs things 1; it never was kept before, so it does not fail this" in pending.stderr
    assert [r["given"]["success"] for r in original.results if r["consumer"] == "other"] == [True, False]
    strict = run(tmp_path, "verify", "things", "--from-broker", "--no-pending", "--fresh", *PROCESS)
    assert strict.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--selector", "mainbranch"], "did you mean 'mainBranch'?"),
        (["--selector", "branch"], "is not branch=NAME"),
        (["--selector", "{"], "it is no JSON object"),
        (["--wip-since", "yesterday"], "is no date"),
        (["--from-broker", "--against", "reader"], "either the broker chooses the pacts"),
        (["--from-broker"], "no pacticipant 'things' at the broker"),
        (["--from-broker", "--broker", "sqlite:///here.db"], "only a broker chooses pacts"),
    ],
)
def test_what_the_broker_cannot_be_asked_is_told(
    original: Original, tmp_path: Path, arguments: list[str], told: str
) -> None:
    found = run(tmp_path, "verify", "things", *arguments, "--no-publish", *PROCESS)
    assert (found.returncode, found.stdout) == (2, "")
    assert told in found.stderr


def test_a_broker_that_goes_down_during_a_run_ends_it_without_a_yes(original: Original, tmp_path: Path) -> None:
    original.faults.append(
        lambda method, target: (
            (503, {"Retry-After": "999"}, b"") if method == "POST" and "verification-results" in target else None
        )
    )
    found = run(tmp_path, "run", "--only", "pacts", *PROCESS)
    assert found.returncode == 3, found.stdout + found.stderr
    assert "the broker does not answer: HTTP 503" in found.stderr
    original.faults.clear()
    again = run(tmp_path, "run", "--only", "pacts", *PROCESS)
    assert again.returncode == 0
    assert json.dumps(original.results[0]["given"]["success"]) == "true"
