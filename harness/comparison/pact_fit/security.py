"""Whether a request brings the credentials that an operation asks for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.document import listing, mapping
from harness.comparison.severity import Severity

if TYPE_CHECKING:
    from harness.comparison.openapi.document import Document
    from harness.comparison.openapi.operations import OperationObject
    from harness.comparison.pact_fit.interaction_context import InteractionContext

REMEDY = "send it in the pact's request, or tell in the document who may call without"


def schemes(document: Document) -> dict[str, Any]:
    """The security schemes by name."""
    if document.old:
        return document.part("securityDefinitions")
    return mapping(document.part("components").get("securitySchemes"))


@lru_cache(maxsize=32)
def key_names(document: Document, location: str) -> frozenset[str]:
    """The names of the keys that travel in the query or in headers (these in lower case)."""
    found = (document.meant(each) for each in schemes(document).values())
    names = [str(s.get("name", "")) for s in found if s.get("type") == "apiKey" and s.get("in") == location]
    return frozenset(name.lower() if location == "header" else name for name in names)


def check_security(meeting: InteractionContext, operation: OperationObject) -> None:
    """A request needs to satisfy one of the requirements; what cannot be seen in a pact is taken as given."""
    requirements = [each for each in listing(operation.security) if isinstance(each, dict)]
    if not requirements:
        return
    known = schemes(meeting.document)
    missing = [_missing(meeting, requirement, known) for requirement in requirements]
    place = f"{operation.pointer}/security" if "security" in operation.written else "#/security"
    best = min(range(len(missing)), key=lambda number: len(missing[number]))
    for text, where in missing[best]:
        meeting.tell(
            "request.authorization.missing",
            f"the request does not bring {text}",
            at=("request", where),
            place=place,
            expected=text,
            remedy=REMEDY,
        )
    for name in [] if missing[best] else requirements[best].keys() - known.keys():
        meeting.tell(
            "request.authorization.unknown",
            f"the document does not say what the security scheme `{name}` asks for",
            severity=Severity.WARNING,
            at=("request",),
            place=place,
            expected=name,
            remedy="declare the scheme in the document; until then it is taken as met",
        )


def _missing(
    meeting: InteractionContext, requirement: dict[str, Any], known: dict[str, Any]
) -> list[tuple[str, str]]:
    """What a requirement asks for and the request does not bring, with where it would be."""
    found = []
    for name in requirement:
        scheme = meeting.document.meant(known.get(name))
        told = _missing_credential(meeting, scheme)
        if told is not None:
            found.append(told)
    return found


def _missing_credential(meeting: InteractionContext, scheme: dict[str, Any]) -> tuple[str, str] | None:
    request, kind = meeting.request, scheme.get("type")
    name = str(scheme.get("name", ""))
    if kind == "apiKey" and scheme.get("in") == "header":
        return None if name.lower() in request.headers else (f"the key in the header {name}", "headers")
    if kind == "apiKey" and scheme.get("in") == "query":
        return None if name in request.query else (f"the key in the query parameter {name}", "query")
    if kind in {"basic", "http"}:
        asked = "basic" if kind == "basic" else str(scheme.get("scheme", "")).lower()
        given = request.headers.get("authorization", [])
        made = request.rules.generator("header", ("authorization",))
        other = asked in {"basic", "bearer"} and not any(each.lower().startswith(f"{asked} ") for each in given)
        if not given or (other and not made):
            return f"credentials in the header Authorization ({asked})", "headers"
    return None
