"""`harness run --plan` tells everything that a run would do, the suite that writes the pacts first."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import project

from harness.app.run import Options
from harness.cli.main import answer as command
from harness.composition.runs import prepare_run
from harness.evidence import EvidenceKind
from harness.ledger.sql_ledger import open_ledger

pytestmark = pytest.mark.slow  # what an interpreter has installed is read for them

CONSUMER = """
[suites.consumer]
path = "suites/consumer"
"""
Plan = Callable[..., tuple[str, list[dict[str, Any]]]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    manifest = project(tmp_path / "project")
    suite = manifest.parent / "suites" / "consumer"
    suite.mkdir(parents=True)
    (suite / "test_reader.py").write_text("def test_nothing():\n    pass\n")
    manifest.write_text(manifest.read_text() + CONSUMER)
    monkeypatch.chdir(manifest.parent)
    monkeypatch.setenv("HARNESS_STATE_DIR", str(tmp_path / "state"))
    return manifest.parent


@pytest.fixture
def plan(capsys: pytest.CaptureFixture[str]) -> Plan:
    def answer(*arguments: str) -> tuple[str, list[dict[str, Any]]]:
        told = []
        for form in ([], ["--json"]):
            assert command(["run", "--plan", "--runtime", "process", *arguments, *form]) == 0
            told.append(capsys.readouterr().out)
        return told[0], json.loads(told[1])["tasks"]

    return answer


def test_the_consumers_suite_is_the_first_of_the_plan(folder: Path, plan: Plan) -> None:
    text, tasks = plan()
    assert [task["kind"] for task in tasks] == ["consumers", "pacts", "properties"]
    assert (tasks[0]["promises"], tasks[0]["known"]) == (None, None)
    assert "  the system consumers: the tests in consumer; would run" in text
    assert "the pacts above are those that are here now" in text
    assert (folder / "suites").is_dir()


@pytest.mark.parametrize("kind", ["pacts", "consumers"])
def test_a_suite_that_was_not_asked_for_is_not_in_the_plan(folder: Path, plan: Plan, kind: str) -> None:
    _, tasks = plan("--only", kind)
    assert [task["kind"] for task in tasks] == [kind], folder


def test_a_suite_that_has_passed_on_equal_files_is_known(folder: Path, plan: Plan) -> None:
    with prepare_run(Options(runtime="process", only=(EvidenceKind.CONSUMERS,))) as run:
        for _ in run.events():
            pass
    ledger = open_ledger(f"sqlite:///{folder / '.harness' / 'ledger.db'}")
    kept = [each.verdict.value for each in ledger.facts().evidence if each.kind is EvidenceKind.CONSUMERS]
    ledger.close()
    text, tasks = plan()
    assert set(kept) == {"PASSED"}
    assert (tasks[0]["known"], "known: PASSED (run" in text) == ("PASSED", True)
    assert "those that are here now" not in text
    assert plan("--fresh")[1][0]["known"] is None
