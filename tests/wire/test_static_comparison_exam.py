"""Pacts against OpenAPI documents as a real validator judged them: verdict, severity and code of every finding.

The cases lie beside the repository (`../shared/conformance`, or `HARNESS_SHARED`); none of them is in it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pact_and_document import told

from harness.comparison.diff import read_document
from harness.comparison.pact_fit import compare
from harness.contracts.pact_reader import read_pact

ROOT = Path(__file__).parents[2]
CASES = Path(os.environ.get("HARNESS_SHARED", ROOT.parent / "shared")) / "conformance" / "bdct"
SIGNS = {"error": "", "warning": "?"}


@pytest.mark.skipif(not CASES.is_dir(), reason=f"no cases at {CASES}")
def test_every_finding_of_a_real_validator_is_made_and_no_other() -> None:
    wrong = []
    for line in (CASES / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        document = read_document((CASES / case["oas"]).read_bytes(), case["oas"])
        pact = read_pact((CASES / case["pact"]).read_bytes(), case["pact"])
        expected = [SIGNS[each["severity"]] + each["code"] for each in case["expected"]["findings"]]
        found = told(compare(pact, document))
        if sorted(found) != sorted(expected):
            wrong.append((case["id"], expected, found))
    assert wrong == []
