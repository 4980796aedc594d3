"""`harness broker prune`: forget what nothing keeps."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from harness.cli import words
from harness.reports.sanitize import many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.ledger.db.pruning import PrunableVersion


@click.command("prune")
@click.option(
    "--older-than", "days", default=90, show_default=True, type=click.IntRange(1, 36500), help="Age in days."
)
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="At most so many versions."
)
@click.option("--dry-run", is_flag=True, help="Only say which versions would go.")
@click.option("--yes", is_flag=True, help="Do not ask; where nobody can answer, nobody is asked.")
@words.broker_database_option
@words.json_option
def command(*, days: int, limit: int, dry_run: bool, yes: bool, database_url: str, as_json: bool) -> int:
    """Forget old versions that are nothing special any more.

    Kept are the heads of branches, the newest with each tag, the newest of each pacticipant, everything that is or
    was deployed or released, and the results that these rest on.
    """
    from harness.composition.pruning import prune

    if not (dry_run or yes or as_json) and sys.stdin.isatty() and not _is_confirmed(database_url, days, limit):
        words.say("nothing is gone")
        return 0
    found = prune(database_url, days=days, limit=limit, dry_run=dry_run)
    if as_json:
        listed = [{"name": e.pacticipant, "version": e.number, "created_at": e.created_at} for e in found]
        words.say_json({"dry_run": dry_run, "versions": listed})
        return 0
    _say_versions(found)
    gone = "is gone" if len(found) == 1 else "are gone"
    words.say(f"{many(len(found), 'version')} {'would go' if dry_run else gone}")
    return 0


def _is_confirmed(database_url: str, days: int, limit: int) -> bool:
    """Whether the person at the terminal wants to lose what would go, now that they see it."""
    from harness.composition.pruning import prune

    found = prune(database_url, days=days, limit=limit, dry_run=True)
    _say_versions(found)
    asked = f"{many(len(found), 'version')} with their pacts and results would go for good. Forget them?"
    return not found or click.confirm(asked)


def _say_versions(found: Sequence[PrunableVersion]) -> None:
    for each in found:
        words.say(f"{each.pacticipant} {each.number}  ({each.created_at[:10]})")
