"""`harness can-i-deploy`: the gate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from harness import composition
from harness.cli import deciding, hashes, words
from harness.cli.versions import placed_versions
from harness.gate import Decision, can_i_deploy, placing
from harness.gate.reason_document import reason_documents
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.app.heal import Attempt
    from harness.evidence import Facts
    from harness.verdicts import Reason

    Answer = tuple[Decision, Facts]


@click.command("can-i-deploy")
@click.argument("candidates", nargs=-1, required=True, metavar="SERVICE[@INSTANCE]=VERSION...")
@click.option(
    "--to", "environments", required=True, multiple=True, help="Where they would be deployed; may be repeated."
)
@deciding.supposing_options
@deciding.heal_option
@words.manifest_option
@words.broker_option
@words.json_option
def command(  # noqa: PLR0913, PLR0917 - one argument per option
    candidates: tuple[str, ...],
    environments: tuple[str, ...],
    supposed: tuple[str, ...],
    gone: tuple[str, ...],
    runtime: str,
    manifest: Path | None,
    broker: str | None,
    *,
    heal: bool,
    as_json: bool,
) -> int:
    """Say whether the candidates are safe together, beside what is live there now."""
    chosen, instances = placed_versions(candidates, manifest, broker)

    def answers_of(facts: Facts) -> list[Answer]:
        worlds = {each: deciding.suppose_facts(facts, each, supposed, gone) for each in environments}
        return [(can_i_deploy(chosen, each, world, instances=instances), world) for each, world in worlds.items()]

    def ask() -> list[Answer]:
        named = (*chosen, *deciding.supposed_versions(supposed))
        with composition.memory(manifest, broker) as ledger:
            return deciding.ask_ledger(ledger, named, environments, answers_of, _reasons)

    place = deciding.GateContext(manifest=manifest, broker=broker, runtime=runtime, heal=heal)
    asked, attempts = deciding.ask_with_healing(ask, _reasons, place)
    answers = [(_with_resolutions(decision, attempts, place), world) for decision, world in asked]
    if as_json:
        words.say_json(_documents([decision for decision, _ in answers]) | deciding.healing_document(attempts))
    else:
        for decision, world in answers:
            _print(decision, world, deciding.supposing_words(supposed, gone))
    return int(Verdict.worst(decision.verdict for decision, _ in answers).exit)


def _with_resolutions(decision: Decision, attempts: Sequence[Attempt], place: deciding.GateContext) -> Decision:
    return replace(
        decision, reasons=deciding.with_resolutions(deciding.with_causes(decision.reasons, attempts), place)
    )


def _reasons(answers: Sequence[Answer]) -> Iterator[Reason]:
    return (reason for decision, _ in answers for reason in decision.reasons)


def _documents(decisions: Sequence[Decision]) -> dict[str, Any]:
    """One decision as itself; several with the worst of them."""
    if len(decisions) == 1:
        return _document(decisions[0])
    verdict = Verdict.worst(decision.verdict for decision in decisions)
    return {
        "verdict": verdict.value,
        "deployable": deciding.DEPLOYABLE[verdict],
        "decisions": [_document(decision) for decision in decisions],
    }


def _document(decision: Decision) -> dict[str, Any]:
    return {
        "verdict": decision.verdict.value,
        "deployable": deciding.DEPLOYABLE[decision.verdict],
        "environment": decision.environment,
        "candidates": words.versions_json(decision.candidates, decision.instances),
        "require": list(decision.require),
        "reasons": reason_documents(decision.reasons),
        "together": words.versions_json(decision.together, decision.together_on),
    }


def _print(decision: Decision, facts: Facts, condition: str) -> None:
    hashes.know(version.number for version in facts.versions)
    together = " and ".join(placing.words(decision.candidates, decision.instances))
    words.say(f"{words.ANSWERS[decision.verdict]}: {together} to {decision.environment}{condition}")
    deciding.say_reasons(decision.reasons, decision.environment, facts)
    if decision.together:
        larger = placing.words(decision.together, decision.together_on)
        words.say(f"  Together it would be a yes: {', '.join(larger)}")
    words.say(f"A yes there requires: {', '.join(decision.require)}")
