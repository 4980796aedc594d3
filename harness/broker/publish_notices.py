"""What is told to whoever publishes one side of a pair: whether it fits the other sides that are live."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from harness.errors import EnvironmentProblem
from harness.ledger.db import pacts
from harness.ledger.db import provider_contracts as kept
from harness.ledger.static_comparisons import Backing, StaticComparison, compare_with_document, problems_of
from harness.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from harness.broker.http.request import Request
    from harness.ledger.db.provider_contracts import ProviderDocument

log = logging.getLogger("harness.broker")
Notice = dict[str, str]
_MOST = 20  # pairs that one publication is compared in
_MOST_PROBLEMS = 5  # of a document that are told
_LARGE = 500_000  # bytes
_SECONDS = 0.3  # after which whoever publishes waits no longer


def tell_once_kept(
    request: Request, notices: list[Notice], found: Callable[[sa.Connection], Iterable[Notice]]
) -> None:
    """Add what is found out about a publication once it is kept: nobody who writes waits for that."""

    def look() -> None:
        try:
            with request.look() as db:
                notices.extend(found(db))
        except Exception as error:  # noqa: BLE001 - what is kept is kept, and nobody is told that it failed
            _log_uncompared(error)

    request.later(look)


def _log_uncompared(error: Exception) -> None:
    if isinstance(error, EnvironmentProblem):
        log.warning("a publication was not compared: %s", error.problems[0].sentence)
    else:
        log.error("a publication was not compared", exc_info=error)


def with_consumers(request: Request, db: sa.Connection, provider: str, version: int) -> Iterator[Notice]:
    """How a provider's new document fits the pacts of the consumers that are live, or on their main branches."""
    document = kept.document_of(db, version)
    if document is None:
        return
    yield from _of_problems(document)
    where = [*pacts.of_provider(provider), sa.or_(pacts.of_live(""), pacts.heads_of_main())]
    deadline = time.monotonic() + _SECONDS
    for number, (pact, content) in enumerate(pacts.contents(db, where)):
        if number >= _MOST or time.monotonic() > deadline:
            yield _rest(request, document, provider)
            return
        found = compare_with_document(content, document, Backing())
        yield from _comparison_notices(found, f"{pact.consumer} version {pact.number}", "this document")


def _of_problems(document: ProviderDocument) -> Iterator[Notice]:
    """What of a document cannot be read; a large one is not read for that while others wait."""
    told = problems_of(document) if len(document.source) <= _LARGE else ()
    for problem in told[:_MOST_PROBLEMS]:
        yield {"type": "warning", "text": f"What needs this place is unknown: {problem.sentence}"}
    if len(told) > _MOST_PROBLEMS:
        text = f"{len(told) - _MOST_PROBLEMS} more places of the document cannot be read (harness doctor)"
        yield {"type": "warning", "text": text}


def with_providers(db: sa.Connection, consumer: int, providers: Sequence[str]) -> Iterator[Notice]:
    """How a version's pacts fit the documents of providers that are live, or heads of their main branches."""
    for provider in providers:
        yield from _with_provider(db, consumer, provider)


def _with_provider(db: sa.Connection, consumer: int, provider: str) -> Iterator[Notice]:
    versions = kept.with_document(db, provider)[:_MOST]
    pact = pacts.newest(db, [pacts.of_versions([consumer]), *pacts.of_provider(provider)]) if versions else None
    if pact is None:
        return
    deadline = time.monotonic() + _SECONDS
    for version in versions:
        document = kept.document_of(db, version)
        if document is None or time.monotonic() > deadline:
            return
        found = compare_with_document(pact.served, document, Backing())
        yield from _comparison_notices(found, "This pact", f"the document of {provider} version {document.number}")


def _comparison_notices(found: StaticComparison, who: str, what: str) -> Iterator[Notice]:
    """What was exercised is not looked up here: that takes long, and others wait."""
    if found.told is Verdict.FAILED:
        yield {"type": "warning", "text": f"{who} does not fit {what}: {found.because}"}
    elif found.fits:
        yield {"type": "info", "text": f"{who} fits {what}"}


def _rest(request: Request, document: ProviderDocument, provider: str) -> Notice:
    where = request.to("contracts", "bi-directional", "provider", provider, "version", document.number)
    text = f"The other consumers were not compared; see {where}/cross-contract-verification-results"
    return {"type": "info", "text": text}
