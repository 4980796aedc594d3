"""Commits as people read them: as many digits as tell them apart, never fewer than git shows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import click

from harness.reports.brevity import WHOLE_HASH, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LEAST = 7
_KEY = "harness.cli.hashes"


def short_forms(texts: Iterable[str]) -> Mapping[str, str]:
    """Every whole hash in the texts, with the shortest beginning that no other one has."""
    whole = sorted({found for text in texts for found in WHOLE_HASH.findall(text)})
    shared = [_alike(one, other) for one, other in pairwise(whole)]
    beside = zip([0, *shared], [*shared, 0], strict=True)
    return {each: each[: max(_LEAST, max(near) + 1)] for each, near in zip(whole, beside, strict=False)}


def _alike(one: str, other: str) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def know(texts: Iterable[str]) -> None:
    """From now on this command says these hashes briefly."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.meta[_KEY] = short_forms(texts)


def shorten_hashes(text: str) -> str:
    """A text with the known hashes as short as they may be, others as in reports. Not for commands."""
    context = click.get_current_context(silent=True)
    known: Mapping[str, str] = context.meta.get(_KEY, {}) if context is not None else {}
    return WHOLE_HASH.sub(lambda found: known.get(found[0]) or short(found[0]), text) if known else text
