"""How a pact is put to the verifier: what it is given, in which portions and states, and what its answer says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.checks.engines.pact_chunks import LARGEST, InteractionOutcome, Verification, chunks_of
from harness.checks.engines.pact_copy import copy_of, needs_values
from harness.checks.engines.pact_plugins import lacking, of_interactions
from harness.checks.engines.pact_results import (
    BODY,
    HEADER,
    OTHER,
    STATUS,
    VerifierResult,
    in_words,
    refusal_of,
    results_of,
)
from harness.checks.engines.pact_states import Changes, missing_states
from harness.checks.engines.pact_verifier import Job, VerifierProcess, Verifiers
from harness.contracts.pact import Interaction, Pact, ProviderState
from harness.contracts.pact_reader import read_pact
from harness.errors import StateFailed, StateMissing, ToolCrashed
from harness.ports import TAG_HEADER
from harness.verdicts import Cause, Difference


def pact(*interactions: Mapping[str, Any], version: str = "4.0", **metadata: Any) -> Pact:
    document = {
        "consumer": {"name": "web"},
        "provider": {"name": "orders"},
        "interactions": [
            {
                "description": f"number {number}",
                "request": {"method": "GET", "path": f"/{number}"},
                "response": {"status": 200},
                **({"type": "Synchronous/HTTP"} if version == "4.0" else {}),
                **each,
            }
            for number, each in enumerate(interactions)
        ],
        "metadata": {"pactSpecification": {"version": version}, **metadata},
    }
    return read_pact(json.dumps(document), "web-orders.json")


def tokens(read: Pact) -> dict[str, Interaction]:
    return {f"t{number}": each for number, each in enumerate(read.interactions)}


PAID = {"providerStates": [{"name": "it is paid"}]}
MOVED = {"response": {"status": 302}}
VALUES = {
    "request": {
        "method": "GET",
        "path": "/1",
        "generators": {"path": {"type": "ProviderState", "expression": "/${id}"}},
    }
}


# --- the copy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "written", "tag"),
    [
        ("4.0", {}, ["t0"]),
        ("3.0.0", {}, "t0"),
        ("3.0.0", {"request": {"method": "GET", "path": "/", "headers": {"X-A": ["1", "2"]}}}, ["t0"]),
        ("2.0.0", {"request": {"method": "GET", "path": "/", "headers": {"X-A": "1"}}}, "t0"),
    ],
)
def test_the_copy_tells_each_interaction_by_its_token_and_says_nothing_of_its_own(
    version: str, written: Any, tag: Any
) -> None:
    read = pact({**written, "_id": "7", "key": "k", "comments": {}, "pending": False}, version=version)
    copied = copy_of(read, tokens(read), with_states=True)
    (only,) = copied["interactions"]
    assert (copied["consumer"], copied["provider"]) == ({"name": "consumer"}, {"name": "provider"})
    assert copied["metadata"]["pactSpecification"] == {"version": version}
    assert only["description"] == "t0"
    assert only["request"]["headers"] == {**written.get("request", {}).get("headers", {}), TAG_HEADER: tag}
    assert not only.keys() & {"_id", "key", "comments", "pending", "providerState", "provider_state"}
    assert only["response"] == {"status": 200}


def test_states_are_in_the_copy_only_where_the_verifier_asks_for_them() -> None:
    one, two = {"providerState": "a"}, {"providerStates": [{"name": "a"}, {"name": "b"}]}
    for written, told in (
        (one, {"providerState": "t0/0"}),
        (two, {"providerStates": [{"name": "t0/0"}, {"name": "t0/1"}]}),
    ):
        read = pact(written, version="3.0.0" if written is two else "2.0.0")
        (asked,) = copy_of(read, tokens(read), with_states=True)["interactions"]
        (silent,) = copy_of(read, tokens(read), with_states=False)["interactions"]
        assert {name: value for name, value in asked.items() if name.startswith("provider")} == told
        assert not [name for name in silent if name.startswith("provider")]


def test_values_of_the_set_up_are_needed_where_a_generator_names_them() -> None:
    assert needs_values(pact(VALUES).interactions[0])
    within = {"response": {"status": 200, "body": {"content": [{"type": "ProviderState", "expression": "x"}]}}}
    assert needs_values(pact(within).interactions[0])
    for other in (
        {"response": {"status": 200, "body": {"content": {"type": "ProviderState"}}}},
        {"response": {"status": 200, "body": {"content": {"type": "Uuid", "expression": "x"}}}},
        {},
    ):
        assert not needs_values(pact(other).interactions[0])


# --- plug-ins ------------------------------------------------------------------------------------------------


BEADS = {"pluginConfiguration": {"abacus": {"rows": 3}}}


@pytest.mark.parametrize(
    ("wanted", "installed", "is_there"),
    [
        ("0.1.0", None, False),
        ("0.1.0", "0.1.0", True),
        ("0.1.0", "0.2", True),
        ("0.10.0", "0.9.9", False),
        ("1.2.0-rc1", "1.2.0+build", True),
        ("1.x", "1.0", True),
        ("1.0.1", "", False),
        ("", "0.0", True),
    ],
)
def test_a_plug_in_is_lacking_unless_it_is_here_as_new_as_it_is_named(
    wanted: str, installed: str | None, is_there: bool, tmp_path: Path
) -> None:
    read = pact({}, BEADS, plugins=[{"name": "abacus", "version": wanted}, {"name": "other"}, "nonsense"])
    if installed is not None:
        (tmp_path / "abacus").mkdir()
        manifest = {"name": "abacus", "version": installed}
        (tmp_path / "abacus" / "pact-plugin.json").write_text(json.dumps(manifest))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pact-plugin.json").write_text("[]" if is_there else "no JSON")
    plain, beads = read.interactions
    environ = {"PACT_PLUGIN_DIR": str(tmp_path)}
    assert lacking(read, plain, environ) == ""
    told = lacking(read, beads, environ)
    assert (told == "") == is_there
    if not is_there:
        assert told == (
            f"it needs the Pact plug-in abacus {wanted}, which is not installed here (looked in {tmp_path})"
        )
    assert of_interactions(read, [plain]) == []
    assert [each["name"] for each in of_interactions(read, [plain, beads])] == ["abacus"]
    assert copy_of(read, {"a": beads}, with_states=False)["metadata"]["plugins"][0]["version"] == wanted
    assert "plugins" not in copy_of(read, {"a": plain}, with_states=False)["metadata"]


def test_plug_ins_are_looked_for_at_home_where_nothing_else_is_said(tmp_path: Path) -> None:
    read = pact(BEADS)
    told = lacking(read, read.interactions[0], {"HOME": str(tmp_path)})
    assert told.startswith("it needs the Pact plug-in abacus, which")
    assert told.endswith(f"(looked in {tmp_path / '.pact' / 'plugins'})")


# --- portions ------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=130), st.integers(0, 8))
def test_every_interaction_is_in_one_portion_with_those_that_are_verified_alike(
    drawn: list[tuple[bool, bool, bool]], jobs: int
) -> None:
    kinds = [
        {**(PAID if state else {}), **(MOVED if moved else {}), **(VALUES if values else {})}
        for state, moved, values in drawn
    ]
    chosen = tokens(pact(*kinds))
    chunks = chunks_of(chosen, needs_values, jobs)
    assert sorted(token for chunk in chunks for token in chunk.chosen) == sorted(chosen)
    for chunk in chunks:
        assert 0 < len(chunk.chosen) <= LARGEST
        for each in chunk.chosen.values():
            assert chunk.states == bool(each.states)
            assert chunk.by_verifier == (bool(each.states) and needs_values(each))
            assert chunk.follow == (each.status != 302)
    stateless = [chunk for chunk in chunks if not chunk.states and chunk.follow]
    smallest = min((len(chunk.chosen) for chunk in stateless[:-1]), default=5)
    assert smallest >= 5
    number = sum(len(chunk.chosen) for chunk in stateless)
    assert len(stateless) <= max(jobs, 1, -(-number // LARGEST))
    assert len(stateless) >= min(jobs, number // 5)


# --- what the verifier answers -------------------------------------------------------------------------------


class Scripted(VerifierProcess):
    """A verifier that answers as a function says."""

    def __init__(self, answer: Callable[[Job], dict[str, Any]]) -> None:
        self.answer, self.jobs = answer, list[Job]()

    def verify(self, job: Job, busy: Callable[[], float], patience: float) -> dict[str, Any]:
        busy()
        assert patience > job.timeout
        self.jobs.append(job)
        return self.answer(job)

    def kill(self) -> None: ...

    def close(self) -> None: ...


class OnlyOne(Verifiers):
    def __init__(self, child: VerifierProcess) -> None:
        self.child = child

    @contextlib.contextmanager
    def borrowed(self, limit: int) -> Iterator[VerifierProcess]:
        assert limit == 2
        yield self.child


def verified(
    read: Pact, answer: Callable[[Job], dict[str, Any]], changes: Changes | None = None
) -> tuple[list[InteractionOutcome], list[Job]]:
    chosen, child = tokens(read), Scripted(answer)
    verification = Verification(
        pact=read,
        verifiers=OnlyOne(child),
        url="http://there",
        states="http://states",
        changes=changes or Changes(None, chosen),
        jobs=2,
        scratch=Path("/nowhere"),
        within=3.0,
        patience=1.0,
    )
    told = [each for _, some in verification.run(chunks_of(chosen, needs_values, 2)) for each in some]
    return sorted(told, key=lambda each: each.token), child.jobs


def named(job: Job) -> list[str]:
    return [each["description"] for each in job.document["interactions"]]


def yes(job: Job) -> dict[str, Any]:
    return {"interactionResults": [{"description": token, "result": "OK"} for token in named(job)]}


def test_each_portion_is_put_to_the_verifier_as_it_must_be() -> None:
    told, jobs = verified(pact({}, MOVED, PAID, {**PAID, **VALUES}), yes)
    assert [(each.token, each.result and each.result.ok) for each in told] == [(f"t{n}", True) for n in range(4)]
    asked = {named(job)[0]: (job.follow, job.states, job.timeout, job.url, job.scratch) for job in jobs}
    here = ("http://there", Path("/nowhere"))
    assert asked == {
        "t0": (True, "", 8.0, *here),
        "t1": (False, "", 8.0, *here),
        "t2": (True, "", 63.0, *here),
        "t3": (True, "http://states", 63.0, *here),
    }


def test_one_that_the_verifier_cannot_read_is_found_among_the_others() -> None:
    def answer(job: Job) -> dict[str, Any]:
        refusal = {"mismatch": {"message": "Failed to load pact - no such matcher"}}
        return {"errors": [refusal]} if "t3" in named(job) else yes(job)

    told, jobs = verified(pact(*[{}] * 5), answer)
    assert [each.result is not None for each in told] == [True, True, True, False, True]
    assert (told[3].cause, told[3].because) == (Cause.UNREADABLE, "no such matcher")
    assert sorted(len(named(job)) for job in jobs) == [1, 1, 1, 2, 2, 3, 5]


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        ({}, "the verifier gave no result and no reason"),
        (
            {"interactionResults": [{"description": "t0"}, {"description": "t0"}]},
            "the verifier gave 2 results instead of one",
        ),
        (
            {"interactionResults": [{"description": "t1", "result": "OK"}]},
            "the verifier gave 0 results instead of one",
        ),
    ],
)
def test_of_one_interaction_there_is_one_result_or_none(answer: dict[str, Any], because: str) -> None:
    (told,), _ = verified(pact({}), lambda _: answer)
    assert (told.result, told.cause, told.because) == (None, Cause.TOOL_CRASHED, because)


def test_a_verifier_that_dies_says_nothing_of_its_portion() -> None:
    def answer(job: Job) -> dict[str, Any]:
        if "t1" in named(job):
            raise ToolCrashed("it was killed")
        return yes(job)

    told, _ = verified(pact({}, PAID, MOVED), answer)
    assert [each.because for each in told] == ["", "it was killed", ""]
    assert told[1].cause is Cause.TOOL_CRASHED


def test_states_are_undone_before_a_portion_is_judged() -> None:
    read, states = pact(PAID), Fake()
    changes = Changes(states, tokens(read))
    _, jobs = verified(read, lambda job: (changes.before("t0"), yes(job))[1], changes)
    assert (len(jobs), states.calls) == (1, [("set up", "it is paid"), ("undo", "it is paid")])


MISMATCH = {
    "type": "BodyMismatch",
    "path": "$.id",
    "expected": 7,
    "actual": None,
    "mismatch": "Expected 7",
}


@pytest.mark.parametrize(
    ("told", "kind", "place"),
    [
        ({"type": "StatusMismatch"}, STATUS, "status"),
        ({"type": "HeaderMismatch", "key": "X-A", "path": "$"}, HEADER, "header X-A"),
        ({"type": "BodyMismatch", "path": "$.a"}, BODY, "$.a"),
        ({"type": "BodyTypeMismatch"}, BODY, "body"),
        ({"type": "QueryMismatch", "path": "q"}, OTHER, "q"),
        ({}, OTHER, "body"),
    ],
)
def test_a_mismatch_has_its_kind_and_its_place(told: Any, kind: object, place: str) -> None:
    entry = {"description": "t", "result": "OK", "mismatch": {"mismatches": [told, "nonsense"]}}
    (result,) = results_of({"interactionResults": [entry, 7]})
    (mismatch,) = result.mismatches
    assert (mismatch.kind, mismatch.difference.place, result.kind) == (kind, place, kind)
    assert (mismatch.difference.expected, mismatch.difference.actual, mismatch.difference.text) == ("", "", "")
    assert not result.ok


RULES = [
    {"match": "equality"}, {"match": "type"}, {"match": "type", "min": 2}, {"max": 3}, {"regex": "a+"},
    {"match": "regex", "regex": "a+"}, {"match": "include", "value": "a"}, {"match": "integer"},
    {"match": "decimal"}, {"match": "number"}, {"match": "boolean"}, {"match": "null"}, {"match": "date"},
    {"match": "time"}, {"match": "datetime", "format": "yyyy"}, {"match": "semver"}, {"match": "notEmpty"},
    {"match": "values"}, {"match": "eachKey"}, {"match": "eachKey", "rules": [{"match": "integer"}]},
    {"match": "eachValue", "rules": [{"match": "regex", "regex": "a"}]}, {"match": "arrayContains"},
    {"match": "contentType", "value": "image/png"}, {"match": "statusCode", "status": "success"},
    {"match": "of a plug-in"}, {},
]  # fmt: skip
LACKS_B = "Actual map is missing the following keys: b"
PARTS = {"status": "status", "header X-A": "header", "$.a": "body", "$": "body", "body": "body", "$.a[0]": "body"}


@given(
    st.sampled_from(RULES),
    st.sampled_from(sorted(PARTS)),
    st.sampled_from(["", "900", '"900"', "[1]", '{"a":1}', "x", "null", "[" * 5000]),
    st.sampled_from(["", "901", '"b"', "[1]", "null", "[" * 5000]),
    st.text(max_size=30),
)
@settings(max_examples=40)
def test_every_rule_is_told_in_words_with_its_place_and_what_came(
    rule: dict[str, Any], place: str, expected: str, actual: str, text: str
) -> None:
    part = PARTS[place]
    paths = {"header": "X-A", "body": place if place.startswith("$") else "$"}
    rules = {"matchers": [rule]} if part == "status" else {paths[part]: {"matchers": [rule]}}
    said = Difference(place=place, expected=expected, actual=actual, text=text)
    told = in_words(said, {"matchingRules": {part: rules}})
    assert told.place == place
    assert told.expected.strip()
    assert told.actual.strip()
    assert (told.actual == "nothing") is (not actual)
    assert len(told.sentence) < 400


@pytest.mark.parametrize(
    ("place", "expected", "actual", "text", "promised", "came"),
    [
        ("$.total", '"900"', "900", "Expected 900 (Integer) to be the same type", '"900"', "900 (an integer)"),
        ("$.total", "900", "901", "Expected 901 (Integer) to be equal to 900 (Integer)", "900", "901"),
        ("$.name", '"a"', '"b"', "Expected 'b' to match 'a'", '"a"', '"b"'),
        ("$", '["a","b"]', '["a"]', LACKS_B, "the entries b", "an object without b"),
        ("$", '["a","b"]', '["a"]', "Expected a List with 2 elements but", '["a", "b"]', '["a"]'),
        ("status", "200", "500", "expected 200 but was 500", "200", "500"),
        ("header Age", "12", "", "Expected header 'Age' but was missing", '"12"', "nothing"),
        ("$.total", "900", "", "expected total", "900", "nothing"),
        ("$.total", "", "", "expected total", "expected total", "nothing"),
        ("$.total", "", "", "", "what the pact says", "nothing"),
    ],
)  # fmt: skip
def test_what_the_verifier_found_is_told_as_facts(
    place: str, expected: str, actual: str, text: str, promised: str, came: str
) -> None:
    told = in_words(Difference(place=place, expected=expected, actual=actual, text=text), {})
    assert (told.expected, told.actual) == (promised, came)


def test_what_the_verifier_says_of_one_is_read_with_its_values() -> None:
    entry = {"description": "t", "result": "OK", "mismatch": {"mismatches": [MISMATCH], "message": "x"}}
    (result,) = results_of({"interactionResults": [entry]})
    (mismatch,) = result.mismatches
    assert (mismatch.difference.expected, mismatch.difference.actual) == ("7", "")
    assert (mismatch.difference.text, result.error, result.token) == ("Expected 7", "", "t")
    for said, ok, error in (
        ({"result": "OK"}, True, ""),
        ({"result": "FAILED"}, False, ""),
        ({"result": "OK", "mismatch": "odd"}, True, ""),
        ({"result": "FAILED", "mismatch": {"message": "it panicked"}}, False, "it panicked"),
        ({"result": "OK", "mismatch": {"message": "it panicked"}}, False, "it panicked"),
    ):
        (result,) = results_of({"interactionResults": [said]})
        assert (result.ok, result.error, result.mismatches) == (ok, error, ()), said
    assert results_of({}) == results_of({"interactionResults": {}}) == ()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({}, ""),
        ({"errors": 7}, ""),
        ({"errors": [7, {"mismatch": 7}, {"mismatch": {"message": ""}}]}, ""),
        ({"errors": [{"mismatch": {"message": "Failed - because - of it"}}]}, "because - of it"),
        ({"errors": [{"mismatch": {}}, {"mismatch": {"message": "plain"}}]}, "plain"),
    ],
)
def test_a_refusal_is_told_without_its_head(answer: dict[str, Any], told: str) -> None:
    assert refusal_of(answer) == told


NOT_APPLIED = "Could not apply the 'date' rule"


@pytest.mark.parametrize(
    ("texts", "inapplicable", "left", "ok"),
    [
        ([], "", 0, True),
        (["Expected 7"], "", 1, False),
        ([NOT_APPLIED], NOT_APPLIED, 1, False),
        ([NOT_APPLIED, "'[' is not a valid regular expression"], NOT_APPLIED, 2, False),
        (["Unable to match 'a' using it"], "Unable to match 'a' using it", 1, False),
        ([NOT_APPLIED, "Expected 7"], "", 1, False),
    ],
)
def test_a_rule_that_cannot_be_applied_counts_only_where_nothing_else_is_wrong(
    texts: list[str], inapplicable: str, left: int, ok: bool
) -> None:
    mismatches = [{**MISMATCH, "mismatch": text} for text in texts]
    entry = {"result": "OK", **({"mismatch": {"mismatches": mismatches}} if texts else {})}
    (result,) = results_of({"interactionResults": [entry]})
    assert result.inapplicable == inapplicable
    assert (len(result.decided.mismatches), result.decided.ok) == (left, ok)
    assert result.only(lambda _: True) is result
    assert result.only(lambda _: False) == VerifierResult(token="None", ok=True)


# --- states --------------------------------------------------------------------------------------------------


class Fake:
    """Provider states that note what is asked of them, and refuse what they are told to."""

    def __init__(self, *refused: tuple[str, str], listed: frozenset[str] | None = None) -> None:
        self.refused, self.listed, self.calls = refused, listed, list[tuple[str, str]]()

    def names(self) -> frozenset[str] | None:
        if ("names", "") in self.refused:
            raise StateFailed("it cannot list them")
        return self.listed

    def set_up(self, state: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self._asked("set up", state)
        return {"told": state, **params}

    def tear_down(self, state: str, params: Mapping[str, Any]) -> None:
        self._asked("undo", state)

    def _asked(self, what: str, state: str) -> None:
        self.calls.append((what, state))
        if (what, state) in self.refused:
            raise StateFailed(f"cannot {what} {state}")
        if ("miss", state) in self.refused:
            raise StateMissing(f"no {state}")


NAMES = ("a", "b", "c")
WITH_STATES = tokens(pact(*({"providerStates": [{"name": f"{n}{i}"} for i in (1, 2)]} for n in NAMES), {}))


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from(sorted(WITH_STATES))),
    st.sets(st.sampled_from([f"{n}{i}" for n in NAMES for i in (1, 2)])),
)
def test_the_provider_is_in_the_states_of_one_interaction_and_what_was_set_up_is_undone_backwards(
    asked: list[str], broken: set[str]
) -> None:
    fake = Fake(*(("set up", name) for name in broken))
    changes = Changes(fake, WITH_STATES)
    standing: list[str] = []
    for token in asked:
        states = [state.name for state in WITH_STATES[token].states]
        is_tried = bool(states) and token not in changes.failures
        assert changes.before(token) == (not set(states) & broken)
        standing = []
        for what, name in fake.calls:
            if what == "undo":
                assert standing.pop() == name
            elif name not in broken:
                standing.append(name)
        if is_tried:
            kept = states[: next((n for n, name in enumerate(states) if name in broken), len(states))]
            assert standing == kept
    changes.finish()
    done = [name for what, name in fake.calls if what == "set up" and name not in broken]
    assert sorted(done) == sorted(name for what, name in fake.calls if what == "undo")
    assert set(changes.failures.values()) <= {(Cause.STATE_FAILED, f"cannot set up {name}") for name in broken}
    assert changes.not_undone == {}
    calls = len(fake.calls)
    changes.finish()
    assert len(fake.calls) == calls


@pytest.mark.parametrize("how", ["undo", "miss"])
def test_a_state_that_could_not_be_undone_is_told_of_its_interaction(how: str) -> None:
    fake = Fake(("undo", "a1"))
    changes = Changes(fake, WITH_STATES)
    assert changes.before("t0")
    if how == "miss":
        fake.refused = (("miss", "a1"),)
    assert changes.before("t1")
    changes.finish()
    assert changes.not_undone == {"t0": "cannot undo a1" if how == "undo" else "no a1"}
    assert [name for what, name in fake.calls if what == "undo"] == ["a2", "a1", "b2", "b1"]


def test_a_state_that_the_provider_lacks_is_another_cause_than_one_that_fails() -> None:
    changes = Changes(Fake(("miss", "a2")), WITH_STATES)
    assert not changes.before("t0")
    assert changes.failures == {"t0": (Cause.STATE_MISSING, "no a2")}


def test_states_that_the_verifier_asks_for_are_left_to_it() -> None:
    fake = Fake(("set up", "b2"), ("undo", "a2"))
    changes = Changes(fake, WITH_STATES)
    changes.leave_to_verifier(frozenset({"t0", "t1"}))
    assert changes.before("t0")
    assert changes.before("t3")
    assert changes.before("nobody")
    assert fake.calls == []
    assert changes.change("t0/1", "setup") == (200, {"told": "a2"})
    assert changes.change("t1/1", "setup") == (409, {})
    assert changes.change("t0/1", "teardown") == (200, {})
    assert changes.change("nobody", "setup") == (200, {})
    assert changes.change("t0", "setup") == (200, {"told": "a1"})
    assert changes.not_undone == {"t0": "cannot undo a2"}
    assert list(changes.failures) == ["t1"]


def test_a_check_that_was_stopped_lets_nothing_new_begin() -> None:
    changes = Changes(None, {})
    first = changes.seen()
    changes.before("t0")
    assert changes.seen() >= first
    changes.stop()
    with pytest.raises(StateFailed, match="stopped"):
        changes.seen()


WANTED = {name: ProviderState(name=name) for name in ("a", "b")}
NO_WAY = "the manifest does not say how the provider is put into states"


@pytest.mark.parametrize(
    ("states", "listed", "missing"),
    [
        (None, frozenset("ab"), {"a": NO_WAY, "b": NO_WAY}),
        (Fake(listed=frozenset("ac")), frozenset("ab"), {"b": "the provider has: a, c"}),
        (Fake(listed=frozenset()), frozenset("ab"), dict.fromkeys("ab", "the provider has no states at all")),
        (Fake(), frozenset("bc"), {"a": "the provider has: b, c"}),
        (Fake(("names", "")), frozenset("bc"), {"a": "the provider has: b, c"}),
        (Fake(("miss", "a")), frozenset(), {"a": "no a"}),
        (Fake(("names", ""), ("miss", "b")), frozenset(), {"b": "no b"}),
        (Fake(("set up", "a")), frozenset(), {}),
    ],
)
def test_a_state_is_missing_by_the_providers_word_or_the_manifests_or_when_it_cannot_be_set_up(
    states: Fake | None, listed: frozenset[str], missing: dict[str, str]
) -> None:
    assert missing_states(states, listed, WANTED) == missing


def test_a_state_that_was_tried_is_undone() -> None:
    fake = Fake()
    assert missing_states(fake, frozenset(), WANTED) == {}
    assert fake.calls == [("set up", "a"), ("undo", "a"), ("set up", "b"), ("undo", "b")]
