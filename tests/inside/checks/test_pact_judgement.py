"""The verdict on one interaction: a yes needs two judges, a whole answer to what was promised, a state undone."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from harness.checks.api import CheckSettings, CheckTarget
from harness.checks.engines.pact_chunks import InteractionOutcome
from harness.checks.engines.pact_judgement import InteractionJudge, Seen
from harness.checks.engines.pact_record import Opinion
from harness.checks.engines.pact_results import (
    BODY,
    HEADER,
    STATUS,
    Mismatch,
    VerifierResult,
)
from harness.comparison.pact_matching.judgement import Judgement, Undecided
from harness.contracts.pact import Interaction
from harness.contracts.pact_reader import read_pact
from harness.identity import Version
from harness.ports import Endpoint, Instance
from harness.runtime.recorder import HttpRecorder
from harness.services.system import Service
from harness.verdicts import Cause, Difference, Exchange, Exercised, Finding, Verdict

PACT = read_pact(
    json.dumps(
        {
            "consumer": {"name": "web"},
            "provider": {"name": "orders"},
            "interactions": [
                {
                    "description": "an order",
                    "providerStates": [{"name": "it exists"}, {"name": "it is paid"}],
                    "request": {"method": "GET", "path": "/orders/7"},
                    "response": {"status": 200, "body": {"id": 7}},
                }
            ],
            "metadata": {"pactSpecification": {"version": "3.0.0"}},
        }
    ),
    "web-orders.json",
)
(ORDER,) = PACT.interactions
AT = Endpoint(name="http", url="http://127.0.0.1:1", inside="http://orders")
TARGET = CheckTarget(
    service=Service(name="orders", version="2"),
    instance=Instance(name="orders", version="2", endpoints=(AT,)),
    recorder=HttpRecorder(),
    settings=CheckSettings(scratch=Path("/nowhere"), options=("--runtime", "process")),
)
BENCH = InteractionJudge(target=TARGET, pact=PACT, alive=lambda: True, log=lambda: ("a line of its log",))
CAME = Exchange(method="GET", url="http://127.0.0.1:1/orders/7", status=200, seconds=0.5)


def different(place: str, text: str = "told") -> Difference:
    return Difference(place=place, expected="that", actual="this", text=text)


def result(*places: str, ok: bool = False, error: str = "", text: str = "told") -> VerifierResult:
    kinds = {"status": STATUS, "h": HEADER}
    mismatches = [
        Mismatch(kind=kinds.get(p if p == "status" else p[0], BODY), difference=different(p, text)) for p in places
    ]
    return VerifierResult(token="t", ok=ok, mismatches=tuple(mismatches), error=error)


def against(*places: str) -> Opinion:
    return Opinion(answer=Judgement(differences=tuple(map(different, places))))


NOT_APPLIED = result("$.id", text="Could not apply the 'x' rule")
RESULTS = {
    "yes": result(ok=True),
    "a wrong status": result("status"),
    "a wrong body": result("$.id"),
    "a header that is taken off before it looks": result("header Keep-Alive"),
    "a rule that it cannot apply": NOT_APPLIED,
    "no, and nothing else": result(),
}
OPINIONS = {
    "kept": Opinion(),
    "a wrong status": against("status"),
    "a wrong body": against("$.id"),
    "not known": Opinion(answer=Judgement(undecided=(Undecided(place="$.id", why="nobody knows the rule"),))),
    "another request": Opinion(unasked=(different("path"),)),
    "no whole answer": Opinion(trouble="it broke off"),
    "the example breaks its rule": replace(against("$.id"), contradictions=(different("$.id"),)),
    "some of it is of the pact": replace(against("$.id", "status"), contradictions=(different("$.id"),)),
}


def judged(
    told: VerifierResult | None = RESULTS["yes"],
    opinion: Opinion | None = OPINIONS["kept"],
    *exchanges: Exchange,
    bench: InteractionJudge = BENCH,
    order: Interaction = ORDER,
    not_undone: str = "",
) -> list[Any]:
    seen = Seen(exchanges=() if opinion is None else exchanges or (CAME,), opinion=opinion)
    return list(bench.judged(order, InteractionOutcome(token="t", result=told), seen, not_undone))


def test_a_yes_needs_both_judges_the_promised_request_a_whole_answer_and_a_state_undone() -> None:
    moved = replace(CAME, status=302)
    for (said, result_), (found, opinion), not_undone, pending, first in product(
        RESULTS.items(), OPINIONS.items(), ("", "not undone"), (False, True), (CAME, moved)
    ):
        order = replace(ORDER, pending=pending)
        exercised, *findings = judged(result_, opinion, first, CAME, order=order, not_undone=not_undone)
        assert isinstance(exercised, Exercised)
        takes_it = said in ("yes", "a header that is taken off before it looks")
        is_kept = takes_it and found in ("kept", "not known") and first is CAME
        case = (said, found, not_undone, pending, first.status)
        assert (exercised.verdict is Verdict.PASSED) == (is_kept and not not_undone), case
        assert (exercised.verdict is Verdict.FAILED) == bool(findings), case
        assert (exercised.verdict is Verdict.PASSED) == (exercised.cause is None), case
        assert not (pending and findings), case
        if is_kept and not_undone:
            assert (exercised.cause, exercised.because) == (
                Cause.STATE_FAILED,
                "the promise was kept, but not undone",
            )


@pytest.mark.parametrize(
    ("said", "found", "verdict", "cause", "words"),
    [
        (
            "yes",
            "a wrong status",
            Verdict.FAILED,
            Cause.BROKEN_PROMISE,
            "came this (two judges disagree: the verifier takes",
        ),
        (
            "yes",
            "a wrong body",
            Verdict.FAILED,
            Cause.BROKEN_PROMISE,
            "came this (two judges disagree: the verifier takes",
        ),
        ("a wrong body", "kept", Verdict.FAILED, Cause.BROKEN_PROMISE, "as the harness reads them take it)"),
        ("a wrong body", "not known", Verdict.FAILED, Cause.BROKEN_PROMISE, '$.id: expected "that", came "this"'),
        (
            "a wrong status",
            "a wrong status",
            Verdict.FAILED,
            Cause.BROKEN_PROMISE,
            "status: expected that, came this",
        ),
        ("yes", "another request", Verdict.UNKNOWN, Cause.NOT_ASKED, "not the promised one: path: told"),
        (
            "yes",
            "no whole answer",
            Verdict.FAILED,
            Cause.BROKEN_PROMISE,
            "response: expected status 200, came no whole answer to GET /orders/7: it broke",
        ),
        ("yes", "the example breaks its rule", Verdict.UNKNOWN, Cause.UNREADABLE, "contradicts itself"),
        ("a rule that it cannot apply", "kept", Verdict.UNKNOWN, Cause.UNREADABLE, "cannot be applied: Could not"),
        (
            "a rule that it cannot apply",
            "a wrong body",
            Verdict.FAILED,
            Cause.BROKEN_PROMISE,
            "$.id: expected that",
        ),
        ("no, and nothing else", "kept", Verdict.UNKNOWN, Cause.TOOL_CRASHED, "could not tell: it gave no reason"),
        ("no, and nothing else", "a wrong body", Verdict.FAILED, Cause.BROKEN_PROMISE, "$.id: expected that"),
    ],
)
def test_what_two_judges_say_has_one_verdict_and_one_cause(
    said: str, found: str, verdict: Verdict, cause: Cause, words: str
) -> None:
    exercised, *_ = judged(RESULTS[said], OPINIONS[found])
    assert (exercised.verdict, exercised.cause) == (verdict, cause)
    assert exercised.because == words or words in exercised.because
    assert exercised.exchange is CAME


@pytest.mark.parametrize(
    ("said", "found", "code", "place"),
    [
        (result("$.id", "status"), Opinion(), "response.status.mismatch", "status"),
        (result("header X-A", "$.id"), Opinion(), "response.body.mismatch", "$.id"),
        (result("header X-A"), against("header X-A"), "response.header.mismatch", "header X-A"),
        (result("header Location"), against("header location"), "response.header.mismatch", "header location"),
        (result("header Location", "$.id"), against("$.id"), "response.body.mismatch", "$.id"),
        (result(ok=True), against("$.id", "status"), "response.status.mismatch", "status"),
        (result(ok=True), against("header X-A"), "response.header.mismatch", "header X-A"),
        (result(ok=True), against("$.a", "$.a.b"), "response.body.mismatch", "$.a.b"),
        (result(), against("header X-A", "$.a"), "response.body.mismatch", "$.a"),
        (result(ok=True), Opinion(trouble="none"), "provider.no-response", "response"),
    ],
)
def test_a_finding_names_the_worst_of_what_is_wrong(
    said: VerifierResult, found: Opinion, code: str, place: str
) -> None:
    exercised, finding = judged(said, found)
    assert isinstance(finding, Finding)
    assert (finding.code, finding.differences[0].place) == (code, place)
    assert finding.expected.startswith(f"{place}: ")
    assert finding.differences[0].actual in finding.actual
    assert finding.actual != exercised.because
    assert (finding.subject, finding.consumer, finding.operation) == (ORDER.label, "web", "GET /orders/7")
    assert finding.place == exercised.place == "web-orders.json#/interactions/0"
    assert (
        finding.replay
        == exercised.replay
        == (f"harness verify orders=2 --against web --only '{ORDER.label}' --runtime process")
    )
    assert finding.remedy


def test_the_status_of_a_silent_provider_is_that_of_the_promise() -> None:
    _, finding = judged(RESULTS["yes"], Opinion(trouble="it broke off"))
    assert (finding.expected, finding.differences[0].actual) == ("response: status 200", "it broke off")


def test_a_difference_is_told_by_its_place_the_promise_and_what_came() -> None:
    exercised, finding = judged(result("$.id", text=""), OPINIONS["not known"])
    assert exercised.because == '$.id: expected "that", came "this"'
    assert (finding.expected, finding.actual) == ('$.id: "that"', '"this"')
    assert finding.remedy == "let orders answer so again, or change what web needs and publish its new pact"


def test_a_replay_names_the_version_of_the_consumer_where_it_is_known() -> None:
    bench = replace(BENCH, target=replace(TARGET, consumer=Version("web", "1.4")))
    assert "--against web=1.4 " in judged(bench=bench)[0].replay
    nameless = replace(BENCH, target=replace(TARGET, consumer=Version("web", "")))
    assert "--against web " in judged(bench=nameless)[0].replay


def test_a_kept_promise_tells_what_it_covered_and_how_its_pact_contradicts_itself() -> None:
    (kept,) = judged(opinion=Opinion(contradictions=(different("$.id"),)))
    assert [(each.operation, each.status) for each in kept.covered] == [("GET /orders/7", 200)]
    assert kept.remark == "the pact contradicts itself, its example breaks its own rule: $.id: told"
    assert (kept.seconds, kept.operation, kept.subject) == (0.5, "GET /orders/7", ORDER.label)


@pytest.mark.parametrize(
    ("status", "is_one"), [(299, False), (300, True), (302, True), (304, False), (399, True), (400, False)]
)
def test_a_redirect_that_nobody_promised_breaks_the_promise_whatever_follows(status: int, is_one: bool) -> None:
    first = replace(CAME, status=status, response_headers=(("X-A", "1"), ("Location", "/b")))
    exercised, *findings = judged(RESULTS["yes"], OPINIONS["kept"], first, CAME)
    assert bool(findings) == is_one
    if is_one:
        assert exercised.because.startswith(
            f"status: expected 200, came a redirect: {status} to /b; what follows would keep"
        )
        assert (findings[0].code, exercised.exchange) == ("request.redirect.followed", first)
        assert findings[0].actual.startswith(f"a redirect: {status} to /b; what follows would keep it")
        broken, finding = judged(RESULTS["a wrong body"], OPINIONS["a wrong body"], first, CAME)
        assert "what follows does not keep it either" in broken.because
        assert [each.place for each in finding.differences] == ["status", "$.id"]
        assert (
            "to nowhere"
            in judged(RESULTS["yes"], OPINIONS["kept"], replace(first, response_headers=()))[0].because
        )
    promised = judged(RESULTS["yes"], OPINIONS["kept"], first, order=replace(ORDER, status=302))
    assert promised[0].verdict is Verdict.PASSED


def test_of_no_result_the_cause_is_told_with_the_last_request() -> None:
    told = InteractionOutcome(token="t", cause=Cause.UNREADABLE, because="it cannot be read")
    said = BENCH.judged(ORDER, told, Seen(exchanges=(CAME,), opinion=Opinion()), "")[0]
    assert (said.verdict, said.cause) == (Verdict.UNKNOWN, Cause.UNREADABLE)
    assert said.because == f"it cannot be read; the last request was GET {CAME.url}"
    nothing = BENCH.judged(ORDER, InteractionOutcome(token="t"), Seen(exchanges=()), "")[0]
    assert (nothing.cause, nothing.because, nothing.seconds) == (Cause.TOOL_CRASHED, "no result", 0.0)


def test_of_no_request_nothing_is_known_whatever_the_verifier_says() -> None:
    (said,) = judged(RESULTS["yes"], None)
    assert (said.cause, said.because) == (Cause.TOOL_CRASHED, "the verifier said yes, but no request was seen")
    (said,) = judged(result(error="it panicked"), None)
    assert (said.cause, said.because) == (Cause.TOOL_CRASHED, "the verifier could not tell: it panicked")


LOST = replace(CAME, status=0)


@pytest.mark.parametrize(
    ("came", "changes", "late", "cause"),
    [
        (LOST, {"unanswered": lambda: "it never answered"}, False, Cause.DID_NOT_START),
        (CAME, {"unanswered": lambda: "it never answered"}, False, Cause.BROKEN_PROMISE),
        (LOST, {"alive": lambda: False}, False, Cause.SERVICE_DIED),
        (LOST, {"alive": lambda: False}, True, Cause.BROKEN_PROMISE),
        (CAME, {"alive": lambda: False}, False, Cause.BROKEN_PROMISE),
        (LOST, {}, False, Cause.BROKEN_PROMISE),
    ],
)
def test_no_whole_answer_is_the_providers_fault_as_long_as_it_is_there(
    came: Exchange, changes: dict[str, Any], late: bool, cause: Cause
) -> None:
    opinion = Opinion(trouble="it broke off", late=late)
    exercised, *findings = judged(RESULTS["yes"], opinion, came, bench=replace(BENCH, **changes))
    assert (exercised.cause, bool(findings)) == (cause, cause is Cause.BROKEN_PROMISE)
    assert exercised.exchange is came


@pytest.mark.parametrize(("status", "shown"), [(0, True), (200, False), (499, False), (500, True)])
def test_the_log_is_shown_where_the_service_failed_or_its_answer_was_lost(status: int, shown: bool) -> None:
    assert BENCH.log_of(replace(CAME, status=status)) == (("a line of its log",) if shown else ())
    assert BENCH.log_of(None) == ("a line of its log",)


@pytest.mark.parametrize(
    ("cause", "code"),
    [(Cause.STATE_MISSING, "provider-state.missing"), (Cause.STATE_FAILED, "provider-state.failed")],
)
def test_a_state_that_cannot_be_had_leaves_the_contract_untried(cause: Cause, code: str) -> None:
    said, *findings = BENCH.stateless(ORDER, cause, "no such state")
    (finding,) = findings
    assert (said.verdict, said.cause, said.because) == (Verdict.UNKNOWN, cause, "no such state")
    assert (finding.code, finding.actual, finding.consumer) == (code, "no such state", "web")
    assert finding.expected == "orders can be put into: it exists, it is paid"
    assert (finding.operation, finding.place, finding.replay) == (said.operation, said.place, said.replay)
    assert "orders's" in finding.remedy
    assert "{" not in finding.remedy


def test_the_rule_of_the_pact_is_told_and_not_the_example_that_the_verifier_shows() -> None:
    ours = Difference(place="$.id", expected="an integer", actual='"x" (a text)')
    exercised, finding = judged(result("$", "$.id", "header X-A"), Opinion(answer=Judgement(differences=(ours,))))
    assert exercised.because == '$.id: expected an integer, came "x" (a text)'
    assert [each.place for each in finding.differences] == ["$.id", "header X-A"]
