"""The shell variables that name where a system's services are."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def variable(service: str, endpoint: str = "") -> str:
    """`ORDERS_URL` for the main address of `orders`, `ORDERS_ADMIN_URL` for its address named `admin`."""
    words = [service, endpoint, "url"] if endpoint else [service, "url"]
    name = "_".join(re.sub(r"\W", "_", word, flags=re.ASCII) for word in words).upper()
    return f"_{name}" if name[0].isdigit() else name


def exports(addresses: Iterable[tuple[str, str, str]]) -> list[str]:
    """Lines for `eval`: one `export` for each service, endpoint and URL; the first endpoint is the main one."""
    lines, seen = [], set[str]()
    for service, endpoint, url in addresses:
        name = variable(service, endpoint if service in seen else "")
        seen.add(service)
        lines.append(f"export {name}={shlex.quote(url)}")
    return lines
