"""Badges: a word and a colour for a README, drawn here, so that they work without the internet."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

_COLOURS = {"brightgreen": "#4c1", "red": "#e05d44", "orange": "#fe7d37", "lightgrey": "#9f9f9f"}
_WIDE = 7.0  # pixels of a letter at 11 px, on average; a badge that is a little too wide is still read
_PADDING = 10


@dataclass(frozen=True, slots=True)
class Badge:
    """What a badge says."""

    label: str
    status: str
    colour: str


def verification(label: str, status: str) -> Badge:
    """How a pact stands: success, failed, failed_pending, stale, or anything else."""
    words = {
        "success": ("verified", "brightgreen"),
        "failed": ("failed", "red"),
        "failed_pending": ("failed (pending)", "red"),
        "stale": ("changed", "orange"),
    }
    return Badge(label, *words.get(status, ("unknown", "lightgrey")))


def svg(badge: Badge) -> str:
    """The picture; whatever stands in names is text in it."""
    label, status = escape(badge.label), escape(badge.status)
    left, right = _width(badge.label), _width(badge.status)
    total = left + right
    colour = _COLOURS[badge.colour]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="20" role="img"'
        f' aria-label="{label}: {status}"><title>{label}: {status}</title>'
        f'<rect width="{left}" height="20" fill="#555"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2}" y="14">{label}</text><text x="{left + right / 2}" y="14">{status}</text></g></svg>'
    )


def _width(text: str) -> int:
    return round(len(text) * _WIDE) + _PADDING


def initials(name: str) -> str:
    """`my-cool service` is mcs."""
    words = [word for word in name.replace("-", " ").replace("_", " ").split() if word]
    return "".join(word[0] for word in words).lower() if len(words) > 1 else name.lower()
