"""A command imports what it uses: whoever asks the gate waits for no verifier, no pytest and no engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.main import answer

MANIFEST = """
[services.web]
version = "1"
url = "http://127.0.0.1:1"
"""
HEAVY = {
    "alembic",
    "docker",
    "httpx",
    "jsonschema_rs",
    "pact_ffi",
    "pydantic",
    "pytest",
    "rich",
    "schemathesis",
    "yaml",
}
MACHINERY = {"harness.engine.conduct", "harness.app.heal", "harness.composition.runs", "harness.comparison.diff"}


def imported(*arguments: str) -> set[str]:
    """Every module that a Python process with these arguments has loaded."""
    told = subprocess.run([sys.executable, "-X", "importtime", *arguments], capture_output=True, check=False)
    lines = told.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


def test_the_version_alone_is_told_before_anything_is_loaded() -> None:
    assert not imported("-m", "harness", "--version") & {"click", "dataclasses", "harness.cli.main", "re"}


def test_the_version_is_told_in_the_words_of_the_command_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert answer(["--version"]) == 0
    subprocess.run([sys.executable, "-m", "harness", "--version"], check=True)
    first, second = capfd.readouterr().out.splitlines()
    assert first == second


@pytest.mark.slow
def test_who_asks_the_gate_waits_for_nothing_that_runs_or_compares(tmp_path: Path) -> None:
    (tmp_path / "harness.toml").write_text(MANIFEST)
    question = ("-m", "harness", "can-i-deploy", "web=1", "--to", "production", "--manifest", str(tmp_path))
    imported(*question)  # makes the ledger
    found = imported(*question)
    assert "harness.gate" in found
    assert not found & (HEAVY | MACHINERY | {"harness.runtime.choice"})


@pytest.mark.slow
def test_what_a_run_is_made_of_loads_no_engine_before_it_is_needed() -> None:
    found = imported("-c", "import harness.cli.run, harness.composition.runs")
    assert "harness.engine.conduct" in found
    assert not found & (HEAVY - {"rich"} | {"harness.comparison.diff", "harness.comparison.pact_fit"})
