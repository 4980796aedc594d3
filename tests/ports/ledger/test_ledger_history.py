"""Every ledger remembers what was where, and from when to when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_original import Original
from fakes_ledger import MemoryLedger
from new_ledgers import new_ledger
from remote_ledgers import remote_ledger

from harness.evidence import Known
from harness.identity import Version
from harness.ledger.remote.ledger import RemoteLedger
from harness.ledger.sql_ledger import SqlLedger

ORDERS1, ORDERS2 = Version("orders", "1"), Version("orders", "2")
AnyLedger = MemoryLedger | SqlLedger | RemoteLedger


@pytest.fixture(params=["memory", "sqlite", "remote"])
def stocked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyLedger]:
    make: dict[str, Callable[[], AnyLedger]] = {
        "memory": MemoryLedger,
        "sqlite": lambda: new_ledger(tmp_path / "ledger.db"),
        "remote": lambda: remote_ledger(Original(), tmp_path / "beside.db"),
    }
    ledger = make[request.param]()
    for version in (ORDERS1, ORDERS2):
        ledger.record_version(Known(version=version))
    yield ledger
    ledger.close()


def stays(ledger: AnyLedger) -> list[tuple[str, str, bool, bool]]:
    """What was where: version, instance, whether it was a release, whether it has ended."""
    return [
        (str(s.version), s.instance, s.released, bool(s.until)) for s in ledger.facts_of(["production"]).history
    ]


def test_every_deployment_stays_in_the_history_oldest_first(stocked: AnyLedger) -> None:
    for version in (ORDERS1, ORDERS2, ORDERS2, ORDERS1):
        stocked.record_deployment("production", version)
    assert stays(stocked) == [
        ("orders 1", "", False, True),
        ("orders 2", "", False, True),
        ("orders 1", "", False, False),
    ]


def test_an_instance_has_a_history_of_its_own(stocked: AnyLedger) -> None:
    stocked.record_deployment("production", ORDERS1)
    stocked.record_deployment("production", ORDERS1, instance="blue")
    stocked.record_deployment("production", ORDERS2, instance="blue")
    assert stays(stocked) == [
        ("orders 1", "", False, False),
        ("orders 1", "blue", False, True),
        ("orders 2", "blue", False, False),
    ]


def test_a_release_has_its_time_beside_the_deployments(stocked: AnyLedger) -> None:
    stocked.record_release("production", ORDERS1)
    stocked.record_deployment("production", ORDERS1)
    stocked.record_release("production", ORDERS2)
    stocked.record_support_ended("production", ORDERS1)
    stocked.record_undeployment("production", "orders")
    assert sorted(stays(stocked)) == [
        ("orders 1", "", False, True),
        ("orders 1", "", True, True),
        ("orders 2", "", True, False),
    ]


def test_a_stay_begins_when_what_is_live_says_it_does_and_ends_after_that(stocked: AnyLedger) -> None:
    stocked.record_deployment("production", ORDERS1)
    stocked.record_deployment("production", ORDERS2)
    facts = stocked.facts_of(["production"])
    ended, open_one = facts.history
    assert ended.since <= ended.until <= open_one.since
    assert [live.since for live in facts.live] == [open_one.since]
    assert open_one.until == ""
