"""Publishing from a checkout: which version, and nothing unless everything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fakes_ledger import MemoryLedger
from hypothesis import given
from hypothesis import strategies as st
from new_ledgers import new_ledger
from remote_ledgers import own_ledger

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.contracts.document import Contract, ContractKind
from harness.contracts.pact_reader import read_pact
from harness.errors import ContractError, HarnessError, IdentityConflict, UsageError
from harness.identity import Version
from harness.ledger.db.database import Database
from harness.ledger.pact_differences import what_differs
from harness.ledger.publishing import by_version, parts_together, publish
from harness.ledger.remote.ledger import RemoteLedger
from harness.ledger.sql_ledger import SqlLedger
from harness.ports import Ledger

SHA = "9f2c4a7be01d3f5568a4bb0c1d2e3f4051627384"
WEB, ORDERS = Version("web", "1"), Version("orders", SHA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A checkout as the tests need it."""

    commit: str = SHA
    branch: str = "main"
    build_url: str = "https://ci/1"
    dirty: bool = False


def part_of(*numbers: int, status: int = 200, place: str = "") -> Contract:
    """A part of a pact: a promise for each number, each by a test of its own."""
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": [
            {
                "type": "Synchronous/HTTP",
                "description": f"order {number}",
                "request": {"method": "GET", "path": f"/orders/{number}"},
                "response": {"status": status},
                "comments": {"testname": f"test_it.py::test_{number}"},
            }
            for number in numbers
        ],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }
    return read_pact(json.dumps(document), place or f"{numbers}.json").contract()


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MemoryLedger | SqlLedger]:
    made = MemoryLedger() if request.param == "memory" else new_ledger(tmp_path / "ledger.db")
    yield made
    made.close()


def pact(key: str = "k1", *, owner: str = "web", provider: str = "orders", text: str = "{}") -> Contract:
    return Contract(
        kind=ContractKind.PACT, owner=owner, counterpart=provider, key=key, text=text, place=f"{key}.json"
    )


DOCUMENT = Contract(kind=ContractKind.OPENAPI, owner="orders", key="d1", text="{}", place="openapi.yaml")


def refused(error: type[HarnessError], call: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_each_contract_is_published_under_the_version_of_its_owner(ledger: Ledger) -> None:
    published = publish(ledger, [pact(), DOCUMENT], {"web": "1"}, Tree(), number=SHA)
    assert [(str(p.version), p.created) for p in published] == [("web 1", True), (f"orders {SHA}", True)]
    known = ledger.facts().versions
    assert known[WEB].pacts == {"orders": "k1"}
    assert known[ORDERS].openapi == "d1"
    for version in (WEB, ORDERS):
        assert (known[version].commit, known[version].branch) == (SHA, "main")
        assert known[version].build_url == "https://ci/1"


def test_publishing_again_creates_nothing(ledger: Ledger) -> None:
    publish(ledger, [pact()], {}, Tree(), number=SHA)
    assert [p.created for p in publish(ledger, [pact()], {}, Tree(), number=SHA)] == [False]


def test_a_dirty_tree_is_refused_unless_allowed(ledger: Ledger) -> None:
    told = refused(UsageError, lambda: publish(ledger, [pact()], {"web": "1"}, Tree(dirty=True)))
    assert "--allow-dirty" in told
    assert ledger.facts().versions == {}
    assert publish(ledger, [pact()], {"web": "1"}, Tree(dirty=True), allow_dirty=True)


def test_nothing_to_publish_is_an_error(ledger: Ledger) -> None:
    assert "nothing to publish" in refused(UsageError, lambda: publish(ledger, [], {}, Tree(), number=SHA))


def test_pacticipants_without_a_version_are_all_named(ledger: Ledger) -> None:
    given = [pact(), DOCUMENT, pact(owner="mobile")]
    with pytest.raises(UsageError) as caught:
        publish(ledger, given, {"mobile": "3"}, Tree(commit=""))
    assert [p.text.split("'")[1] for p in caught.value.problems] == ["web", "orders"]
    assert [p.where for p in caught.value.problems] == ["k1.json", "openapi.yaml"]
    assert ledger.facts().versions == {}


def test_one_contradiction_keeps_everything_back_and_says_what_differs(ledger: Ledger) -> None:
    publish(ledger, [replace(DOCUMENT, text=document(get="a"))], {}, Tree(), number=SHA)
    before = ledger.facts()
    changed = replace(DOCUMENT, key="d2", text=document(get="b", post="c"))
    told = refused(
        IdentityConflict, lambda: publish(ledger, [pact(), changed], {"web": "1"}, Tree(branch="x"), number=SHA)
    )
    for word in (SHA, "d1", "d2", "openapi.yaml", "changed: GET /o", "added: POST /o", "raise the version"):
        assert word in told
    assert ledger.facts() == before


def test_contradictions_of_every_version_are_told_at_once(ledger: Ledger) -> None:
    publish(ledger, [pact(), pact(owner="mobile")], {}, Tree(), number="1")
    with pytest.raises(IdentityConflict) as caught:
        publish(ledger, [pact("k2"), pact("k3", owner="mobile")], {}, Tree(), number="1")
    assert len(caught.value.problems) == 2


def test_two_files_that_contradict_each_other_keep_everything_back(ledger: Ledger) -> None:
    told = refused(
        ContractError, lambda: publish(ledger, [DOCUMENT, pact("k1"), pact("k2")], {}, Tree(), number="1")
    )
    assert "k1.json" in told
    assert "k2.json" in told
    assert ledger.facts().versions == {}


def test_a_number_that_no_ledger_keeps_is_refused_before_anything_is_kept(ledger: Ledger) -> None:
    refused(UsageError, lambda: publish(ledger, [DOCUMENT, pact()], {"web": "1\0"}, Tree(), number="1"))
    assert ledger.facts().versions == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=3)), max_size=8))
def test_every_contract_is_under_exactly_one_version_of_its_owner(given: list[tuple[str, str]]) -> None:
    contracts = [pact(key, owner=owner) for owner, key in given]
    grouped = by_version(contracts, {"a": "7"}, "1")
    assert sorted(c.key for mine in grouped.values() for c in mine) == sorted(key for _, key in given)
    for version, mine in grouped.items():
        assert {c.owner for c in mine} == {version.pacticipant}
        assert version.number == ("7" if version.pacticipant == "a" else "1")


# --- what differs --------------------------------------------------------------------------------------------


def document(**operations: str) -> str:
    paths = {"/o": {method: {"operationId": name} for method, name in operations.items()}}
    return json.dumps({"openapi": "3.1.0", "paths": paths})


def pact_of(*interactions: dict[str, Any]) -> Contract:
    return pact(text=json.dumps({"interactions": list(interactions)}))


def test_interactions_differ_by_description_and_state() -> None:
    one = {"description": "an order", "providerStates": [{"name": "it exists"}], "response": {"status": 200}}
    old = {"description": "an order", "providerState": "it is gone"}
    new = {**one, "response": {"status": 201}}
    assert what_differs(pact_of(one, old), pact_of(new)) == (
        "changed: an order (given it exists)",
        "removed: an order (given it is gone)",
    )


def test_documents_differ_by_operation_and_component() -> None:
    old = {"paths": {"/o": {"get": {}}}, "components": {"schemas": {"Order": {"type": "object"}}}}
    new = {"paths": {"/o": {"put": {}}}, "components": {"schemas": {"Order": {"type": "string"}}}}
    before, after = (replace(DOCUMENT, text=json.dumps(text)) for text in (old, new))
    assert what_differs(before, after) == (
        "removed: GET /o",
        "added: PUT /o",
        "changed: components/schemas/Order",
    )


def test_a_long_list_of_differences_is_cut_with_their_number(ledger: Ledger) -> None:
    publish(ledger, [pact()], {}, Tree(), number="1")
    many = replace(pact("k2"), text=pact_of(*({"description": f"n{n}"} for n in range(9))).text)
    told = refused(IdentityConflict, lambda: publish(ledger, [many], {}, Tree(), number="1"))
    assert "added: n4" in told
    assert "n5" not in told
    assert "and 4 more" in told


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["interactions", "messages", "description", "providerStates", "paths", "components", "get"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(json_values, json_values, st.sampled_from(ContractKind))
def test_no_document_makes_it_stumble_and_equal_ones_do_not_differ(old: Any, new: Any, kind: ContractKind) -> None:
    before, after = (replace(pact(text=json.dumps(v)), kind=kind) for v in (old, new))
    assert isinstance(what_differs(before, after), tuple)
    assert what_differs(before, before) == ()


def test_a_text_that_is_no_json_differs_in_nothing_that_can_be_told() -> None:
    assert what_differs(pact(text="<xml/>"), pact(text="\ud800")) == ()


@pytest.fixture(params=["memory", "sqlite", "remote"])
def anywhere(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_database: Database
) -> Iterator[MemoryLedger | SqlLedger | RemoteLedger]:
    made: MemoryLedger | SqlLedger | RemoteLedger
    if request.param == "remote":
        made = own_ledger(broker(sqlite_database, BrokerSettings()), tmp_path / "beside.db")
    else:
        made = MemoryLedger() if request.param == "memory" else new_ledger(tmp_path / "ledger.db")
    yield made
    made.close()


def kept_key(ledger: Ledger) -> str:
    return ledger.facts_about((WEB,), ()).versions[WEB].pacts["orders"]


def test_parts_that_runners_publish_one_after_the_other_come_together(anywhere: Ledger) -> None:
    whole = part_of(1, 2, 3)
    first, second, again = (
        publish(anywhere, [part], {"web": "1"}, Tree()) for part in (part_of(1, 2), part_of(2, 3), part_of(1))
    )
    assert [(p.created, p.merged) for p in (*first, *second, *again)] == [
        (True, False),
        (False, True),
        (False, True),
    ]
    assert {p.contract.key for p in (*second, *again)} == {kept_key(anywhere)} == {whole.key}


def test_parts_that_contradict_each_other_are_refused_and_nothing_changes(anywhere: Ledger) -> None:
    publish(anywhere, [part_of(1, 2)], {"web": "1"}, Tree())
    before = kept_key(anywhere)
    message = refused(
        IdentityConflict, lambda: publish(anywhere, [part_of(3, 2, status=404)], {"web": "1"}, Tree())
    )
    assert "contradict each other in 'order 2'" in message
    assert kept_key(anywhere) == before


def test_parts_at_once_are_one_pact_and_contradictions_name_both_files(ledger: Ledger) -> None:
    published = publish(ledger, [part_of(1), part_of(2)], {"web": "1"}, Tree())
    assert [p.contract.key for p in published] == [part_of(1, 2).key]
    other = [part_of(1, place="half-a.json"), part_of(1, status=404, place="half-b.json")]
    message = refused(ContractError, lambda: publish(ledger, other, {"web": "2"}, Tree()))
    assert "half-a.json" in message
    assert "half-b.json" in message


@given(st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True), min_size=1, max_size=4))
def test_however_tests_are_shared_out_among_runners_the_pact_is_the_same(shares: list[list[int]]) -> None:
    ledger = MemoryLedger()
    for share in shares:
        publish(ledger, [part_of(*share)], {"web": "1"}, Tree())
    everything = part_of(*sorted({number for share in shares for number in share}))
    assert kept_key(ledger) == everything.key
    assert parts_together(part_of(*share) for share in shares)[0].key == everything.key
