"""docs/reference/commands.md is what `--help` says; HARNESS_REWRITE=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import COMMANDS, harness

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
EXITS = "0 passed / yes · 1 failed / no · 2 wrong usage or configuration · 3 unknown · 130 interrupted"
HEAD = f"# Commands\n\nExit codes: {EXITS}\n(Ctrl-C, SIGTERM, SIGHUP).\n"


def help_of(command: str) -> str:
    result = CliRunner().invoke(harness, [command, "--help"], prog_name="harness", terminal_width=100)
    assert result.exit_code == 0, result.output
    return result.output


def page() -> str:
    return HEAD + "".join(f"\n## harness {name}\n\n```\n{help_of(name)}```\n" for name in COMMANDS)


def test_the_page_says_what_the_commands_say() -> None:
    if os.environ.get("HARNESS_REWRITE"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_decides_or_lists_answers_as_json(command: str) -> None:
    assert "--json" in help_of(command) or command in ("report", "broker", "pacts")
