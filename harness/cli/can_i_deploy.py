"""`harness can-i-deploy`: the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness import wiring
from harness.cli import words
from harness.gate import Decision, can_i_deploy
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from harness.verdicts import Reason


@click.command("can-i-deploy")
@click.argument("candidates", nargs=-1, required=True, metavar="SERVICE=VERSION...")
@click.option("--to", "environment", required=True, help="Where they would be deployed.")
@words.manifest_option
@words.broker_option
@words.json_option
def command(
    candidates: tuple[str, ...], environment: str, manifest: Path | None, broker: str | None, *, as_json: bool
) -> int:
    """Say whether the candidates are safe together, beside what is live there now."""
    chosen = [words.version(candidate) for candidate in candidates]
    with wiring.memory(manifest, broker) as ledger:
        decision = can_i_deploy(chosen, environment, ledger.facts())
    if as_json:
        words.say_json(_document(decision))
    else:
        _print(decision)
    return int(decision.verdict.exit)


def _document(decision: Decision) -> dict[str, object]:
    return {
        "verdict": decision.verdict.value,
        "deployable": {Verdict.PASSED: True, Verdict.FAILED: False}.get(decision.verdict),
        "environment": decision.environment,
        "candidates": words.versions(decision.candidates),
        "require": list(decision.require),
        "reasons": words.reasons(decision.reasons),
    }


def _print(decision: Decision) -> None:
    together = " and ".join(map(str, decision.candidates))
    words.say(f"{words.ANSWERS[decision.verdict]}: {together} to {decision.environment}")
    for reason in decision.reasons:
        _print_reason(reason)
    words.say(f"A yes there requires: {', '.join(decision.require)}")


def _print_reason(reason: Reason) -> None:
    mark = {Verdict.PASSED: "+", Verdict.FAILED: "x", Verdict.UNKNOWN: "?"}[reason.verdict]
    cause = f" [{reason.cause}]" if reason.cause else ""
    words.say(f"  {mark} {reason.text}{cause}")
    if reason.command:
        words.say(f"      resolve: {reason.command}")
