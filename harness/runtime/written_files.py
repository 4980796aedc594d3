"""What services wrote into their own folders while they ran: no change of their code, until somebody edits it."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING

from harness.runtime.project_folder import project_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOST = 20_000  # files; who writes more names the folder in `writes`


def read_written(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Path (below the project's folder) to the digest of what a run left there."""
    try:
        kept = json.loads(_place(root, environ).read_text(encoding="utf-8"))
        return {str(path): str(key) for path, key in kept.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def note_written(root: Path, files: Mapping[Path, str], environ: Mapping[str, str]) -> None:
    """Remember what was left there; what is gone is forgotten."""
    known = {path: key for path, key in read_written(root, environ).items() if (root / path).exists()}
    known |= {os.path.relpath(path, root): key for path, key in files.items()}
    place = _place(root, environ)
    with contextlib.suppress(OSError):  # then the next run takes them for a change, and runs again
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{os.getpid()}.part")
        part.write_text(json.dumps(dict(list(known.items())[-_MOST:]), indent=0, sort_keys=True), encoding="utf-8")
        part.replace(place)


def _place(root: Path, environ: Mapping[str, str]) -> Path:
    return project_folder(root, environ) / "written.json"
