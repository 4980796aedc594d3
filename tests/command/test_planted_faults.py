"""The harness on the sample system: each planted fault is found by the check that must find it, by no other."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from projects import harness

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
TABLE = tomllib.loads((ROOT / "fixtures" / "faults.toml").read_text(encoding="utf-8"))
RUNTIMES = (pytest.param("process"), pytest.param("docker", marks=pytest.mark.docker))


@dataclass(frozen=True)
class Told:
    """What one run told, as its JSON says it."""

    exit: int
    document: dict[str, Any]

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """By contract: `web-catalog` for a pact, `catalog` for a document."""
        return {_contract(t): t for t in self.document["tasks"] if t["kind"] in ("pacts", "properties")}

    def findings(self, contract: str) -> list[dict[str, Any]]:
        provider = contract.rpartition("-")[2]
        pact = "-" in contract
        return [
            f
            for f in self.document["findings"]
            if f["provider"]["name"] == provider
            and (contract.partition("-")[0] in _names(f["hits"]) and not f["code"].startswith("openapi.")
                 if pact else f["code"].startswith("openapi."))
        ]  # fmt: skip


def _contract(task: dict[str, Any]) -> str:
    consumer = f"{task['consumer']['name']}-" if task["consumer"] else ""
    return f"{consumer}{task['provider']['name']}"


def _names(versions: list[dict[str, str]]) -> list[str]:
    return sorted(v["name"] for v in versions)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample system in a folder of its own, so that its ledger starts empty."""
    folder = tmp_path_factory.mktemp("sample")
    for name in ("fixtures", "suites", "contracts"):
        shutil.copytree(
            ROOT / name,
            folder / name,
            symlinks=True,
            ignore=shutil.ignore_patterns(".harness", "__pycache__"),
        )
    return folder / "fixtures"


def run(sample: Path, *arguments: str, runtime: str = "process", fresh: bool = False) -> Told:
    options = ["--runtime", runtime, "--json", *(["--fresh"] if fresh else [])]
    done = harness("run", *arguments, *options, cwd=sample)
    assert done.stdout, done.stderr
    return Told(done.returncode, json.loads(done.stdout))


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_good_versions_get_a_yes_and_an_unchanged_second_run_runs_nothing(sample: Path, runtime: str) -> None:
    first = run(sample, runtime=runtime)
    assert (first.exit, first.document["findings"]) == (0, []), first.document
    assert first.document["deployable"] is True
    assert {t["verdict"] for t in first.document["tasks"]} == {"PASSED"}
    kinds = {t["kind"] for t in first.document["tasks"]}
    assert kinds == {"pacts", "properties", "consumers", "integration"}
    second = run(sample, runtime=runtime)
    assert second.exit == 0
    assert all(t["reused"] for t in second.document["tasks"])


@pytest.mark.parametrize("fault", TABLE["fault"], ids=lambda f: f["variant"])
def test_a_fault_alone_is_found_by_its_check_and_no_other(sample: Path, fault: dict[str, Any]) -> None:
    told = run(sample, f"{fault['service']}={fault['variant']}", "--only", "pacts", "--only", "properties")
    assert told.exit == {"FAILED": 1, "UNKNOWN": 3}[fault["verdict"]], told.document
    where = fault["where"]
    found = told.findings(where)
    assert fault["code"] in {f["code"] for f in found}
    assert {f["code"] for f in found} <= {fault["code"], *fault["also"]}
    named = next(f for f in found if f["code"] == fault["code"])
    assert (_names(named["hits"]), _names(named["spares"])) == (fault["hits"], fault["spares"])
    task = told.tasks[where]
    assert task["verdict"] == fault["verdict"]
    assert task["verdict"] == "PASSED" or task["cause"]
    silent = {name: t["verdict"] for name, t in told.tasks.items() if name != where}
    assert set(silent.values()) == {"PASSED"}, silent
    assert len(told.document["findings"]) == len(found)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_all_faults_together_are_each_found(sample: Path, runtime: str) -> None:
    chosen = [f"{name}={number}" for name, number in TABLE["together"]["versions"].items()]
    told = run(sample, "web=1", *chosen, runtime=runtime)
    assert told.exit == 1
    assert told.document["deployable"] is False
    for contract, expected in TABLE["together"]["expected"].items():
        task = told.tasks[contract]
        assert (contract, task["verdict"]) == (contract, expected["verdict"])
        codes = {f["code"] for f in told.findings(contract)}
        assert set(expected["codes"]) <= codes, (contract, codes)
    for reason in told.document["reasons"]:
        assert reason["verdict"] == "PASSED" or (reason["cause"] and reason["command"])
