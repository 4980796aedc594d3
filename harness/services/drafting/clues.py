"""What a service's own files give away: how it starts, whom it calls, where it says that it is well."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SOURCES = frozenset((".py", ".js", ".mjs", ".ts", ".go", ".rb", ".java", ".kt", ".php", ".rs", ".cs"))
_LARGEST = 500_000  # bytes of one file
_MOST = 400  # files of one service
_FOREIGN = frozenset(("node_modules", "venv", "__pycache__", "site-packages", "target", "vendor", "tests", "test"))
_HEALTH = re.compile(r"""["'](/(?:health|healthz|ready|readyz|livez|actuator/health))["']""")
_STATES = re.compile(r"""["'](/[\w./-]*provider[_-]?states?|/_harness/states|/_pact/[\w-]+)["']""", re.IGNORECASE)
_ADDRESS = re.compile(r"""\b(?P<variable>(?P<peer>[A-Z][A-Z0-9_]*?)_(?:BASE_|SERVICE_)?UR[LI])\b""")
_CMD = re.compile(r"^[ \t]*CMD[ \t]+(\[.*\])[ \t]*$", re.IGNORECASE | re.MULTILINE)
_ARG = re.compile(r"^[ \t]*ARG[ \t]+(\w+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(r"^[ \t]*FROM[ \t]+(.*)$", re.IGNORECASE | re.MULTILINE)


def texts(folder: Path) -> Iterator[str]:
    """The service's own sources, a bounded part of them; what cannot be read is left out."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _FOREIGN)
        for name in sorted(names):
            path = Path(place, name)
            if path.suffix not in _SOURCES:
                continue
            count += 1
            if count > _MOST:
                return
            yield _read_text(path)


def _read_text(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def health_in(sources: Iterable[str]) -> str:
    """The first path that looks as if it said that the service is well; "" without one."""
    return _first(_HEALTH, sources)


def states_in(sources: Iterable[str]) -> str:
    """The path under which the service offers to be put into provider states; "" without one."""
    return _first(_STATES, sources)


def _first(pattern: re.Pattern[str], sources: Iterable[str]) -> str:
    found = (pattern.search(text) for text in sources)
    return next((match[1] for match in found if match), "")


def peers_in(sources: Iterable[str], names: Iterable[str]) -> dict[str, str]:
    """Variables that look like another service's address, and that service: `STOCK_URL` and `stock`."""
    known = {_plain(name): name for name in names}
    variables = {
        match["variable"]: known[_plain(match["peer"])]
        for text in sources
        for match in _ADDRESS.finditer(text)
        if _plain(match["peer"]) in known
    }
    return dict(sorted(variables.items()))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def command_of(dockerfile: Path, port: int) -> list[str]:
    """What the image runs, with the port left open; empty unless the Dockerfile says it as a list of words."""
    found = _CMD.findall(_read_text(dockerfile))
    try:
        words = json.loads(found[-1]) if found else []
    except ValueError:
        return []
    if not all(isinstance(word, str) for word in words):
        return []
    here = {"0.0.0.0": "127.0.0.1", str(port): "${self.port}"} if port else {"0.0.0.0": "127.0.0.1"}
    return [here.get(word, _substitute_port(word.replace("$", "$$"), port)) for word in words]


def _substitute_port(word: str, port: int) -> str:
    """`0.0.0.0:8000` and `--port=8000` with the port left open."""
    word = word.replace("0.0.0.0:", "127.0.0.1:")
    return re.sub(rf"(?<=[:=]){port}$", "${self.port}", word) if port else word


def arguments_wanted(dockerfile: Path) -> list[str]:
    """Build arguments without a default that a base image is named by: nothing can be built without them."""
    text = _read_text(dockerfile)
    bases = " ".join(_FROM.findall(text))
    return [name for name in _ARG.findall(text) if re.search(rf"\$\{{?{name}\b", bases)]
