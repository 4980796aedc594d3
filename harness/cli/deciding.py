"""What the commands that decide share: options, and how an answer is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli import words
from harness.gate import suppose
from harness.gate.reasons import since
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.matrix import Facts
    from harness.verdicts import Reason

_MARKS = {Verdict.PASSED: "+", Verdict.FAILED: "x", Verdict.UNKNOWN: "?"}
DEPLOYABLE = {Verdict.PASSED: True, Verdict.FAILED: False, Verdict.UNKNOWN: None}


def supposing_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that ask what would be; nothing is recorded."""
    deployed = click.option(
        "--if-deployed",
        "supposed",
        multiple=True,
        metavar="SERVICE=VERSION",
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


def supposed(facts: Facts, environment: str, deployed: Sequence[str], gone: Sequence[str]) -> Facts:
    """The facts, or what they would be."""
    if not deployed and not gone:
        return facts
    return suppose(facts, environment, deployed=[words.version(each) for each in deployed], gone=gone)


def supposing_words(deployed: Sequence[str], gone: Sequence[str]) -> str:
    """What was supposed, to stand beside the answer."""
    told = [f"{words.version(each)} ran there" for each in deployed] + [f"no {name} was there" for name in gone]
    return f" if {' and '.join(told)}" if told else ""


def say_reasons(reasons: Iterable[Reason], environment: str, facts: Facts, indent: str = "  ") -> None:
    """Each reason with its cause, since when it holds, and the command that resolves it."""
    for reason in reasons:
        cause = f" [{reason.cause}]" if reason.cause else ""
        words.say(f"{indent}{_MARKS[reason.verdict]} {reason.text}{cause}")
        if reason.verdict is Verdict.PASSED:
            continue
        told = since(reason, environment, facts)
        if told:
            words.say(f"{indent}    {told}")
        words.say(f"{indent}    resolve: {reason.command}")
