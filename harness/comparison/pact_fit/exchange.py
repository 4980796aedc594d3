"""Both sides of an interaction as plain values, of whatever version of the Pact specification."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

from harness.comparison.bodies.media import is_json
from harness.comparison.pact_fit.rules import MatchingRules, rules_of

if TYPE_CHECKING:
    from harness.contracts.pact import Interaction

Body = tuple[Any] | None  # the value as a 1-tuple; None for no body, or one that is no JSON


class PactMessage(NamedTuple):  # two are made for each interaction: a frozen dataclass takes twice as long
    """What is sent, or what is needed back."""

    part: dict[str, Any]  # as written
    v4: bool
    headers: dict[str, list[str]]  # by name in lower case
    media: str  # the media type that the message names; "" for none
    body: Body  # the value of a JSON body
    query: dict[str, list[str]]  # the values of each parameter
    rules: MatchingRules  # what is accepted beside the example, by place

    @property
    def has_body(self) -> bool:
        """Whether there is a body, JSON's null included."""
        return _has_body(self.part, v4=self.v4)

    @property
    def raw(self) -> bytes | None:
        """The body as it goes over the wire, where it is written as a text, or as one of base64."""
        written: Any = self.part.get("body")
        encoded = ""
        if _is_wrapped(written, v4=self.v4):
            encoded, written = str(written.get("encoded") or "").lower(), written["content"]
        if not isinstance(written, str):
            return None
        return _from_base64(written) if encoded in _BASE64 else written.encode("utf-8", "surrogatepass")


_BASE64 = frozenset({"true", "base64"})


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text)
    except ValueError:
        return None


def message(interaction: Interaction, side: str) -> PactMessage:
    """The request or the response of an interaction."""
    part = interaction.document.get(side)
    part = part if isinstance(part, dict) else {}
    v4 = "type" in interaction.document
    headers: dict[str, list[str]] = {}
    written = part.get("headers")
    for name, value in (written if isinstance(written, dict) else {}).items():
        low = name.lower()
        headers[low] = [*headers[low], *_texts(value)] if low in headers else _texts(value)
    media = _media(part, headers, v4=v4)
    return PactMessage(
        part=part,
        v4=v4,
        headers=headers,
        media=media,
        body=_body(part, media, v4=v4),
        query=_query(part.get("query")),
        rules=rules_of(part),
    )


def _media(part: dict[str, Any], headers: dict[str, list[str]], *, v4: bool) -> str:
    named = headers.get("content-type", [""])[0]
    written = part.get("body")
    inside = written.get("contentType") if v4 and isinstance(written, dict) else ""
    return named or (inside if isinstance(inside, str) else "")


def _has_body(part: dict[str, Any], *, v4: bool) -> bool:
    return "body" in part and not (v4 and part["body"] in (None, {}))


def _body(part: dict[str, Any], media: str, *, v4: bool) -> Body:
    if not _has_body(part, v4=v4) or (media and not is_json(media)):
        return None
    written = part["body"]
    if not _is_wrapped(written, v4=v4):
        return (written,)
    content = written["content"]
    encoded = str(written.get("encoded") or "").lower()
    return _decode_body(content, plain=encoded == "json") if encoded else (content,)


def _is_wrapped(written: Any, *, v4: bool) -> bool:
    return v4 and isinstance(written, dict) and "content" in written


def _query(value: Any) -> dict[str, list[str]]:
    if isinstance(value, str):
        return parse_qs(value.removeprefix("?"), keep_blank_values=True)
    return {name: _texts(each) for name, each in value.items()} if isinstance(value, dict) else {}


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    values = value if isinstance(value, list) else [value]
    return ["" if each is None else each if isinstance(each, str) else json.dumps(each) for each in values]


def _decode_body(content: Any, *, plain: bool = False) -> Body:
    try:
        return (json.loads(str(content) if plain else base64.b64decode(str(content))),)
    except ValueError:
        return None
