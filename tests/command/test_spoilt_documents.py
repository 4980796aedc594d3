"""Documents that break their standard, or refer to what may not be read: what a whole command says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from projects import harness, project


def sending(schema: Any) -> str:
    answer = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    paths = {"/orders": {"get": {"responses": answer}}}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "orders", "version": "1"}, "paths": paths})


@pytest.mark.slow
def test_an_operation_that_reaches_a_spoilt_place_is_unknown_and_the_others_are_judged(tmp_path: Path) -> None:
    folder = project(tmp_path / "project").parent
    place = folder / "openapi.json"
    document = json.loads(place.read_text())
    before = sorted(f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item)
    spoilt = {"200": {"description": "", "content": {"application/json": {"schema": {"type": "integr"}}}}}
    document["paths"]["/health"] = {"get": {"responses": spoilt}}
    place.write_text(json.dumps(document))
    settings = {"HARNESS_STATE_DIR": str(tmp_path / "state"), "HARNESS_RUNTIME": "process"}
    report = tmp_path / "run.ndjson"
    asked = ("run", "--only", "properties", "--report", f"ndjson={report}")
    run = harness(*asked, cwd=folder, environment=settings)
    assert run.returncode == 3, run.stdout + run.stderr
    events = [json.loads(line) for line in report.read_text().splitlines()]
    exercised = [each["exercised"] for each in events if each["event"] == "promise-exercised"]
    told = {each["subject"]: each for each in exercised}
    assert told["GET /health"]["verdict"] == "UNKNOWN"
    assert told["GET /health"]["cause"] == "document cannot be read"
    assert "integr" in told["GET /health"]["because"]
    assert {told[label]["verdict"] for label in before} == {"PASSED"}, told
    assert not [each for each in events if "finding" in each]


def test_a_reference_outside_of_the_repository_is_read_with_leave_alone(tmp_path: Path) -> None:
    shared, repository = tmp_path / "shared", tmp_path / "repository"
    for each in (shared, repository, repository / ".git"):
        each.mkdir()
    (shared / "order.json").write_text('{"type": "object", "properties": {"id": {"type": "integer"}}}')
    (tmp_path / "secret.json").write_text('{"type": "string"}')
    document = repository / "openapi.json"
    document.write_text(sending({"$ref": "../shared/order.json"}))
    for cache in ("", str(tmp_path / "cache")):
        ours = {"HARNESS_CACHE_DIR": cache}
        refused = harness("diff", "openapi.json", "openapi.json", cwd=repository, environment=ours)
        assert refused.returncode == 3, refused.stdout
        assert f"give leave to read there: HARNESS_ALLOW_REFS={shared}" in refused.stdout
        leave = {**ours, "HARNESS_ALLOW_REFS": str(shared)}
        assert harness("diff", "openapi.json", "openapi.json", cwd=repository, environment=leave).returncode == 0
        document.write_text(sending({"$ref": "../shared/../secret.json"}))
        assert harness("diff", "openapi.json", "openapi.json", cwd=repository, environment=leave).returncode == 3
        document.write_text(sending({"$ref": "../shared/order.json"}))
    wrong = harness(
        "diff", "openapi.json", "openapi.json", cwd=repository, environment={"HARNESS_ALLOW_REFS": "gone"}
    )
    assert wrong.returncode == 2
    assert "HARNESS_ALLOW_REFS: 'gone' is no folder" in wrong.stderr
