"""A ledger that is a broker somewhere else, with the file beside it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness import composition
from harness.identity import digest
from harness.ledger.remote.address import address, is_remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.ports import Ledger
    from harness.services.system import System

__all__ = ["beside", "is_remote", "remote_ledger"]


@contextmanager
def remote_ledger(url: str, described: System | None) -> Iterator[Ledger]:
    """The broker at that URL; what it cannot keep is in a file below the manifest's folder."""
    from harness.ledger.remote.ledger import RemoteLedger
    from harness.ledger.remote.site import open_site
    from harness.ledger.sql_ledger import open_ledger

    site = open_site(url, os.environ)
    root = described.root if described else Path.cwd()
    path = beside(url, root)
    policies = {each.name: each.require for each in described.environments} if described else {}
    trusts = bool(described and described.trust_claims)
    kept = open_ledger(f"sqlite:///{path}")
    ledger = RemoteLedger(site=site, beside=kept, policies=policies, trust_claims=trusts)
    try:
        yield ledger
    finally:
        ledger.close()


def beside(url: str, root: Path) -> Path:
    """The file of what this machine knows and the broker at that URL cannot keep: one for each broker."""
    name = digest("broker", address(url, {}).base)[:12]
    return composition.memory_of(root) / f"broker-{name}.db"
