"""What compare and diff say of the sample system, beside what the running services are known to do.

`fixtures/faults.toml` says what a verification finds; tests/command/test_sample_system_table.py holds that true.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from harness.comparison.diff import Compatibility as DiffVerdict
from harness.comparison.diff import Notice, diff, read_document
from harness.comparison.pact_fit import compare
from harness.contracts.pact import Pact
from harness.contracts.pact_reader import read_pacts
from harness.verdicts import Verdict

ROOT = Path(__file__).parents[3]
DOCUMENTS = ROOT / "contracts" / "openapi"
PACTS = read_pacts([str(ROOT / "contracts" / "pacts")])
FAULTS = tomllib.loads((ROOT / "fixtures" / "faults.toml").read_text(encoding="utf-8"))

# What no document can show, and why: the faults that only the running service has.
ONLY_RUNNING = {
    "2e": "the document does not mention the status, and no pact expects it",
    "2f": "a crash on one value is in the code",
    "2g": "the document declares the redirect, and that a client does not follow it is the client's",
    "2h": "provider states are in no document",
}


def document_of(service: str, variant: str) -> Path:
    own = DOCUMENTS / f"{service}-{variant}.json"
    return own if own.exists() else DOCUMENTS / f"{service}.json"


def hit(service: str, variant: str) -> list[str]:
    path = document_of(service, variant)
    document = read_document(path.read_bytes(), str(path))
    return [p.consumer for p in PACTS if p.provider == service and compare(p, document).verdict is Verdict.FAILED]


@pytest.mark.parametrize("pact", PACTS, ids=lambda pact: f"{pact.consumer}-{pact.provider}")
def test_every_pact_fits_the_first_versions(pact: Pact) -> None:
    path = DOCUMENTS / f"{pact.provider}.json"
    assert compare(pact, read_document(path.read_bytes(), str(path))).verdict is Verdict.PASSED


@pytest.mark.parametrize("row", FAULTS["fault"], ids=lambda row: str(row["variant"]))
def test_the_static_answer_is_that_of_the_running_services_or_cannot_be(row: dict[str, object]) -> None:
    name, service = str(row["variant"]), str(row["service"])
    told = hit(service, name)
    if name in ONLY_RUNNING:
        assert told == []
    else:
        assert row["check"] == "pacts"
        assert told == row["hits"]


@pytest.mark.parametrize("row", FAULTS["fault"], ids=lambda row: str(row["variant"]))
def test_a_change_of_a_document_that_hits_somebody_is_told_by_the_diff(row: dict[str, object]) -> None:
    name, service = str(row["variant"]), str(row["service"])
    before, after = DOCUMENTS / f"{service}.json", document_of(service, name)
    old, new = (read_document(path.read_bytes(), str(path)) for path in (before, after))
    found = diff(old, new, Notice(today=date(2026, 1, 1)))
    if hit(service, name):
        assert found.verdict is not DiffVerdict.COMPATIBLE
    elif before == after:
        assert found.verdict is DiffVerdict.COMPATIBLE
