from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts.pact_reader import read_pact
from harness.contracts.pact_writer import (
    Contribution,
    DroppedPromise,
    SuiteSession,
    contributions,
    file_name,
    merge,
)
from harness.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PAIR = ("web", "orders")
NOTHING_KNOWN = SuiteSession()


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


def merged(existing: str | None, *new: Contribution, session: SuiteSession = NOTHING_KNOWN) -> str:
    text = text_after(existing, new, session)
    assert text is not None
    return text


def text_after(
    existing: str | None, new: Iterable[Contribution], session: SuiteSession = NOTHING_KNOWN
) -> str | None:
    return merge(existing, new, PAIR, session, place="web-orders.json").text


def descriptions(text: str) -> list[str]:
    return [each["description"] for each in json.loads(text)["interactions"]]


TESTS = ["test_it.py::t1", "test_it.py::t2", "test_it.py::t3"]
names = st.sampled_from(["a", "b", "c", "d"])
promises = st.lists(
    st.builds(
        promise,
        st.sampled_from(TESTS),
        names,
        state=st.sampled_from(["", "s"]),
    )
)


@given(promises, st.randoms())
def test_the_order_of_tests_and_workers_does_not_change_a_byte(new: list[Contribution], random: Any) -> None:
    shuffled = random.sample(new, len(new))
    assert text_after(None, new) == text_after(None, shuffled)


@given(promises)
def test_writing_the_same_again_changes_nothing(new: list[Contribution]) -> None:
    once = text_after(None, new)
    passed = SuiteSession(passed=frozenset(each.test for each in new))
    assert text_after(once, new, passed) == once


@given(promises, promises)
def test_a_partial_run_loses_no_promise_of_a_test_that_did_not_run(
    before: list[Contribution], after: list[Contribution]
) -> None:
    first = text_after(None, before)
    passed = SuiteSession(passed=frozenset(each.test for each in after))
    second = text_after(first, after, passed)
    expected = {each.interaction["description"] for each in before if each.test not in passed.passed}
    expected |= {each.interaction["description"] for each in after}
    assert set(descriptions(second) if second else []) == expected


@given(promises)
def test_what_is_written_reads_as_a_pact_with_every_interaction_once(new: list[Contribution]) -> None:
    text = text_after(None, new)
    distinct = {(c.interaction["description"], json.dumps(c.interaction.get("providerStates"))) for c in new}
    assert len(read_pact(text, "p").interactions if text else ()) == len(distinct)


def test_what_a_passing_test_no_longer_promises_is_dropped() -> None:
    before = merged(None, promise("test_it.py::t", "old"), promise("test_it.py::other", "kept"))
    after = merged(
        before, promise("test_it.py::t", "new"), session=SuiteSession(passed=frozenset({"test_it.py::t"}))
    )
    assert descriptions(after) == ["kept", "new"]


def test_what_a_failed_test_promised_before_stays() -> None:
    before = merged(None, promise("test_it.py::t", "old"))
    session = SuiteSession(passed=frozenset({"test_it.py::other"}))
    after = merged(before, promise("test_it.py::other", "new"), session=session)
    assert descriptions(after) == ["new", "old"]


def test_what_a_test_that_is_gone_promised_is_dropped() -> None:
    before = merged(None, promise("test_it.py::gone", "old"), promise("test_it.py::t", "kept"))
    session = SuiteSession(passed=frozenset({"test_it.py::t"}), gone=lambda test: test == "test_it.py::gone")
    assert descriptions(merged(before, promise("test_it.py::t", "kept"), session=session)) == ["kept"]


def test_two_tests_that_contradict_each_other_are_both_named_with_what_differs() -> None:
    with pytest.raises(ContractError) as caught:
        merged(None, promise("test_a.py::one", "an order", 200), promise("test_b.py::two", "an order", 404))
    told = str(caught.value)
    assert "test_a.py::one" in told
    assert "test_b.py::two" in told
    assert "response.status: 200 and 404" in told


def test_the_same_description_in_another_state_is_another_promise() -> None:
    text = merged(
        None,
        promise("test_it.py::t", "an order"),
        promise("test_it.py::t", "an order", 404, state="there is none"),
    )
    assert len(descriptions(text)) == 2


@pytest.mark.parametrize("existing", ["{", "[]", '{"consumer": {"name": "x"}, "provider": {"name": "y"}}'])
def test_a_file_that_is_no_pact_of_the_pair_is_an_error_and_not_overwritten(existing: str) -> None:
    with pytest.raises(ContractError, match=r"web-orders\.json"):
        merged(existing, promise("test_it.py::t", "a"))


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
    assert file_name("a-b", "c", apart=True) != file_name("a", "b-c")
    assert file_name("a/b", "c") != file_name("a_b", "c")


def test_a_name_with_a_hyphen_has_the_file_that_pact_libraries_give_it() -> None:
    assert file_name("web-shop", "order-service") == "web-shop-order-service.json"


def test_what_two_tests_promise_stays_until_neither_does() -> None:
    before = merged(None, promise("a.py::one", "shared"), promise("b.py::two", "shared"), promise("b.py::x", "x"))
    one_changed = text_after(before, [], SuiteSession(passed=frozenset({"a.py::one"})))
    assert one_changed is not None
    assert descriptions(one_changed) == ["shared", "x"]
    both = text_after(one_changed, [], SuiteSession(passed=frozenset({"b.py::two"})))
    assert both is not None
    assert descriptions(both) == ["x"]


def test_a_partial_run_does_not_change_a_byte_of_what_two_tests_promise() -> None:
    one, two = promise("a.py::one", "shared"), promise("b.py::two", "shared")
    before = merged(None, one, two)
    assert merged(before, two, session=SuiteSession(passed=frozenset({"b.py::two"}))) == before


def test_nothing_is_left_of_a_pact_that_nobody_promises_any_more() -> None:
    before = merged(None, promise("a.py::one", "x"))
    assert text_after(before, [], SuiteSession(passed=frozenset({"a.py::one"}))) is None


def test_what_others_wrote_into_a_pact_is_never_dropped() -> None:
    theirs = json.loads(merged(None, promise("a.py::one", "theirs")))
    theirs["interactions"][0]["comments"] = {"testname": "OrderTest.java", "text": ["by hand"]}
    everything_is_gone = SuiteSession(gone=lambda _: True)
    after = text_after(json.dumps(theirs), [], everything_is_gone)
    assert after is not None
    assert descriptions(after) == ["theirs"]


@pytest.mark.parametrize("order", [0, 1])
def test_two_specifications_in_one_pact_are_an_error_that_names_both_tests(order: int) -> None:
    old = replace(promise("a.py::old", "old"), specification="3.0.0")
    new = promise("b.py::new", "new")
    with pytest.raises(ContractError, match=r"a\.py::old.*3\.0\.0.*b\.py::new.*4\.0"):
        merged(None, *[old, new][:: 1 if order else -1])


def test_a_pact_of_another_specification_is_not_mixed_with_new_promises() -> None:
    old = replace(promise("a.py::old", "old"), specification="3.0.0")
    old.interaction.pop("type")
    with pytest.raises(ContractError, match=r"web-orders\.json: it is written in specification 3\.0\.0"):
        merged(merged(None, old), promise("b.py::new", "new"))


def test_messages_are_promises_too() -> None:
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "messages": [{"description": "an order was made", "contents": {"id": 1}}],
        "metadata": {"pactSpecification": {"version": "3.0.0"}},
    }
    text = text_after(None, contributions("t", document))
    assert text is not None
    assert json.loads(text)["messages"][0]["description"] == "an order was made"


# One status a description: tests that promise the same agree. Two statuses: tests may contradict each other.
agreeing = st.lists(
    st.builds(promise, st.sampled_from(TESTS), names, state=st.sampled_from(["", "s"])), max_size=8
)
disputed = st.lists(st.builds(promise, st.sampled_from(TESTS), names, st.sampled_from([200, 404])), max_size=8)


def in_sessions(new: list[Contribution], order: list[str]) -> str | None:
    """The pact after each test has run in a session of its own."""
    text = None
    for test in order:
        mine = [each for each in new if each.test == test]
        text = text_after(text, mine, SuiteSession(passed=frozenset({test})))
    return text


@given(agreeing, st.permutations(TESTS))
def test_a_session_for_each_test_writes_the_same_bytes_as_one_for_all(
    new: list[Contribution], order: list[str]
) -> None:
    assert in_sessions(new, order) == text_after(None, new)


@given(disputed, st.permutations(TESTS))
def test_what_is_refused_in_one_session_is_refused_in_several(new: list[Contribution], order: list[str]) -> None:
    def refused(write: Callable[[], str | None]) -> bool:
        try:
            write()
        except ContractError:
            return True
        return False

    assert refused(lambda: in_sessions(new, order)) == refused(lambda: text_after(None, new))


def test_a_contradiction_of_an_earlier_session_names_both_tests_and_what_to_do() -> None:
    before = merged(None, promise("test_it.py::a", "x", 200))
    with pytest.raises(ContractError) as refused:
        merged(before, promise("test_it.py::b", "x", 404))
    told = str(refused.value)
    assert "test_it.py::a (in an earlier session) and test_it.py::b: response.status: 200 and 404" in told
    assert "run both together" in told


def test_a_test_may_change_what_it_promises_under_its_former_name_too() -> None:
    before = merged(None, promise("test_it.py::t", "x", 200))
    passed = SuiteSession(passed=frozenset({"web/test_it.py::t"}), former={"web/test_it.py::t": "test_it.py::t"})
    changed = merged(before, promise("web/test_it.py::t", "x", 404), session=passed)
    assert json.loads(changed)["interactions"][0]["comments"]["testname"] == "web/test_it.py::t"
    same = merged(before, promise("web/test_it.py::t", "x", 200), session=passed)
    assert json.loads(same)["interactions"][0]["comments"] == {"testname": "web/test_it.py::t"}


def test_what_is_dropped_is_told_with_the_tests_that_stood_for_it() -> None:
    before = merged(None, promise("test_it.py::t", "x"), promise("test_it.py::u", "y"))
    after = merge(before, (), PAIR, SuiteSession(gone=lambda test: test == "test_it.py::t"), place="p")
    assert after.dropped == (DroppedPromise(description="x", tests=("test_it.py::t",)),)
