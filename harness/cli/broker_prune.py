"""`harness broker prune`: forget what nothing keeps."""

from __future__ import annotations

import click

from harness.cli import words


@click.command("prune")
@click.option(
    "--older-than", "days", default=90, show_default=True, type=click.IntRange(1, 36500), help="Age in days."
)
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 1_000_000), help="At most so many versions."
)
@click.option("--dry-run", is_flag=True, help="Only say which versions would go.")
@click.option(
    "--database-url",
    envvar="PACT_BROKER_DATABASE_URL",
    default="",
    help="The broker's database.  Default: .harness/ledger.db here.",
)
@words.json_option
def command(*, days: int, limit: int, dry_run: bool, database_url: str, as_json: bool) -> int:
    """Forget old versions that are nothing special any more.

    Kept are the heads of branches, the newest with each tag, the newest of each pacticipant, everything that is or
    was deployed or released, and the results that these rest on.
    """
    from harness.composition.pruning import prune

    found = prune(database_url, days=days, limit=limit, dry_run=dry_run)
    if as_json:
        listed = [{"name": e.pacticipant, "version": e.number, "created_at": e.created_at} for e in found]
        words.say_json({"dry_run": dry_run, "versions": listed})
        return 0
    for each in found:
        words.say(f"{each.pacticipant} {each.number}  ({each.created_at[:10]})")
    words.say(f"{len(found)} version{'' if len(found) == 1 else 's'} {'would go' if dry_run else 'are gone'}")
    return 0
