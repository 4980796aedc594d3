"""`harness report`: any report again, byte for byte, from a recorded run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import composition
from harness.errors import UsageError
from harness.reports.formats import format_names, render

if TYPE_CHECKING:
    from harness.engine.events import Event


class _FormatOption(click.Option):
    """The option that names a format; which there are is asked when somebody wants to know."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option, and every format by name."""
        self.help = f"One of {', '.join(format_names())}."
        return super().get_help_record(ctx)


@click.command("report")
@click.argument("recording", required=False, type=click.Path(path_type=Path))
@click.option("--format", "format_", cls=_FormatOption, default="terminal", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="A file instead of the standard output.")
def command(recording: Path | None, format_: str, output: Path | None) -> None:
    """Write any report again from the recorded events of a run; without RECORDING, of the last run here."""
    text = render(format_, events_of(recording or composition.last_run()))
    if output:
        output.write_text(text, encoding="utf-8", newline="")
    else:
        click.echo(text, nl=False)


def events_of(recording: Path) -> tuple[Event, ...]:
    """The events of a recorded run; a line that is none names itself."""
    try:
        lines = recording.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the recording: {error}", where=str(recording)) from error
    return tuple(_event(line, f"{recording}:{number}") for number, line in enumerate(lines, 1) if line.strip())


def _event(line: str, where: str) -> Event:
    from pydantic import ValidationError

    from harness.engine.events import read_events

    try:
        return next(read_events([line]))
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"not an event of a run: {first['msg']} at {'.'.join(map(str, first['loc'])) or 'the line'}",
            where=where,
            hint="give the file that `harness run --report ndjson=FILE` wrote",
        ) from error
