"""What commands share when they read arguments and write answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import hashes
from harness.errors import UsageError
from harness.identity import Version, argument_of, split_argument
from harness.reports.sanitize import line
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.errors import HarnessError
    from harness.gate import Instances

ANSWERS = {Verdict.PASSED: "YES", Verdict.FAILED: "NO", Verdict.UNKNOWN: "CANNOT TELL"}


def clean(text: str) -> str:
    """Foreign text without characters that steer a terminal."""
    return "\n".join(line(each) for each in text.split("\n"))


def say(text: str = "", *, aside: bool = False) -> None:
    """One line for people; aside (on stderr) where stdout is for programs."""
    click.echo(hashes.shorten_hashes(clean(text)), err=aside)


def say_command(before: str, command: str) -> None:
    """A line with a command, which can be run as it stands wherever it is read."""
    click.echo(clean(f"{before}{command}"))


def say_problems(error: HarnessError) -> None:
    """Everything that an error says, on stderr: what, where, what mends it, the last lines of a log, the page."""
    for problem in error.problems:
        place = f"{problem.where}: " if problem.where else ""
        click.echo(clean(f"error: {place}{problem.text}"), err=True)
        if problem.hint:
            click.echo(clean(f"  try: {problem.hint}"), err=True)
    for logged in getattr(error, "log_tail", ()):
        click.echo(clean(f"  | {logged}"), err=True)
    if error.page:
        click.echo(f"  see: docs/{error.page}", err=True)


def say_json(document: Any) -> None:
    """One JSON document for programs."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def version(argument: str) -> Version:
    """`orders=1.4.0` as a version; anything else is an error that shows the form."""
    name, _, number = _parse_argument(argument, placed=False)
    if not (name and number):
        raise UsageError(f"'{argument}' is not SERVICE=VERSION", hint=f"{argument_of(name or 'orders')}=1.4.0")
    return Version(name, number)


def placed_version(argument: str) -> tuple[Version, str]:
    """`orders@blue=1.4.0` as a version and the application instance that it is for; without one that is ""."""
    name, instance, number = _parse_argument(argument, placed=True)
    if not (name and number):
        raise UsageError(f"'{argument}' is not SERVICE=VERSION", hint=f"{argument_of(name or 'orders')}=1.4.0")
    return Version(name, number), instance


def placed_name(argument: str) -> tuple[str, str]:
    """`orders@blue` as a service and one of its application instances; without one that is ""."""
    name, instance, _ = _name_with_number(argument, placed=True)
    return name, instance


def _name_with_number(argument: str, *, placed: bool) -> tuple[str, str, str]:
    name, instance, number = _parse_argument(argument, placed=placed)
    if not name or (not number and argument.endswith("=")):
        raise UsageError(f"'{argument}' is not SERVICE or SERVICE=VERSION", hint="orders=1.4.0")
    return name, instance, number


def _parse_argument(argument: str, *, placed: bool) -> tuple[str, str, str]:
    try:
        return split_argument(argument, placed=placed)
    except ValueError as error:
        hint = """a name in quotes ends with one: '"a=b"=1.4.0'"""
        raise UsageError(f"'{argument}' cannot be read: {error}", hint=hint) from error


def one_instance(named: str, option: str) -> str:
    """The instance that was named, in whichever way. Raises UsageError for two."""
    if named and option and named != option:
        raise UsageError(f"two instances are named, '{named}' and '{option}'", hint="name it once")
    return named or option


def service_and_version(argument: str) -> tuple[str, str]:
    """`orders` or `orders=2` as name and number; no number is ""."""
    name, _, number = _name_with_number(argument, placed=False)
    return name, number


def manifest_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option that names the manifest."""
    return click.option(
        "--manifest",
        type=click.Path(path_type=Path),
        help="The manifest, or a folder with one. Default: harness.toml here or above.",
    )(function)


def broker_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option that names the memory of the system."""
    return click.option(
        "--broker", envvar="HARNESS_BROKER", help="Where evidence is kept. Default: what the manifest says."
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option that asks for an answer for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Answer as JSON (docs/reference/json.md).")(
        function
    )


def broker_database_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option that says which database a served broker has."""
    return click.option(
        "--database-url",
        envvar="PACT_BROKER_DATABASE_URL",
        default="",
        help="The broker's database.  Default: .harness/ledger.db here.",
    )(function)


_ANY_RUNTIME = "auto"


class _RuntimeName(click.ParamType[str]):
    """A runtime that somebody here knows; which there are is asked when one is named or shown."""

    name = "choice"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """The runtimes, as click shows a choice."""
        return self._shown().get_metavar(param, ctx)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it stands. A name that nobody knows is refused with those that there are."""
        if value == _ANY_RUNTIME:  # what most say, without a word: nothing is loaded for it
            return value
        from harness.plugins import unusable_plugins
        from harness.runtime.choice import is_runtime

        if is_runtime(value):
            return value
        for problem in unusable_plugins():
            click.echo(clean(f"error: {problem.text}"), err=True)
        return self._shown().convert(value, param, ctx)

    def _shown(self) -> click.Choice[str]:
        from harness.runtime.choice import runtime_names

        return click.Choice(runtime_names())


def runtime_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The option that chooses how services run."""
    return click.option(
        "--runtime",
        type=_RuntimeName(),
        default=_ANY_RUNTIME,
        envvar="HARNESS_RUNTIME",
        show_default=True,
        help="Containers, local processes, or what this machine has.",
    )(function)


def built_from_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """CI's claim of what it built."""
    return click.option(
        "--built-from",
        default="",
        metavar="COMMIT",
        help="CI's word that what runs and git ignores was built from this commit, which is checked out.",
    )(function)


def versions(values: Sequence[Version]) -> list[dict[str, str]]:
    """Versions as the documented JSON."""
    return [{"name": value.pacticipant, "version": value.number} for value in values]


def versions_json(values: Sequence[Version], instances: Instances) -> list[dict[str, str]]:
    """Versions as the documented JSON, each with its application instance where that has a name."""
    return [
        {"name": value.pacticipant, "version": value.number, **({"instance": instance} if instance else {})}
        for value in values
        for instance in instances.get(value, ("",))
    ]
