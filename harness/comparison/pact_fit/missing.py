"""Why no operation takes a request, and which the nearest is: words for a reader who made a slip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.contracts.openapi_routing import NearMissKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.comparison.pact_fit.routing import DocumentRoutes
    from harness.contracts.openapi_routing import NearMiss
    from harness.contracts.pact import Interaction

_MOST_NAMED = 3
_HOW = {
    NearMissKind.SLASH: "by the slash at its end",
    NearMissKind.CASE: "by capitals",
    NearMissKind.METHOD: "by its method",
    NearMissKind.SERVER: "by the path of its server",
}


@dataclass(frozen=True, slots=True)
class MissedOperation:
    """Why no operation takes a request, and where the nearest is."""

    text: str
    place: str = "#/paths"
    expected: str = ""


def missed_operation(interaction: Interaction, routes: DocumentRoutes) -> MissedOperation:
    """That no path of the document is that of the request, with what it nearly is."""
    near = routes.table.near_misses(interaction.method, interaction.path)
    path, method = interaction.path, interaction.method
    methods = ", ".join(sorted({each.operation.method for each in near if each.kinds == (NearMissKind.METHOD,)}))
    if methods:
        return MissedOperation(f"{path} is there for {methods}, not for {method}", expected=methods)
    text = f"no path of the document is {path}"
    if not near:
        return MissedOperation(text)
    first = near[0].operation
    pointer = routes.operations[first.method, first.path].pointer
    return MissedOperation(f"{text}; {_differing(near)}", pointer, _near_labels(near))


def _differing(near: Sequence[NearMiss]) -> str:
    how = " and ".join(_HOW[kind] for kind in near[0].kinds)
    return f"it differs from {_near_labels(near)} {how} only"


def _near_labels(near: Sequence[NearMiss]) -> str:
    labels = list(dict.fromkeys(_label(each) for each in near))
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    return " or ".join(labels[:_MOST_NAMED]) + more


def _label(miss: NearMiss) -> str:
    """The operation; below a server the whole path, for that is what is to be written."""
    base = next(iter(miss.operation.bases), "") if NearMissKind.SERVER in miss.kinds else ""
    return f"{miss.operation.method} {base}{miss.operation.path}"
