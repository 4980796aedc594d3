"""What the commands that decide share: options, and how an answer is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness import composition
from harness.cli import words
from harness.gate import commands, placing, resolutions, suppose
from harness.gate.decision import completable
from harness.gate.reasons import since
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from harness.app.heal import Attempt
    from harness.evidence import Facts
    from harness.identity import Version
    from harness.ports import Ledger
    from harness.verdicts import Reason

_MARKS = {Verdict.PASSED: "+", Verdict.FAILED: "x", Verdict.UNKNOWN: "?"}
DEPLOYABLE = {Verdict.PASSED: True, Verdict.FAILED: False, Verdict.UNKNOWN: None}


def supposing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that ask what would be; nothing is recorded."""
    deployed = click.option(
        "--if-deployed",
        "supposed",
        multiple=True,
        metavar="SERVICE[@INSTANCE]=VERSION",
        help="What if: answer as if this ran there. Records nothing; may be repeated.",
    )
    gone = click.option(
        "--if-gone",
        "gone",
        multiple=True,
        metavar="SERVICE",
        help="What if: answer as if nothing of this service was there. Records nothing; may be repeated.",
    )
    return deployed(gone(function))


def suppose_facts(facts: Facts, environment: str, deployed: Sequence[str], gone: Sequence[str]) -> Facts:
    """The facts, or what they would be."""
    if not deployed and not gone:
        return facts
    instances: dict[Version, list[str]] = {}
    for version, instance in map(words.placed_version, deployed):
        instances.setdefault(version, []).append(instance)
    return suppose(facts, environment, deployed=list(instances), instances=instances, gone=gone)


def supposed_versions(deployed: Sequence[str]) -> list[Version]:
    """The versions that are supposed to run there."""
    return [version for version, _ in map(words.placed_version, deployed)]


def supposing_words(deployed: Sequence[str], gone: Sequence[str]) -> str:
    """What was supposed, to stand beside the answer."""
    placed = map(words.placed_version, deployed)
    told = [f"{each} ran there" for one, on in placed for each in placing.words([one], {one: [on]})]
    told += [f"no {name} was there" for name in gone]
    return f" if {' and '.join(told)}" if told else ""


def say_reasons(reasons: Iterable[Reason], environment: str, facts: Facts, indent: str = "  ") -> None:
    """Each reason with its cause, since when it holds, and the command that resolves it."""
    for reason in reasons:
        cause = f" [{reason.cause}]" if reason.cause else ""
        words.say(f"{indent}{_MARKS[reason.verdict]} {reason.text}{cause}")
        if reason.verdict is Verdict.PASSED:
            continue
        for promise in reason.broken:
            words.say(f"{indent}    {promise}")
        told = since(reason, environment, facts)
        if told:
            words.say(f"{indent}    {told}")
        words.say_command(f"{indent}    resolve: ", reason.resolution)


T = TypeVar("T")


def ask_ledger(
    ledger: Ledger,
    versions: Collection[Version],
    places: Collection[str],
    answer: Callable[[Facts], T],
    reasons: Callable[[T], Iterable[Reason]],
) -> T:
    """The answer from what it rests on; from all of the facts only where versions that nobody named may help."""
    got = answer(ledger.facts_about(versions, places))
    return answer(ledger.facts()) if completable(reasons(got)) else got


def note_if_empty(ledger: Ledger, version: Version, environment: str) -> str:
    """What to say of a version of which nothing is known but its number; "" for any other."""
    if not ledger.facts_about([version], [environment]).index.hollow(version):
        return ""
    return (
        f"nothing is known of {version} but its number (no contract, no build, no evidence): "
        "what it needs and what it keeps cannot be told"
    )


def say_note(note: str, version: Version) -> None:
    """The note, and how to mend it."""
    if note:
        words.say(f"  {note}")
        words.say_command("  try, in its checkout: ", f"{commands.publish(version)}, or harness run")


def heal_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that let unknowns heal."""
    heal = click.option(
        "--heal",
        is_flag=True,
        help="Run the verifications that are missing, on the versions that miss them, and ask again.",
    )
    return heal(words.runtime_option(function))


def ask_with_healing(
    ask: Callable[[], T], reasons: Callable[[T], Iterable[Reason]], place: GateContext
) -> tuple[T, tuple[Attempt, ...]]:
    """Ask; with `heal`, run what is missing, and ask again, until nothing is missing that was not tried."""
    return (
        _ask_and_heal(ask, reasons, place) if place.heal else (ask(), ())
    )  # asking alone needs no machinery of a run


def _ask_and_heal(
    ask: Callable[[], T], reasons: Callable[[T], Iterable[Reason]], place: GateContext
) -> tuple[T, tuple[Attempt, ...]]:
    from harness.app import heal
    from harness.app.run import Options
    from harness.composition.runs import prepare_run

    options = Options(manifest=place.manifest, broker=place.broker, runtime=place.runtime)
    told: list[Attempt] = []
    while True:
        answer = ask()
        tried = {(each.missing.provider, each.missing.contract) for each in told}
        missing = [m for m in heal.missing_in(reasons(answer)) if (m.provider, m.contract) not in tried]
        if not missing:
            break
        for attempt in heal.heal(missing, options, prepare_run):
            told.append(attempt)
            _say_attempt(attempt)
    for reason in heal.beyond_healing(reasons(answer)):
        _say_left(reason)
    return answer, tuple(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateContext:
    """Where a command asks, and whether it may start what it misses."""

    manifest: Path | None
    broker: str | None
    runtime: str
    heal: bool


def _say_attempt(attempt: Attempt) -> None:
    known = "known meanwhile, " if attempt.reused else ""
    because = f": {attempt.because}" if attempt.because else ""
    told = f"{known}{attempt.verdict.value}{because}"
    click.echo(words.clean(f"verified {attempt.missing.consumer} on {attempt.missing.provider}: {told}"), err=True)


def _say_left(reason: Reason) -> None:
    told = f"not healed, as no verification is missing: {reason.text}; resolve it: {reason.resolution}"
    click.echo(words.clean(told), err=True)


def with_causes(reasons: Iterable[Reason], attempts: Sequence[Attempt]) -> tuple[Reason, ...]:
    """The reasons, where what could not be healed says why."""
    if not attempts:
        return tuple(reasons)
    from harness.app import heal

    return heal.with_causes(reasons, attempts)


def with_resolutions(reasons: Iterable[Reason], place: GateContext) -> tuple[Reason, ...]:
    """The reasons, each with what resolves it where the person is: with this manifest, or with none."""
    system = composition.system_if_any(place.manifest)  # a gate can be asked from anywhere
    checked_out = composition.checked_out(system, place.manifest, place.broker)
    return tuple(resolutions.here(reason, system, checked_out) for reason in reasons)


def healing_document(attempts: Sequence[Attempt]) -> dict[str, Any]:
    """What was healed, and what could not be, as the documented JSON; nothing when nothing was tried."""
    if not attempts:
        return {}
    return {
        "healed": [
            {
                "provider": words.versions([each.missing.provider])[0],
                "consumer": words.versions([each.missing.consumer])[0],
                "contract": each.missing.contract,
                "verdict": each.verdict.value,
                "cause": each.cause.value if each.cause else None,
                "because": each.because or None,
                "run": each.run or None,
            }
            for each in attempts
        ]
    }
