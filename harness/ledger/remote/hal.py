"""Links and parts of HAL documents; what is not there, or is of another kind, is told with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from harness.errors import BrokerRefused, BrokerSilent
from harness.ledger.remote.address import origin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Document = dict[str, Any]


def junk(place: str, what: str) -> BrokerSilent:
    """The broker answered something that is not what its API promises."""
    return BrokerSilent(
        f"the broker's answer cannot be read: {what}",
        where=place,
        hint="see what it answers there, with curl; is that the address of a Pact Broker?",
    )


def text(document: Document, key: str, place: str) -> str:
    """A text that must be there."""
    value = document.get(key)
    if not isinstance(value, str):
        raise junk(place, f"'{key}' is no text")
    return value


def maybe_text(document: Document, key: str) -> str:
    """A text, "" when it is not there."""
    value = document.get(key)
    return value if isinstance(value, str) else ""


def part(document: Document, key: str, place: str) -> Document:
    """An object that must be there."""
    value = document.get(key)
    if not isinstance(value, dict):
        raise junk(place, f"'{key}' is no object")
    return value


def parts(document: Document, key: str, place: str) -> Sequence[Document]:
    """A list of objects that must be there."""
    value = document.get(key)
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise junk(place, f"'{key}' is no list of objects")
    return value


def embedded_list(document: Document, key: str, place: str) -> Sequence[Document]:
    """A list among the embedded parts, which must be there: a list that is missing is not an empty one."""
    return parts(part(document, "_embedded", place), key, place)


def links(document: Document, rel: str) -> Sequence[Document]:
    """Every link of that relation; none when there is none."""
    of_document = document.get("_links")
    found = of_document.get(rel) if isinstance(of_document, dict) else None
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, dict) and isinstance(each.get("href"), str)]


def href(document: Document, rel: str, place: str, **values: str) -> str:
    """The address that a link names, its template filled; it must be there."""
    found = links(document, rel)
    if not found:
        raise junk(place, f"there is no link '{rel}'")
    return fill_template(found[0]["href"], values)


def maybe_href(document: Document, rel: str) -> str:
    """The address that a link names, "" when there is no such link."""
    found = links(document, rel)
    return str(found[0]["href"]) if found else ""


def fill_template(template: str, values: Mapping[str, str]) -> str:
    """A template with its variables percent-encoded; a slash in a name does not part the path."""
    for name, value in values.items():
        if value in {".", ".."}:  # every program on the way would read it as a step in the path
            raise BrokerRefused(f"no broker can be asked for the {name} '{value}'", hint="give it another name")
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


def resolve_link(link: str, base: str, announced: str) -> str:
    """Where a link leads, seen from the base URL that we were given.

    A broker behind a proxy may announce itself under another name; then its links are read as ours. Raises
    BrokerRefused for a link to anybody else: secrets are not sent there.
    """
    if announced and (link == announced or link.startswith((f"{announced}/", f"{announced}?"))):
        return base + link[len(announced) :]
    try:
        joined = urljoin(f"{base}/", link)
    except ValueError:
        joined = ""
    if origin(joined) != origin(base):
        raise BrokerRefused(
            f"the broker names a link at another host: {redact_url(joined) if joined else link[:100]}",
            where=base,
            hint=f"tell the broker its own address (PACT_BROKER_BASE_URL={base} where it runs)",
        )
    return joined


def redact_url(url: str) -> str:
    """A URL as it may be shown: without user, password and query."""
    bits = urlsplit(url)
    host = bits.netloc.rpartition("@")[2]
    return f"{bits.scheme}://{host}{bits.path}"
