"""What was deleted leaves a trace: deleting alone never makes a yes, whoever is asked."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from broker_client import Client
from broker_histories import pact
from new_ledgers import new_ledger
from remote_ledgers import own_ledger, transport_to_own
from small_estates import PLACES, SmallEstate, small_estate, write

from harness.contracts.pact_reader import pact_key
from harness.errors import UnknownName
from harness.gate import can_i_deploy
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.remote.site import open_site
from harness.ledger.sql_ledger import SqlLedger
from harness.transfer.archive import open_archive, resume_archive
from harness.transfer.comparing import compare_copy
from harness.transfer.from_http import Copying
from harness.transfer.from_ledger import unfold
from harness.transfer.import_into import import_records
from harness.verdicts import Cause, Verdict

ESTATES = int(os.environ.get("HARNESS_MATRIX_ESTATES", "15")) // 5
WORDS = {True: Verdict.PASSED, False: Verdict.FAILED, None: Verdict.UNKNOWN}


def answers(client: Client, ledger: SqlLedger, estate: SmallEstate) -> Iterator[tuple[object, Verdict]]:
    """What everybody says about each version that there still is."""
    facts = ledger.facts()
    for version in (Version(each.whose, each.number) for each in estate.versions):
        if version not in facts.versions or facts.versions[version].deleted:
            continue
        for place in PLACES:
            asked = f"pacticipant={version.pacticipant}&version={version.number}&environment={place}"
            told = client.get(f"/can-i-deploy?{asked}").json["summary"]
            gate = can_i_deploy([version], place, ledger.facts_about([version], [place])).verdict
            assert gate is WORDS[told["deployable"]], (version, place, told)
            assert gate is can_i_deploy([version], place, facts).verdict
            yield (version, place), gate


def deletions(estate: SmallEstate, dice: random.Random) -> Iterator[str]:
    """What somebody might delete."""
    for each in dice.sample(list(estate.versions), min(2, len(estate.versions))):
        yield from (
            f"/pacts/provider/{provider}/consumer/{each.whose}/version/{each.number}" for provider in each.pacts
        )
        yield f"/pacticipants/{each.whose}/versions/{each.number}"
        yield f"/pacticipants/{each.whose}"


@pytest.mark.slow
def test_deleting_alone_never_makes_a_yes(client: Client, database: Database) -> None:
    ledger, changed = SqlLedger(database), 0
    for seed in range(ESTATES):
        estate, dice = small_estate(seed), random.Random(seed)
        with database.writing() as db:
            write(db, estate)
        before = dict(answers(client, ledger, estate))
        for url in deletions(estate, dice):
            if client.delete(url).status not in (200, 204):
                continue
            after = dict(answers(client, ledger, estate))
            for asked, verdict in after.items():
                assert verdict is not Verdict.PASSED or before[asked] is Verdict.PASSED, (seed, url, asked)
            changed += after != before
            before = after
    assert changed


@pytest.fixture
def broken(client: Client, database: Database) -> SqlLedger:
    """c 1 is broken by p 7, which is live; an older result was a success."""
    ledger = SqlLedger(database)
    ledger.declare_environment("prod", [])
    content = pact("c", "p", 0)
    assert client.put("/pacts/provider/p/consumer/c/version/1", content).status == 201
    results = f"/pacts/provider/p/consumer/c/pact-version/{pact_key(content)}/verification-results"
    for success in (True, False):
        told = {"success": success, "providerApplicationVersion": "7"}
        assert client.post(results, told).status == 201
    ledger.record_deployment("prod", Version("p", "7"))
    return ledger


def says(client: Client) -> tuple[Any, str]:
    told = client.get("/can-i-deploy?pacticipant=c&version=1&environment=prod").json["summary"]
    return told["deployable"], told["reason"]


def test_a_deleted_failure_does_not_bring_an_earlier_success_back(client: Client, broken: SqlLedger) -> None:
    assert says(client)[0] is False
    where = "/pacts/provider/p/consumer/c/version/1/verification-results/latest"
    assert client.delete(where).status == 204
    deployable, reason = says(client)
    assert (deployable, "was deleted on" in reason, "by anonymous" in reason) == (None, True, True)
    found = can_i_deploy([Version("c", "1")], "prod", broken.facts()).reasons
    assert [(each.cause, "was deleted on" in each.text) for each in found] == [(Cause.DELETED, True)]
    results = f"/pacts/provider/p/consumer/c/pact-version/{pact_key(pact('c', 'p', 0))}/verification-results"
    client.post(results, {"success": True, "providerApplicationVersion": "7"})
    assert says(client)[0] is True


def test_a_deleted_pact_is_unknown_until_something_is_published(client: Client, broken: SqlLedger) -> None:
    assert client.delete("/pacts/provider/p/consumer/c/version/1").status == 200
    assert says(client)[0] is None
    assert "was deleted on" in says(client)[1]
    reason = can_i_deploy([Version("c", "1")], "prod", broken.facts()).reasons[0]
    assert (reason.cause, reason.command) == (Cause.DELETED, "harness publish --pacticipant c --version 1")
    assert client.put("/pacts/provider/p/consumer/c/version/1", pact("c", "p", 1)).status == 201
    assert "deleted" not in says(client)[1]


@pytest.mark.parametrize("gone", ["/pacticipants/p", "/pacticipants/p/versions/7"])
def test_who_was_live_when_it_was_deleted_is_there_until_the_deployment_ends(
    client: Client, broken: SqlLedger, gone: str
) -> None:
    broken.publish(Version("q", "1"), [])
    assert client.delete(gone).status == 204
    deployable, reason = says(client)
    assert (deployable, "was deleted on" in reason) == (None, True)
    command = can_i_deploy([Version("c", "1")], "prod", broken.facts()).reasons[0].command
    again = "harness publish --pacticipant c --version 1"
    assert command in ("harness record-undeployment p --environment prod", again)
    assert broken.record_undeployment("prod", "p") == 1
    assert says(client)[0] is None
    assert "p 7" not in says(client)[1]


def test_what_a_deleted_version_needed_stays_needed_while_it_was_live(client: Client, broken: SqlLedger) -> None:
    broken.record_deployment("prod", Version("c", "1"))
    asked = "/can-i-deploy?pacticipant=p&version=7&environment=prod"
    assert client.get(asked).json["summary"]["deployable"] is False
    assert client.delete("/pacticipants/c").status == 204
    told = client.get(asked).json["summary"]
    assert (told["deployable"], "c 1 was deleted on" in told["reason"]) == (None, True)
    assert can_i_deploy([Version("p", "7")], "prod", broken.facts()).verdict is Verdict.UNKNOWN
    broken.record_undeployment("prod", "c")
    assert client.get(asked).json["summary"]["deployable"] is True


def test_what_was_never_live_may_be_deleted_and_changes_no_answer_of_others(
    client: Client, broken: SqlLedger
) -> None:
    assert client.put("/pacts/provider/p/consumer/d/version/1", pact("d", "p", 0)).status == 201
    asked = "/can-i-deploy?pacticipant=p&version=7&environment=prod"
    before = client.get(asked).json["summary"]
    assert client.delete("/pacticipants/d").status == 204
    assert client.get(asked).json["summary"] == before
    with pytest.raises(UnknownName, match="was deleted on"):
        can_i_deploy([Version("d", "1")], "prod", broken.facts())


def test_deleting_the_only_version_with_a_pact_does_not_make_the_others_need_nobody(
    client: Client, broken: SqlLedger
) -> None:
    assert client.put("/pacticipants/c/branches/main/versions/2", {}).status == 201
    asked = "/can-i-deploy?pacticipant=c&version=2&environment=prod"
    assert client.get(asked).json["summary"]["deployable"] is None
    assert client.delete("/pacticipants/c/versions/1").status == 204
    assert client.get(asked).json["summary"]["deployable"] is None
    assert can_i_deploy([Version("c", "2")], "prod", broken.facts()).verdict is Verdict.UNKNOWN


def test_what_is_published_again_under_a_deleted_live_version_is_judged_where_it_still_is(
    client: Client, broken: SqlLedger
) -> None:
    broken.record_deployment("prod", Version("c", "1"))
    asked = "/can-i-deploy?pacticipant=p&version=7&environment=prod"
    assert client.delete("/pacticipants/c/versions/1").status == 204
    assert client.put("/pacts/provider/p/consumer/c/version/1", pact("c", "p", 0)).status == 201
    told = client.get(asked).json["summary"]
    assert (told["deployable"], "deleted" in told["reason"]) == (None, False)  # it is there, and not verified
    results = f"/pacts/provider/p/consumer/c/pact-version/{pact_key(pact('c', 'p', 0))}/verification-results"
    client.post(results, {"success": False, "providerApplicationVersion": "7"})
    assert client.get(asked).json["summary"]["deployable"] is False


def test_a_result_that_came_later_stands_when_an_earlier_one_is_deleted(client: Client, broken: SqlLedger) -> None:
    results = f"/pacts/provider/p/consumer/c/pact-version/{pact_key(pact('c', 'p', 0))}/verification-results"
    given = [{"success": success, "providerApplicationVersion": "7"} for success in (True, False)]
    first, _ = [str(client.post(results, each).json["_links"]["self"]["href"]) for each in given]
    assert client.delete(first.removeprefix("http://broker.test")).status == 204
    assert says(client)[0] is False


GONE = (
    "/pacts/provider/p/consumer/c/version/1",
    "/pacticipants/p",
    "/pacticipants/p/versions/7",
    "/pacticipants/c",
    "/pacts/provider/p/consumer/c/version/1/verification-results/latest",
)


@pytest.mark.slow
@pytest.mark.parametrize("gone", GONE)
def test_the_gate_on_a_served_broker_says_what_the_broker_says_and_can_end_it(
    client: Client, broken: SqlLedger, tmp_path: Path, gone: str
) -> None:
    broken.record_deployment("prod", Version("c", "1"))
    asked = Version("p", "7") if gone == "/pacticipants/c" else Version("c", "1")
    assert client.delete(gone).status in (200, 204)
    far = own_ledger(client.app, tmp_path / "beside.db")
    reason = can_i_deploy([asked], "prod", far.facts_about([asked], ["prod"])).reasons[0]
    assert (reason.cause, "was deleted on" in reason.text) == (Cause.DELETED, True)
    whole = can_i_deploy([asked], "prod", far.facts()).reasons[0]
    assert (whole.cause, whole.command) == (reason.cause, reason.command)
    if reason.command.startswith("harness record-undeployment"):
        assert far.record_undeployment("prod", "c" if asked == Version("p", "7") else "p") == 1
        again = can_i_deploy([asked], "prod", far.facts_about([asked], ["prod"])).reasons
        assert reason not in again
    far.close()


@pytest.mark.slow
@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("through", ["file", "api"])
def test_a_copy_knows_what_was_deleted(
    client: Client, broken: SqlLedger, tmp_path: Path, gone: str, through: str
) -> None:
    broken.record_deployment("prod", Version("c", "1"))
    asked = Version("p", "7") if gone == "/pacticipants/c" else Version("c", "1")
    assert client.delete(gone).status in (200, 204)
    archive = resume_archive(tmp_path / "copy.ndjson", "origin")
    if through == "file":
        unfold(broken, archive, lambda *_: None)
    else:
        site = open_site("http://broker.test", {}, transport=transport_to_own(client.app))
        Copying(site, archive, lambda *_: None).everything()
    there = new_ledger(tmp_path / "copy.db")
    records = list(open_archive(tmp_path / "copy.ndjson").records())
    for _ in range(2):  # the second time changes nothing
        assert import_records(there.database, records, lambda *_: None, "2026-02-01T00:00:00.000+00:00") == []
        assert compare_copy(there, records).disagreements == ()
        assert can_i_deploy([asked], "prod", there.facts()).reasons[0].cause is Cause.DELETED
    there.close()
