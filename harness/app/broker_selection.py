"""The pacts that a broker wants a provider to verify, in a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from harness.contracts.pact_reader import read_pact, unreadable_pact
from harness.engine.events import CheckFinished
from harness.errors import ContractError, UsageError
from harness.ledger.remote.selected import PactSelection, PactToVerify, selector
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.app.run import Run
    from harness.contracts.document import Contract
    from harness.contracts.pact import Pact
    from harness.engine.events import Event
    from harness.identity import Version


@runtime_checkable
class ChoosesPacts(Protocol):
    """A ledger that knows which pacts a provider should verify now."""

    def pacts_for_verification(self, provider: str, wish: PactSelection) -> Sequence[PactToVerify]:
        """The pacts that the provider should verify now. Raises UnknownName for a provider that nobody needs."""


@dataclass(slots=True, kw_only=True)
class Selection:
    """What the broker chose, and what became of it."""

    chosen: Sequence[PactToVerify]
    _finished: list[CheckFinished] = field(default_factory=list)

    def pacts(self) -> Mapping[Version, Pact]:
        """Each pact under the consumer version that has it."""
        found: dict[Version, Pact] = {}
        for each in self.chosen:
            contract = each.published.contract
            found[each.consumer] = _pact(contract)
        return found

    def watched(self, events: Iterator[Event]) -> Iterator[Event]:
        """The same events; verdicts are noted on their way."""
        for event in events:
            if isinstance(event, CheckFinished):
                self._finished.append(event)
            yield event

    def excuses(self) -> tuple[str, ...]:
        """Why failures do not fail the provider's build; empty when one of them does, or nothing failed."""
        pending = {(e.published.contract.key, e.consumer.pacticipant) for e in self.chosen if e.pending}
        broken = [each for each in self._finished if each.verdict is not Verdict.PASSED]
        named = [(e.task.contract, e.task.consumer.pacticipant if e.task.consumer else "") for e in broken]
        if not broken or not all(map(_says_something, broken)) or not set(named) <= pending:
            return ()
        return tuple(
            f"pending: {each.task}; it never was kept before, so it does not fail this" for each in broken
        )


def _pact(contract: Contract) -> Pact:
    """The pact of a contract; one that cannot be read spoils none of the others that were chosen."""
    try:
        return read_pact(contract.text, contract.place)
    except ContractError as error:
        return unreadable_pact(contract, error.problems)


def _says_something(finished: CheckFinished) -> bool:
    """Whether it is about the pact: broken, or not to be read; not about a provider that did not start."""
    return finished.verdict is Verdict.FAILED or finished.cause is Cause.UNREADABLE


def asked_for(selectors: Sequence[str], wip_since: str, *, pending: bool) -> PactSelection:
    """What the command line asks the broker for. Raises UsageError."""
    from datetime import date

    if wip_since:
        try:
            date.fromisoformat(wip_since[:10])
        except ValueError:
            raise UsageError(f"--wip-since '{wip_since}' is no date", hint="--wip-since 2026-01-31") from None
    return PactSelection(selectors=tuple(map(selector, selectors)), pending=pending, wip_since=wip_since)


def select(run: Run, provider: str, wish: PactSelection) -> Selection:
    """Ask the broker, as the branch that is here. Raises UsageError where there is no broker, or no pact."""
    if not isinstance(run.ledger, ChoosesPacts):
        raise UsageError(
            "only a broker chooses pacts, and the ledger here is a file or a database",
            hint='[broker] url = "https://…", or leave --from-broker, --selector and --wip-since out',
        )
    chosen = run.ledger.pacts_for_verification(provider, replace(wish, branch=run.checkout.branch))
    if not chosen:
        raise UsageError(
            f"the broker chooses no pact for {provider}",
            hint="see what consumers have published there, or choose others: --selector latest",
        )
    return Selection(chosen=chosen)
