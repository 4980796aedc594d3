"""The verdict on one interaction: from what the verifier said and from what was really seen on the wire."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.checks.api import CheckTarget
from harness.checks.engines.pact_record import BETWEEN, Opinion
from harness.checks.engines.pact_results import BODY, HEADER, STATUS, FindingKind, in_words, is_within
from harness.comparison.coverage import covered_by
from harness.contracts.pact import Pact
from harness.contracts.pact_reader import place_of
from harness.identity import argument_of
from harness.verdicts import Cause, Difference, Exchange, Exercised, Finding, Verdict, most_telling_first

if TYPE_CHECKING:
    from harness.checks.engines.pact_chunks import InteractionOutcome
    from harness.checks.engines.pact_results import Mismatch, VerifierResult
    from harness.contracts.pact import Interaction

REDIRECTED = FindingKind(
    code="request.redirect.followed",
    remedy="answer at the path that the consumer asks for, or let the consumer promise the redirect",
)
SILENT = FindingKind(code="provider.no-response", remedy="see the provider's log for this request")
MISSING = FindingKind(
    code="provider-state.missing",
    remedy="add the state to {provider}'s provider states, or correct its name in {consumer}'s consumer test",
)
FAILING = FindingKind(code="provider-state.failed", remedy="mend {provider}'s handler of this state")

Answers = tuple[Exercised] | tuple[Exercised, Finding]


@dataclass(frozen=True, slots=True)
class PromiseBreach:
    """How a promise is broken, and where it shows."""

    kind: FindingKind
    differences: tuple[Difference, ...]  # at least one
    came: str = ""  # what came instead, where that is more than the first difference says
    note: str = ""

    @property
    def fact(self) -> str:
        """What came instead."""
        came = self.came or self.differences[0].actual
        return f"{came} ({self.note})" if self.note else came

    @property
    def sentence(self) -> str:
        """Where, what was promised, and what came."""
        return replace(self.differences[0], actual=self.fact).sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What went over the wire for one interaction, and what the record says of it."""

    exchanges: Sequence[Exchange]  # as they may be shown
    opinion: Opinion | None = None  # None when nothing went over the wire

    @property
    def first(self) -> Exchange | None:
        """The promised request, and its answer."""
        return self.exchanges[0] if self.exchanges else None

    @property
    def seconds(self) -> float:
        """How long it took, in all."""
        return sum(each.seconds for each in self.exchanges)

    @property
    def last(self) -> Exchange | None:
        """What came in the end, where redirects were followed."""
        return self.exchanges[-1] if self.exchanges else None


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionJudge:
    """Judges the interactions of one pact on one provider."""

    target: CheckTarget
    pact: Pact
    alive: Callable[[], bool]  # whether the provider still accepts connections
    unanswered: Callable[[], str] = lambda: ""  # why it never answered a request; "" when it did, or has gone
    log: Callable[[], tuple[str, ...]] = tuple  # what the services wrote while this interaction was tried

    def judged(self, interaction: Interaction, told: InteractionOutcome, seen: Seen, not_undone: str) -> Answers:
        """The verdict of two judges, and the finding when the promise is broken; the stricter one stands."""
        exchange, first = seen.last, seen.first
        if told.result is None:
            return self._unanswered(interaction, told, exchange)
        if first is None or seen.opinion is None:
            because = "the verifier said yes, but no request was seen"
            because = because if told.result.ok else _no_reason(told.result)
            return self.unknown(interaction, Cause.TOOL_CRASHED, because)
        opinion, result = seen.opinion, _as_recorded(told.result, seen.opinion).decided
        if opinion.unasked:
            because = f"the request was not the promised one: {_as_text(opinion.unasked)}"
            return self.unknown(interaction, Cause.NOT_ASKED, because, first)
        if not interaction.expects_redirect and _is_redirect(first):
            return self._broken(interaction, _broken_by_redirect(interaction, first, result), first)
        if opinion.trouble:
            return self._silent(interaction, seen, opinion)
        if opinion.is_of_the_pact:
            because = (
                f"the pact contradicts itself, its example breaks its rule: {_as_text(opinion.contradictions)}"
            )
            return self.unknown(interaction, Cause.UNREADABLE, because, exchange)
        if result.ok:
            return self._confirmed(interaction, seen, opinion, not_undone)
        return self._refuted(interaction, result, seen, opinion)

    def _unanswered(
        self, interaction: Interaction, told: InteractionOutcome, exchange: Exchange | None
    ) -> Answers:
        because = told.because or "no result"
        if exchange is not None:
            because = f"{because}; the last request was {exchange.method} {exchange.url}"
        return self.unknown(interaction, told.cause or Cause.TOOL_CRASHED, because, exchange)

    def unknown(
        self, interaction: Interaction, cause: Cause, because: str, exchange: Exchange | None = None
    ) -> tuple[Exercised]:
        """Nothing can be said, and why."""
        return (self._exercised(interaction, Verdict.UNKNOWN, exchange, cause, because),)

    def stateless(self, interaction: Interaction, cause: Cause, because: str) -> Answers:
        """The provider could not be put into the interaction's state: the contract itself was not tried."""
        name, states = self.target.service.name, ", ".join(state.name for state in interaction.states)
        kind = MISSING if cause is Cause.STATE_MISSING else FAILING
        finding = Finding(
            code=kind.code,
            subject=interaction.label,
            expected=f"{name} can be put into: {states}",
            actual=because,
            consumer=self.pact.consumer,
            operation=_operation(interaction),
            place=place_of(self.pact, interaction),
            replay=self._replay(interaction),
            remedy=kind.remedy.format(provider=name, consumer=self.pact.consumer),
        )
        return (*self.unknown(interaction, cause, because), finding)

    def _confirmed(self, interaction: Interaction, seen: Seen, opinion: Opinion, not_undone: str) -> Answers:
        """What the verifier takes, and whether the record does as well."""
        exchange = seen.last
        if not opinion.answer.kept:
            return self._broken(interaction, _broken_by_dispute(opinion), exchange)
        if not_undone:
            return self.unknown(
                interaction, Cause.STATE_FAILED, f"the promise was kept, but {not_undone}", exchange
            )
        kept = self._exercised(interaction, Verdict.PASSED, exchange)
        covered = covered_by(exchange) if exchange else None
        return (replace(kept, covered=(covered,) if covered else (), remark=opinion.contradiction),)

    def _refuted(self, interaction: Interaction, result: VerifierResult, seen: Seen, opinion: Opinion) -> Answers:
        if result.inapplicable and opinion.answer.kept:
            because = f"a rule of the pact cannot be applied: {result.inapplicable}"
            return self.unknown(interaction, Cause.UNREADABLE, because, seen.last)
        if result.mismatches and not result.inapplicable:
            broken = _by_both(interaction, result, opinion)
            is_disputed = opinion.answer.kept and not opinion.answer.undecided
            return self._broken(interaction, _told_of_both(broken) if is_disputed else broken, seen.last)
        if not opinion.answer.kept:
            return self._broken(interaction, _by_the_record(opinion), seen.last)
        return self.unknown(interaction, Cause.TOOL_CRASHED, _no_reason(result), seen.last)

    def _silent(self, interaction: Interaction, seen: Seen, opinion: Opinion) -> Answers:
        """No whole answer came: the provider's fault as long as it is there to be asked."""
        exchange = seen.last
        if exchange is not None and not exchange.status and (why := self.unanswered()):
            return self.unknown(interaction, Cause.DID_NOT_START, why, exchange)
        if exchange is not None and not exchange.status and not opinion.late and not self.alive():
            because = f"{self.target.service.name} no longer accepts connections"
            return self.unknown(interaction, Cause.SERVICE_DIED, because, exchange)
        asked = f"{interaction.method} {interaction.path}"
        difference = Difference(place="response", expected=f"status {interaction.status}", actual=opinion.trouble)
        came = f"no whole answer to {asked}: {opinion.trouble}"
        return self._broken(interaction, PromiseBreach(SILENT, (difference,), came), exchange)

    def _broken(self, interaction: Interaction, broken: PromiseBreach, exchange: Exchange | None) -> Answers:
        first = broken.differences[0]
        because = broken.sentence
        if interaction.pending:
            # Pact's pending: told, but the provider is not blamed yet; a yes it is not either.
            because = f"pending, and not kept yet: {because}"
            return self.unknown(interaction, Cause.BROKEN_PROMISE, because, exchange)
        finding = Finding(
            code=broken.kind.code,
            subject=interaction.label,
            expected=f"{first.place}: {first.expected}",
            actual=broken.fact,
            consumer=self.pact.consumer,
            operation=_operation(interaction),
            place=place_of(self.pact, interaction),
            replay=self._replay(interaction),
            remedy=broken.kind.remedy or self._mend(),
            differences=broken.differences,
            exchange=exchange,
            log=self.log_of(exchange),
        )
        failed = self._exercised(interaction, Verdict.FAILED, exchange, Cause.BROKEN_PROMISE, because)
        return (failed, finding)

    def log_of(self, exchange: Exchange | None) -> tuple[str, ...]:
        """What tells why, where the service failed or its answer was lost."""
        return self.log() if exchange is None or not exchange.status or exchange.status >= 500 else ()

    def _mend(self) -> str:
        """Who has to do what: one side of a promise has to give way."""
        provider, consumer = self.target.service.name, self.pact.consumer
        return f"let {provider} answer so again, or change what {consumer} needs and publish its new pact"

    def _exercised(
        self,
        interaction: Interaction,
        verdict: Verdict,
        exchange: Exchange | None,
        cause: Cause | None = None,
        because: str = "",
    ) -> Exercised:
        return Exercised(
            subject=interaction.label,
            verdict=verdict,
            cause=cause,
            because=because,
            place=place_of(self.pact, interaction),
            seconds=exchange.seconds if exchange else 0.0,
            replay=self._replay(interaction),
            operation=_operation(interaction),
            exchange=exchange,
        )

    def _replay(self, interaction: Interaction) -> str:
        settings, consumer = self.target.settings, self.target.consumer
        against = consumer.argument if consumer else argument_of(self.pact.consumer)
        words = ["verify", self.target.service.identity.argument]
        words += ["--against", against, "--only", interaction.label, *settings.options]
        return " ".join([settings.command, *(shlex.quote(word) for word in words)])


def _is_redirect(exchange: Exchange) -> bool:
    return 300 <= exchange.status < 400 and exchange.status != 304


def _broken_by_redirect(interaction: Interaction, first: Exchange, result: VerifierResult) -> PromiseBreach:
    """Not every client follows a redirect, so it breaks a promise even where what follows would keep it."""
    location = next((value for name, value in first.response_headers if name.lower() == "location"), "nowhere")
    what = f"{first.status} to {location}"
    after = "what follows would keep it" if result.ok else "what follows does not keep it either"
    difference = Difference(place="status", expected=str(interaction.status), actual=what)
    came = f"a redirect: {what}; {after}, but not every client follows"
    return PromiseBreach(REDIRECTED, (difference, *_verifier_differences(interaction, result)), came)


def _as_recorded(result: VerifierResult, opinion: Opinion) -> VerifierResult:
    """The verifier's word without what it cannot know: headers that are taken off before it looks."""
    missed = {each.place.lower() for each in opinion.answer.differences}
    missed |= {each.place.lower() for each in opinion.answer.undecided}

    def counts(mismatch: Mismatch) -> bool:
        place = mismatch.difference.place.lower()
        return place.removeprefix("header ") not in BETWEEN or place in missed

    return result.only(counts)


def _by_both(interaction: Interaction, result: VerifierResult, opinion: Opinion) -> PromiseBreach:
    """What the record tells, since it knows the rules, and what only the verifier holds against the answer."""
    ours = opinion.answer.differences
    theirs = [
        each
        for each in _verifier_differences(interaction, result)
        if not any(is_within(one.place, each.place) for one in ours)
    ]
    differences = most_telling_first((*ours, *theirs))
    return PromiseBreach(_kind_at(differences[0].place) if ours else result.kind, differences)


def _verifier_differences(interaction: Interaction, result: VerifierResult) -> list[Difference]:
    return [in_words(each.difference, interaction.document["response"]) for each in result.mismatches]


def _by_the_record(opinion: Opinion) -> PromiseBreach:
    differences = most_telling_first(opinion.answer.differences)
    return PromiseBreach(_kind_at(differences[0].place), differences)


def _kind_at(place: str) -> FindingKind:
    return STATUS if place == "status" else HEADER if place.startswith("header ") else BODY


def _broken_by_dispute(opinion: Opinion) -> PromiseBreach:
    broken = _by_the_record(opinion)
    return _with_note(broken, "two judges disagree: the verifier takes it, the rules of the pact do not")


def _told_of_both(broken: PromiseBreach) -> PromiseBreach:
    return _with_note(broken, "two judges disagree: the rules of the pact as the harness reads them take it")


def _with_note(broken: PromiseBreach, note: str) -> PromiseBreach:
    return replace(broken, note=note)


def _as_text(differences: Sequence[Difference]) -> str:
    return "; ".join(f"{each.place}: {each.text}" for each in differences)


def _no_reason(result: VerifierResult) -> str:
    return f"the verifier could not tell: {result.error or 'it gave no reason'}"


def _operation(interaction: Interaction) -> str:
    return f"{interaction.method} {interaction.path}".strip()
