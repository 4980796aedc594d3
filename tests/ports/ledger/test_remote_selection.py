"""The pacts that a broker chooses: selectors, pending, work in progress, and where their results go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_original import Original
from hypothesis import given
from hypothesis import strategies as st
from remote_ledgers import document, own_ledger, pact_between, remote_ledger

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.errors import BrokerRefused, UnknownName, UsageError
from harness.evidence import Evidence, EvidenceKind, Known
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.remote.ledger import RemoteLedger
from harness.ledger.remote.selected import PactSelection, selector
from harness.verdicts import Cause, Verdict

MAIN: dict[str, Any] = {"mainBranch": True}


@pytest.fixture
def ledger(sqlite_database: Database, tmp_path: Path) -> Iterator[RemoteLedger]:
    """Our own broker: web 1 is on main and kept by orders 1, web 2 is on a branch and new."""
    made = own_ledger(broker(sqlite_database, BrokerSettings()), tmp_path / "beside.db")
    for number, branch in (("1", "main"), ("2", "feat/x")):
        made.record_version(Known(version=Version("web", number), branch=branch))
        made.publish(Version("web", number), [pact_between("web", "orders", f"/{number}")])
    made.record_version(Known(version=Version("orders", "1"), branch="main"))
    made.record_evidence(seen("/1", "1"))
    yield made
    made.close()


def seen(path: str, number: str, verdict: Verdict = Verdict.PASSED) -> Evidence:
    pact = pact_between("web", "orders", path)
    return Evidence(
        kind=EvidenceKind.PACTS,
        contract=pact.key,
        consumer="web",
        provider=Version("orders", number),
        artifact="",
        identity="",
        verdict=verdict,
        cause=None if verdict is Verdict.PASSED else Cause.BROKEN_PROMISE,
        promised=1,
        exercised=1,
        complete=True,
        run="r1",
        at="2026-01-01T00:00:00+00:00",
    )


def chosen(ledger: RemoteLedger, wish: PactSelection) -> list[tuple[str, bool, bool]]:
    return [(str(e.consumer), e.pending, e.wip) for e in ledger.pacts_for_verification("orders", wish)]


def test_a_selector_chooses_and_what_was_kept_before_is_not_pending(ledger: RemoteLedger) -> None:
    wish = PactSelection(selectors=(MAIN,), branch="main")
    assert chosen(ledger, wish) == [("web 1", False, False)]
    assert chosen(ledger, replace(wish, selectors=({"branch": "feat/x"},))) == [("web 2", True, False)]
    assert chosen(ledger, replace(wish, selectors=({"branch": "feat/x"},), pending=False)) == [
        ("web 2", False, False)
    ]


def test_work_in_progress_comes_beside_what_was_chosen(ledger: RemoteLedger) -> None:
    wish = PactSelection(selectors=(MAIN,), branch="main", wip_since="2020-01-01")
    assert chosen(ledger, wish) == [("web 1", False, False), ("web 2", True, True)]


def test_a_result_of_work_in_progress_leaves_it_in_progress(ledger: RemoteLedger) -> None:
    """It goes to the address that says so; only when it is chosen explicitly its result ends that."""
    wish = PactSelection(selectors=(MAIN,), branch="main", wip_since="2020-01-01")
    chosen(ledger, wish)
    ledger.record_evidence(seen("/2", "1"))
    assert chosen(ledger, wish) == [("web 1", False, False), ("web 2", True, True)]
    explicit = PactSelection(selectors=({"branch": "feat/x"},), branch="main")
    chosen(ledger, explicit)
    ledger.record_evidence(seen("/2", "1"))
    assert chosen(ledger, wish) == [("web 1", False, False)]


def test_why_a_pact_was_chosen_is_told(ledger: RemoteLedger) -> None:
    (found,) = ledger.pacts_for_verification("orders", PactSelection(selectors=(MAIN,), branch="main"))
    assert found.why == "latest from main branch"
    assert any("belongs to the consumer version" in notice for notice in found.notices)
    assert (found.published.contract.owner, found.published.promised) == ("web", 1)


def test_what_the_broker_refuses_is_told_in_its_words(ledger: RemoteLedger) -> None:
    with pytest.raises(BrokerRefused, match="cannot specify mainBranch=true with latest=false"):
        chosen(ledger, PactSelection(selectors=({"mainBranch": True, "latest": False},), branch="main"))
    with pytest.raises(UnknownName, match=r"(?s)no pacticipant 'order' at the broker.*did you mean 'orders'"):
        ledger.pacts_for_verification("order", PactSelection())


def test_a_broker_that_does_not_say_pending_excuses_nothing(tmp_path: Path) -> None:
    original = Original()
    original.publish("web", "1", document())
    ledger = remote_ledger(original, tmp_path / "beside.db")
    assert [e.pending for e in ledger.pacts_for_verification("orders", PactSelection())] == [True]
    assert [e.pending for e in ledger.pacts_for_verification("orders", PactSelection(pending=False))] == [False]
    ledger.close()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("mainBranch", {"mainBranch": True}),
        ("branch=feat/x,consumer=web", {"branch": "feat/x", "consumer": "web"}),
        (" deployed , environment=production", {"deployed": True, "environment": "production"}),
        ('{"tag": "prod", "latest": true}', {"tag": "prod", "latest": True}),
        ("tag=a=b", {"tag": "a=b"}),
    ],
)
def test_selectors_can_be_written_shortly_or_as_json(written: str, found: dict[str, Any]) -> None:
    assert selector(written) == found


@given(st.text())
def test_any_selector_is_one_or_a_mistake(written: str) -> None:
    with suppress(UsageError):
        assert selector(written)
