"""The port that a Dockerfile says its service listens on."""

from __future__ import annotations

import re

_EXPOSE = re.compile(r"^[ \t]*EXPOSE\s+(\d{1,5})(?:/tcp)?(?:\s|$)", re.IGNORECASE | re.MULTILINE)
_LAST_STAGE = re.compile(r"(?:.*^[ \t]*FROM\s)?(?P<stage>.*)", re.IGNORECASE | re.MULTILINE | re.DOTALL)


def exposed_by(dockerfile: str) -> int:
    """The first port that the last stage of a Dockerfile's text exposes; 0 when it names none."""
    stage = _LAST_STAGE.match(dockerfile)
    match = _EXPOSE.search(stage["stage"] if stage else dockerfile) or _EXPOSE.search(dockerfile)
    port = int(match[1]) if match else 0
    return port if port <= 65535 else 0
