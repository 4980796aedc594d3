"""The words of HAL: links, and what is left out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import quote

Link = dict[str, Any]


def path(*segments: str) -> str:
    """A path of segments, each encoded: `/pacticipants/a%2Fb`."""
    return "/" + "/".join(map(encode_segment, segments))


@lru_cache(maxsize=8192)
def encode_segment(segment: str) -> str:
    """A text as it stands in a path or a query."""
    return quote(segment, safe="")


def link(href: str, *, title: str | None = None, name: str | None = None, templated: bool = False) -> Link:
    """A link object; `name` is the plain identity of its target, which clients match on."""
    found: Link = {}
    if title is not None:
        found["title"] = title
    if name is not None:
        found["name"] = name
    found["href"] = href
    if templated:
        found["templated"] = True
    return found


def curies(base: str, context: str) -> list[Link]:
    """Where the relations are explained."""
    return [{"name": "pb", "href": f"{base}/doc/{{rel}}?context={context}", "templated": True}]


def omit_absent(**attributes: Any) -> dict[str, Any]:
    """The attributes that there are: absent ones are left out, not null."""
    return {name: value for name, value in attributes.items() if value is not None}
