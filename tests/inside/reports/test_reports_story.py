"""What a stream of events means: the worst that any of them tells."""

from __future__ import annotations

from dataclasses import replace

import event_strategies as drawn
import pytest
import sample_events as sample
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.events import (
    CheckFinished,
    CheckFound,
    CheckStarted,
    Decided,
    Event,
    PromiseExercised,
    RunFinished,
    TaskId,
)
from harness.evidence import EvidenceKind
from harness.identity import Version
from harness.reports.phrases import headline, reuse
from harness.reports.run_summary import summarize
from harness.reports.unknowns import unexplained_reasons, unknowns
from harness.verdicts import Cause, Exercised, Verdict


def without(stream: list[Event], kind: type) -> list[Event]:
    return [event for event in stream if not isinstance(event, kind)]


def test_a_run_in_which_everything_is_kept_is_a_yes() -> None:
    story = summarize(sample.good_run())
    assert story.verdict is Verdict.PASSED
    assert headline(story).startswith("YES: web 1, catalog 1, orders 1 and payments 1 can be deployed together")
    assert (story.kept, story.broken_promises, story.open_promises) == (17, 0, 0)
    assert unknowns(story) == ()


def test_no_part_of_a_good_run_that_was_cut_off_is_a_yes() -> None:
    whole = sample.good_run()
    for length in range(len(whole)):
        story = summarize(whole[:length])
        assert story.verdict is Verdict.UNKNOWN, length
        assert story.interrupted
        assert any(each.cause is Cause.INTERRUPTED for each in unknowns(story)), length


def test_no_part_of_a_broken_run_that_was_cut_off_is_a_yes() -> None:
    whole = sample.faults_run()
    first = next(
        i for i, e in enumerate(whole) if isinstance(e, PromiseExercised) and e.exercised.verdict.name == "FAILED"
    )
    for length in range(len(whole)):
        expected = Verdict.FAILED if length > first else Verdict.UNKNOWN
        assert summarize(whole[:length]).verdict is expected, length


def test_a_check_that_was_planned_and_never_ran_is_unknown() -> None:
    stream = sample.good_run()
    task = sample.tasks_of(sample.versions())[0]
    left = [e for e in stream if getattr(e, "task", None) != task]
    story = summarize(left)
    assert story.verdict is Verdict.UNKNOWN
    assert [each.cause for each in unknowns(story)] == [Cause.NOT_VERIFIED]


def test_checks_without_an_end_are_unknown_though_the_run_says_yes() -> None:
    story = summarize(without(sample.good_run(), CheckFinished))
    assert story.verdict is Verdict.UNKNOWN


def test_a_broken_promise_stands_though_everything_else_says_yes() -> None:
    stream = sample.good_run()
    spot = next(i for i, e in enumerate(stream) if isinstance(e, PromiseExercised))
    event = stream[spot]
    assert isinstance(event, PromiseExercised)
    failed = replace(event.exercised, verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE, because="status 500")
    stream[spot] = replace(event, exercised=failed)
    story = summarize(stream)
    assert story.verdict is Verdict.FAILED
    assert [b.finding.actual for b in story.broken] == ["status 500"]


def test_a_yes_of_a_check_that_exercised_less_than_it_promised_is_not_believed() -> None:
    stream = [
        replace(e, exercised=e.exercised - 1) if isinstance(e, CheckFinished) else e for e in sample.good_run()
    ]
    assert summarize(stream).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("kind", EvidenceKind)
def test_only_a_pact_may_promise_nothing(kind: EvidenceKind) -> None:
    task = TaskId(kind=kind, provider=Version("orders", "1"), consumer=Version("web", "1"), contract="c1")
    end = CheckFinished(task=task, verdict=Verdict.PASSED, promised=0, exercised=0, seconds=1.0)
    (told,) = summarize([CheckStarted(task=task, promised=0), end]).tasks
    assert (told.verdict is Verdict.PASSED) == (kind is EvidenceKind.PACTS)


def test_a_missing_provider_state_is_unknown_and_never_a_broken_promise() -> None:
    story = summarize(sample.faults_run())
    assert "provider-state.missing" not in {b.finding.code for b in story.broken}
    entry = next(each for each in unknowns(story) if each.cause is Cause.STATE_MISSING)
    assert "a declined card" in entry.subjects
    assert entry.remedy
    assert entry.command.startswith("harness verify payments=2 --against orders=2")


def test_an_accepted_finding_stays_in_sight_and_breaks_nothing() -> None:
    system = sample.versions()
    stream = sample.good_run()
    stream.insert(-2, sample.accepted(sample.document_task(system["payments"])))
    story = summarize(stream)
    assert story.verdict is Verdict.PASSED
    assert len(story.accepted) == 1


def test_the_faults_run_names_whom_each_fault_hits_and_whom_it_spares() -> None:
    told = {(str(b.task.provider), b.finding.code): b for b in summarize(sample.faults_run()).broken}
    price = told["catalog 2", "response.body.mismatch"]
    assert [str(v) for v in price.hits] == ["orders 2"]
    assert [str(v) for v in price.spares] == ["web 1"]
    assert len(summarize(sample.faults_run()).broken) == 7


def test_one_culprit_is_named_together_with_whom_it_cannot_meet() -> None:
    system = sample.versions()
    task = sample.pact_task(system["web"], system["orders"])
    found = sample.finding(task, 1, "response.body.mismatch", "a number", "a string")
    stream = sample.good_run()
    stream.insert(-2, CheckFound(task=task, finding=found, hits=(system["web"],)))
    assert headline(summarize(stream)) == "NO: orders 1 cannot be deployed with web 1."


def test_a_service_that_did_not_start_explains_all_that_depends_on_it_once() -> None:
    told = unknowns(summarize(sample.did_not_start_run()))
    assert [(each.about, each.cause) for each in told] == [
        ("payments 2", Cause.DID_NOT_START),
        ("orders 1", Cause.DID_NOT_START),
    ]
    assert len(told[0].subjects) == 5
    assert told[0].log_tail


def test_a_run_without_any_change_says_so() -> None:
    story = summarize(sample.reused_run())
    assert reuse(story) == "nothing has changed: 8 of 8 answered by run 20260301-101500-a1b2c3"
    assert story.verdict is Verdict.PASSED


def test_an_empty_stream_is_unknown() -> None:
    story = summarize([])
    assert story.verdict is Verdict.UNKNOWN
    assert headline(story) == "CANNOT TELL: the run was interrupted."
    assert len(unknowns(story)) == 1


def test_a_run_that_checked_nothing_and_decided_nothing_is_unknown() -> None:
    story = summarize([RunFinished(verdict=Verdict.PASSED, seconds=1.0)])
    assert story.verdict is Verdict.UNKNOWN
    assert unknowns(story)[0].cause is Cause.NOTHING_EXERCISED


def test_a_set_that_meets_nobody_may_be_deployed() -> None:
    stream: list[Event] = [sample.started(sample.versions()), sample.decided(sample.versions())]
    assert summarize([*stream, RunFinished(verdict=Verdict.PASSED, seconds=1.0)]).verdict is Verdict.PASSED


def test_checks_without_a_gate_are_told_without_the_word_deployed() -> None:
    stream = [e for e in sample.good_run() if not isinstance(e, Decided)]
    assert headline(summarize(stream)) == "YES: every promise that was checked is kept."


@given(drawn.streams)
def test_the_worst_that_any_event_tells_stands(stream: list[Event]) -> None:
    story = summarize(stream)
    told = [e.verdict for e in stream if isinstance(e, (RunFinished, CheckFinished, Decided))]
    told += [e.exercised.verdict for e in stream if isinstance(e, PromiseExercised)]
    assert story.verdict >= max(told, default=Verdict.UNKNOWN)
    if not any(isinstance(e, RunFinished) for e in stream):
        assert story.verdict is not Verdict.PASSED


@given(drawn.streams)
def test_every_no_and_every_unknown_has_something_that_explains_it(stream: list[Event]) -> None:
    story = summarize(stream)
    told = unknowns(story)
    assert all(each.command for each in told)
    if story.verdict is Verdict.UNKNOWN:
        assert told
    if story.verdict is Verdict.FAILED:
        assert told or story.broken or any(unexplained_reasons(story, Verdict.FAILED))


@given(drawn.streams, st.data())
def test_one_more_broken_promise_never_makes_the_answer_better(stream: list[Event], data: st.DataObject) -> None:
    broken = data.draw(drawn.exercised().filter(lambda e: e.verdict is Verdict.FAILED))
    extra = PromiseExercised(task=data.draw(drawn.tasks), exercised=broken)
    at = data.draw(st.integers(0, len(stream)))
    assert summarize([*stream[:at], extra, *stream[at:]]).verdict is Verdict.FAILED


def test_every_unknown_result_of_a_check_is_counted_as_open() -> None:
    task = sample.suite_task()
    skipped = Exercised(
        subject="test_x", verdict=Verdict.UNKNOWN, cause=Cause.NOTHING_EXERCISED, because="skipped: no browser"
    )
    end = CheckFinished(task=task, verdict=Verdict.UNKNOWN, promised=1, exercised=0, seconds=1.0)
    story = summarize([CheckStarted(task=task, promised=1), PromiseExercised(task=task, exercised=skipped), end])
    assert story.open_promises == 1
    assert unknowns(story)[0].command == "harness run --only integration"


@pytest.mark.parametrize("name", sample.RUNS)
def test_the_order_in_which_checks_interleave_does_not_change_the_answer(name: str) -> None:
    stream = sample.RUNS[name]()
    checks = [event for event in stream if hasattr(event, "task")]
    others = [event for event in stream if not hasattr(event, "task")]
    assert summarize([*others, *reversed(checks)]).verdict is summarize(stream).verdict
