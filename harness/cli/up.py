"""`harness up`: the system, started and left running."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.engine.events import ServiceFailed, ServiceReady
from harness.services.shell import exports

if TYPE_CHECKING:
    from pathlib import Path

    from harness.engine.events import Event


@click.command("up")
@click.argument("services", nargs=-1, metavar="[SERVICE[=VERSION]...]")
@words.runtime_option
@words.manifest_option
@click.option("--env", "as_exports", is_flag=True, help='Answer for a shell: eval "$(harness up --env)".')
@words.json_option
def command(
    services: tuple[str, ...], runtime: str, manifest: Path | None, *, as_exports: bool, as_json: bool
) -> int:
    """Start the system (or some services and all they need) and leave it running until `harness down`."""
    from harness.composition.systems import start_and_leave

    if as_exports and as_json:
        raise click.UsageError("--env and --json both say how to answer; give one of them")
    chosen = dict(words.service_and_version(argument) for argument in services)
    ready: list[ServiceReady] = []
    failed: list[ServiceFailed] = []
    for remark in composition.system(manifest).remarks if not as_json else ():
        words.say(f"!  {remark.sentence}", aside=True)
    with closing(start_and_leave(manifest, runtime, chosen)) as events:
        for event in events:
            if isinstance(event, ServiceReady):
                ready.append(event)
            elif isinstance(event, ServiceFailed):
                failed.append(event)
            if not as_json:
                _show(event, aside=as_exports)
    _answer(ready, failed, as_exports=as_exports, as_json=as_json)
    return 3 if failed else 0


def _answer(ready: list[ServiceReady], failed: list[ServiceFailed], *, as_exports: bool, as_json: bool) -> None:
    if as_json:
        words.say_json(_document(ready, failed))
    elif as_exports:
        _say_exports(ready, failed)
    elif ready and not failed:
        words.say("stop it with: harness down")


def _show(event: Event, *, aside: bool) -> None:
    match event:
        case ServiceReady():
            urls = ", ".join(endpoint.url for endpoint in event.endpoints)
            words.say(f"{_service_label(event)} is ready: {urls}", aside=aside)
        case ServiceFailed():
            words.say(f"{_service_label(event)} did not start: {event.because}", aside=aside)
            for line in event.log_tail:
                words.say(f"  | {line}", aside=aside)
        case _:
            pass


def _say_exports(ready: list[ServiceReady], failed: list[ServiceFailed]) -> None:
    found = [(event.name, endpoint.name, endpoint.url) for event in ready for endpoint in event.endpoints]
    # The exit code of a command inside `eval "$(...)"` is lost; `false` keeps what follows `&&` from being run.
    words.say("\n".join([*exports(found), *(["false"] if failed else [])]))


def _service_label(event: ServiceReady | ServiceFailed) -> str:
    return f"{event.name} {event.version}".strip()


def _document(ready: list[ServiceReady], failed: list[ServiceFailed]) -> dict[str, object]:
    return {
        "running": [
            {"name": e.name, "version": e.version, "endpoints": {p.name: p.url for p in e.endpoints}}
            for e in ready
        ],
        "failed": [{"name": e.name, "version": e.version, "because": e.because} for e in failed],
    }
