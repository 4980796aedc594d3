"""The table of planted faults says the same everywhere, and the documents are what the services serve."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from catalog_service.document import document as catalog_document
from orders_service.app import create_app as create_orders
from orders_service.catalog_client import CatalogClient
from orders_service.payments_client import PaymentsClient
from orders_service.storage import Storage
from payments_service.document import document as payments_document
from web_service.app import document as web_document

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
DOCUMENTS = ROOT / "contracts" / "openapi"
TABLE = tomllib.loads((FIXTURES / "faults.toml").read_text("utf-8"))
FAULTS: list[dict[str, Any]] = TABLE["fault"]
MANIFEST = tomllib.loads((FIXTURES / "harness.toml").read_text("utf-8"))
REWRITE = "HARNESS_REWRITE_SAMPLE"  # set it to write README.md and contracts/openapi anew


def orders_document(faults: frozenset[str]) -> dict[str, Any]:
    with CatalogClient("http://catalog") as catalog, PaymentsClient("http://payments") as payments:
        return create_orders(Storage("postgresql://nowhere/none"), catalog, payments, faults).openapi()


Served = Callable[[frozenset[str]], dict[str, Any]]
SERVED: dict[str, Served] = {
    "catalog": catalog_document,
    "orders": orders_document,
    "payments": payments_document,
    "web": lambda _: web_document(),
}


def versions() -> Iterator[tuple[str, str, frozenset[str]]]:
    for service, entry in MANIFEST["services"].items():
        yield service, entry["version"], frozenset()
        for number, version in entry.get("versions", {}).items():
            yield service, number, frozenset(version["environment"]["FAULTS"].split(","))


def name_of(value: str | frozenset[str]) -> str:
    return value if isinstance(value, str) else "+".join(sorted(value)) or "good"


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def faults_table() -> str:
    head = ["variant", "service", "fault", "found by", "in", "finding", "verdict", "hits", "spares", "suites"]
    rows = [row(head), "|" + "---|" * len(head)]
    for fault in FAULTS:
        finding = ", ".join([f"`{fault['code']}`", *(f"also `{code}`" for code in fault["also"])])
        cells = [fault["variant"], fault["service"], fault["fault"], fault["check"], fault["where"], finding]
        hits, spares = (", ".join(fault[key]) or "nobody" for key in ("hits", "spares"))
        rows.append(row([*cells, fault["verdict"], hits, spares, fault["integration"]]))
    return "\n".join(rows)


def together_table() -> str:
    rows = [row(["contract", "verdict", "promises not kept", "findings"]), "|---|---|---|---|"]
    for contract, expected in TABLE["together"]["expected"].items():
        codes = ", ".join(f"`{code}`" for code in expected["codes"]) or "none"
        rows.append(row([contract, expected["verdict"], str(expected["promises"]), codes]))
    return "\n".join(rows)


def put_between(text: str, mark: str, table: str) -> str:
    """The text with the table that follows the mark replaced."""
    before, _, after = text.partition(f"<!-- {mark} -->\n")
    rest = after.lstrip("\n").split("\n")
    while rest and rest[0].startswith("|"):
        rest.pop(0)
    return f"{before}<!-- {mark} -->\n\n{table}\n\n" + "\n".join(rest).lstrip("\n")


def test_the_readme_shows_the_table_that_tests_read() -> None:
    page = FIXTURES / "README.md"
    text = page.read_text("utf-8")
    wanted = put_between(put_between(text, "faults", faults_table()), "together", together_table())
    if REWRITE in os.environ:
        page.write_text(wanted, "utf-8")
    assert page.read_text("utf-8") == wanted


@pytest.mark.parametrize(("service", "number", "faults"), list(versions()), ids=name_of)
def test_the_stored_document_is_the_one_that_is_served(service: str, number: str, faults: frozenset[str]) -> None:
    served = SERVED[service](faults)
    stored = DOCUMENTS / (f"{service}.json" if number == "1" else f"{service}-{number}.json")
    differs = number == "1" or served != SERVED[service](frozenset())
    if REWRITE in os.environ and differs:
        stored.write_text(json.dumps(served, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert stored.exists() == differs
    assert not differs or json.loads(stored.read_text("utf-8")) == served


def test_the_manifest_names_the_document_of_each_version() -> None:
    for service, entry in MANIFEST["services"].items():
        if entry["openapi"] == "/openapi.json":
            continue
        for number, version in entry.get("versions", {}).items():
            own = f"{service}-{number}.json"
            named = Path(version.get("openapi", entry["openapi"])).name
            assert named == (own if (DOCUMENTS / own).exists() else f"{service}.json")


def test_every_fault_has_a_version_and_every_version_its_faults() -> None:
    for service, entry in MANIFEST["services"].items():
        letters = [fault["variant"] for fault in FAULTS if fault["service"] == service]
        switched = {n: v["environment"]["FAULTS"] for n, v in entry.get("versions", {}).items()}
        expected = {letter: letter for letter in letters} | ({"2": ",".join(letters)} if letters else {})
        assert switched == expected
        assert all(v["build"]["args"]["FAULTS"] == switched[n] for n, v in entry.get("versions", {}).items())


def test_there_is_one_fault_of_each_letter() -> None:
    assert [fault["variant"] for fault in FAULTS] == [f"2{letter}" for letter in "abcdefgh"]


def test_all_together_is_the_union_of_the_single_faults() -> None:
    expected = TABLE["together"]["expected"]
    for contract, told in expected.items():
        single = [fault for fault in FAULTS if fault["where"] == contract]
        assert set(told["codes"]) == {fault["code"] for fault in single}
        assert told["verdict"] == (single[0]["verdict"] if single else "PASSED")
    assert {fault["where"] for fault in FAULTS} <= expected.keys()


def test_hits_and_spares_are_all_consumers_of_the_service() -> None:
    pacts = [json.loads(path.read_text("utf-8")) for path in (ROOT / "contracts" / "pacts").glob("*.json")]
    for fault in FAULTS:
        consumers = {p["consumer"]["name"] for p in pacts if p["provider"]["name"] == fault["service"]}
        assert set(fault["hits"]) | set(fault["spares"]) == consumers
        assert not set(fault["hits"]) & set(fault["spares"])


def test_the_states_of_payments_can_be_imported_from_the_folder_of_the_manifest() -> None:
    module, _, name = MANIFEST["services"]["payments"]["states"].partition(":")
    program = f"import importlib; print(*sorted(importlib.import_module({module!r}).{name}), sep='\\n')"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=FIXTURES, capture_output=True, text=True, check=True
    )
    pact = json.loads((ROOT / "contracts" / "pacts" / "orders-payments.json").read_text("utf-8"))
    named = {state["name"] for i in pact["interactions"] for state in i.get("providerStates", [])}
    assert set(told.stdout.splitlines()) == named
