"""`harness up`: the system, started and left running."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from harness.cli import words
from harness.engine.events import ServiceFailed, ServiceReady

if TYPE_CHECKING:
    from pathlib import Path

    from harness.engine.events import Event


@click.command("up")
@click.argument("services", nargs=-1, metavar="[SERVICE[=VERSION]...]")
@words.runtime_option
@words.manifest_option
@words.json_option
def command(services: tuple[str, ...], runtime: str, manifest: Path | None, *, as_json: bool) -> int:
    """Start the system (or some services and all they need) and leave it running until `harness down`."""
    from harness.wiring.systems import start_and_leave

    chosen = dict(words.service_and_version(argument) for argument in services)
    ready: list[ServiceReady] = []
    failed: list[ServiceFailed] = []
    with closing(start_and_leave(manifest, runtime, chosen)) as events:
        for event in events:
            if isinstance(event, ServiceReady):
                ready.append(event)
            elif isinstance(event, ServiceFailed):
                failed.append(event)
            if not as_json:
                _show(event)
    if as_json:
        words.say_json(_document(ready, failed))
    elif ready and not failed:
        words.say("stop it with: harness down")
    return 3 if failed else 0


def _show(event: Event) -> None:
    match event:
        case ServiceReady():
            urls = ", ".join(endpoint.url for endpoint in event.endpoints)
            words.say(f"{_named(event)} is ready: {urls}")
        case ServiceFailed():
            words.say(f"{_named(event)} did not start: {event.because}")
            for line in event.log_tail:
                words.say(f"  | {line}")
        case _:
            pass


def _named(event: ServiceReady | ServiceFailed) -> str:
    return f"{event.name} {event.version}".strip()


def _document(ready: list[ServiceReady], failed: list[ServiceFailed]) -> dict[str, object]:
    return {
        "running": [
            {"name": e.name, "version": e.version, "endpoints": {p.name: p.url for p in e.endpoints}}
            for e in ready
        ],
        "failed": [{"name": e.name, "version": e.version, "because": e.because} for e in failed],
    }
