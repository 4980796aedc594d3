"""`harness broker import`: everything that another broker keeps, in a ledger of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli import words
from harness.cli.copying import shown_progress
from harness.errors import Exit

if TYPE_CHECKING:
    from harness.composition.copying import Copied


@click.command("import")
@click.option("--from", "origin", required=True, metavar="URL|FILE", help="A broker, a ledger, or an export.")
@click.option(
    "--to",
    "ledger",
    envvar="PACT_BROKER_DATABASE_URL",
    default="",
    metavar="LEDGER",
    help="sqlite:///path or postgresql://user@host/database.  Default: .harness/ledger.db here.",
)
@click.option("--history", is_flag=True, help="Also what was deployed before; asks for each version by itself.")
@click.option("--fresh", is_flag=True, help="Begin anew instead of going on after an interruption.")
@words.json_option
def command(origin: str, ledger: str, *, history: bool, fresh: bool, as_json: bool) -> int:
    """Copy everything that another broker keeps, through its public API, and compare the two.

    Interrupted, it goes on when it is run again; done twice, it changes nothing. Webhooks come without their
    secrets, and those that had some are switched off. Exit code 1: something is missing, or the copy says yes
    where the other broker says no.
    """
    from harness.composition.copying import import_broker

    with shown_progress() as progress:
        copied = import_broker(origin, ledger, progress, fresh=fresh, history=history)
    if as_json:
        words.say_json(_document(copied))
    else:
        _say(copied)
    return int(Exit.FAILED if _wrong(copied) else Exit.PASSED)


def _wrong(copied: Copied) -> bool:
    comparison = copied.comparison
    return bool(copied.problems) or not comparison.complete or comparison.wrong_yes


def _say(copied: Copied) -> None:
    comparison = copied.comparison
    words.say(f"{'INCOMPLETE' if _wrong(copied) else 'DONE'}: everything of {copied.origin}")
    for count in comparison.counts:
        words.say(f"  {_of(count.there, count.copied):>15} {count.what}")
    for problem in copied.problems:
        words.say(f"  left out: {problem}")
    agreed = comparison.answers - len(comparison.disagreements)
    words.say(f"can-i-deploy of what is live: {_of(agreed, comparison.answers)} answers are the same")
    for each in comparison.disagreements:
        words.say(f"  {each.version} in {each.environment}: it said {_word(each.said)}, here {_word(each.says)}")
        words.say(f"    {each.because}")
    if comparison.disagreements and not comparison.wrong_yes:
        words.say("  docs/guides/move-from-a-pact-broker.md says how that can be")
    for webhook in copied.without_secrets:
        name = webhook.description or webhook.uuid
        words.say(f"webhook '{name}' is switched off until it has these again: {', '.join(webhook.secrets)}")


def _of(part: int, whole: int) -> str:
    return f"{part} of {whole}"


def _word(verdict: Any) -> str:
    return words.ANSWERS[verdict].lower()


def _document(copied: Copied) -> dict[str, Any]:
    comparison = copied.comparison
    return {
        "from": copied.origin,
        "complete": comparison.complete,
        "counts": [{"what": c.what, "copied": c.copied, "there": c.there} for c in comparison.counts],
        "leftOut": list(copied.problems),
        "answers": comparison.answers,
        "disagreements": [
            {
                "pacticipant": each.version.pacticipant,
                "version": each.version.number,
                "environment": each.environment,
                "said": each.said.value,
                "says": each.says.value,
                "because": each.because,
            }
            for each in comparison.disagreements
        ],
        "webhooksWithoutSecrets": [{"uuid": w.uuid, "missing": list(w.secrets)} for w in copied.without_secrets],
    }
