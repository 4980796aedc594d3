"""What is deleted is gone with everything that points at it, on every store: BROKER-API 3.3."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from broker_client import Client

from harness.evidence import Evidence, EvidenceKind
from harness.identity import Version
from harness.ledger.db import tables as t
from harness.ledger.db.database import Database
from harness.ledger.sql_ledger import SqlLedger
from harness.verdicts import Verdict

SOFT = (  # what points at a row without a constraint
    (t.branches.c.head_id, t.versions),
    (t.triggers.c.consumer_version_id, t.versions),
    (t.triggers.c.provider_version_id, t.versions),
    (t.triggers.c.contract_id, t.contracts),
    (t.triggers.c.verification_id, t.verifications),
    (t.publications.c.pacticipant_id, t.pacticipants),
)


def dangling(database: Database) -> list[str]:
    """Every reference to a row that is not there."""
    hard = [
        (column, key.column.table)
        for table in t.metadata.sorted_tables
        for column in table.columns
        for key in column.foreign_keys
    ]
    found = []
    with database.reading() as db:
        for column, target in (*hard, *SOFT):
            there = sa.exists().where(target.alias("there").c.id == column)
            if db.execute(
                sa.select(sa.func.count()).select_from(column.table).where(column.is_not(None), ~there)
            ).scalar():
                found.append(str(column))
    return found


def left(database: Database, *names: str) -> dict[str, int]:
    """How many rows there are, of the tables that have any."""
    with database.reading() as db:
        counts = {
            table.name: db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in t.metadata.sorted_tables
            if not names or table.name in names
        }
    return {name: count for name, count in counts.items() if count}


def pact(consumer: str, provider: str, told: str = "x") -> dict[str, object]:
    interaction = {"description": told, "request": {"method": "GET", "path": "/"}, "response": {"status": 200}}
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [interaction],
        "metadata": {"pactSpecification": {"version": "2.0.0"}},
    }


def publish(client: Client, consumer: str, number: str, provider: str, told: str = "x") -> None:
    where = f"/pacts/provider/{provider}/consumer/{consumer}/version/{number}"
    assert client.put(where, pact(consumer, provider, told)).status in (200, 201)


def verify(database: Database, consumer: str, provider: str, number: str) -> None:
    """As a run of the harness keeps it."""
    ledger = SqlLedger(database)
    for key in {
        k for known in ledger.facts().versions.values() for name, k in known.pacts.items() if name == provider
    }:
        ledger.record_evidence(
            Evidence(
                kind=EvidenceKind.PACTS,
                contract=key,
                consumer=consumer,
                provider=Version(provider, number),
                artifact="a",
                identity="i",
                verdict=Verdict.PASSED,
                promised=1,
                exercised=1,
                complete=True,
                run="r",
                at="2026-01-01T00:00:00+00:00",
            )
        )


@pytest.fixture
def estate(client: Client, database: Database) -> str:
    """C 1 and 2 need P 9 and share a content; D 1 needs P as well; all are deployed, tagged, on branches."""
    place = str(client.post("/environments", {"name": "prod", "production": True}).json["uuid"])
    for consumer, number in (("C", "1"), ("C", "2"), ("D", "1")):
        publish(client, consumer, number, "P")
    for consumer in ("C", "D"):
        verify(database, consumer, "P", "9")
    for name, number in (("C", "1"), ("C", "2"), ("D", "1"), ("P", "9")):
        where = f"/pacticipants/{name}"
        client.put(f"{where}/branches/main/versions/{number}", {})
        client.put(f"{where}/versions/{number}/tags/dev", {})
        client.put(f"{where}/labels/l", {})
        client.post(f"{where}/versions/{number}/deployed-versions/environment/{place}", {})
        client.post(f"{where}/versions/{number}/released-versions/environment/{place}", {})
    assert dangling(database) == []
    return place


def test_the_estate_holds_what_the_tests_delete(estate: str, database: Database) -> None:
    assert left(database, "publications", "verifications", "evidence") == {
        "publications": 3,
        "verifications": 2,
        "evidence": 2,
    }


def test_a_deleted_version_is_gone_from_everywhere(client: Client, estate: str, database: Database) -> None:
    assert client.delete("/pacticipants/C/versions/2").status == 204
    assert client.get("/pacticipants/C/versions/2").status == 404
    assert dangling(database) == []
    assert client.get("/pacticipants/C/branches/main/latest-version").json["number"] == "1"
    deployed = client.get(f"/environments/{estate}/deployed-versions").json["_embedded"]["deployedVersions"]
    assert {each["_embedded"]["version"]["number"] for each in deployed} == {"1", "9"}
    assert left(database, "verifications") == {"verifications": 2}, "C 1 has the same content still"


def test_a_content_goes_with_the_last_version_that_had_it(client: Client, estate: str, database: Database) -> None:
    for number in ("1", "2"):
        client.delete(f"/pacticipants/C/versions/{number}")
    assert dangling(database) == []
    assert left(database, "contracts", "verifications", "evidence") == {
        "contracts": 1,
        "verifications": 1,
        "evidence": 1,
    }


def test_a_deleted_provider_version_takes_its_results_along(
    client: Client, estate: str, database: Database
) -> None:
    assert client.delete("/pacticipants/P/versions/9").status == 204
    assert dangling(database) == []
    assert left(database, "publications", "verifications", "evidence") == {"publications": 3}
    facts = SqlLedger(database).facts()
    left_of_it = facts.versions.get(Version("P", "9"))
    assert left_of_it is None or left_of_it.deleted  # where it was live, that it was there is still known
    assert facts.evidence == ()


@pytest.mark.parametrize("name", ["C", "D", "P"])
def test_a_deleted_pacticipant_leaves_no_trace(client: Client, estate: str, database: Database, name: str) -> None:
    assert client.delete(f"/pacticipants/{name}").status == 204
    assert client.get(f"/pacticipants/{name}").status == 404
    assert dangling(database) == []
    with database.reading() as db:
        for column in (
            t.contracts.c.owner,
            t.contracts.c.counterpart,
            t.publications.c.counterpart,
            t.evidence.c.consumer,
            t.evidence.c.provider,
        ):
            assert name not in set(db.execute(sa.select(column)).scalars()), column
    SqlLedger(database).facts()


def test_when_all_pacticipants_are_deleted_only_the_environments_and_the_traces_are_left(
    client: Client, estate: str, database: Database
) -> None:
    for name in ("P", "D", "C"):
        client.delete(f"/pacticipants/{name}")
    there = left(database)
    assert there.keys() <= {"environments", "traces"}
    assert there["environments"] == left(database, "environments")["environments"]


def test_a_changed_pact_leaves_nothing_behind_either(client: Client, database: Database) -> None:
    client.app.settings = type(client.app.settings)(allow_dangerous_modification=True)
    publish(client, "C", "1", "P", "first")
    publish(client, "C", "1", "P", "second")
    assert left(database, "overwritten", "contracts") == {"overwritten": 1, "contracts": 2}
    client.delete("/pacticipants/P")
    assert dangling(database) == []
    assert left(database, "overwritten", "contracts", "publications") == {}
    assert client.get("/pacticipants/C/versions/1").status == 200


def test_webhooks_for_a_deleted_pacticipant_go_and_those_for_all_stay(client: Client, database: Database) -> None:
    client.put("/pacticipants/C/versions/1", {})
    request = {"method": "POST", "url": "https://example.org/hook"}
    events = [{"name": "contract_published"}]
    mine = client.post("/webhooks", {"events": events, "request": request, "consumer": {"name": "C"}})
    other = client.post("/webhooks", {"events": events, "request": request})
    assert [mine.status, other.status] == [201, 201]
    client.delete("/pacticipants/C")
    assert client.get(mine.headers["location"]).status == 404
    assert client.get(other.headers["location"]).status == 200
    assert dangling(database) == []


def test_what_others_promised_to_somebody_else_is_left_alone(client: Client, database: Database) -> None:
    publish(client, "C", "1", "P")
    publish(client, "C", "1", "Q", "other")
    client.delete("/pacticipants/P")
    assert left(database, "publications", "contracts") == {"publications": 1, "contracts": 1}
    assert [each["name"] for each in client.get("/pacticipants/C/versions/1").links["pb:pact-versions"]] == [
        "Pact between C (1) and Q"
    ]


def test_deleting_a_version_does_not_sweep_what_nobody_publishes_any_more(
    client: Client, database: Database
) -> None:
    publish(client, "C", "1", "P")
    client.put("/pacticipants/X/versions/1", {})
    with database.writing() as db:
        db.execute(sa.delete(t.publications))
    client.delete("/pacticipants/X/versions/1")
    assert left(database, "contracts") == {"contracts": 1}


def test_what_is_to_be_told_of_a_deleted_version_points_at_nothing(client: Client, database: Database) -> None:
    request = {"method": "POST", "url": "https://example.org/hook"}
    events = [{"name": name} for name in ("contract_published", "provider_verification_published")]
    assert client.post("/webhooks", {"events": events, "request": request}).status == 201
    publish(client, "C", "1", "P")
    found = client.get("/pacts/provider/P/consumer/C/version/1").links["pb:publish-verification-results"]["href"]
    told = client.post(found, {"success": True, "providerApplicationVersion": "9"})
    assert told.status == 201
    before = left(database, "triggers", "verifications", "evidence")
    assert before["triggers"] >= 2
    for where in (
        "/pacticipants/P/versions/9",
        "/pacticipants/C/versions/1",
        "/pacticipants/P",
        "/pacticipants/C",
    ):
        assert client.delete(where).status == 204
        assert dangling(database) == []
    assert left(database, "triggers", "verifications", "evidence", "contracts") == {"triggers": before["triggers"]}


def test_a_deleted_environment_takes_its_stays_along(client: Client, estate: str, database: Database) -> None:
    assert client.delete(f"/environments/{estate}").status == 204
    assert dangling(database) == []
    assert left(database, "deployments", "releases") == {}
    assert client.get("/pacticipants/C/versions/1").links["pb:deployed-environments"] == []
