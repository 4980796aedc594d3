"""Where a project is remembered: `.harness` beside its manifest, or elsewhere when nobody may write there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from harness.errors import EnvironmentProblem
from harness.identity import digest
from harness.runtime.sweeping import state_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = ".harness"


def project_folder(root: Path, environ: Mapping[str, str]) -> Path:
    """The folder, which need not be there yet; that of a read-only checkout is below the state folder."""
    beside = root / NAME
    if can_be_written(beside):
        return beside
    return state_folder(environ) / "projects" / digest("project", str(root.absolute()))[:16]


def made_project_folder(root: Path, environ: Mapping[str, str]) -> Path:
    """The same, made; git passes over it, for it is this machine's memory and no part of the project's versions.

    Raises EnvironmentProblem.
    """
    folder = project_folder(root, environ)
    note = folder / ".gitignore"
    try:
        if not note.exists():
            folder.mkdir(parents=True, exist_ok=True)
            note.write_text("*\n")
    except OSError as error:
        raise EnvironmentProblem(
            f"the folder of what is remembered of this project cannot be written: {error}",
            hint="set HARNESS_STATE_DIR to a folder of yours",
        ) from error
    return folder


def remark_on(root: Path, environ: Mapping[str, str]) -> str:
    """What somebody should know of it; "" when it lies where everybody looks."""
    folder = project_folder(root, environ)
    if folder == root / NAME:
        return ""
    return f"{root} cannot be written: what is remembered of it lies in {folder} (HARNESS_STATE_DIR moves it)"


def can_be_written(folder: Path) -> bool:
    """Whether a folder takes files, or can be made; the file system refuses root as well."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
