"""What a broker that compares documents shows of a provider's version: its document, its word, what was seen."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from harness.contracts.openapi_source import parse
from harness.errors import ContractError
from harness.identity import Version, content_key
from harness.ledger.db.coverage import coverage_evidence
from harness.ledger.db.evidence import written_details
from harness.ledger.remote import coverages, hal
from harness.ledger.remote.hal import Document, redact_url
from harness.ledger.remote.writing import PROVIDER_CONTRACT
from harness.transfer import records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.ledger.remote.site import Site
    from harness.transfer.records import Record


def has_documents(site: Site) -> bool:
    """Whether the broker keeps documents of providers at all."""
    return bool(hal.links(site.index, PROVIDER_CONTRACT))


def of_version(site: Site, version: records.ArchivedVersion) -> Sequence[Record]:
    """The document of a version and what belongs to it; nothing where it has none, or does not show it."""
    names = "contracts", "bi-directional", "provider", version.pacticipant, "version", version.number
    url = site.below(*names, "provider-contract")
    shown_document = _inside(site.find(url), "providerContract")
    if not isinstance(shown_document.get("content"), str):
        return []
    document = _document(shown_document, version, redact_url(url))
    claim = _inside(
        site.find(site.below(*names, "provider-contract-verification-results")), "selfVerificationResults"
    )
    return [
        document,
        _claim(claim, version, document.created_at),
        *_coverage_records(site, version, document.created_at),
    ]


def _inside(document: Document | None, name: str) -> Document:
    embedded = (document or {}).get("_embedded")
    found = embedded.get(name) if isinstance(embedded, dict) else None
    return found if isinstance(found, dict) else {}


def _document(told_of: Document, version: records.ArchivedVersion, place: str) -> records.ArchivedDocument:
    encoded, media = told_of["content"], hal.maybe_text(told_of, "contentType")
    try:
        source = base64.b64decode(encoded, validate=True)
        document = parse(source, "document.json" if "json" in media else "document.yaml")
    except (binascii.Error, ValueError):
        raise hal.junk(place, "the document is not valid base64") from None
    except ContractError as error:
        raise hal.junk(place, f"the document cannot be read: {error.problems[0].text}") from None
    return records.ArchivedDocument(
        provider=version.pacticipant,
        number=version.number,
        key=content_key(document),
        text=json.dumps(document, ensure_ascii=False, indent=2),
        source=encoded,
        source_type=media,
        created_at=hal.maybe_text(told_of, "createdAt"),
    )


def _claim(told_of: Document, version: records.ArchivedVersion, at: str) -> records.ArchivedClaim:
    success = told_of.get("success")
    return records.ArchivedClaim(
        provider=version.pacticipant,
        number=version.number,
        success=success if isinstance(success, bool) else None,
        content=_text(told_of, "content"),
        content_type=_text(told_of, "contentType"),
        format=_text(told_of, "format"),
        verifier=_text(told_of, "verifier"),
        verifier_version=_text(told_of, "verifierVersion"),
        at=hal.maybe_text(told_of, "createdAt") or at,
    )


def _text(document: Document, name: str) -> Any:
    return hal.maybe_text(document, name) or None


def _coverage_records(site: Site, version: records.ArchivedVersion, at: str) -> Sequence[Record]:
    of = Version(version.pacticipant, version.number)
    seen = coverages.read_coverage(site, of).seen
    if not seen:
        return []
    evidence = coverage_evidence(of, "copied from another broker", seen, at)
    return [
        records.ArchivedEvidence(
            of=evidence.kind.value,
            provider=version.pacticipant,
            number=version.number,
            verdict=evidence.verdict.value,
            cause=evidence.cause.value if evidence.cause else None,
            because=evidence.because,
            run=evidence.run,
            at=at,
            details=written_details(evidence),
        )
    ]
