"""`harness verify`: one provider's missing verifications, run and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness import wiring
from harness.cli import words
from harness.cli.stream import follow, parse_reports

if TYPE_CHECKING:
    from pathlib import Path


@click.command("verify")
@click.argument("provider", metavar="PROVIDER[=VERSION]")
@click.option(
    "--against", multiple=True, metavar="CONSUMER[=VERSION]", help="Whose pact; may be repeated. Default: all."
)
@click.option("--only", metavar="DESCRIPTION", help="One interaction, to see it again; nothing is recorded.")
@click.option("--report", "reports", multiple=True, metavar="FORMAT=PATH", help="Write a report; may be repeated.")
@click.option("--publish/--no-publish", default=True, help="Keep the evidence. Default: keep.")
@click.option("--fresh", is_flag=True, help="Verify again what is known already.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), default=2, show_default=True, help="Checks at a time.")
@words.runtime_option
@words.manifest_option
@words.broker_option
@words.json_option
def command(  # noqa: PLR0913, PLR0917 - one argument per option
    provider: str,
    against: tuple[str, ...],
    only: str | None,
    reports: tuple[str, ...],
    runtime: str,
    manifest: Path | None,
    broker: str | None,
    jobs: int,
    *,
    publish: bool,
    fresh: bool,
    as_json: bool,
) -> int:
    """Verify one provider against its consumers' pacts, where that is not known already."""
    from harness.matrix import EvidenceKind
    from harness.wiring.runs import Options, prepared
    from harness.wiring.verifying import verification_events

    wanted = parse_reports(reports)
    name, number = words.service_and_version(provider)
    options = Options(
        manifest=manifest,
        broker=broker,
        services={name: number},
        only=(EvidenceKind.PACTS,),
        runtime=runtime,
        publish=publish and only is None,
        fresh=fresh or only is not None,
        jobs=jobs,
    )
    consumers = dict(words.service_and_version(argument) for argument in against)
    with prepared(options) as run:
        events = verification_events(run, name, consumers, only)
        return follow(events, wanted, keep=wiring.recording(run.system.root), as_json=as_json)
