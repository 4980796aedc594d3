"""Both sides of an interaction as plain values, of whatever version of the Pact specification."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from harness.comparison.pact_openapi.media import is_json
from harness.comparison.pact_openapi.rules import Rules, rules_of

if TYPE_CHECKING:
    from harness.contracts.pact import Interaction

Body = tuple[Any] | None  # the value as a 1-tuple; None for no body, or one that is no JSON


@dataclass(frozen=True)
class Message:
    """What is sent, or what is needed back."""

    part: dict[str, Any]  # as written
    v4: bool
    headers: dict[str, list[str]] = field(default_factory=dict)  # by name in lower case

    @cached_property
    def media(self) -> str:
        """The media type that the message names; "" for none."""
        named = self.headers.get("content-type", [""])[0]
        written = self.part.get("body")
        inside = written.get("contentType") if isinstance(written, dict) and self.v4 else ""
        return named or (inside if isinstance(inside, str) else "")

    @property
    def has_body(self) -> bool:
        """Whether there is a body, JSON's null included."""
        return "body" in self.part and not (self.v4 and self.part["body"] in (None, {}))

    @cached_property
    def body(self) -> Body:
        """The value of a JSON body."""
        if not self.has_body or (self.media and not is_json(self.media)):
            return None
        written = self.part["body"]
        if not self._wrapped(written):
            return (written,)
        content = written["content"]
        encoded = str(written.get("encoded") or "").lower()
        return _decoded(content, plain=encoded == "json") if encoded else (content,)

    @property
    def text(self) -> str | None:
        """The body as it is written, where that is a text."""
        written: Any = self.part.get("body")
        if self._wrapped(written):
            written = None if written.get("encoded") else written["content"]
        return written if isinstance(written, str) else None

    def _wrapped(self, written: Any) -> bool:
        return self.v4 and isinstance(written, dict) and "content" in written

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The values of each parameter of the query."""
        value = self.part.get("query")
        if isinstance(value, str):
            return parse_qs(value.removeprefix("?"), keep_blank_values=True)
        return {name: _texts(each) for name, each in value.items()} if isinstance(value, dict) else {}

    @cached_property
    def rules(self) -> Rules:
        """What is accepted beside the example, by place."""
        return rules_of(self.part)


def message(interaction: Interaction, side: str) -> Message:
    """The request or the response of an interaction."""
    part = interaction.document.get(side)
    part = part if isinstance(part, dict) else {}
    headers: dict[str, list[str]] = {}
    written = part.get("headers")
    for name, value in (written if isinstance(written, dict) else {}).items():
        headers.setdefault(name.lower(), []).extend(_texts(value))
    return Message(part=part, v4="type" in interaction.document, headers=headers)


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return ["" if each is None else each if isinstance(each, str) else json.dumps(each) for each in values]


def _decoded(content: Any, *, plain: bool = False) -> Body:
    try:
        return (json.loads(str(content) if plain else base64.b64decode(str(content))),)
    except ValueError:
        return None
