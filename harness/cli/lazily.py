"""Groups of commands that are imported only when they are asked for, so that `--version` is quick."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


def lazy(commands: Mapping[str, str]) -> type[click.Group]:
    """A group of commands by name, each in a module of `harness.cli` of its own."""

    class Commands(click.Group):
        """The commands, each loaded when it is needed."""

        def list_commands(self, ctx: click.Context) -> list[str]:
            """In the order in which people meet them."""
            del ctx
            return list(commands)

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            """The command of that name."""
            del ctx
            if cmd_name not in commands:
                return None
            module = importlib.import_module(f"harness.cli.{commands[cmd_name]}")
            command: click.Command = module.command
            return command

        def resolve_command(
            self, ctx: click.Context, args: list[str]
        ) -> tuple[str | None, click.Command | None, list[str]]:
            """A mistyped command is answered with the closest one."""
            from harness.errors import did_you_mean

            if args and args[0] not in commands and not args[0].startswith("-"):
                raise click.UsageError(f"no command '{args[0]}'; {did_you_mean(args[0], commands)}", ctx)
            return super().resolve_command(ctx, args)

    return Commands
