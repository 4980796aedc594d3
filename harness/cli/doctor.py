"""`harness doctor`: what is installed, reachable, missing, and how to mend it."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import composition
from harness.cli import words
from harness.errors import HarnessError, UsageError
from harness.runtime.doctor import Examination, examine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.services.system import System


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
        system = composition.system(None)
    except UsageError:
        return ()
    except HarnessError as error:
        return (Examination(subject="manifest", ok=False, detail=error.problems[0].sentence, remedy="mend it"),)
    remarks = (Examination(subject="manifest", ok=True, detail=each.sentence) for each in system.remarks)
    return (*remarks, *_documents(system))


def _documents(system: System) -> Iterator[Examination]:
    """What of the services' OpenAPI documents cannot be read, so that nobody knows what it promises."""
    from harness.app.publish import of_document

    for service in system.services:
        path = Path(service.openapi) if service.openapi else None
        if path is None or not path.is_file():
            continue
        subject = f"document of {service.name}"
        try:
            read = of_document(path.read_bytes(), service.name, str(path))
        except HarnessError as error:
            yield Examination(subject=subject, ok=False, detail=error.problems[0].sentence, remedy="mend it")
            continue
        for each in read.problems:
            yield Examination(subject=subject, ok=False, detail=each.sentence, remedy="mend it there")
        for each in read.remarks:
            yield Examination(subject=subject, ok=True, detail=each.sentence)
