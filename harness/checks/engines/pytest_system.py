"""The running system as a file, for tests in other processes."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.ports import Endpoint, Instance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VARIABLE = "HARNESS_SYSTEM"  # names the file


def write_system(path: Path, instances: Iterable[Instance]) -> None:
    """Write the addresses of running instances."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({"instances": [asdict(instance) for instance in instances]}))
    draft.replace(path)


def read_system(path: Path) -> dict[str, Instance]:
    """The running instances by name. Raises UsageError for a file that is none."""
    try:
        told = json.loads(path.read_text())["instances"]
        found = [
            Instance(**{**each, "endpoints": tuple(Endpoint(**e) for e in each["endpoints"])}) for each in told
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{VARIABLE} does not name the file of a running system: {error}",
            where=str(path),
            hint=f"unset {VARIABLE}, or let `harness run` start the tests",
        ) from error
    return {instance.name: instance for instance in found}
