"""`harness doctor`: what is installed, reachable, missing, and how to mend it."""

from __future__ import annotations

import os
from dataclasses import asdict

import click

from harness.cli import words


@click.command("doctor")
@words.json_option
def command(*, as_json: bool) -> int:
    """Say what is installed and reachable, what is missing, and how to mend it."""
    from harness.runtime.doctor import examine

    results = examine(os.environ)
    if as_json:
        words.say_json([asdict(result) for result in results])
    else:
        for result in results:
            words.say(f"{'ok     ' if result.ok else 'missing'}  {result.subject}: {result.detail}")
            if not result.ok and result.remedy:
                words.say(f"           try: {result.remedy}")
    return 0 if all(result.ok for result in results) else 1
