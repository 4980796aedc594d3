"""What the documents of providers say where nothing was run, as the broker has them; asked only then.

It counts for versions whose document was published as a provider contract: such a provider is held to its document
and its own tests. Of every other provider a run is wanted (docs/decisions/0005-when-a-document-is-evidence.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from harness.contracts.document import ContractKind
from harness.evidence import Stated, Statements
from harness.ledger.db import provider_contracts as kept
from harness.ledger.db.rows import chunks
from harness.ledger.db.tables import contracts, pacticipants, self_verifications, versions
from harness.verdicts import Cause, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from harness.identity import Version
    from harness.ledger.db.database import Database
    from harness.ledger.db.provider_contracts import ProviderDocument
    from harness.ledger.static_comparisons import Backing

    Held = tuple[ProviderDocument | None, Backing]

# Made once: making a statement costs more than asking it.
_HELD = (
    sa.select(versions.c.id, versions.c.number, pacticipants.c.name)
    .join_from(self_verifications, versions)
    .join(pacticipants, pacticipants.c.id == versions.c.pacticipant_id)
    .distinct()
)
_HELD_ONE = _HELD.where(pacticipants.c.name == sa.bindparam("name"), versions.c.number == sa.bindparam("number"))
_ANY_HELD = sa.select(self_verifications.c.id).limit(1)
_HELD_OF = _HELD.where(pacticipants.c.name.in_(sa.bindparam("names", expanding=True)))
_TEXT = sa.select(contracts.c.text).where(contracts.c.id == sa.bindparam("id"))
_TEXT_OF_KEY = (
    sa.select(contracts.c.text)
    .where(contracts.c.key == sa.bindparam("key"), contracts.c.kind == ContractKind.PACT.value)
    .order_by(contracts.c.id)
    .limit(1)
)


def anybody_held(db: sa.Connection) -> bool:
    """Whether any version is held to its document at all."""
    return db.execute(_ANY_HELD).scalar() is not None


def held_to_documents(db: sa.Connection, providers: Collection[str]) -> Mapping[str, Mapping[int, str]]:
    """By provider: the rows and numbers of the versions that published their document as a provider contract."""
    found: dict[str, dict[int, str]] = {}
    for part in chunks(sorted(providers)):
        for row, number, name in db.execute(_HELD_OF, {"names": part}):
            found.setdefault(name, {})[row] = number
    return found


@dataclass(slots=True)
class Stating:
    """Pacts held against documents, by their rows; each is compared once."""

    db: sa.Connection
    trusted: bool  # whether a provider's own word counts as evidence
    _documents: dict[int, Held] = field(default_factory=dict)
    _said: dict[tuple[int, int], Stated] = field(default_factory=dict)

    def of(self, contract: int, version: int) -> Stated:
        """What the document of a version says of a pact."""
        if (contract, version) not in self._said:
            text: str = self.db.execute(_TEXT, {"id": contract}).scalar_one()
            self._said[contract, version] = self.of_text(text, version)
        return self._said[contract, version]

    def of_text(self, pact: str, version: int) -> Stated:
        """The same of a pact's text."""
        from harness.ledger.static_comparisons import compare_with_document

        document, backing = self._document(version)
        at = document.published_at if document else ""
        if backing.claim is False:  # what a provider says against itself is believed
            because = "the provider's own tests did not hold it to its document"
            return Stated(verdict=Verdict.FAILED, cause=Cause.BROKEN_PROMISE, because=because, at=at)
        found = compare_with_document(pact, document, backing)
        return Stated(verdict=found.told, cause=found.cause, because=found.because, claimed=found.claimed, at=at)

    def _document(self, version: int) -> Held:
        from harness.ledger.static_comparisons import backing_of

        if version not in self._documents:
            document = kept.document_of(self.db, version)
            self._documents[version] = document, backing_of(self.db, document, trusted=self.trusted)
        return self._documents[version]


def statements(db: sa.Connection, database: Database | None, *, trusted: bool) -> Statements | None:
    """What documents say, for a decision; None where no version is held to its document, which costs nothing.

    With a database every answer is read from it anew; else from the connection, as long as that is open.
    """
    if not anybody_held(db):
        return None

    def states(key: str, provider: Version) -> Stated | None:
        if database is None:
            return _find_statement(db, key, provider, trusted=trusted)
        with database.reading() as fresh:
            return _find_statement(fresh, key, provider, trusted=trusted)

    return states


def _find_statement(db: sa.Connection, key: str, provider: Version, *, trusted: bool) -> Stated | None:
    asked = {"name": provider.pacticipant, "number": provider.number}
    version: Any = db.execute(_HELD_ONE, asked).scalar()
    text: Any = None if version is None else db.execute(_TEXT_OF_KEY, {"key": key}).scalar()
    return None if text is None else Stating(db, trusted).of_text(text, version)
