from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts.pact_reader import read_pact
from harness.contracts.pact_writer import Contribution, Session, contributions, file_name, merge
from harness.errors import ContractError

PAIR = ("web", "orders")
NOTHING_KNOWN = Session()


def interaction(description: str, status: int = 200, state: str = "") -> dict[str, Any]:
    return {
        "type": "Synchronous/HTTP",
        "description": description,
        **({"providerStates": [{"name": state}]} if state else {}),
        "request": {"method": "GET", "path": "/"},
        "response": {"status": status},
    }


def promise(test: str, description: str, status: int = 200, state: str = "") -> Contribution:
    return Contribution(
        test=test,
        consumer="web",
        provider="orders",
        specification="4.0",
        interaction=interaction(description, status, state),
    )


def merged(existing: str | None, *new: Contribution, session: Session = NOTHING_KNOWN) -> str:
    text = merge(existing, new, PAIR, session, place="web-orders.json")
    assert text is not None
    return text


def descriptions(text: str) -> list[str]:
    return [each["description"] for each in json.loads(text)["interactions"]]


names = st.sampled_from(["a", "b", "c", "d"])
promises = st.lists(
    st.builds(promise, st.sampled_from(["t1", "t2", "t3"]), names, state=st.sampled_from(["", "s"]))
)


@given(promises, st.randoms())
def test_the_order_of_tests_and_workers_does_not_change_a_byte(new: list[Contribution], random: Any) -> None:
    shuffled = random.sample(new, len(new))
    assert merge(None, new, PAIR, NOTHING_KNOWN, place="p") == merge(
        None, shuffled, PAIR, NOTHING_KNOWN, place="p"
    )


@given(promises)
def test_writing_the_same_again_changes_nothing(new: list[Contribution]) -> None:
    once = merge(None, new, PAIR, NOTHING_KNOWN, place="p")
    passed = Session(passed=frozenset(each.test for each in new))
    assert merge(once, new, PAIR, passed, place="p") == once


@given(promises, promises)
def test_a_partial_run_loses_no_promise_of_a_test_that_did_not_run(
    before: list[Contribution], after: list[Contribution]
) -> None:
    first = merge(None, before, PAIR, NOTHING_KNOWN, place="p")
    passed = Session(passed=frozenset(each.test for each in after))
    second = merge(first, after, PAIR, passed, place="p")
    kept = {each.interaction["description"] for each in before if each.test not in passed.passed}
    # What several tests promise is signed by the first of them, and goes with it unless it is renewed.
    signed = {
        d["description"]
        for d in json.loads(first or '{"interactions": []}')["interactions"]
        if d["comments"]["testname"] not in passed.passed
    }
    expected = (kept & signed) | {each.interaction["description"] for each in after}
    assert set(descriptions(second) if second else []) >= expected


@given(promises)
def test_what_is_written_reads_as_a_pact_with_every_interaction_once(new: list[Contribution]) -> None:
    text = merge(None, new, PAIR, NOTHING_KNOWN, place="p")
    distinct = {(c.interaction["description"], json.dumps(c.interaction.get("providerStates"))) for c in new}
    assert len(read_pact(text, "p").interactions if text else ()) == len(distinct)


def test_what_a_passing_test_no_longer_promises_is_dropped() -> None:
    before = merged(None, promise("t", "old"), promise("other", "kept"))
    after = merged(before, promise("t", "new"), session=Session(passed=frozenset({"t"})))
    assert descriptions(after) == ["kept", "new"]


def test_what_a_failed_test_promised_before_stays() -> None:
    before = merged(None, promise("t", "old"))
    assert descriptions(merged(before, promise("other", "new"), session=Session(passed=frozenset({"other"})))) == [
        "new",
        "old",
    ]


def test_what_a_test_that_is_gone_promised_is_dropped() -> None:
    before = merged(None, promise("gone", "old"), promise("t", "kept"))
    session = Session(passed=frozenset({"t"}), gone=lambda test: test == "gone")
    assert descriptions(merged(before, promise("t", "kept"), session=session)) == ["kept"]


def test_two_tests_that_contradict_each_other_are_both_named_with_what_differs() -> None:
    with pytest.raises(ContractError) as caught:
        merged(None, promise("test_a.py::one", "an order", 200), promise("test_b.py::two", "an order", 404))
    told = str(caught.value)
    assert "test_a.py::one" in told
    assert "test_b.py::two" in told
    assert "response.status: 200 and 404" in told


def test_the_same_description_in_another_state_is_another_promise() -> None:
    text = merged(None, promise("t", "an order"), promise("t", "an order", 404, state="there is none"))
    assert len(descriptions(text)) == 2


@pytest.mark.parametrize("existing", ["{", "[]", '{"consumer": {"name": "x"}, "provider": {"name": "y"}}'])
def test_a_file_that_is_no_pact_of_the_pair_is_an_error_and_not_overwritten(existing: str) -> None:
    with pytest.raises(ContractError, match=r"web-orders\.json"):
        merged(existing, promise("t", "a"))


@pytest.mark.parametrize(
    ("consumer", "provider"), [("web", "orders"), ("a/b", "c"), ("a b", "ü"), ("..", ".."), ("x" * 300, "y")]
)
def test_every_pair_has_a_safe_file_name(consumer: str, provider: str) -> None:
    name = file_name(consumer, provider)
    assert name.endswith(".json")
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name.encode()) < 255


def test_pairs_that_read_alike_have_different_files() -> None:
    assert file_name("a-b", "c") != file_name("a", "b-c")
    assert file_name("a/b", "c") != file_name("a_b", "c")


def test_messages_are_promises_too() -> None:
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "messages": [{"description": "an order was made", "contents": {"id": 1}}],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }
    text = merge(None, contributions("t", document), PAIR, NOTHING_KNOWN, place="p")
    assert text is not None
    assert json.loads(text)["messages"][0]["description"] == "an order was made"
