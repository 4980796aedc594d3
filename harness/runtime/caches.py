"""Where what can be made again is kept for a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where what can be made again is kept: HARNESS_CACHE_DIR, or below the person's folder for caches.

    HARNESS_CACHE_DIR set to nothing keeps nothing.
    """
    if (own := environ.get("HARNESS_CACHE_DIR")) is not None:
        return Path(own).absolute() if own.strip() else None
    home = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or Path.home()) / ".cache")
    return Path(home) / "contract-harness"
