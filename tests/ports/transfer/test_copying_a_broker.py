"""A whole broker is taken over: nothing is lost, nothing is doubled, and the copy never says yes by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fake_original import TYPE, Original
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from new_ledgers import new_ledger
from remote_ledgers import document, site_of, transport_to_own

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.errors import BrokerSilent, HarnessError, UsageError
from harness.identity import Version
from harness.ledger.db import tables
from harness.ledger.db.database import Database
from harness.ledger.remote.site import open_site
from harness.ledger.sql_ledger import SqlLedger
from harness.transfer import records
from harness.transfer.archive import Archive, open_archive, resume_archive
from harness.transfer.comparing import CopyComparison, compare_copy
from harness.transfer.from_http import Copying
from harness.transfer.from_ledger import unfold
from harness.transfer.import_into import import_records
from harness.verdicts import Verdict

NOW = "2026-02-01T00:00:00.000+00:00"


def quiet(_what: str, _done: int, _total: int) -> None:
    """Nobody waits for a test."""


@pytest.fixture
def original() -> Original:
    """Two consumers of orders, branches with heads out of order, tags, labels, live versions, webhooks."""
    made = Original()
    for number in "123":
        made.publish("web", number, document("web", "orders", f"/{number}"))
        made.builds["web", number] = f"http://ci/{number}"
    made.publish("shop", "1", document("shop", "orders", "/1"))
    made.branches["web", "main"] = ["1", "3", "2"]
    made.branches["web", "feat/x"] = ["3"]
    made.tags["web", "1"] = ["prod", "dev"]
    made.labels["web"] = ["team-a"]
    for consumer, number, version, success in (("web", "1", "1", True), ("web", "2", "1", False)):
        result(made, consumer, number, version, success)
    result(made, "shop", "1", "2", True)
    for name, number, instance in (("orders", "1", ""), ("web", "1", "blue"), ("web", "2", "green")):
        deploy(made, name, number, instance)
    deploy(made, "orders", "2", kind="released")
    made.webhooks["PZJ8iuaT3-3TsZIR7AM3QQ"] = {
        "description": "build orders",
        "enabled": True,
        "provider": {"name": "orders"},
        "events": [{"name": "contract_requiring_verification_published"}],
        "request": {
            "method": "POST",
            "url": "https://ci.example/build",
            "headers": {"authorization": "**********", "x-team": "a"},
            "body": {"pact": "${pactbroker.pactUrl}"},
            "username": "u",
            "password": "**********",
        },
    }
    made.webhooks["00000000-0000-4000-8000-000000000001"] = {
        "events": [{"name": "provider_verification_published"}],
        "request": {"method": "POST", "url": "https://chat.example/"},
    }
    return made


def result(o: Original, consumer: str, number: str, version: str, success: bool) -> None:
    sha = o.pacts[consumer, number, "orders"]
    path = f"/pacts/provider/orders/consumer/{consumer}/pact-version/{sha}/verification-results"
    ids = [each["_id"] for each in o.contents[consumer, "orders", sha]["interactions"]]
    body = {
        "success": success,
        "providerApplicationVersion": version,
        "buildUrl": "http://ci/v",
        "testResults": [{"interactionId": each, "success": success} for each in ids],
    }
    assert o.answer("POST", path, {}, json.dumps(body).encode())[0] == 201


def deploy(o: Original, name: str, number: str, instance: str = "", kind: str = "deployed") -> None:
    uuid = next(u for u, e in o.environments.items() if e["name"] == "production")
    path = f"/pacticipants/{name}/versions/{number}/{kind}-versions/environment/{uuid}"
    assert o.answer("POST", path, {}, json.dumps({"applicationInstance": instance}).encode())[0] == 201


def fetched(original: Original, path: Path) -> Archive:
    site = site_of(original)
    archive = resume_archive(path, site.base)
    Copying(site, archive, quiet).everything()
    return archive


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    made = new_ledger(tmp_path / "ledger.db")
    yield made
    made.close()


def copied(original: Original, ledger: SqlLedger, path: Path) -> CopyComparison:
    archive = fetched(original, path)
    assert import_records(ledger.database, archive.records(), quiet, NOW) == []
    return compare_copy(ledger, archive.records())


def rows(ledger: SqlLedger) -> dict[str, list[Any]]:
    with ledger.database.reading() as db:
        return {
            name: [tuple(row) for row in db.execute(sa.select(table).order_by(table.c.id))]
            for name, table in tables.metadata.tables.items()
            if name != tables.REVISION_TABLE
        }


def test_everything_is_there_afterwards(original: Original, ledger: SqlLedger, tmp_path: Path) -> None:
    comparison = copied(original, ledger, tmp_path / "copy.ndjson")
    assert comparison.complete
    assert {count.what: count.copied for count in comparison.counts} == {
        "environments": 2,
        "pacticipants": 3,
        "versions": 6,
        "branches": 2,
        "pact contents": 4,
        "published pacts": 4,
        "verification results": 3,
        "deployments and releases": 4,
        "webhooks": 2,
    }
    facts = ledger.facts()
    assert facts.versions[Version("web", "2")].pacts == {"orders": original.pacts["web", "2", "orders"]}
    assert {(str(e.version), e.instance, e.released) for e in facts.live} == {
        ("orders 1", "", False),
        ("orders 2", "", True),
        ("web 1", "blue", False),
        ("web 2", "green", False),
    }


def test_the_head_of_a_branch_is_the_version_that_was_added_last(
    original: Original, ledger: SqlLedger, tmp_path: Path
) -> None:
    copied(original, ledger, tmp_path / "copy.ndjson")
    query = sa.select(tables.branches.c.name, tables.versions.c.number).join(
        tables.versions, tables.versions.c.id == tables.branches.c.head_id
    )
    with ledger.database.reading() as db:
        assert {tuple(row) for row in db.execute(query)} == {("main", "2"), ("feat/x", "3")}
        tags = db.execute(sa.select(tables.tags.c.name).order_by(tables.tags.c.id)).scalars().all()
        labels = db.execute(sa.select(tables.labels.c.name)).scalars().all()
        main = db.execute(sa.select(tables.pacticipants.c.main_branch).filter_by(name="web")).scalar()
    assert (tags, labels, main) == (["prod", "dev"], ["team-a"], "main")


def test_what_was_there_before_comes_along_when_it_is_asked_for(
    original: Original, ledger: SqlLedger, tmp_path: Path
) -> None:
    deploy(original, "web", "3", "blue")
    site = site_of(original)
    archive = resume_archive(tmp_path / "copy.ndjson", site.base)
    Copying(site, archive, quiet, history=True).everything()
    for _ in range(2):
        assert import_records(ledger.database, archive.records(), quiet, NOW) == []
        assert compare_copy(ledger, archive.records()).complete
    stays = [(str(s.version), s.instance, s.released, bool(s.until)) for s in ledger.facts().history]
    assert sorted(stays) == [
        ("orders 1", "", False, False),
        ("orders 2", "", True, False),
        ("web 1", "blue", False, True),
        ("web 2", "green", False, False),
        ("web 3", "blue", False, False),
    ]


def test_a_copy_into_postgresql_is_the_same(original: Original, database: Database, tmp_path: Path) -> None:
    team = SqlLedger(database)
    assert copied(original, team, tmp_path / "copy.ndjson").complete
    before = rows(team)
    copied(original, team, tmp_path / "copy.ndjson")
    assert rows(team) == before


def test_odd_names_are_copied_as_they_are(ledger: SqlLedger, tmp_path: Path) -> None:
    odd = ["feat/x", "a b", "1+dirty.3", "é🦊", "100%", "a?b#c", "<b>", "'; DROP TABLE versions;--", "n" * 400]
    made = Original()
    for name in odd:
        made.publish(f"web {name}", name, document(f"web {name}", f"orders {name}"))
        made.branches[f"web {name}", name] = [name]
        made.tags[f"web {name}", name] = [name]
        made.labels[f"web {name}"] = [name]
    comparison = copied(made, ledger, tmp_path / "copy.ndjson")
    assert comparison.complete
    found = ledger.facts().versions
    assert {f"web {name}" for name in odd} <= {version.pacticipant for version in found}
    assert all(found[Version(f"web {name}", name)].branch == name for name in odd)


def test_results_come_with_what_they_said(original: Original, ledger: SqlLedger, tmp_path: Path) -> None:
    copied(original, ledger, tmp_path / "copy.ndjson")
    with ledger.database.reading() as db:
        told = db.execute(sa.select(tables.verifications).order_by(tables.verifications.c.id)).all()
    assert [(row.success, row.build_url) for row in told] == [
        (True, "http://ci/v"),
        (False, "http://ci/v"),
        (True, "http://ci/v"),
    ]
    assert all(json.loads(row.results)[0]["interactionId"] for row in told)


def test_a_webhook_that_lost_its_secrets_is_switched_off(
    original: Original, ledger: SqlLedger, tmp_path: Path
) -> None:
    archive = fetched(original, tmp_path / "copy.ndjson")
    found = {e.uuid: e for e in archive.records() if isinstance(e, records.ArchivedWebhook)}
    assert found["PZJ8iuaT3-3TsZIR7AM3QQ"].secrets == ("authorization", "password")
    assert found["PZJ8iuaT3-3TsZIR7AM3QQ"].headers == {"x-team": "a"}
    import_records(ledger.database, archive.records(), quiet, NOW)
    with ledger.database.reading() as db:
        told = {row.uuid: row for row in db.execute(sa.select(tables.webhooks))}
    assert not told["PZJ8iuaT3-3TsZIR7AM3QQ"].enabled
    assert told["00000000-0000-4000-8000-000000000001"].enabled
    assert "*****" not in (tmp_path / "copy.ndjson").read_text()


def test_a_copy_that_was_killed_anywhere_goes_on_and_asks_for_nothing_twice(
    original: Original, tmp_path: Path
) -> None:
    whole = fetched(original, tmp_path / "whole.ndjson").path.read_bytes()
    original.requests.clear()
    fetched(original, tmp_path / "again.ndjson")
    all_requests = len(original.requests)
    for cut in range(1, len(whole), 397):
        path = tmp_path / "cut.ndjson"
        path.write_bytes(whole[:cut])
        original.requests.clear()
        fetched(original, path)
        assert path.read_bytes().count(b"\n") == whole.count(b"\n")
        assert len(original.requests) <= all_requests
        assert open_archive(path).counts() == open_archive(tmp_path / "whole.ndjson").counts()
    assert len(original.requests) < all_requests / 4


def test_a_broker_that_goes_down_half_way_leaves_what_was_copied(original: Original, tmp_path: Path) -> None:
    path = tmp_path / "copy.ndjson"
    original.faults.append(lambda _m, target: (503, {"Retry-After": "9999"}, b"") if "/matrix" in target else None)
    with pytest.raises(BrokerSilent):
        fetched(original, path)
    with pytest.raises(UsageError, match="was not finished"):
        open_archive(path)
    original.faults.clear()
    assert fetched(original, path).complete


def test_done_twice_it_changes_nothing(original: Original, ledger: SqlLedger, tmp_path: Path) -> None:
    copied(original, ledger, tmp_path / "copy.ndjson")
    before = rows(ledger)
    copied(original, ledger, tmp_path / "copy.ndjson")
    assert rows(ledger) == before


def test_what_contradicts_what_is_there_is_told_and_left_out(
    original: Original, ledger: SqlLedger, tmp_path: Path
) -> None:
    archive = fetched(original, tmp_path / "copy.ndjson")
    other = Original()
    other.publish("web", "1", document("web", "orders", "/other"))
    import_records(ledger.database, fetched(other, tmp_path / "other.ndjson").records(), quiet, NOW)
    problems = import_records(ledger.database, archive.records(), quiet, NOW)
    assert len(problems) == 1
    assert "web 1 already has other content for the pact of web with orders" in problems[0]
    assert not compare_copy(ledger, archive.records()).complete


def test_answers_that_differ_are_told_and_a_yes_of_the_copy_alone_is_wrong(
    original: Original, ledger: SqlLedger, tmp_path: Path
) -> None:
    comparison = copied(original, ledger, tmp_path / "copy.ndjson")
    assert comparison.answers == 4
    stricter = {(str(e.version), e.said, e.says) for e in comparison.disagreements}
    assert ("web 2", Verdict.PASSED, Verdict.FAILED) in stricter
    assert not comparison.wrong_yes
    original.says_no = "because"
    original.records[1:] = []  # orders 1 alone is live, and meets nobody
    again = fetched(original, tmp_path / "no.ndjson")
    alone = new_ledger(tmp_path / "alone.db")
    import_records(alone.database, again.records(), quiet, NOW)
    assert compare_copy(alone, again.records()).wrong_yes
    alone.close()


def test_an_import_of_what_a_ledger_exported_is_the_same_ledger(
    original: Original, ledger: SqlLedger, tmp_path: Path
) -> None:
    copied(original, ledger, tmp_path / "copy.ndjson")
    ledger.record_deployment("production", Version("web", "3"), instance="blue")
    archive = resume_archive(tmp_path / "export.ndjson", "ledger")
    unfold(ledger, archive, quiet)
    second = new_ledger(tmp_path / "second.db")
    assert import_records(second.database, open_archive(archive.path).records(), quiet, NOW) == []
    comparison = compare_copy(second, archive.records())
    assert comparison.complete
    assert comparison.disagreements == ()
    assert [s.version for s in second.facts().history] == [s.version for s in ledger.facts().history]
    exported_again = resume_archive(tmp_path / "again.ndjson", "ledger")
    unfold(second, exported_again, quiet)
    assert [_without_names(r) for r in exported_again.records()] == [_without_names(r) for r in archive.records()]
    second.close()


def test_our_own_broker_can_be_copied_through_its_api(
    original: Original, ledger: SqlLedger, tmp_path: Path
) -> None:
    copied(original, ledger, tmp_path / "copy.ndjson")
    site = open_site(
        "http://broker.test", {}, transport=transport_to_own(broker(ledger.database, BrokerSettings()))
    )
    archive = resume_archive(tmp_path / "own.ndjson", site.base)
    Copying(site, archive, quiet).everything()
    second = new_ledger(tmp_path / "second.db")
    assert import_records(second.database, archive.records(), quiet, NOW) == []
    comparison = compare_copy(second, archive.records())
    assert comparison.complete
    assert comparison.disagreements == ()
    assert (
        comparison.counts
        == compare_copy(ledger, resume_archive(tmp_path / "copy.ndjson", site.base).records()).counts
    )
    exports = []
    for name, each in (("a", ledger), ("b", second)):
        exported = resume_archive(tmp_path / f"{name}.ndjson", "ledger")
        unfold(each, exported, quiet)
        exports.append([_without_names(record) for record in exported.records()])
    assert exports[1] == exports[0]
    second.close()


def _without_names(record: records.Record) -> dict[str, Any]:
    """What must be equal: the copy of a webhook without secrets is off; the API gives names and whole seconds."""
    told = {name: value for name, value in asdict(record).items() if name not in ("enabled", "secrets")}
    if told.get("display_name") == told.get("name", "").capitalize():
        told["display_name"] = ""
    return {name: value.replace(".000+", "+") if isinstance(value, str) else value for name, value in told.items()}


# --- files from anywhere -------------------------------------------------------------------------------------


HEAD = b'{"harness-broker-export": 1, "from": "x"}\n'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no export of a broker"),
        (b"\xff", "no export of a broker"),
        (b"[]\n", "no export of a broker"),
        (b'{"harness-broker-export": 2, "from": "x"}\n', "format 2"),
        (HEAD, "was not finished"),
        (HEAD + b'{"part": "a", "rec', "no JSON object"),
        (HEAD + b"[1]\n", "no JSON object"),
        (
            HEAD + b'{"part": "a", "records": [{"kind": "x"}]}\n{"complete": {}}\n',
            "record cannot be read",
        ),
        (
            HEAD + b'{"part": "a", "records": 7}\n{"complete": {}}\n',
            "record cannot be read",
        ),
        (HEAD + b'{"complete": {"version": 3}}\n', "does not hold"),
    ],
)
def test_a_file_that_is_no_whole_export_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=told):
        open_archive(path)


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_an_export_or_a_mistake(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    for start in (b"", HEAD):
        path.write_bytes(start + content)
        with pytest.raises(HarnessError):
            open_archive(path)


def test_a_content_under_another_contents_name_is_left_out(ledger: SqlLedger) -> None:
    """It would be taken for verified by the results of the other."""
    key = "f" * 40
    lying: list[records.Record] = [
        records.ArchivedContent(consumer="web", provider="orders", key=key, sha=key, text=json.dumps(document())),
        records.ArchivedPact(consumer="web", number="1", provider="orders", key=key),
    ]
    problems = import_records(ledger.database, lying, quiet, NOW)
    assert "is not what it is called" in problems[0]
    assert ledger.facts().versions == {}


def test_the_file_of_one_broker_is_not_gone_on_with_for_another(original: Original, tmp_path: Path) -> None:
    fetched(original, tmp_path / "copy.ndjson")
    with pytest.raises(UsageError, match=r"a copy of http://broker\.test, not of http://other\.test"):
        resume_archive(tmp_path / "copy.ndjson", "http://other.test")


def test_a_list_that_is_missing_is_not_an_empty_one(original: Original, tmp_path: Path) -> None:
    original.faults.append(
        lambda _m, target: (
            (200, {"Content-Type": TYPE}, b'{"_links": {}}') if target.endswith("/versions") else None
        )
    )
    with pytest.raises(BrokerSilent):
        fetched(original, tmp_path / "copy.ndjson")
