"""A copy of our own ledger knows what the ledger knew: builds, documents, what runs saw, what a yes requires."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from broker_client import Client
from law_examples import examples
from new_ledgers import new_ledger
from remote_ledgers import document, transport_to_own
from small_estates import PLACES, small_estate, write

from harness.contracts.pact_reader import read_pact
from harness.evidence import Evidence, EvidenceKind, Facts, Known
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.ledger.db import tables as t
from harness.ledger.db.database import Database
from harness.ledger.remote.site import open_site
from harness.ledger.sql_ledger import SqlLedger
from harness.transfer import records
from harness.transfer.archive import Archive, open_archive, resume_archive
from harness.transfer.comparing import compare_copy
from harness.transfer.from_http import Copying
from harness.transfer.from_ledger import unfold
from harness.transfer.import_into import import_records
from harness.verdicts import Covered, Exercised, Verdict

NOW = "2026-02-01T00:00:00.000+00:00"
ORDERS = Version("orders", "1")


def quiet(_what: str, _done: int, _total: int) -> None:
    """Nobody waits for a test."""


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    made = new_ledger(tmp_path / "ledger.db")
    yield made
    made.close()


def exported(ledger: SqlLedger, path: Path) -> Archive:
    path.unlink(missing_ok=True)
    unfold(ledger, resume_archive(path, "ledger"), quiet)
    return open_archive(path)


def verdicts(ledger: SqlLedger) -> dict[tuple[Version, str], Verdict]:
    facts: Facts = ledger.facts()
    return {(v, p): can_i_deploy([v], p, facts).verdict for v in facts.versions for p in facts.environments}


def seen(contract: str, kind: EvidenceKind, artifact: str = "built", **changes: Any) -> Evidence:
    told: dict[str, Any] = {
        "kind": kind,
        "contract": contract,
        "consumer": "web" if kind is EvidenceKind.PACTS else "",
        "provider": ORDERS,
        "artifact": artifact,
        "identity": f"{artifact} as it ran",
        "verdict": Verdict.PASSED,
        "promised": 1,
        "exercised": 1,
        "complete": True,
        "run": "20260101-000000-abc",
        "at": "2026-01-01T00:00:00.000+00:00",
    }
    return Evidence(**(told | changes))


def system(ledger: SqlLedger) -> None:
    """A consumer, its provider with a build, and what runs saw; a yes requires properties as well."""
    contract = read_pact(json.dumps(document()), "a pact").contract()
    ledger.publish(Version("web", "1"), [contract])
    started = {"image": "orders:1"}
    ledger.record_version(
        Known(version=ORDERS, artifacts=frozenset(["built"])), runtime="docker", descriptor=started
    )
    ledger.record_evidence(seen(contract.key, EvidenceKind.PACTS))
    covered = Covered(operation="GET /orders", status=200, fields=("/id",))
    answers = Exercised(subject="GET /orders", verdict=Verdict.PASSED, covered=(covered,))
    ledger.record_evidence(
        seen("document", EvidenceKind.PROPERTIES, results=(answers,), because="odd <b>\ud800", at="2026-01-02")
    )
    ledger.declare_environment("production", ["pacts", "properties"])
    ledger.record_deployment("production", ORDERS)


def test_a_copy_of_a_ledger_knows_what_the_ledger_knew(
    ledger: SqlLedger, database: Database, tmp_path: Path
) -> None:
    system(ledger)
    archive = exported(ledger, tmp_path / "export.ndjson")
    copy = SqlLedger(database)
    for _ in range(2):
        assert import_records(database, archive.records(), quiet, NOW) == []
        comparison = compare_copy(copy, archive.records())
        assert comparison.complete
        assert comparison.disagreements == ()
        mine = {
            version: known
            for version, known in copy.facts().versions.items()
            if version.pacticipant in "orders web"
        }
        assert mine == ledger.facts().versions
    assert [e for e in copy.facts().evidence if e.provider == ORDERS] == list(ledger.facts().evidence)
    assert copy.facts().environments["production"] == ("pacts", "properties")
    assert copy.coverage(ORDERS) == ledger.coverage(ORDERS)
    assert copy.descriptor(ORDERS, "docker") == {"image": "orders:1"}
    for contract, kind in ((e.contract, e.kind) for e in ledger.facts().evidence):
        assert copy.reusable(kind, contract, "built as it ran") == ledger.reusable(
            kind, contract, "built as it ran"
        )


def test_what_ran_on_another_build_opens_no_gate_in_the_copy_either(ledger: SqlLedger, tmp_path: Path) -> None:
    contract = read_pact(json.dumps(document()), "a pact").contract()
    ledger.publish(Version("web", "1"), [contract])
    ledger.record_version(Known(version=ORDERS, artifacts=frozenset(["rebuilt"])))
    ledger.record_evidence(seen(contract.key, EvidenceKind.PACTS, artifact="before"))
    ledger.record_deployment("production", ORDERS)
    copy = new_ledger(tmp_path / "copy.db")
    assert import_records(copy.database, exported(ledger, tmp_path / "export.ndjson").records(), quiet, NOW) == []
    assert verdicts(copy) == verdicts(ledger)
    assert verdicts(copy)[Version("web", "1"), "production"] is Verdict.UNKNOWN
    copy.close()


def estate(db: sa.Connection, seed: int) -> None:
    """A small estate with real pacts, and each result at a moment of its own."""
    write(db, small_estate(seed))
    for content in (0, 1):
        text = json.dumps(document("a", "b", f"/{content}"))
        key = read_pact(text, "a pact").contract().key
        mine = t.contracts.c.key == f"k{content}"
        db.execute(sa.update(t.contracts).where(mine).values(key=key, text=text))
        db.execute(sa.update(t.evidence).where(t.evidence.c.contract == f"k{content}").values(contract=key))
    at = sa.cast(t.evidence.c.id + 10_000, sa.Text)
    db.execute(sa.update(t.evidence).values(at=at))
    db.execute(sa.update(t.verifications).values(at=sa.cast(t.verifications.c.evidence_id + 10_000, sa.Text)))
    required = '["pacts"]'
    db.execute(sa.update(t.environments).where(t.environments.c.require == "[]").values(require=required))


def test_every_answer_of_a_copy_is_that_of_the_ledger(ledger: SqlLedger, tmp_path: Path) -> None:
    found = set()
    for seed in range(examples(10)):
        with ledger.database.writing() as db:
            estate(db, seed)
        copy = new_ledger(tmp_path / f"copy{seed}.db")
        archive = exported(ledger, tmp_path / "export.ndjson")
        assert import_records(copy.database, archive.records(), quiet, NOW) == []
        wanted = {key: told for key, told in verdicts(ledger).items() if key[1] in PLACES}
        assert {key: told for key, told in verdicts(copy).items() if key in wanted} == wanted, seed
        assert compare_copy(copy, archive.records()).complete
        found |= set(wanted.values())
        copy.close()
    assert found == set(Verdict)


# --- documents -----------------------------------------------------------------------------------------------


OPENAPI = """\
openapi: 3.0.3
info: {title: orders, version: "1"}
paths:
  /1:
    get:
      responses: {"200": {description: an order}}
"""


def published(client: Client, *, success: bool = True) -> None:
    claim = {"success": success, "content": base64.b64encode(b"<ok>").decode(), "verifier": "v", "format": "xml"}
    contract = {
        "content": base64.b64encode(OPENAPI.encode()).decode(),
        "contentType": "application/yaml",
        "specification": "oas",
        "selfVerificationResults": {**claim, "contentType": "text/xml"},
    }
    body = {"pacticipantVersionNumber": "1", "contract": contract}
    assert client.post("/provider-contracts/provider/orders/publish", body).status == 200
    seen_there = {"run": "r", "seen": [{"operation": "GET /1", "status": 200}]}
    place = "/contracts/bi-directional/provider/orders/version/1"
    assert client.post(f"{place}/coverage", seen_there).status == 201


def shown(ledger: SqlLedger) -> list[dict[str, Any]]:
    """Everything about the document, but when it came: the API tells whole seconds."""
    with ledger.database.reading() as db:
        columns = {
            t.self_verifications: ("success", "content", "content_type", "format", "verifier", "verifier_version"),
            t.contracts: ("key", "kind", "owner", "counterpart", "text", "source", "source_type"),
        }
        wanted = [sa.select(*(table.c[name] for name in names)) for table, names in columns.items()]
        rows = [dict(row) for query in wanted for row in db.execute(query).mappings()]
    return [row for row in rows if row.get("kind", "openapi") == "openapi"]


@pytest.mark.parametrize("way", ["by its API", "by a file"])
def test_documents_and_what_stands_behind_them_come_along(
    client: Client, database: Database, tmp_path: Path, way: str
) -> None:
    published(client)
    own = SqlLedger(database)
    if way == "by a file":
        archive = exported(own, tmp_path / "export.ndjson")
    else:
        site = open_site("http://broker.test", {}, transport=transport_to_own(client.app))
        archive = resume_archive(tmp_path / "own.ndjson", site.base)
        Copying(site, archive, quiet).everything()
    copy = new_ledger(tmp_path / "copy.db")
    for _ in range(2):
        assert import_records(copy.database, archive.records(), quiet, NOW) == []
        counts = {each.what: (each.copied, each.there) for each in compare_copy(copy, archive.records()).counts}
        assert counts["provider contracts"] == counts["self-verifications"] == (1, 1)
        assert shown(copy) == shown(own)
        assert copy.coverage(ORDERS) == own.coverage(ORDERS)
        assert copy.coverage(ORDERS).seen
    copy.close()


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (records.ArchivedDocument(provider="orders", number="1", key="k", text="{}"), "is not what it is called"),
        (records.ArchivedDocument(provider="orders", number="1", key="k", text="{"), "is not what it is called"),
        (records.ArchivedClaim(provider="orders", number="1", success=True), "there is none"),
        (records.ArchivedEvidence(of="magic", provider="orders", verdict="PASSED"), "cannot be read"),
        (records.ArchivedEvidence(of="pacts", provider="orders", verdict="YES"), "cannot be read"),
        (
            records.ArchivedEvidence(of="pacts", provider="orders", verdict="PASSED", details="[]"),
            "cannot be read",
        ),
        (records.ArchivedEvidence(of="pacts", provider="orders", verdict="PASSED", details="{"), "cannot be read"),
        (records.ArchivedEvidence(of="pacts", provider="", verdict="PASSED"), "the provider"),
        (records.ArchivedEnvironment(name="prod", require=("magic",)), "magic"),
    ],
)
def test_what_no_ledger_writes_is_told_and_left_out(ledger: SqlLedger, record: records.Record, told: str) -> None:
    problems = import_records(ledger.database, [record], quiet, NOW)
    assert len(problems) == 1
    assert told in problems[0]
    assert ledger.facts().evidence == ()
