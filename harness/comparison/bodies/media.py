"""Media types: which of them are JSON, and which meet."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_JSON = re.compile(r"application/json|[^/]+/([^;]+\+)?json|\*/\*|application/\*")
_XML = re.compile(r"(application|text)/xml|[^/]+/[^;]+\+xml")


@lru_cache(maxsize=4_096)
def bare(media: str) -> str:
    """Without parameters, in lower case."""
    return media.partition(";")[0].strip().lower()


@lru_cache(maxsize=4_096)
def is_json(media: str) -> bool:
    """Whether bodies of it are JSON, or may be."""
    return _JSON.fullmatch(bare(media)) is not None


def is_certainly_json(media: str) -> bool:
    """Whether bodies of it are JSON, and nothing else may be meant."""
    return is_json(media) and "*" not in media


def is_form(media: str) -> bool:
    """Whether bodies of it are the fields of a form, as a query is written."""
    return bare(media) == "application/x-www-form-urlencoded"


def is_multipart(media: str) -> bool:
    """Whether bodies of it are made of named parts."""
    return bare(media).startswith("multipart/")


def is_xml(media: str) -> bool:
    """Whether bodies of it are XML."""
    return _XML.fullmatch(bare(media)) is not None


def accepted(header: Iterable[str]) -> tuple[str, ...]:
    """The media types of `Accept` headers, without those that are refused by `q=0`."""
    return _parse_accept(",".join(header))


@lru_cache(maxsize=4_096)
def _parse_accept(header: str) -> tuple[str, ...]:
    found = []
    for part in header.split(","):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0*)?", each) for each in parameters)
        if name and not refused:
            found.append(name)
    return tuple(found)


def meet(one: str, other: str) -> bool:
    """Whether a body can be of both; each may be a range, as `application/*`."""
    one, other = bare(one), bare(other)
    if one == other or "*/*" in (one, other) or "*" in (one, other):
        return True
    (kind, _, sub), (other_kind, _, other_sub) = one.partition("/"), other.partition("/")
    return kind == other_kind and "*" in (sub, other_sub)


def best_media_type(media: str, declared: Iterable[str]) -> str | None:
    """The declared media type that stands for a body of that type; the most exact of several."""
    names = list(declared)
    for name in names:
        if name.replace(" ", "").lower() == media.replace(" ", "").lower():
            return name
    exact = [name for name in names if bare(name) == bare(media)]
    return next(iter(exact), None) or next((name for name in names if meet(name, media)), None)
