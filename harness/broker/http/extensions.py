"""`/matrix.csv` and `…/badge.svg`: an ending that says what `Accept` could have said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.broker.http.answers import CSV, HAL, SVG

if TYPE_CHECKING:
    from harness.broker.http.routing import Match, Router

_MEDIA = {".csv": CSV, ".svg": SVG, ".json": HAL, ".yaml": "application/yaml"}


def by_extension(router: Router, raw_path: str, accept: str) -> tuple[Match | None, str]:
    """What is at a path, and what is accepted there; a name that ends in `.json` stays a name."""
    stem, dot, ending = raw_path.rpartition(".")
    media = _MEDIA.get(dot + ending)
    if media is not None and not stem.endswith("/"):
        match = router.match(stem)
        if match is not None and (match.literal_end or (media == CSV and stem.startswith("/groups/"))):
            return match, media
    return router.match(raw_path), accept
