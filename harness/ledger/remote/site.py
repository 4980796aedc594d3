"""A remote broker as its API shows it: its index, documents behind links, and lists of several pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit, urlunsplit

from harness.errors import BrokerRefused
from harness.ledger.remote import hal, refused
from harness.ledger.remote.address import Address, address
from harness.ledger.remote.hal import Document, redact_url
from harness.ledger.remote.http import Http, Reply

if TYPE_CHECKING:
    from harness.ledger.remote.retry import Patience

AT_ONCE = 8  # requests
MOST_PAGES = 10_000

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True, kw_only=True)
class Site:
    """One broker, entered by its index; links are followed, and only to itself."""

    http: Http
    base: str  # where it was entered; after a redirect, where that led
    _index: Document | None = None
    _announced: str = ""
    _kept: dict[str, Document] = field(default_factory=dict)

    @property
    def index(self) -> Document:
        """The broker's own table of contents; asked for once. Raises BrokerRefused where there is none."""
        if self._index is None:
            reply = self.http.get(f"{self.base}/")
            if not reply.ok:
                raise BrokerRefused(
                    f"there is no broker at that address (HTTP {reply.status})",
                    where=redact_url(reply.url),
                    hint='url = "https://broker.example", with the path below which the broker lives, if any',
                )
            index = reply.document()
            if not isinstance(index.get("_links"), dict):
                raise hal.junk(redact_url(reply.url), "it has no links: it is no Pact Broker's index")
            if urlsplit(reply.url).scheme != urlsplit(self.base).scheme:  # it insists on TLS
                self.base = urlunsplit(urlsplit(reply.url)._replace(query="", fragment="")).rstrip("/")
            self._announced = hal.maybe_href(index, "self").rstrip("/")
            self._index = index
        return self._index

    def link(self, rel: str, **values: str) -> str:
        """Where the index says that something is."""
        return self.at(hal.href(self.index, rel, self.base, **values))

    def at(self, link: str) -> str:
        """A link of the broker as an address for us."""
        _ = self.index  # it says under which name the broker knows itself
        return hal.resolve_link(link, self.base, self._announced)

    def below(self, *names: str) -> str:
        """An address that no link names: the path is fixed by the API."""
        return self.base + "".join(hal.fill_template("/{name}", {"name": name}) for name in names)

    def read(self, url: str, **query: str) -> Document:
        """The document there. Raises BrokerRefused for any refusal, also when it is not there."""
        found = self.find(url, **query)
        if found is None:
            raise BrokerRefused(
                "the broker names a document that is not there (HTTP 404)",
                where=redact_url(url),
                hint="somebody may just have deleted it: ask again",
            )
        return found

    def find(self, url: str, **query: str) -> Document | None:
        """The document there, None when there is none."""
        reply = self.http.get(with_query(url, query))
        if reply.status == 404:
            return None
        if not reply.ok:
            raise refused.refusal_of_answer(reply.status, _reply_body(reply), redact_url(url), "to show that")
        return reply.document()

    def keep(self, url: str) -> Document:
        """The document there, asked for once: for what never changes while a command runs."""
        if url not in self._kept:
            self._kept[url] = self.read(url)
        return self._kept[url]

    def forget(self, url: str) -> None:
        """Ask for the document there again, after we changed it ourselves."""
        self._kept.pop(url, None)

    def all_pages(self, url: str, key: str) -> list[Document]:
        """Every item of a list, however many pages it has. Raises BrokerSilent for a list that does not end."""
        return [each for page in self.pages(url, key) for each in page]

    def pages(self, url: str, key: str) -> Iterator[Sequence[Document]]:
        """The items of a list, a page at a time. Raises BrokerSilent for a list that does not end."""
        seen: set[str] = set()
        while url:
            if url in seen or len(seen) >= MOST_PAGES:
                raise hal.junk(redact_url(url), "its pages do not end")
            seen.add(url)
            page = self.read(url)
            yield hal.embedded_list(page, key, redact_url(url))
            following = hal.maybe_href(page, "next") if "page" in page else ""
            url = self.at(following) if following else ""

    def change(
        self, method: str, url: str, body: Any, doing: str, *, content_type: str = "application/json"
    ) -> Document:
        """What the broker answers to a change. Raises BrokerRefused, in the broker's words."""
        reply = self.http.send(method, url, body, content_type=content_type)
        if not reply.ok:
            raise refused.refusal_of_answer(reply.status, _reply_body(reply), redact_url(url), doing)
        return reply.document() if reply.content else {}

    def offer(self, url: str, body: Any, doing: str) -> bool:
        """Tell a broker something that only some take; whether it did. Raises BrokerRefused for a real refusal."""
        reply = self.http.send("POST", url, body, content_type="application/json")
        if reply.status in (404, 405):
            return False
        if not reply.ok:
            raise refused.refusal_of_answer(reply.status, _reply_body(reply), redact_url(url), doing)
        return True

    def each(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """The results in the order of the items, several asked for at once."""
        listed = list(items)
        if len(listed) < 2:
            return [function(item) for item in listed]
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            return list(pool.map(function, listed))

    def close(self) -> None:
        """Let go of the connections."""
        self.http.close()


def with_query(url: str, query: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
    """A link with a query of ours behind its own, if it has one."""
    pairs = list(query.items()) if isinstance(query, Mapping) else list(query)
    if not pairs:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}"


def _reply_body(reply: Reply) -> Any:
    if "json" not in reply.content_type:
        return reply.content[:500].decode("utf-8", "replace") if "text/plain" in reply.content_type else ""
    return reply.json()


def open_site(
    url: str, environ: Mapping[str, str], *, patience: Patience | None = None, transport: Any = None
) -> Site:
    """The broker at a URL, with the credentials that are its own. Nothing is asked of it yet."""
    where: Address = address(url, environ)
    http = Http(address=where, transport=transport)
    if patience is not None:
        http = replace(http, patience=patience)
    return Site(http=http, base=where.base)
