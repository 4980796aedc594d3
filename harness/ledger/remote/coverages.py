"""What runs saw providers answer, told to a broker that compares documents, and read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.comparison.coverage import Coverage
from harness.ledger.remote import hal
from harness.ledger.remote.hal import redact_url
from harness.ledger.remote.writing import PROVIDER_CONTRACT
from harness.verdicts import Covered, Verdict

if TYPE_CHECKING:
    from harness.evidence import Evidence
    from harness.identity import Version
    from harness.ledger.remote.site import Site


def tell(site: Site, evidence: Evidence) -> None:
    """Tell what promises that were kept showed; a broker without a place for it is left alone."""
    mine = ("", evidence.provider.pacticipant)
    kept = [each for each in evidence.results if each.verdict is Verdict.PASSED]
    seen = Coverage.of(covered for each in kept for covered in each.covered if covered.service in mine)
    if seen.seen and _takes_it(site):
        body = {"run": evidence.run, "seen": seen.document()}
        site.offer(_place(site, evidence.provider), body, f"what {evidence.provider} was seen to answer")


def read_coverage(site: Site, provider: Version) -> Coverage:
    """What the broker was told of a version; nothing where it has no place for it."""
    found = site.find(_place(site, provider)) if _takes_it(site) else None
    listed = found.get("seen") if found else None
    return Coverage.of(_parse_covered(each, site) for each in (listed if isinstance(listed, list) else ()))


def _takes_it(site: Site) -> bool:
    return bool(hal.links(site.index, PROVIDER_CONTRACT))


def _place(site: Site, provider: Version) -> str:
    names = "contracts", "bi-directional", "provider", provider.pacticipant, "version", provider.number
    return site.below(*names, "coverage")


def _parse_covered(document: Any, site: Site) -> Covered:
    if not isinstance(document, dict) or not isinstance(document.get("status"), int):
        raise hal.junk(redact_url(site.base), "a coverage holds something that is no answer")
    return Covered(
        operation=hal.text(document, "operation", redact_url(site.base)),
        status=document["status"],
        media_type=hal.maybe_text(document, "mediaType"),
        fields=_texts(document.get("fields")),
        parameters=_texts(document.get("parameters")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(sorted(each for each in value if isinstance(each, str))) if isinstance(value, list) else ()
