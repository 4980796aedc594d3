"""Copies of whole brokers: from where, through which file, to where."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness import composition
from harness.errors import UsageError
from harness.identity import digest
from harness.ledger.remote.address import address, is_remote
from harness.transfer.comparing import CopyComparison
from harness.transfer.records import ArchivedWebhook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.ledger.sql_ledger import SqlLedger
    from harness.transfer.archive import Archive
    from harness.transfer.from_http import Progress

_LEDGERS = ("sqlite:", "postgres:", "postgresql:", "postgresql+psycopg:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What became of an import."""

    origin: str
    comparison: CopyComparison
    problems: tuple[str, ...]
    without_secrets: tuple[ArchivedWebhook, ...]


def export(origin: str, path: Path, progress: Progress, *, fresh: bool = False, history: bool = False) -> Archive:
    """Write everything that a broker or a ledger keeps to a file; a copy that was cut short is gone on with."""
    if fresh:
        path.unlink(missing_ok=True)
    if is_remote(origin):
        return _fetch_archive(origin, path, progress, history=history)
    if _is_ledger(origin):
        return _unfold_ledger(origin, path, progress)
    raise UsageError(
        f"there is no broker at '{origin}'",
        hint="--from https://broker.example, or sqlite:///path, or postgresql://user@host/database",
    )


def import_broker(
    origin: str, ledger: str, progress: Progress, *, fresh: bool = False, history: bool = False
) -> Copied:
    """Put everything of a broker, of a ledger or of a file into a ledger, and compare the two."""
    from harness.transfer.archive import open_archive

    if is_remote(ledger):
        raise UsageError(
            "a copy is written to a database, not through another broker's API",
            where="--to",
            hint="name the database of that broker: sqlite:///path or postgresql://user@host/database",
        )
    if not (is_remote(origin) or _is_ledger(origin)):
        return _import_archive(open_archive(Path(origin)), ledger, progress)
    path = _under_way(origin)
    found = _import_archive(export(origin, path, progress, fresh=fresh, history=history), ledger, progress)
    path.unlink(missing_ok=True)
    return found


def _is_ledger(origin: str) -> bool:
    return origin.startswith(_LEDGERS)


def _under_way(origin: str) -> Path:
    """The file of an import that was cut short; it is found again by whom it copies."""
    folder = composition.memory_of(Path.cwd())
    name = address(origin, {}).base if is_remote(origin) else origin
    return folder / f"import-{digest('import', name)[:12]}.ndjson"


def _fetch_archive(url: str, path: Path, progress: Progress, *, history: bool) -> Archive:
    from harness.ledger.remote.site import open_site
    from harness.transfer.archive import resume_archive
    from harness.transfer.from_http import Copying

    site = open_site(url, os.environ)
    try:
        archive = resume_archive(path, site.base)
        Copying(site, archive, progress, history).everything()
    finally:
        site.close()
    return archive


def _unfold_ledger(url: str, path: Path, progress: Progress) -> Archive:
    from harness.ledger.db.database import open_database
    from harness.ledger.sql_ledger import SqlLedger
    from harness.transfer.archive import resume_archive
    from harness.transfer.from_ledger import unfold

    database = open_database(url)
    try:
        path.unlink(missing_ok=True)  # a database is read at one moment: nothing of an earlier one is gone on with
        archive = resume_archive(path, database.place)
        unfold(SqlLedger(database), archive, progress)
    finally:
        database.close()
    return archive


def _import_archive(archive: Archive, ledger: str, progress: Progress) -> Copied:
    from harness.transfer.comparing import compare_copy
    from harness.transfer.import_into import import_records
    from harness.transfer.records import ArchivedWebhook

    found = list(archive.records())
    with _closing_ledger(ledger) as opened:
        problems = import_records(
            opened.database, found, progress, datetime.now(UTC).isoformat(timespec="milliseconds")
        )
        progress("comparing", 0, 1)
        comparison = compare_copy(opened, found)
        progress("comparing", 1, 1)
    hidden = tuple(each for each in found if isinstance(each, ArchivedWebhook) and each.secrets)
    return Copied(origin=archive.origin, comparison=comparison, problems=tuple(problems), without_secrets=hidden)


@contextmanager
def _closing_ledger(ledger: str) -> Iterator[SqlLedger]:
    from harness.ledger.sql_ledger import open_ledger

    opened = open_ledger(ledger or composition.embedded_ledger_url(Path.cwd()))
    try:
        yield opened
    finally:
        opened.close()
