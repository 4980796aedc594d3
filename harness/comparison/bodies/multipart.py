"""The parts of a multipart body."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST_LINE = re.compile(rb"\s*--([^\r\n]{1,200}?)(?:--)?[ \t]*\r?\n")
_BOUNDARY = re.compile(r"boundary\s*=\s*(\"[^\"]+\"|[^;\s]+)", re.IGNORECASE)


class NotMultipart(ValueError):
    """Why a body is not read as parts."""


class MultipartPart(NamedTuple):
    """One part, as it is sent."""

    name: str
    filename: str | None
    media: str  # as the part says; "" when it does not
    headers: Mapping[str, str]  # by name in lower case
    content: bytes

    @property
    def text(self) -> str:
        """What it holds as text; of what is none, a letter for each byte."""
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            return self.content.decode("latin-1")


def parts_of(body: bytes, media: str) -> list[MultipartPart]:
    """The parts of a body of that media type. Raises NotMultipart."""
    from email.parser import BytesParser
    from email.policy import HTTP

    whole, boundary = _with_boundary(body, media)
    if whole.strip() == b"--" + boundary + b"--":
        return []
    head = b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    message = BytesParser(policy=HTTP).parsebytes(head + whole)
    if not message.is_multipart() or message.defects:
        told = f": {type(message.defects[0]).__name__}" if message.defects else ""
        raise NotMultipart(f"its parts cannot be told apart{told}")
    return [_part(each) for each in message.iter_parts()]


def _with_boundary(body: bytes, media: str) -> tuple[bytes, bytes]:
    """The body and what parts it; some libraries write bodies of several parts in base64."""
    named = _BOUNDARY.search(media)
    wanted = named.group(1).strip('"').encode("utf-8", "replace") if named else b""
    for each in (body, _from_base64(body)):
        first = _FIRST_LINE.match(each)
        if wanted and b"--" + wanted in each:
            return each, wanted
        if first and not wanted:
            return each, first.group(1)
    raise NotMultipart("the boundary that its media type names is not in it" if wanted else "it has no boundary")


def _from_base64(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return b""


def _part(message: object) -> MultipartPart:
    from email.message import EmailMessage

    assert isinstance(message, EmailMessage)
    name = message.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise NotMultipart("one of its parts has no name")
    content = message.get_payload(decode=True)
    if not isinstance(content, bytes):
        raise NotMultipart(f"its part `{name}` has parts itself")
    return MultipartPart(
        name=name,
        filename=message.get_filename(),
        media=str(message.get("content-type", "")),
        headers={key.lower(): str(value) for key, value in message.items()},
        content=content,
    )
