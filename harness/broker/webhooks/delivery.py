"""One attempt to tell: the request, its answer, and a log that gives nothing away."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpcore

from harness.broker.settings import VERSION, BrokerSettings
from harness.broker.webhooks.redaction import STARS, is_secret, without
from harness.broker.webhooks.targets import Doorkeeper, TargetRefused

_TIMEOUT = 15.0  # seconds to connect, and for each read and write
_LONGEST = 60.0  # seconds for all of it
_MOST = 64 * 1024  # bytes of an answer that are read
_HIDDEN = (
    "For security purposes, the response details are not logged. To enable response logging, configure the"
    " webhook_host_whitelist property."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookMessage:
    """What is sent: every parameter is filled in."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str = ""
    username: str = ""
    password: str = ""
    secrets: tuple[str, ...] = ()  # values that no log may hold
    key: str = ""  # the same for every attempt: who is told twice can tell
    context: Mapping[str, Any] = field(default_factory=dict)  # what happened, for the log


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryOutcome:
    """What became of it."""

    success: bool
    log: str
    status: int = 0  # 0: there was no answer
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""


class _Guarded(httpcore.NetworkBackend):
    """Connects only to addresses that were judged."""

    def __init__(self, doorkeeper: Doorkeeper) -> None:
        self._inner = httpcore.SyncBackend()
        self._doorkeeper = doorkeeper

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = self._doorkeeper.address(host, port)
        return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """Sends messages, each once."""

    doorkeeper: Doorkeeper
    success_codes: tuple[int, ...]
    shows_answers: bool  # hosts are chosen by a whitelist, so their answers may be read in the log
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send(self, message: WebhookMessage) -> DeliveryOutcome:
        """One attempt; whatever goes wrong is an outcome. A redirect is an answer: it is not followed."""
        headers = headers_of(message)
        log = [f"DEBUG: Webhook context {_compact(message.context)}"] if message.context else []
        log += [f"INFO: HTTP/1.1 {message.method} {message.url}"]
        log += [f"INFO: {name}: {STARS if is_secret(name) else value}" for name, value in headers.items()]
        log += [f"INFO: {message.body}"] if message.body else []
        try:
            outcome = self._exchange(message, headers, log)
        except TargetRefused as error:
            outcome = self._failed(message, log, f"Webhook not executed: {error}")
        except (OSError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            outcome = self._failed(message, log, str(error) or type(error).__name__)
        except (httpcore.UnsupportedProtocol, ValueError, TypeError) as error:  # the library's, for odd addresses
            outcome = self._failed(message, log, f"the request cannot be sent: {error}")
        return outcome

    def _exchange(self, message: WebhookMessage, headers: Mapping[str, str], log: list[str]) -> DeliveryOutcome:
        context = ssl.create_default_context()
        encoded = [(name.encode(), value.encode("utf-8")) for name, value in headers.items()]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), _TIMEOUT)
        began = time.monotonic()
        with (
            httpcore.ConnectionPool(ssl_context=context, network_backend=_Guarded(self.doorkeeper)) as pool,
            pool.stream(
                message.method,
                as_sent(message.url),
                headers=encoded,
                content=message.body.encode("utf-8", "replace"),
                extensions={"timeout": timeouts},
            ) as answer,
        ):
            body = _read_body(answer, began)
            return self._told(message, log, answer, body)

    def _told(
        self, message: WebhookMessage, log: list[str], answer: httpcore.Response, body: bytes
    ) -> DeliveryOutcome:
        version = answer.extensions.get("http_version", b"HTTP/1.1").decode()
        reason = answer.extensions.get("reason_phrase", b"").decode("latin-1")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        text = body.decode("utf-8", "replace")
        log.append(f"INFO: {version} {answer.status} {reason}".rstrip())
        if self.shows_answers:
            log += [f"INFO: {name}: {STARS if is_secret(name) else value}" for name, value in headers.items()]
            log += [f"INFO: {text}"] if text else []
        else:
            log.append(f"INFO: {_HIDDEN}")
        success = answer.status in self.success_codes
        if not success and 300 <= answer.status < 400:
            log.append("INFO: The answer is a redirect, which is not followed")
        log.append("INFO: Successfully executed webhook" if success else "INFO: Webhook execution failed")
        shown = self.shows_answers
        return DeliveryOutcome(
            success=success,
            log=self._written(message, log),
            status=answer.status,
            headers=headers if shown else {},
            body=without(text, hidden_texts(message)) if shown else "",
        )

    def _failed(self, message: WebhookMessage, log: list[str], why: str) -> DeliveryOutcome:
        told = without(why, hidden_texts(message))
        lines = [*log, f"ERROR: Error executing webhook {told}", "INFO: Webhook execution failed"]
        return DeliveryOutcome(success=False, log=self._written(message, lines), error=told)

    def _written(self, message: WebhookMessage, lines: Iterable[str]) -> str:
        now = self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        text = "".join(f"[{now}] {line}\n" for line in lines)
        return without(text, hidden_texts(message))


def hidden_texts(message: WebhookMessage) -> tuple[str, ...]:
    """What may be read nowhere: the password, alone and with its user as a header carries it, and the secrets."""
    pair = f"{message.username}:{message.password}" if message.password else ""
    return (message.password, pair, *message.secrets)


def headers_of(message: WebhookMessage) -> dict[str, str]:
    """All headers of a message, in the order in which they are sent."""
    found = {"accept": "*/*", "user-agent": f"Pact Broker v{VERSION}"}
    found |= {name.lower(): value for name, value in message.headers.items()}
    if message.username or message.password:
        pair = f"{message.username}:{message.password}".encode()
        found["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if message.key:
        found["idempotency-key"] = message.key
    found["host"] = urlsplit(as_sent(message.url)).netloc.rpartition("@")[2]
    found["content-length"] = str(len(message.body.encode("utf-8", "replace")))
    return found


def as_sent(url: str) -> str:
    """An address as it goes over the wire: a host outside ASCII by its IDNA name, all else percent-encoded UTF-8.

    What no program can send is left as it is.
    """
    split = urlsplit(url)
    try:
        host = split.netloc.encode("idna").decode() if not split.netloc.isascii() else split.netloc
    except UnicodeError:
        return url
    parts = (quote(each, safe=_SENT) if not each.isascii() else each for each in (split.path, split.query))
    return urlunsplit((split.scheme, host, *parts, ""))


_SENT = "%/:?#[]@!$&'()*+,;=-._~"  # what stands for itself in an address


def _read_body(answer: httpcore.Response, began: float) -> bytes:
    parts, size = [], 0
    for part in answer.iter_stream():
        parts.append(part)
        size += len(part)
        if size > _MOST:
            break
        if time.monotonic() - began > _LONGEST:
            raise httpcore.ReadTimeout(f"the answer did not end within {_LONGEST:.0f} s")
    return b"".join(parts)[:_MOST]


def _compact(context: Mapping[str, Any]) -> str:
    return json.dumps(context, ensure_ascii=False, separators=(",", ":"))


def courier(settings: BrokerSettings) -> Courier:
    """Whoever sends, under these settings."""
    return Courier(
        doorkeeper=Doorkeeper(hosts=settings.webhook_hosts, private=settings.webhook_private_targets),
        success_codes=settings.webhook_success_codes,
        shows_answers=bool(settings.webhook_hosts),
    )
