"""`harness doctor`: what is installed, reachable, missing, and how to mend it."""

from __future__ import annotations

import os
from dataclasses import asdict

import click

from harness import wiring
from harness.cli import words
from harness.errors import HarnessError, UsageError
from harness.runtime.doctor import Examination, examine


@click.command("doctor")
@words.json_option
def command(*, as_json: bool) -> int:
    """Say what is installed and reachable, what is missing, and how to mend it."""
    results = (*examine(os.environ), *_manifest())
    if as_json:
        words.say_json([asdict(result) for result in results])
    else:
        for result in results:
            words.say(f"{'ok     ' if result.ok else 'missing'}  {result.subject}: {result.detail}")
            if not result.ok and result.remedy:
                words.say(f"           try: {result.remedy}")
    return 0 if all(result.ok for result in results) else 1


def _manifest() -> tuple[Examination, ...]:
    """The manifest of this folder, where there is one, and what of the files that it names has no effect."""
    try:
        remarks = wiring.system(None).remarks
    except UsageError:
        return ()
    except HarnessError as error:
        return (Examination(subject="manifest", ok=False, detail=error.problems[0].sentence, remedy="mend it"),)
    return tuple(Examination(subject="manifest", ok=True, detail=remark.sentence) for remark in remarks)
