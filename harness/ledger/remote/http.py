"""Requests to a remote broker: patient with one that is busy, short with one that is not there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from harness.errors import BrokerRefused
from harness.ledger.remote import refused
from harness.ledger.remote.address import Address, origin
from harness.ledger.remote.hal import Document, junk, redact_url
from harness.ledger.remote.retry import WORTH_ANOTHER_TRY, Patience

if TYPE_CHECKING:
    import httpx


ACCEPT = "application/hal+json, application/json"
MERGE_PATCH = "application/merge-patch+json"
LARGEST = 256 * 1024 * 1024  # bytes of one answer
MOST_REDIRECTS = 5
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the broker answered in the end."""

    url: str  # after redirects
    status: int
    content_type: str = ""
    content: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Whether it did what was asked."""
        return 200 <= self.status < 300

    def document(self) -> Document:
        """The JSON object in it. Raises BrokerSilent for anything else."""
        value = self.json()
        if not isinstance(value, dict):
            raise junk(redact_url(self.url), "it is no JSON object")
        return value

    def json(self) -> Any:
        """The JSON in it. Raises BrokerSilent for anything else."""
        if "html" in self.content_type:
            raise refused.a_page(redact_url(self.url))
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise junk(redact_url(self.url), "it is not JSON") from None


@dataclass(slots=True, kw_only=True)
class Http:
    """A connection to one broker; threads may share it."""

    address: Address
    patience: Patience = field(default_factory=Patience)
    sleep: Callable[[float], None] = time.sleep
    transport: Any = None  # an httpx transport, for a broker in the same process
    _client: Any = None
    _making: threading.Lock = field(default_factory=threading.Lock)  # threads may ask first at once

    def get(self, url: str) -> Reply:
        """Read; whatever the status, unless nothing can be known."""
        return self.send("GET", url)

    def send(self, method: str, url: str, body: Any = None, *, content_type: str = "application/json") -> Reply:
        """One request, tried again while the broker is busy.

        Raises BrokerSilent when there is no answer, BrokerRefused for 401 and 403; other refusals are replies.
        """
        failed, waited = 0, 0.0
        while True:
            reply, response, problem = self._attempt(method, url, body, content_type)
            if reply is not None and reply.status not in WORTH_ANOTHER_TRY:
                refused.check(reply.status, redact_url(reply.url))
                return reply
            failed += 1 if reply is not None else 2  # a host where nobody answers is given up sooner
            asked = response.headers.get("retry-after", "") if response is not None else ""
            pause = self.patience.wait(failed=failed, waited=waited, retry_after=asked, now=time.time())
            if pause is None:
                why = f"HTTP {reply.status}" if reply is not None else problem
                raise refused.no_answer(redact_url(url), why, asked=asked)
            self.sleep(pause)
            waited += pause

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _attempt(
        self, method: str, url: str, body: Any, content_type: str
    ) -> tuple[Reply | None, httpx.Response | None, str]:
        import httpx

        try:
            response, content = self._through_redirects(method, url, body, content_type)
        except httpx.HTTPError as error:
            # The text of a transport error may quote a header that was refused; its kind says enough then.
            kind = type(error).__name__
            why = str(error) if isinstance(error, httpx.TransportError) and "header" not in str(error) else ""
            return None, None, f"{kind}: {why}" if why else kind
        reply = Reply(
            url=str(response.url),
            status=response.status_code,
            content_type=response.headers.get("content-type", ""),
            content=content,
        )
        return reply, response, ""

    def _through_redirects(
        self, method: str, url: str, body: Any, content_type: str
    ) -> tuple[httpx.Response, bytes]:
        for _ in range(MOST_REDIRECTS + 1):
            response, content = self._once(method, url, body, content_type)
            if response.status_code not in (301, 302, 303, 307, 308):
                return response, content
            url = self._redirected(method, response)
        raise BrokerRefused(
            f"the broker redirects more than {MOST_REDIRECTS} times",
            where=redact_url(url),
            hint="give the address where it ends",
        )

    def _redirected(self, method: str, response: httpx.Response) -> str:
        here = str(response.url)
        target: str = urljoin(here, response.headers.get("location", ""))
        safe = origin(target) == origin(here) or _only_more_secret(here, target)
        repeats = method == "GET" or response.status_code in (307, 308)
        if not safe or not repeats or target == here:
            raise refused.redirect_refusal(redact_url(here), redact_url(target), response.status_code)
        return target

    def _once(self, method: str, url: str, body: Any, content_type: str) -> tuple[httpx.Response, bytes]:
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": content_type} if content is not None else {}
        with self._connected().stream(method, url, content=content, headers=headers) as response:
            read = bytearray()
            for chunk in response.iter_bytes():
                read += chunk
                if len(read) > LARGEST:
                    raise junk(redact_url(url), f"it is larger than {LARGEST} bytes")
            return response, bytes(read)

    def _connected(self) -> httpx.Client:
        with self._making:
            if self._client is None:
                self._client = self._new_client()
            client: httpx.Client = self._client
        return client

    def _new_client(self) -> httpx.Client:
        import httpx

        from harness import __version__

        nearby = (urlsplit(self.address.base).hostname or "") in _LOCAL
        return httpx.Client(
            headers=[("Accept", ACCEPT), ("User-Agent", f"harness/{__version__}"), *self.address.headers],
            timeout=httpx.Timeout(60.0, connect=10.0),
            limits=httpx.Limits(max_connections=16),
            follow_redirects=False,
            trust_env=not nearby,  # a proxy may be needed on the way out, never to this machine
            transport=self.transport,
        )


def _only_more_secret(here: str, target: str) -> bool:
    """The same host, now encrypted: a redirect that every broker behind TLS makes."""
    one, other = urlsplit(here), urlsplit(target)
    return (one.scheme, other.scheme) == ("http", "https") and one.hostname == other.hostname
