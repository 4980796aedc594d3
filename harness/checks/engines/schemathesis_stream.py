"""What Schemathesis saw, read from its NDJSON report as values; a report cut anywhere is still read."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.comparison.coverage import Coverage, covered_by, fields_of, media_of
from harness.contracts.openapi_routing import RouteTable
from harness.verdicts import Covered, Exchange

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


_LARGEST = 256 * 1024  # bytes of an answer that are read for its fields
_MOST = 2000  # fields of one operation that are told


@dataclass(slots=True)
class Covering:
    """Gathers what passing cases saw, each operation by itself."""

    _found: dict[str, dict[Covered, None]] = field(default_factory=lambda: defaultdict(dict))
    _read: dict[tuple[str, bytes], tuple[str, ...]] = field(default_factory=dict)

    def take(self, operation: str, exchange: Exchange, body: bytes) -> None:
        """Take one case whose request meets the operation."""
        covered = covered_by(replace(exchange, response_body="", response_size=0), operation)
        if covered is None:
            return
        fields = self._fields(body, media_of(exchange)) if len(body) <= _LARGEST else ()
        self._found[operation][replace(covered, fields=fields)] = None

    def _fields(self, body: bytes, media: str) -> tuple[str, ...]:
        key = media, body
        if key not in self._read:
            self._read[key] = fields_of(body, media)
        return self._read[key]

    def told(self) -> dict[str, Coverage]:
        """What was seen of each operation, merged; of very many fields only the first ones."""
        merged = {operation: Coverage.of(found) for operation, found in self._found.items()}
        return {
            operation: Coverage(tuple(replace(each, fields=each.fields[:_MOST]) for each in coverage.seen))
            for operation, coverage in merged.items()
        }


_RECENT = 5  # requests that are kept to tell what was going on when a service died
_BODY = 4096  # characters of a body that are kept
_FILTERED = "[redacted]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One check of Schemathesis that failed in one case."""

    kind: str  # its class there, "UndefinedStatusCode"
    operation: str  # "GET /orders/{id}"
    message: str
    case: str
    status: int
    exchange: Exchange
    body: bytes = field(default=b"", repr=False)  # the request's, exactly
    at: float = 0.0  # when its answer was there, or was given up
    lax: bool = False  # the request was wrong only in the type of a value


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolError:
    """Something that Schemathesis could not do, with one operation or at all."""

    operation: str  # a label, or what it calls the place
    kind: str  # the exception's class
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request that went out, and when."""

    at: float
    operation: str
    exchange: Exchange
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that one child process told."""

    statuses: Mapping[str, Counter[int]]  # per operation, what it answered how often
    astray: Mapping[str, str]  # per operation, what requests that were made for it meet instead
    covered: Mapping[str, Coverage]  # per operation, what the answers held in cases that passed
    finished: Mapping[str, frozenset[str]]  # per phase, the operations that went through it
    skipped: Mapping[str, str]  # operations that a phase left out, and why
    failures: tuple[Failure, ...]
    errors: tuple[ToolError, ...]
    recent: tuple[Sent, ...]  # the last requests
    unanswered: tuple[Sent, ...]  # requests to which no answer came
    requests: int
    phases: frozenset[str]  # phases that came to their end
    stopped: str  # "completed", "server_unavailable", …; "" when it never said
    fatal: str  # why it gave up as a whole


@dataclass(slots=True)
class _Reader:
    redact: Callable[[str], str]
    hidden: frozenset[str]
    routes: RouteTable | None = None
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    covering: Covering = field(default_factory=Covering)
    finished: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    astray: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    errors: list[ToolError] = field(default_factory=list)
    recent: deque[Sent] = field(default_factory=lambda: deque(maxlen=_RECENT))
    unanswered: deque[Sent] = field(default_factory=lambda: deque(maxlen=_RECENT))
    requests: int = 0
    phases: set[str] = field(default_factory=set)
    stopped: str = ""
    fatal: str = ""

    def event(self, name: str, said: Mapping[str, Any]) -> None:
        match name:
            case "ScenarioFinished":
                self._scenario(said)
            case "NonFatalError":
                self._error(said)
            case "FatalError":
                problem = _mapping(said.get("exception"))
                self.fatal = self.redact(f"{problem.get('type', 'error')}: {problem.get('message', '')}")
            case "PhaseFinished":
                phase = _mapping(said.get("phase"))
                if said.get("status") != "interrupted":
                    self.phases.add(str(phase.get("name", "")))
            case "EngineFinished":
                self.stopped = str(said.get("stop_reason", ""))

    def _error(self, said: Mapping[str, Any]) -> None:
        value = _mapping(said.get("value"))
        self.errors.append(
            ToolError(
                operation=str(said.get("label", "")),
                kind=str(value.get("type", "")),
                message=self.redact(str(value.get("message", ""))),
            )
        )

    def _scenario(self, said: Mapping[str, Any]) -> None:
        recorder, phase = _mapping(said.get("recorder")), str(said.get("phase", ""))
        label, status = str(recorder.get("label", "")), said.get("status")
        if status == "skip":
            self.skipped[label] = str(said.get("skip_reason") or said.get("skip_warning") or "")
        if status not in ("interrupted", "error"):
            self.finished[phase].add(label)
        cases, checks = _mapping(recorder.get("cases")), _mapping(recorder.get("checks"))
        for case, interaction in _mapping(recorder.get("interactions")).items():
            node = _mapping(_mapping(cases.get(case)).get("value"))
            operation = label if phase != "stateful" else f"{node.get('method')} {node.get('path')}"
            sent = self._sent(operation, interaction)
            told = checks.get(case, ())
            for check in told:
                self._check(case, node, sent, check)
            kept = bool(told) and all(check.get("status") == "success" for check in told)
            if kept and self._is_of(operation, sent.exchange):
                self.covering.take(operation, sent.exchange, _answer(interaction))

    def _sent(self, operation: str, interaction: Mapping[str, Any]) -> Sent:
        request = _mapping(interaction.get("request"))
        body = _bytes(request.get("body"))
        exchange = self._exchange(request, body, interaction.get("response"))
        sent = Sent(
            at=float(interaction.get("timestamp") or 0.0), operation=operation, exchange=exchange, body=body
        )
        self.requests += 1
        self.recent.append(sent)
        if not exchange.status:
            self.unanswered.append(sent)
        elif self._is_of(operation, exchange):
            self.statuses[operation][exchange.status] += 1
        return sent

    def _is_of(self, operation: str, exchange: Exchange) -> bool:
        """Whether what came is evidence for the operation that the request was made for.

        Methods that the document does not have are tried too, and values with which another operation is met.
        """
        if not operation.startswith(f"{exchange.method} "):
            return False
        if self.routes is None:
            return True
        found = self.routes.route(exchange.method, exchange.url)
        if found.met is not None and found.met.label == operation:
            return True
        self.astray[operation] = " and ".join(each.label for each in found.candidates) or "none of the document"
        return False

    def _exchange(self, request: Mapping[str, Any], body: bytes, answer: object) -> Exchange:
        response = _mapping(answer)
        content = _bytes(response.get("content"))
        return Exchange(
            method=str(request.get("method", "")),
            url=self.redact(str(request.get("uri", ""))),
            request_headers=self._headers(request.get("headers")),
            request_body=self._text(body),
            request_size=len(body),
            status=int(response.get("status_code", 0)),
            response_headers=self._headers(response.get("headers")),
            response_body=self._text(content),
            response_size=int(response.get("content_size", len(content))),
            seconds=float(response.get("elapsed", 0.0)),
        )

    def _headers(self, headers: object) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name, _FILTERED if name.lower() in self.hidden or value == "[Filtered]" else self.redact(value))
            for name, values in _mapping(headers).items()
            for value in (values if isinstance(values, list) else [str(values)])
        )

    def _text(self, body: bytes) -> str:
        return self.redact(body.decode("utf-8", "backslashreplace"))[:_BODY]

    def _check(self, case: str, node: Mapping[str, Any], sent: Sent, check: Mapping[str, Any]) -> None:
        if check.get("status") == "success":
            return
        failure = _mapping(_mapping(check.get("failure_info")).get("failure"))
        kind = str(failure.get("type") or check.get("name", ""))
        self.failures.append(
            Failure(
                kind=kind,
                operation=str(failure.get("operation") or sent.operation),
                message=self.redact(str(failure.get("message", ""))),
                case=case,
                status=sent.exchange.status,
                exchange=sent.exchange,
                body=sent.body,
                at=sent.at,
                lax=_only_types_differ(_mapping(node.get("meta"))),
            )
        )


def observe(
    lines: Iterable[bytes],
    *,
    routes: RouteTable | None = None,
    secrets: Sequence[str] = (),
    hidden: Iterable[str] = (),
) -> Observation:
    """Read a report; header names in `hidden` and the texts in `secrets` never leave here.

    With the routes of the document a request counts for the operation that it meets, whichever it was made for.
    """
    redact = _redactor(secrets)
    reader = _Reader(redact=redact, hidden=frozenset(name.lower() for name in hidden), routes=routes)
    for name, said in _events(lines):
        reader.event(name, said)
    return Observation(
        statuses=dict(reader.statuses),
        astray=reader.astray,
        covered=reader.covering.told(),
        finished={phase: frozenset(labels) for phase, labels in reader.finished.items()},
        skipped=reader.skipped,
        failures=tuple(reader.failures),
        errors=tuple(dict.fromkeys(reader.errors)),
        recent=tuple(reader.recent),
        unanswered=tuple(reader.unanswered),
        requests=reader.requests,
        phases=frozenset(reader.phases),
        stopped=reader.stopped,
        fatal=reader.fatal,
    )


def _answer(interaction: Mapping[str, Any]) -> bytes:
    return _bytes(_mapping(interaction.get("response")).get("content"))


def _events(lines: Iterable[bytes]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            return  # the child was killed while it wrote: everything before stands
        if isinstance(event, dict):
            for name, said in event.items():
                yield name, _mapping(said)


def _only_types_differ(meta: Mapping[str, Any]) -> bool:
    """Whether a deliberately wrong request is wrong only in the type of values ("1" where 1 is meant)."""
    data = _mapping(_mapping(meta.get("phase")).get("data"))
    if "scenario" in data:
        return bool(data["scenario"] == "incorrect_type")
    mutations = data.get("mutations") or ()
    return bool(mutations) and all(_mapping(m).get("keywords") == ["type"] for m in mutations)


def _redactor(secrets: Sequence[str]) -> Callable[[str], str]:
    # Very short values would blot out half of every body and are no secrets.
    known = sorted((secret for secret in secrets if len(secret) > 3), key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in known:
            text = text.replace(secret, _FILTERED)
        return text

    return redact


def _bytes(value: object) -> bytes:
    encoded = value.get("$base64") if isinstance(value, dict) else value
    if not isinstance(encoded, str):
        return b""
    if encoded is value:
        return encoded.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(encoded)
    except binascii.Error:
        return b""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
