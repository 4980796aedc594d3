"""What the recorder's own record says of an interaction: whether it was asked as promised, and is kept.

The verifier is one judge, this is the other: it sees what really went over the wire, which the verifier does not.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.checks.engines.pact_plugins import needed_by
from harness.comparison.pact_matching.judgement import Judgement
from harness.comparison.pact_matching.judging import judge_request, judge_response
from harness.comparison.pact_matching.messages import message_of, query_pairs, wire_message
from harness.comparison.pact_matching.paths import tokens_of, weight
from harness.comparison.pact_matching.wording import NOTHING
from harness.verdicts import Difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.contracts.pact import Interaction
    from harness.ports import ExactExchange

# Headers that belong to one connection, or that a client takes off or a recorder rewrites before anybody looks.
BETWEEN = frozenset(
    {"connection", "keep-alive", "proxy-connection", "content-encoding", "content-length", "transfer-encoding"}
    | {"location"}
)
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_LARGEST = 64 << 20  # bytes of an unpacked body


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """All that the record says of one interaction."""

    unasked: tuple[Difference, ...] = ()  # in what the request is not the promised one
    trouble: str = ""  # why there is no whole answer
    late: bool = False  # the time for it ran out
    answer: Judgement = field(default_factory=Judgement)
    contradictions: tuple[Difference, ...] = ()  # where the example breaks its own rules

    @property
    def contradiction(self) -> str:
        """How the pact contradicts itself, in one sentence; "" where it does not."""
        told = "; ".join(f"{each.place}: {each.text}" for each in self.contradictions)
        return f"the pact contradicts itself, its example breaks its own rule: {told}" if told else ""

    @property
    def is_of_the_pact(self) -> bool:
        """Whether all that is wrong with the answer is wrong with the example as well."""
        places = {each.place for each in self.contradictions}
        return bool(self.answer.differences) and all(each.place in places for each in self.answer.differences)


def opinion_of(
    interaction: Interaction, version: str, exact: Sequence[ExactExchange], ours: Iterable[str]
) -> Opinion:
    """What the first and the last exchange of an interaction tell; `ours` are headers that the harness sets."""
    first, last = exact[0], exact[-1]
    promised = interaction.document["response"]
    unasked = _request_differences(interaction, version, first, frozenset(name.lower() for name in ours))
    body, trouble = (
        (None, last.trouble) if last.trouble else decompress_body(last.response_body, last.response_headers)
    )
    if trouble:
        return Opinion(unasked=unasked, trouble=trouble, late=last.late)
    came = wire_message(status=last.status, headers=last.response_headers, body=body or b"")
    if body is None or needed_by(interaction):
        promised = {name: value for name, value in promised.items() if name != "body"}
    return Opinion(
        unasked=unasked,
        answer=judge_response(promised, came, version),
        contradictions=judge_response(promised, promised, version).differences,
    )


def decompress_body(body: bytes | None, headers: Iterable[tuple[str, str]]) -> tuple[bytes | None, str]:
    """A body without its compression, and what is wrong with that; None for one that nobody here can unpack."""
    told = ",".join(value for name, value in headers if name.lower() == "content-encoding")
    for encoding in reversed([each.strip().lower() for each in told.split(",")]):
        if encoding in ("", "identity") or not body:
            continue
        if encoding not in _WINDOWS:
            return None, ""
        body, trouble = _inflate_body(body, encoding)
        if trouble:
            return None, trouble
    return body, ""


def in_promised_order(request: dict[str, Any], version: str, target: str) -> str:
    """A target whose parameters stand in the order of the pact; as it is when they are not the promised ones."""
    path, mark, query = target.partition("?")
    promised = message_of(request, version).query or ()
    pieces = [piece for piece in query.split("&") if piece]
    waiting = [(pair, piece) for piece in pieces for pair in query_pairs(piece)]
    ordered = []
    for pair in promised:
        found = next((each for each in waiting if each[0] == pair), None)
        if found is None:
            return target
        waiting.remove(found)
        ordered.append(found[1])
    return target if waiting else f"{path}{mark}{'&'.join(ordered)}"


# Private


def _request_differences(
    interaction: Interaction, version: str, sent: ExactExchange, ours: frozenset[str]
) -> tuple[Difference, ...]:
    request = interaction.document["request"]
    body, _ = decompress_body(sent.request_body, sent.request_headers)
    came = wire_message(start=(sent.method, sent.target), headers=sent.request_headers, body=body or b"")
    promised = {name: value for name, value in request.items() if name != "matchingRules"}
    is_null = promised.get("body", "") is None and body == b"null"  # so verifiers send a body that is null
    if body is None or is_null or needed_by(interaction):
        promised.pop("body", None)
    found = judge_request(promised, came, version).differences
    return tuple(
        each
        for each in found
        if each.place.removeprefix("header ").lower() not in ours
        and (each.actual == NOTHING or not _made_anew(request, each.place))
    )


def _made_anew(request: dict[str, Any], place: str) -> bool:
    """Whether a generator makes the value at a place for each request."""
    generators = request.get("generators")
    for part, made in generators.items() if isinstance(generators, dict) else ():
        if part == place or (part == "body" and place == "body" and "$" in made):
            return True
        if part in ("header", "query") and any(f"{part} {name}".lower() == place.lower() for name in _names(made)):
            return True
        if part == "body" and place.startswith("$") and _is_within(made, place):
            return True
    return False


def _names(made: Any) -> list[str]:
    names = [tokens_of(name) if name.startswith(("$.", "$[")) else (name,) for name in made]
    return [str(each[0]) for each in names if each]


def _is_within(made: Any, place: str) -> bool:
    here = tokens_of(place) or ()
    steps = [each for each in here if isinstance(each, str | int)]
    return any((path := tokens_of(each)) is not None and weight(path, steps) for each in made)


def _inflate_body(body: bytes, encoding: str) -> tuple[bytes | None, str]:
    for window in (_WINDOWS[encoding], *((-15,) if encoding == "deflate" else ())):
        inflater = zlib.decompressobj(window)
        try:
            content = inflater.decompress(body, _LARGEST)
        except zlib.error:
            continue
        if inflater.unconsumed_tail:
            return None, ""
        if inflater.eof:
            return content, ""
    return None, f"the body is not compressed as it says (Content-Encoding: {encoding})"
