"""What a database says when it cannot be used, with the remedy that fits."""

from __future__ import annotations

import re

from harness.errors import EnvironmentProblem, LedgerUnavailable

BUSY = 30.0  # seconds that a writer waits for the others

_MISTAKEN = (  # what was named is not what was meant: wrong however often it is tried
    ("not a database", "name another file; this one was not written by the harness"),
    ("readonly", "make the file and its folder writable, or choose another ledger: --broker"),
    ("unable to open", "make the file and its folder writable, or choose another ledger: --broker"),
    ("permission", "let this user read and write it, or choose another ledger: --broker"),
    ("authentication failed", "see that the user and the password are those of the database"),
    ("no password supplied", "put the password into the URL, or into PGPASSWORD"),
    ("no pg_hba.conf entry", "let this machine and user in at the server (pg_hba.conf)"),
    (
        r'(database|role) ".*" does not exist',
        "make it on the server (createdb, createuser), or name another: --broker",
    ),
)
_PASSING = (  # what may be otherwise later
    ("disk is full", "make room on the disk that it is on, and ask again"),
    ("no space left", "make room on the disk of the database's server, and ask again"),
    ("locked", f"another process has been writing for {BUSY:.0f} seconds; end it and ask again"),
    ("lock timeout", f"another process has been writing for {BUSY:.0f} seconds; end it and ask again"),
    ("queuepool limit", "too many ask at once; ask again, or serve with more --workers"),
    (
        "too many (clients|connections)|remaining connection slots",
        "the server takes no more connections; ask again, or let it take more (max_connections)",
    ),
    ("starting up", "the server is starting; ask again"),
    ("shutting down", "the server is stopping; ask again once it runs"),
    ("malformed", "the file is damaged: put a backup in its place"),
    ("disk i/o error", "the disk fails, or the file was taken away: look at it, or put a backup in its place"),
)
_ELSE = "see that the database is running and reachable, or choose another ledger: --broker"


def trouble(why: str, place: str) -> EnvironmentProblem:
    """The error for what a database said at a place."""
    for kind, remedies in ((LedgerUnavailable, _PASSING), (EnvironmentProblem, _MISTAKEN)):
        for words, remedy in remedies:
            if re.search(words, why, re.IGNORECASE):
                return kind(f"the ledger cannot be used: {why}", where=place, hint=remedy)
    return LedgerUnavailable(f"the ledger cannot be used: {why}", where=place, hint=_ELSE)
