"""`harness rollback`: where a service, or a set of them, can safely go back to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from harness import composition
from harness.cli import deciding, hashes, words
from harness.cli.plan import document as plan_document
from harness.cli.plan import say_steps
from harness.gate import Rollback, commands, rollback_targets
from harness.gate.choice import BOUND
from harness.gate.reason_document import reason_documents
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.evidence import Facts
    from harness.gate import RollbackTarget
    from harness.verdicts import Reason


@click.command("rollback")
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
@click.option("--in", "environment", required=True, help="The environment, by name.")
@click.option(
    "--bound",
    type=click.IntRange(1, 10_000_000),
    default=BOUND,
    show_default=True,
    help="Choices of versions to look at before the answer is CANNOT TELL.",
)
@deciding.heal_option
@words.manifest_option
@words.broker_option
@words.json_option
def command(  # noqa: PLR0913 - one argument per option
    services: tuple[str, ...],
    environment: str,
    bound: int,
    runtime: str,
    manifest: Path | None,
    broker: str | None,
    *,
    heal: bool,
    as_json: bool,
) -> int:
    """Find the newest earlier versions that are safe beside what is there now, and who has to go back along."""

    def ask() -> tuple[Rollback, Facts]:
        with composition.memory(manifest, broker) as ledger:
            facts = ledger.facts_of([environment])
            if not {each.version.pacticipant for each in facts.live} >= set(services):
                facts = ledger.facts()  # to say who is known, and what was meant
        return rollback_targets(services, environment, facts, bound=bound), facts

    place = deciding.GateContext(manifest=manifest, broker=broker, runtime=runtime, heal=heal)
    (rollback, facts), attempts = deciding.ask_with_healing(ask, _reasons, place)
    rollback = _with_resolutions(rollback, place)
    if as_json:
        words.say_json(_document(rollback) | deciding.healing_document(attempts))
    else:
        _print(rollback, facts)
    return int(rollback.verdict.exit)


def _with_resolutions(rollback: Rollback, place: deciding.GateContext) -> Rollback:
    """The answer, each of its reasons with what resolves it here."""
    targets = tuple(
        replace(
            target,
            decision=replace(target.decision, reasons=deciding.with_resolutions(target.decision.reasons, place)),
        )
        for target in rollback.targets
    )
    return replace(rollback, reasons=deciding.with_resolutions(rollback.reasons, place), targets=targets)


def _reasons(answer: tuple[Rollback, Facts]) -> Iterator[Reason]:
    """What keeps the answer open, and the answer for each target by itself."""
    rollback, _ = answer
    yield from rollback.reasons
    for target in rollback.targets:
        yield from target.decision.reasons


def _document(rollback: Rollback) -> dict[str, Any]:
    return {
        "verdict": rollback.verdict.value,
        "services": list(rollback.services),
        "environment": rollback.environment,
        "together": words.versions(rollback.together),
        "dragged": words.versions(rollback.dragged),
        "plan": plan_document(rollback.plan) if rollback.plan else None,
        "targets": [_target(target) for target in rollback.targets],
        "reasons": reason_documents(rollback.reasons),
    }


def _target(target: RollbackTarget) -> dict[str, Any]:
    return {
        **words.versions([target.version])[0],
        "since": target.since or None,
        "until": target.until or None,
        "released": target.released,
        "verdict": target.decision.verdict.value,
        "reasons": reason_documents(target.decision.reasons),
    }


def _print(rollback: Rollback, facts: Facts) -> None:
    hashes.know(version.number for version in facts.versions)
    named = " and ".join(rollback.services)
    together = ", ".join(map(str, rollback.together))
    answer = words.ANSWERS[rollback.verdict]
    if rollback.verdict is Verdict.PASSED:
        words.say(f"{answer}: {named} in {rollback.environment} can go back to {together}")
    else:
        words.say(f"{answer}: no earlier state of {named} in {rollback.environment} is proven safe")
        if together:
            words.say(f"  The best of which nothing is known to be broken: {together}")
    for version in rollback.dragged:
        words.say(f"  {version.pacticipant} has to go back along, to {version.number}")
    if rollback.verdict is not Verdict.PASSED:
        deciding.say_reasons(rollback.reasons, rollback.environment, facts)
    if rollback.plan:
        _say_order(rollback)
    words.say("By itself, newest first:")
    for target in rollback.targets:
        _say_target(target, facts, rollback.environment)


def _say_order(rollback: Rollback) -> None:
    assert rollback.plan is not None
    if rollback.plan.verdict is not Verdict.PASSED:
        words.say("  No order of single steps is proven safe; all of it at once is. harness plan says why:")
        words.say_command("    ", commands.plan(rollback.together, rollback.environment))
    else:
        words.say("In this order:")
        say_steps(rollback.plan.steps)


def _say_target(target: RollbackTarget, facts: Facts, environment: str) -> None:
    stay = f"there from {target.since}" if target.since else "there before"
    until = f" to {target.until}" if target.until else ", and still"
    words.say(f"  {words.ANSWERS[target.decision.verdict]}: {target.version} ({stay}{until})")
    bad = [reason for reason in target.decision.reasons if reason.verdict is not Verdict.PASSED]
    deciding.say_reasons(bad, environment, facts, indent="      ")
