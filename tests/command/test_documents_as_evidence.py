"""A provider that nobody can run pacts on: its document is published, and decides as far as it was exercised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from projects import harness

ANSWER = {"schema": {"type": "object", "properties": {"total": {"type": "number"}}}}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "orders", "version": "1"},
    "paths": {
        "/orders": {"get": {"responses": {"200": {"description": "", "content": {"application/json": ANSWER}}}}}
    },
}
MANIFEST = '[broker]\nurl = "sqlite:///ledger.db"\n[environments.shop]\nrequire = ["pacts"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A pact of web 1 that fits, a document of orders 7, and a place."""
    request, response = {"method": "GET", "path": "/orders"}, {"status": 200, "body": {"total": 12.5}}
    pact = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": [{"description": "an order", "request": request, "response": response}],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    }
    (tmp_path / "pact.json").write_text(json.dumps(pact))
    (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "harness.toml").write_text(MANIFEST)
    ran(tmp_path, "publish", "pact.json", "--version", "1")
    return tmp_path


def ran(folder: Path, *arguments: str, code: int = 0) -> str:
    done = harness(*arguments, cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def publish_document(folder: Path, *told: str) -> None:
    ran(folder, "publish", "openapi.json", "--provider", "orders", "--version", "7", *told)
    ran(folder, "record-deployment", "orders=7", "--environment", "shop")


def asked(folder: Path, code: int) -> Any:
    return json.loads(ran(folder, "can-i-deploy", "web=1", "--to", "shop", "--json", code=code))


def test_a_document_beside_runs_decides_nothing(folder: Path) -> None:
    publish_document(folder)
    assert "not verified" in json.dumps(asked(folder, 3))


def test_a_provider_contract_names_what_was_not_exercised_until_its_provider_is_believed(folder: Path) -> None:
    publish_document(folder, "--self-verification", "passed")
    told = ran(folder, "can-i-deploy", "web=1", "--to", "shop", code=3)
    assert "it fits the document; not exercised: GET /orders 200" in told
    (folder / "harness.toml").write_text(MANIFEST + "[gate]\ntrust_claims = true\n")
    told = ran(folder, "can-i-deploy", "web=1", "--to", "shop")
    assert "the provider claims that it keeps it" in told


def test_a_provider_whose_own_tests_failed_is_a_no(folder: Path) -> None:
    publish_document(folder, "--self-verification", "failed")
    assert "own tests did not hold it" in json.dumps(asked(folder, 1))


def test_without_a_document_nobody_can_be_held_to_one(folder: Path) -> None:
    told = ran(folder, "publish", "pact.json", "--version", "1", "--self-verification", "none", code=2)
    assert "no OpenAPI document" in told
