"""One provider against chosen consumers: from their pacts on disk, or from the ledger by version."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness import __version__
from harness.contracts.pact_reader import read_pact
from harness.engine.events import CheckFinished, CheckStarted, PromiseExercised, RunStarted, TaskId
from harness.errors import UnknownName, UsageError, did_you_mean, otherwise
from harness.evidence import EvidenceKind, Known
from harness.gate import commands
from harness.identity import Version
from harness.verdicts import Cause, Exercised, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.app.broker_selection import Selection
    from harness.app.run import Run
    from harness.contracts.pact import Pact
    from harness.engine.events import Event


def verification_events(
    run: Run,
    provider: str,
    consumers: Mapping[str, str],
    only: str | None,
    selection: Selection | None = None,
) -> Iterator[Event]:
    """Verify the provider against those consumers (all, when none is named), one interaction when asked.

    With a selection, against the pacts that the broker chose.
    """
    known = run.settled()
    chosen = selection.pacts() if selection else _pacts(run, known, provider, consumers)
    if not chosen and not (run.material.unread and not consumers):
        raise UsageError(
            f"{provider} is the provider of no pact that is here",
            hint="name a consumer whose pact is published: --against CONSUMER=VERSION",
        )
    if only is not None:
        chosen = _with_interaction(chosen, only, provider)
    run.material = replace(run.material, pacts=tuple(chosen.values()))
    for version in chosen:
        known[version.pacticipant] = replace(
            known.get(version.pacticipant, Known(version=version)), version=version
        )
    yield RunStarted(
        run=run.run,
        harness=__version__,
        at=run.bench.clock.now(),
        runtime=run.runtime.name,
        note=run.note,
        remarks=run.remarks,
        set=(known[provider].version,),
        seed=run.bench.settings.seed,
    )
    if not (consumers or selection or only):
        yield from _not_read(run, known[provider].version)
    plan = run.plan(known)
    asked = replace(plan, tasks=tuple(task for task in plan.tasks if task.wanted))
    yield from run.conductor(asked, known, decide=False).events()


def _not_read(run: Run, provider: Version) -> Iterator[Event]:
    """Files that should hold pacts, perhaps with this provider: what they promise is not known."""
    for problem in run.material.unread:
        task = TaskId(kind=EvidenceKind.PACTS, provider=provider, consumer=Version(problem.where, ""), contract="")
        because = f"{problem.where}: {problem.text}"
        told = Exercised(subject=problem.where, verdict=Verdict.UNKNOWN, cause=Cause.UNREADABLE, because=because)
        finished = CheckFinished(
            task=task, verdict=told.verdict, cause=told.cause, because=because, promised=1, exercised=0, seconds=0
        )
        yield from (CheckStarted(task=task, promised=1), PromiseExercised(task=task, exercised=told), finished)
        run.note_earlier(finished)


def _pacts(
    run: Run, known: Mapping[str, Known], provider: str, consumers: Mapping[str, str]
) -> dict[Version, Pact]:
    """The pact of each consumer with the provider, under the consumer's version."""
    on_disk = {pact.consumer: pact for pact in run.material.pacts if pact.provider == provider}
    if not consumers:
        return {known[name].version: pact for name, pact in on_disk.items()}
    chosen = {}
    for name, number in consumers.items():
        if name in on_disk and number in ("", known[name].version.number):
            chosen[known[name].version] = on_disk[name]
        else:
            chosen[Version(name, number)] = _published_pact(run, Version(name, number), provider, on_disk)
    return chosen


def _published_pact(run: Run, consumer: Version, provider: str, on_disk: Iterable[str]) -> Pact:
    """The pact that the ledger keeps of that consumer version."""
    versions = run.ledger.facts().versions
    record = versions.get(consumer)
    contract = run.ledger.contract(record.pacts[provider]) if record and provider in record.pacts else None
    if contract is None:
        with_pact = [v.argument for v, k in versions.items() if provider in k.pacts]
        raise UnknownName(
            f"no pact of {consumer.argument} with {provider}",
            hint=otherwise(
                did_you_mean(consumer.argument, [*with_pact, *on_disk]),
                f"publish it first, in its checkout: {commands.publish(consumer)}",
            ),
        )
    # Equal interactions are kept once, whoever published them first; the names are those that were asked for.
    return replace(read_pact(contract.text, contract.place), consumer=consumer.pacticipant, provider=provider)


def _with_interaction(chosen: Mapping[Version, Pact], only: str, provider: str) -> dict[Version, Pact]:
    """The same pacts with nothing in them but the interaction of that description."""
    kept = {}
    labels = []
    for version, pact in chosen.items():
        labels += [i.label for i in pact.interactions]
        matching = tuple(i for i in pact.interactions if only in (i.description, i.label))
        if matching:
            kept[version] = replace(pact, interactions=matching)
    if not kept:
        raise UnknownName(f"no interaction '{only}' with {provider}", hint=did_you_mean(only, labels))
    return kept
