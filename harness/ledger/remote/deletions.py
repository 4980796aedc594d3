"""What was deleted at a broker that tells of it, and how what was live then is said to be gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.identity import Version
from harness.ledger.deletions import Trace
from harness.ledger.remote import hal
from harness.ledger.remote.hal import redact_url
from harness.ledger.remote.http import MERGE_PATCH
from harness.ledger.remote.writing import PROVIDER_CONTRACT
from harness.verdicts import Deleted

if TYPE_CHECKING:
    from harness.evidence import Live
    from harness.ledger.remote.hal import Document
    from harness.ledger.remote.site import Site


def read_traces(site: Site) -> list[Trace]:
    """What was deleted and that nothing has come instead of; nothing where the broker tells of no deletions."""
    return [_trace(each, redact_url(_place(site))) for each in _deletion_documents(site)]


def end_deletions(site: Site, live: Live) -> int:
    """Say that what was live when it was deleted is not there any more; how much of it there was."""
    place = redact_url(_place(site))
    gone = [each for each in _deletion_documents(site) if _is_of(_trace(each, place), live)]
    for each in gone:
        url = site.at(hal.href(each, "self", site.base))
        site.change("PATCH", url, {"ended": True}, f"the end of {live.version}", content_type=MERGE_PATCH)
    return len(gone)


def _is_of(trace: Trace, live: Live) -> bool:
    there = trace.live
    number = live.version.number in ("", there.version.number)  # a deployment ends whatever was on the instance
    same = (there.environment, there.instance, there.released) == (live.environment, live.instance, live.released)
    return same and number and there.version.pacticipant == live.version.pacticipant


def _deletion_documents(site: Site) -> list[Document]:
    # A Pact Broker has no such list, and an older one of ours answers 404.
    told = site.find(_place(site)) if hal.links(site.index, PROVIDER_CONTRACT) else None
    return [] if told is None else list(hal.embedded_list(told, "deletions", redact_url(_place(site))))


def _place(site: Site) -> str:
    return site.below("deletions")


def _trace(document: Document, place: str) -> Trace:
    return Trace(
        row=0,
        version=Version(hal.text(document, "pacticipant", place), hal.text(document, "version", place)),
        counterpart=hal.maybe_text(document, "counterpart"),
        environment=hal.maybe_text(document, "environment"),
        instance=hal.maybe_text(document, "applicationInstance"),
        released=document.get("released") is True,
        contract=hal.maybe_text(document, "contract"),
        deleted=Deleted(at=hal.text(document, "deletedAt", place), who=hal.text(document, "deletedBy", place)),
    )
