"""The verdict on one interaction: from what the verifier said and from what was really seen on the wire."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.checks.api import Target
from harness.checks.drivers.pact_results import Kind
from harness.comparison.coverage import covered_by
from harness.contracts.pact import Pact
from harness.contracts.pact_reader import place_of
from harness.verdicts import Cause, Difference, Exchange, Exercised, Finding, Verdict

if TYPE_CHECKING:
    from harness.checks.drivers.pact_chunks import Told
    from harness.checks.drivers.pact_results import Result
    from harness.contracts.pact import Interaction

REDIRECTED = Kind(
    code="request.redirect.followed",
    remedy="answer at the path that the consumer asks for, or let the consumer promise the redirect",
)
SILENT = Kind(code="provider.no-response", remedy="see the provider's log for this request")
MISSING = Kind(
    code="provider-state.missing",
    remedy="add the state to {provider}'s provider states, or correct its name in {consumer}'s consumer test",
)
FAILING = Kind(code="provider-state.failed", remedy="mend {provider}'s handler of this state")

Answers = tuple[Exercised] | tuple[Exercised, Finding]


@dataclass(frozen=True, slots=True)
class Broken:
    """How a promise is broken, and where it shows."""

    kind: Kind
    differences: tuple[Difference, ...]  # at least one


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Judges the interactions of one pact on one provider."""

    target: Target
    pact: Pact
    alive: Callable[[], bool]  # whether the provider still accepts connections

    def judged(self, interaction: Interaction, told: Told, seen: Sequence[Exchange], not_undone: str) -> Answers:
        """The verdict, and the finding when the promise is broken."""
        exchange = seen[-1] if seen else None
        result = told.result
        if result is None:
            cause = told.cause or Cause.TOOL_CRASHED
            return self.unknown(interaction, cause, told.because or "no result", exchange)
        if not interaction.expects_redirect and exchange and _is_redirect(seen[0]):
            broken = _redirected(interaction, seen[0], result)
            return self._broken(interaction, broken, seen[0])
        if result.ok:
            return self._confirmed(interaction, exchange, not_undone)
        return self._refuted(interaction, result, exchange)

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

    def _confirmed(self, interaction: Interaction, exchange: Exchange | None, not_undone: str) -> Answers:
        if exchange is None:
            because = "the verifier said yes, but no request was seen"
            return self.unknown(interaction, Cause.TOOL_CRASHED, because)
        if exchange.status != interaction.status and not _status_matched(interaction):
            because = f"the verifier said yes to {interaction.status}, but {exchange.status} was seen"
            return self.unknown(interaction, Cause.TOOL_CRASHED, because, exchange)
        if not_undone:
            return self.unknown(
                interaction, Cause.STATE_FAILED, f"the promise was kept, but {not_undone}", exchange
            )
        kept = self._exercised(interaction, Verdict.PASSED, exchange)
        covered = covered_by(exchange)
        return (replace(kept, covered=(covered,) if covered else ()),)

    def _refuted(self, interaction: Interaction, result: Result, exchange: Exchange | None) -> Answers:
        if result.fault_of_the_pact:
            return self.unknown(interaction, Cause.UNREADABLE, result.fault_of_the_pact, exchange)
        if result.mismatches:
            differences = tuple(sorted((m.difference for m in result.mismatches), key=_telling))
            return self._broken(interaction, Broken(result.kind, differences), exchange)
        if exchange is None or exchange.status:
            because = f"the verifier could not tell: {result.error or 'it gave no reason'}"
            return self.unknown(interaction, Cause.TOOL_CRASHED, because, exchange)
        if not self.alive():
            because = f"{self.target.service.name} no longer accepts connections"
            return self.unknown(interaction, Cause.SERVICE_DIED, because, exchange)
        waited = f"no complete response within {exchange.seconds:.1f} s"
        difference = Difference(place="response", expected=f"status {interaction.status}", actual=waited)
        return self._broken(interaction, Broken(SILENT, (difference,)), exchange)

    def _broken(self, interaction: Interaction, broken: Broken, exchange: Exchange | None) -> Answers:
        first = broken.differences[0]
        because = first.text or f"{first.place}: expected {first.expected}, got {first.actual}"
        if interaction.pending:
            # Pact's pending: told, but the provider is not blamed yet; a yes it is not either.
            because = f"pending, and not kept yet: {because}"
            return self.unknown(interaction, Cause.BROKEN_PROMISE, because, exchange)
        finding = Finding(
            code=broken.kind.code,
            subject=interaction.label,
            expected=f"{first.place}: {first.expected}",
            actual=first.text or f"{first.place}: {first.actual}",
            consumer=self.pact.consumer,
            operation=_operation(interaction),
            place=place_of(self.pact, interaction),
            replay=self._replay(interaction),
            remedy=broken.kind.remedy or self._mend(),
            differences=broken.differences,
            exchange=exchange,
        )
        failed = self._exercised(interaction, Verdict.FAILED, exchange, Cause.BROKEN_PROMISE, because)
        return (failed, finding)

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
        against = consumer.argument if consumer and consumer.number else self.pact.consumer
        words = ["verify", self.target.service.identity.argument]
        words += ["--against", against, "--only", interaction.label, *settings.options]
        return " ".join([settings.command, *(shlex.quote(word) for word in words)])


def _telling(difference: Difference) -> tuple[bool, int]:
    """What tells most comes first: the status, then the deepest place, since that is why those above it differ."""
    return (difference.place != "status", -len(difference.place))


def _is_redirect(exchange: Exchange) -> bool:
    return 300 <= exchange.status < 400 and exchange.status != 304


def _redirected(interaction: Interaction, first: Exchange, result: Result) -> Broken:
    """Not every client follows a redirect, so it breaks a promise even where what follows would keep it."""
    location = next((value for name, value in first.response_headers if name.lower() == "location"), "nowhere")
    what = f"{first.status} to {location}"
    after = "what follows would keep it" if result.ok else "what follows does not keep it either"
    difference = Difference(
        place="status",
        expected=str(interaction.status),
        actual=what,
        text=f"expected {interaction.status} but was a redirect: {what}; {after}, but not every client follows",
    )
    return Broken(REDIRECTED, (difference, *(m.difference for m in result.mismatches)))


def _status_matched(interaction: Interaction) -> bool:
    rules = interaction.document.get("response", {}).get("matchingRules")
    return isinstance(rules, dict) and any("status" in name for name in rules)


def _operation(interaction: Interaction) -> str:
    return f"{interaction.method} {interaction.path}".strip()
