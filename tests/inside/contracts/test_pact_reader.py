"""Reading pacts: what is accepted, what is refused and where, and what a content key depends on."""

from __future__ import annotations

import copy
import json
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.contracts.pact import Interaction, InteractionKind, ProviderState
from harness.contracts.pact_reader import find_pacts, pact_key, place_of, read_pact, read_pacts, whole_pact
from harness.contracts.pact_shape import specification_of, version_read
from harness.errors import ContractError
from harness.identity import canonical_json, content_key

if TYPE_CHECKING:
    from pathlib import Path


def interaction(description: Any = "an order", **changes: Any) -> dict[str, Any]:
    return {
        "description": description,
        "request": {"method": "GET", "path": "/orders/7"},
        "response": {"status": 200},
        **changes,
    }


def pact(*interactions: Any, version: str | None = "3.0.0", **more: Any) -> dict[str, Any]:
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": list(interactions),
        **more,
    }
    return document if version is None else {**document, "metadata": {"pactSpecification": {"version": version}}}


def problems(document: Any) -> list[str]:
    """What is wrong with a pact as a whole, or with its interactions: nothing of either is ever a yes."""
    text = document if isinstance(document, str | bytes) else json.dumps(document)
    with pytest.raises(ContractError) as refused:
        whole_pact(text, "web-orders.json")
    return [str(problem) for problem in refused.value.problems]


def test_a_version_four_pact_is_read_with_its_states_and_kinds() -> None:
    states = [{"name": "order exists", "params": {"id": 7}}]
    read = read_pact(
        json.dumps(
            pact(
                interaction(type="Synchronous/HTTP", providerStates=states, pending=True),
                {"type": "Asynchronous/Messages", "description": "order created", "contents": {}},
                version="4.0",
            )
        ),
        "web-orders.json",
    )
    http, message = read.interactions
    assert (read.consumer, read.provider, read.specification) == ("web", "orders", "4.0")
    assert (http.kind, http.method, http.path, http.status) == (InteractionKind.HTTP, "GET", "/orders/7", 200)
    assert http.states == (ProviderState(name="order exists", params=(("id", 7),)),)
    assert http.pending
    assert http.label == "an order (given order exists)"
    assert message.kind is InteractionKind.ASYNC_MESSAGE
    assert place_of(read, message) == "web-orders.json#/interactions/1"


@pytest.mark.parametrize("name", ["providerState", "provider_state"])
def test_older_pacts_name_a_single_state(name: str) -> None:
    read = read_pact(json.dumps(pact(interaction(**{name: "order exists"}), version="1.1")), "p.json")
    assert [state.name for state in read.interactions[0].states] == ["order exists"]


def test_a_message_pact_is_read_and_placed_in_its_own_list() -> None:
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "messages": [{"description": "order created", "contents": {"id": 1}}],
    }
    read = read_pact(json.dumps(document), "p.json")
    assert read.interactions[0].kind is InteractionKind.ASYNC_MESSAGE
    assert place_of(read, read.interactions[0]) == "p.json#/messages/0"


def test_an_empty_pact_is_a_pact() -> None:
    assert read_pact(json.dumps(pact()), "p.json").interactions == ()


def test_a_byte_order_mark_is_no_problem() -> None:
    assert read_pact(b"\xef\xbb\xbf" + json.dumps(pact()).encode(), "p.json").consumer == "web"
    assert read_pact("\ufeff" + json.dumps(pact()), "p.json").consumer == "web"


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("", "web-orders.json:1:1: not JSON"),
        ("[1]", "web-orders.json: [1] is no pact"),
        ("{}", "web-orders.json#/consumer: no consumer"),
        (b"\xff\xfe{\x00}\x00", "byte 0xff at offset 0"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 500 + "1" + "}" * 500, "nested too deeply"),
        ('{"x": {"b": 1, "b": 2}}', "web-orders.json#/x: key 'b' is written twice"),
        ('{"x": ["\\ud800"]}', "web-orders.json#/x/0: half a character"),
        (pact() | {"interactions": None}, "web-orders.json#/interactions: None is no list"),
        (pact() | {"interactions": "x"}, "web-orders.json#/interactions: 'x' is no list"),
        (pact() | {"interactions": {"0": 1}}, "is no list"),
        (pact(3), "web-orders.json#/interactions/0: 3 is no interaction"),
        (pact() | {"consumer": {"name": "a\x00b"}}, "web-orders.json#/consumer/name: control character"),
        (pact() | {"provider": {"name": " "}}, "web-orders.json#/provider/name: ' ' is no name"),
        (pact() | {"provider": "orders"}, "web-orders.json#/provider: 'orders' names nobody"),
        (pact(version="5.0"), "unknown specification '5.0'"),
        (pact(version="abc"), "unknown specification 'abc'"),
        (pact(interaction(), version="4.0"), "#/interactions/0/type: unknown interaction type None"),
        (pact(interaction(type="Synchronous/HTP"), version="4.0"), "did you mean 'Synchronous/HTTP'?"),
        (pact(interaction(description=[])), "#/interactions/0/description: [] is no description"),
        (pact(interaction(request=None)), "#/interactions/0/request: None is no request"),
        (pact(interaction(request={"method": 5})), "/request/method: bad method 5"),
        (pact(interaction(request={"method": "G ET\n", "path": "/"})), "/request/method: bad method 'G ET\\n'"),
        (pact(interaction(request={"method": "GET", "path": "x"})), "/request/path: bad path 'x'"),
        (
            pact(interaction(request={"method": "GET", "path": "/", "headers": {"A": {"b": 1}}})),
            "bad value {'b': 1} of header A",
        ),
        (pact(interaction(request={"method": "GET", "path": "/", "headers": {"A b": "1"}})), "bad header name"),
        (pact(interaction(request={"method": "GET", "path": "/", "query": 3})), "bad query 3"),
        (pact(interaction(response=None)), "#/interactions/0/response: None is no response"),
        (pact(interaction(response={"status": 0})), "#/interactions/0/response/status: bad status 0"),
        (pact(interaction(response={"status": "abc"})), "#/interactions/0/response/status: bad status 'abc'"),
        (pact(interaction(response={"status": 99999})), "bad status 99999"),
        (pact(interaction(response={"status": True})), "bad status True"),
        (pact(interaction(response={"status": -1})), "bad status -1"),
        (pact(interaction(providerStates=[""])), "#/interactions/0/providerStates/0: '' is no state"),
        (pact(interaction(providerStates={"name": "x"})), "is no list"),
        (
            pact(interaction(providerStates=[{"name": "x", "params": []}])),
            "/providerStates/0/params: [] is no object",
        ),
        (pact(interaction(), interaction(response={"status": 404})), "promised twice, with different content"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_value(broken: Any, told: str) -> None:
    assert told in "\n".join(problems(broken))


def test_all_problems_are_told_at_once() -> None:
    bad = pact(interaction(request={"method": "", "path": "x"}, response={"status": 1}), "y")
    first, second = problems(bad)
    assert [first.count(part) for part in ("/method", "/path", "/status")] == [1, 1, 1]
    assert "'y' is no interaction" in second


def test_two_interactions_that_contradict_each_other_are_both_named() -> None:
    told = problems(pact(interaction(), interaction("other"), interaction(response={"status": 404})))
    assert [each.partition(": ")[0] for each in told] == [f"web-orders.json#/interactions/{n}" for n in (0, 2)]
    assert "see #/interactions/0" in told[1]


def test_the_same_interaction_said_twice_is_harmless() -> None:
    assert len(read_pact(json.dumps(pact(interaction(), interaction())), "p.json").interactions) == 2


def test_one_description_in_two_states_is_two_interactions() -> None:
    twice = pact(
        interaction(providerStates=[{"name": "order", "params": {"id": 1}}]),
        interaction(providerStates=[{"name": "order", "params": {"id": 2}}], response={"status": 404}),
    )
    assert len(read_pact(json.dumps(twice), "p.json").interactions) == 2


def test_one_description_with_two_parameters_of_a_state_is_told_apart() -> None:
    states = [[{"name": "an order exists", "params": {"id": number}}] for number in (7, 8)]
    alone = interaction("another", providerStates=states[0])
    read = read_pact(json.dumps(pact(*(interaction(providerStates=each) for each in states), alone)), "p.json")
    assert [each.label for each in read.interactions] == [
        "an order (given an order exists with id=7)",
        "an order (given an order exists with id=8)",
        "another (given an order exists)",
    ]


def test_many_interactions_are_read_in_linear_time() -> None:
    """Counted in calls, which no load of the machine changes."""

    def calls(number: int) -> int:
        text, found = json.dumps(pact(*(interaction(str(index)) for index in range(number)))), 0

        def called(_frame: object, event: str, _argument: object) -> None:
            nonlocal found
            found += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(called)
        try:
            read_pact(text, "p.json")
        finally:
            sys.setprofile(before)
        return found

    assert calls(800) < 8.5 * calls(100)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_no_document_raises_anything_but_a_contract_error(document: Any) -> None:
    with pytest.raises(ContractError):
        read_pact(json.dumps(document), "p.json")


@given(
    st.sampled_from(
        ["description", "request", "response", "providerStates", "providerState", "type", "pending", "comments"]
    ),
    json_values,
    st.sampled_from(["2.0.0", "3.0.0", "4.0", None]),
)
def test_any_value_anywhere_in_an_interaction_is_read_or_refused(
    name: str, value: Any, version: str | None
) -> None:
    document = pact(interaction(**{"type": "Synchronous/HTTP", name: value}), version=version)
    try:
        read = read_pact(json.dumps(document), "p.json")
    except ContractError:
        return
    assert len(read.interactions) == 1


interactions = st.lists(
    st.builds(
        interaction,
        st.text(min_size=1, max_size=5),
        response=st.fixed_dictionaries({"status": st.integers(200, 204)}),
    ),
    min_size=1,
    max_size=6,
)


@given(interactions, st.randoms(use_true_random=False))
def test_a_key_depends_neither_on_the_order_of_keys_nor_of_interactions(
    listed: list[dict[str, Any]], chance: random.Random
) -> None:
    shuffled = [dict(sorted(each.items(), key=lambda _: chance.random())) for each in listed]
    chance.shuffle(shuffled)
    assert pact_key(pact(*listed)) == pact_key(pact(*shuffled))


@given(interactions, st.data())
def test_a_key_changes_when_any_interaction_does(listed: list[dict[str, Any]], data: st.DataObject) -> None:
    changed = copy.deepcopy(listed)
    data.draw(st.sampled_from(changed))["response"]["status"] = 500
    assert pact_key(pact(*listed)) != pact_key(pact(*changed))


def test_a_key_ignores_names_and_other_metadata() -> None:
    first = pact(interaction())
    second = {**first, "consumer": {"name": "mobile"}, "createdAt": "now"}
    assert pact_key(first) == pact_key(second)
    assert pact_key(first) != pact_key(pact(interaction(), version="2.0.0"))


def test_a_key_is_the_sha_of_the_broker() -> None:
    # Computed by hand from the rule: {"interactions":[…sorted…],"pact_specification_version":"2.0.0"}
    import hashlib

    text = '{"interactions":[{"a":1},{"b":"ü"}],"pact_specification_version":"2.0.0"}'
    document = {"interactions": [{"b": "ü"}, {"a": 1}], "metadata": {"pactSpecification": {"version": "2.0.0"}}}
    assert pact_key(document) == hashlib.sha1(text.encode()).hexdigest()


def test_files_folders_and_globs_are_read_sorted_and_once(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_text(json.dumps(pact() | {"consumer": {"name": name}}))
    (tmp_path / "notes.txt").write_text("no pact")
    read = read_pacts([str(tmp_path), str(tmp_path / "*.json"), str(tmp_path / "b.json")])
    assert [each.consumer for each in read] == ["a", "b"]


def test_a_pattern_that_matches_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(pact()))
    found = find_pacts([str(tmp_path / "a.json"), str(tmp_path / "x*.json")])
    assert [each.consumer for each in found.pacts] == ["web"]
    assert [(each.where, "no file matches" in each.text) for each in found.problems] == [
        (str(tmp_path / "x*.json"), True)
    ]


def test_a_file_that_is_no_pact_and_a_folder_that_is_not_there_are_both_told(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    with pytest.raises(ContractError) as refused:
        read_pacts([str(tmp_path), str(tmp_path / "nowhere")])
    text = str(refused.value)
    assert f"{tmp_path}/package.json#/consumer" in text
    assert f"{tmp_path}/nowhere: no such file or folder" in text


ENTRIES = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.one_of(st.integers(), st.text(), st.none())), max_size=4
)


@given(st.one_of(st.none(), ENTRIES), st.one_of(st.none(), ENTRIES), st.one_of(st.none(), st.text()))
def test_the_key_is_that_of_the_sorted_document(
    interactions: list[Any] | None, messages: list[Any] | None, version: str | None
) -> None:
    document: dict[str, Any] = {"consumer": {"name": "web"}}
    wanted: dict[str, Any] = {}
    if interactions is not None:
        document["interactions"] = interactions
        wanted["interactions"] = sorted(interactions, key=canonical_json)
    if messages is not None:
        document["messages"] = messages
        wanted["messages"] = messages if interactions else sorted(messages, key=canonical_json)
    if version is not None:
        document["metadata"] = {"pactSpecification": {"version": version}}
    if wanted and specification_of(document) is not None:
        wanted["pact_specification_version"] = specification_of(document)
    assert pact_key(document) == content_key(wanted or document)


# --- what files of the field leave out, or spell in their own way ------------------------------------------------


def one(*interactions: Any, **more: Any) -> Interaction:
    return read_pact(json.dumps(pact(*interactions, **more)), "p.json").interactions[0]


@pytest.mark.parametrize("response", [{}, {"status": None}, {"headers": {"A": "b"}}])
def test_a_response_that_names_no_status_is_one_of_200(response: Any) -> None:
    read = one(interaction(response=response))
    assert (read.status, read.document["response"]["status"], read.unreadable) == (200, 200, "")


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ({}, {"method": "GET", "path": "/"}),
        ({"method": "PUT", "path": None}, {"method": "PUT", "path": "/"}),
        ({"path": "/a"}, {"method": "GET", "path": "/a"}),
        ({"path": "/a?b=1&b=2"}, {"method": "GET", "path": "/a", "query": "b=1&b=2"}),
        ({"path": "/a?b=1", "query": {"b": ["1"]}}, {"method": "GET", "path": "/a?b=1", "query": {"b": ["1"]}}),
        (
            {"path": "/a?b=1", "matchingRules": {"$.path": {"match": "regex", "regex": ".*"}}},
            {"method": "GET", "path": "/a?b=1", "matchingRules": {"$.path": {"match": "regex", "regex": ".*"}}},
        ),
        ({"headers": {"A": 1, "B": [True, "x"]}}, {"headers": {"A": "1", "B": ["true", "x"]}}),
    ],
)
def test_what_a_request_leaves_out_is_taken_as_verifiers_take_it(request_: Any, asked: Any) -> None:
    read = one(interaction(request=request_))
    assert (read.unreadable, read.document["request"]) == ("", {"method": "GET", "path": "/", **asked})


def test_states_may_be_written_by_their_names_alone() -> None:
    read = one(interaction(providerStates=["x", {"name": "y", "params": {"z": 1}}]))
    assert [(each.name, each.params) for each in read.states] == [("x", ()), ("y", (("z", 1),))]


@pytest.mark.parametrize(
    ("allowed", "status"),
    [("success", 200), ("clientError", 400), ("serverError", 500), ("redirect", 302), ("nonError", 200),
     ("error", 400), ("info", 100), ([404, 410], 404)],
)  # fmt: skip
def test_a_status_of_nought_beside_its_rule_is_one_that_the_rule_takes(allowed: Any, status: int) -> None:
    rule = {"matchers": [{"match": "statusCode", "status": allowed}]}
    read = one(interaction(type="Synchronous/HTTP", response={"status": 0, "matchingRules": {"status": rule}}))
    assert (read.status, read.unreadable) == (status, "")


@pytest.mark.parametrize("description", [None, ""])
def test_who_says_nothing_of_an_interaction_is_known_by_the_request(description: Any) -> None:
    assert one(interaction(description=description)).label == "GET /orders/7"
    left_out = {key: part for key, part in interaction().items() if key != "description"}
    assert one({**left_out, "providerState": "x"}).label == "GET /orders/7 (given x)"


@pytest.mark.parametrize(
    ("metadata", "read_as"),
    [
        ({}, "3.0.0"),
        ({"pactSpecification": {"version": "2.0.0"}}, "2.0.0"),
        ({"pactSpecification": {"version": 2}}, "2.0.0"),
        ({"pactSpecification": {"version": "v3"}}, "3.0.0"),
        ({"pactSpecification": {"version": " 1.1.0 "}}, "1.1.0"),
        ({"pactSpecification": {"version": "3.0.0-rc.1"}}, "3.0.0"),
        ({"pactSpecification": "2.0.0"}, "2.0.0"),
        ({"pact-specification": {"version": "1.0.0"}}, "1.0.0"),
        ({"pactSpecificationVersion": "2.0"}, "2.0.0"),
        ({"pact-specification-version": "2.0"}, "2.0.0"),
        ({"pactSpecification": {"version": "4.0"}}, "4.0"),
        ({"pactSpecification": {}}, "3.0.0"),
    ],
)
def test_the_version_is_read_however_a_library_spelled_it(metadata: Any, read_as: str) -> None:
    document = pact(interaction(type="Synchronous/HTTP") if read_as == "4.0" else interaction(), version=None)
    text = json.dumps({**document, "metadata": metadata})
    assert [each.unreadable for each in read_pact(text, "p.json").interactions] == [""]
    assert version_read(json.loads(text)) == read_as


def test_a_rule_for_the_value_is_equality_wherever_it_stands() -> None:
    rules = {"$.body.a": {"match": "value"}, "$.body.b": {"match": "type"}}
    read = one(interaction(response={"status": 200, "matchingRules": rules}), version="2.0.0").document
    assert read["response"]["matchingRules"] == {"$.body.a": {"match": "equality"}, "$.body.b": {"match": "type"}}
    nested = {"body": {"$.a": {"matchers": [{"match": "value"}]}}}
    request = {"method": "PUT", "path": "/", "matchingRules": nested}
    read = one(interaction(request=request)).document
    assert read["request"]["matchingRules"]["body"]["$.a"]["matchers"] == [{"match": "equality"}]


def test_a_body_that_speaks_of_a_match_is_left_alone() -> None:
    response = {"status": 200, "body": {"match": "value"}}
    assert one(interaction(response=response)).document["response"] == response


# --- one description, several requests ---------------------------------------------------------------------------


def asks(path: str = "/orders/7", status: int = 200, **more: Any) -> dict[str, Any]:
    return interaction(request={"method": "GET", "path": path, **more}, response={"status": status})


def test_two_requests_under_one_description_are_told_apart_by_the_request() -> None:
    read = read_pact(json.dumps(pact(asks("/a"), asks("/b", 404), interaction("other"))), "p.json")
    assert [each.label for each in read.interactions] == ["an order [GET /a]", "an order [GET /b]", "other"]
    assert [each.unverifiable for each in read.interactions] == ["", "", ""]


def test_where_the_paths_are_equal_the_queries_tell_requests_apart() -> None:
    read = read_pact(json.dumps(pact(asks(query={"q": ["1"]}), asks(query={"q": ["2"]}, status=404))), "p.json")
    labels = [each.label for each in read.interactions]
    assert labels == ["an order [GET /orders/7?q=1]", "an order [GET /orders/7?q=2]"]


requests = st.fixed_dictionaries(
    {"path": st.sampled_from(["/a", "/b"])},
    optional={"query": st.sampled_from(["q=1", "q=2"]), "headers": st.sampled_from([{"A": "1"}, {"A": "2"}])},
)


@given(st.lists(st.tuples(requests, st.sampled_from([200, 404])), min_size=1, max_size=6), st.randoms())
def test_a_label_is_one_request_in_one_pact_whatever_the_order(asked: list[Any], chance: random.Random) -> None:
    entries = [asks(status=status, **request) for request, status in asked]
    read = read_pact(json.dumps(pact(*entries)), "p.json").interactions
    wanted = [canonical_json(each["request"]) for each in entries]
    assert len({each.label for each in read}) == len(set(wanted))
    contradicted = {
        ask for ask in wanted if len({s for (_, s), w in zip(asked, wanted, strict=True) if w == ask}) > 1
    }
    assert [bool(each.contradicts) for each in read] == [ask in contradicted for ask in wanted]
    shuffled = list(range(len(entries)))
    chance.shuffle(shuffled)
    again = read_pact(json.dumps(pact(*(entries[index] for index in shuffled))), "p.json").interactions
    assert [each.label for each in again] == [read[index].label for index in shuffled]


# --- one bad place spoils itself only ----------------------------------------------------------------------------


@given(st.integers(0, 2), json_values, st.sampled_from(["2.0.0", "3.0.0", "4.0"]))
def test_an_interaction_that_cannot_be_read_spoils_no_other(index: int, bad: Any, version: str) -> None:
    good = [interaction(f"number {n}", type="Synchronous/HTTP") for n in range(3)]
    before = read_pact(json.dumps(pact(*good, version=version)), "p.json")
    entries: list[Any] = list(good)
    entries[index] = bad
    after = read_pact(json.dumps(pact(*entries, version=version)), "p.json")
    assert [*before.interactions[:index], *before.interactions[index + 1 :]] == [
        *after.interactions[:index],
        *after.interactions[index + 1 :],
    ]
    spoiled = after.interactions[index]
    assert spoiled.kind is InteractionKind.UNKNOWN
    assert spoiled.unreadable.startswith(f"#/interactions/{index}")


def test_a_pact_of_which_only_the_names_can_be_read_promises_something_all_the_same() -> None:
    read = read_pact(json.dumps(pact() | {"interactions": None}), "p.json")
    (whole,) = read.interactions
    assert (read.consumer, read.provider, read.unreadable) == ("web", "orders", whole.unreadable)
    assert whole.unreadable.startswith("#/interactions: None is no list")
    assert place_of(read, whole) == "p.json"


def test_a_file_that_is_no_pact_takes_none_of_the_others_with_it(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "good.json").write_text(json.dumps(pact()))
    found = find_pacts([str(tmp_path)])
    assert [each.consumer for each in found.pacts] == ["web"]
    assert [each.where for each in found.problems] == [f"{tmp_path}/bad.json:1:2"]
