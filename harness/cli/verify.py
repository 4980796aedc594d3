"""`harness verify`: one provider's missing verifications, run and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.cli.stream import follow, parse_reports
from harness.errors import Exit, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from harness.app.broker_selection import Selection
    from harness.app.run import Run
    from harness.ledger.remote.selected import PactSelection


@click.command("verify")
@click.argument("provider", metavar="PROVIDER[=VERSION]")
@click.option(
    "--against", multiple=True, metavar="CONSUMER[=VERSION]", help="Whose pact; may be repeated. Default: all."
)
@click.option("--from-broker", is_flag=True, help="The pacts that the broker chooses, instead of those here.")
@click.option(
    "--selector",
    "selectors",
    multiple=True,
    metavar="SELECTOR",
    help="Which of the broker's, as mainBranch, branch=NAME, deployedOrReleased, or JSON; may be repeated.",
)
@click.option(
    "--pending/--no-pending", default=True, help="A pact that was never kept does not fail this. Default: so."
)
@click.option("--wip-since", default="", metavar="DATE", help="Also the work in progress since then.")
@click.option("--only", metavar="DESCRIPTION", help="One interaction, to see it again; nothing is recorded.")
@click.option("--report", "reports", multiple=True, metavar="FORMAT=PATH", help="Write a report; may be repeated.")
@click.option("--publish/--no-publish", default=True, help="Keep the evidence. Default: keep.")
@click.option("--fresh", is_flag=True, help="Verify again what is known already.")
@words.built_from_option
@click.option("-j", "--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Checks at a time.")
@words.runtime_option
@words.manifest_option
@words.broker_option
@words.json_option
def command(  # noqa: PLR0913, PLR0917 - one argument per option
    provider: str,
    against: tuple[str, ...],
    selectors: tuple[str, ...],
    wip_since: str,
    only: str | None,
    reports: tuple[str, ...],
    runtime: str,
    manifest: Path | None,
    broker: str | None,
    built_from: str,
    jobs: int,
    *,
    from_broker: bool,
    pending: bool,
    publish: bool,
    fresh: bool,
    as_json: bool,
) -> int:
    """Verify one provider against its consumers' pacts, where that is not known already."""
    from harness.app.broker_selection import asked_for
    from harness.app.run import Options
    from harness.app.verify import verification_events
    from harness.composition.runs import prepare_run
    from harness.evidence import EvidenceKind

    wish = asked_for(selectors, wip_since, pending=pending) if from_broker or selectors or wip_since else None
    wanted = parse_reports(reports)
    name, number = words.service_and_version(provider)
    options = Options(
        manifest=manifest,
        broker=broker,
        services={name: number},
        only=(EvidenceKind.PACTS,),
        runtime=runtime,
        built_from=built_from,
        publish=publish and only is None,
        fresh=fresh or only is not None,
        jobs=jobs,
    )
    consumers = dict(words.service_and_version(argument) for argument in against)
    with prepare_run(options) as run:
        (name,) = run.options.services
        consumers = run.system.renamed(consumers)
        selection = _selection(run, name, wish, against)
        events = verification_events(run, name, consumers, only, selection)
        watched = selection.watched(events) if selection else events
        code = follow(watched, wanted, keep=composition.recording(run.system.root), as_json=as_json)
        return _excuse_pending(code, selection) if selection else code


def _selection(run: Run, provider: str, wish: PactSelection | None, against: tuple[str, ...]) -> Selection | None:
    from harness.app.broker_selection import select

    if wish is None:
        return None
    if against:
        raise UsageError(
            "either the broker chooses the pacts, or --against does", hint='--selector "latest,consumer=NAME"'
        )
    found = select(run, provider, wish)
    for each in found.chosen:
        state = ", pending" if each.pending else ""
        click.echo(words.clean(f"{each.consumer}: {each.why or 'chosen by the broker'}{state}"), err=True)
    return found


def _excuse_pending(code: int, selection: Selection) -> int:
    """A promise that was never kept before does not fail the provider's build: Pact's pending."""
    excuses = selection.excuses()
    for text in excuses:
        click.echo(words.clean(text), err=True)
    return int(Exit.PASSED) if excuses and code in (Exit.FAILED, Exit.UNKNOWN) else code
