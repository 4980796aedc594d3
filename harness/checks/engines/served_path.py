"""Below which path a running service serves its document: servers often name that of a gateway before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.checks.engines.request_headers import sent_headers
from harness.contracts.openapi_routing import bases_of_operations
from harness.contracts.openapi_servers import base_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.checks.api import CheckTarget
    from harness.contracts.openapi import OpenApi, Operation

_PARAMETER = re.compile(r"\{[^{}/]*\}")
_MOST = 5  # operations that are asked for, below each path
_ABSENT = 404
_REMEDY = "name the path below which it is served in the document's `servers`"

Bases = tuple[str, ...]
Ask = Callable[[str], int]  # the status of the answer to GET, 0 for none


@dataclass(frozen=True, slots=True)
class ServedPath:
    """The path below which a service serves its document."""

    base: str = ""
    remark: str = ""  # where that is not what the document says
    absent: str = ""  # why it is served nowhere: what was asked for; "" where it is
    # Where operations with servers of their own are served, by label, and why one of these is served nowhere.
    own: Mapping[str, str] = field(default_factory=dict)
    nowhere: Mapping[str, str] = field(default_factory=dict)


def served_path(target: CheckTarget, document: OpenApi) -> ServedPath:
    """Asks the running service where the document leaves a choice."""
    return find_served_path(document, _asking(target))


def find_served_path(document: OpenApi, ask: Ask) -> ServedPath:
    """The first path of its servers where something of the document is found, or the root.

    Only where all that was asked for has no parameter and does not answer 404 by its document is it certain that
    nothing is there. Operations with servers of their own are looked for below these alone.
    """
    usual, groups = _by_servers(document)
    apart = {each for group in groups.values() for each in group}
    main = [each for each in document.operations if each.label not in apart]
    found = _find_served_path(main, tuple(dict.fromkeys([*usual, ""])), ask) if usual != ("",) else ServedPath()
    own: dict[str, str] = {}
    nowhere: dict[str, str] = {}
    for bases, labels in groups.items():
        there = _find_served_path([each for each in document.operations if each.label in labels], bases, ask)
        own |= dict.fromkeys(labels, there.base)
        nowhere |= dict.fromkeys(labels, there.absent) if there.absent else {}
    return replace(found, own=own, nowhere=nowhere)


def _by_servers(document: OpenApi) -> tuple[Bases, dict[Bases, list[str]]]:
    """The paths of the document's servers, and operations with servers elsewhere by the paths of these."""
    usual = _without_variables(base_paths(document.document)) or ("",)
    groups: dict[Bases, list[str]] = {}
    for label, named in bases_of_operations(document.document):
        bases = _without_variables(named)
        if bases and bases[0] != usual[0]:
            groups.setdefault(bases, []).append(label)
    return usual, groups


def _without_variables(bases: Iterable[str]) -> Bases:
    return tuple(base for base in bases if "{" not in base)


def _find_served_path(operations: Sequence[Operation], bases: Bases, ask: Ask) -> ServedPath:
    certain, asked = _asked_for(operations)
    told: list[str] = []
    for base in bases:
        for path in asked:
            status = ask(base + path)
            told.append(f"GET {base}{path} answered {status}")
            if status != _ABSENT:
                return ServedPath(base, "" if base == bases[0] else _remark(bases[0], base))
    if not certain:
        return ServedPath(bases[0])
    return ServedPath(bases[0], absent=f"nothing of its document was found: {', '.join(told)}; {_REMEDY}")


def _remark(first: str, found: str) -> str:
    where = f"below {found}" if found else "at the root"
    return f"checked {where}: the service does not serve its document below {first}, the path of its server"


def _asked_for(operations: Sequence[Operation]) -> tuple[bool, Sequence[str]]:
    """Paths that GET may ask for, and whether each of them has to be there."""
    mine = [each for each in operations if each.method == "GET"]
    sure = [each.path for each in mine if "{" not in each.path and not set(each.statuses) & {"404", "4XX"}]
    if sure:
        return True, sure[:_MOST]
    return False, [_PARAMETER.sub("1", each.path) for each in mine[:_MOST]]


def _asking(target: CheckTarget) -> Ask:
    import httpx

    root, headers = target.instance.url.rstrip("/"), sent_headers(target.service)
    timeout = float(target.service.budget.request_timeout)
    verify = target.service.trust.context(urlsplit(root).hostname or "")

    def ask(path: str) -> int:
        try:
            with httpx.stream(
                "GET", root + path, headers=headers, timeout=timeout, trust_env=False, verify=verify
            ) as answer:
                return answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return 0

    return ask
