"""A served broker: which database, which settings, which server."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def serve(*, host: str, port: int, database_url: str) -> int:
    """Serve until somebody ends it. Raises UsageError for an address that others can reach."""
    import uvicorn

    from harness.broker.app import broker
    from harness.broker.store.database import open_database

    if host not in LOOPBACK:
        raise UsageError(
            f"a broker at {host} can be reached by others, and nothing says who may do what",
            hint="serve it on 127.0.0.1",
        )
    database = open_database(database_url or f"sqlite:///{Path.cwd() / '.harness' / 'ledger.db'}")
    uvicorn.run(broker(database), host=host, port=port, log_level="info")
    return 0
