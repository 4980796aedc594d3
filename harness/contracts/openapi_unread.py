"""What was taken out of a document since it cannot be read: whether a part of it needs that, and in what words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.contracts.openapi_circles import CIRCLE
from harness.contracts.openapi_kinds import METHODS
from harness.contracts.openapi_source import UNREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SHOWN = 160  # letters of what stands there: a value may be long


class UnreadPart(NamedTuple):
    """Something that cannot be read, where it was come upon."""

    what: str  # the reference, or each keyword with its value
    sentence: str


def unread_within(value: Any, leads_to: Callable[[str], Any]) -> UnreadPart | None:
    """What can be reached from a part of an examined document and cannot be read; None where all can."""
    met: set[str] = set()
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            if UNREAD in part:
                return unread_part(part)
            reference = part.get("$ref")
            if isinstance(reference, str) and reference not in met:
                met.add(reference)
                target = leads_to(reference)
                if target is None:
                    return _leading_nowhere(reference)
                waiting.append(target)
            waiting += part.values()
    return None


def unread_of_operation(
    document: Mapping[str, Any],
    item: Mapping[str, Any],
    written: Mapping[str, Any],
    leads_to: Callable[[str], Any],
) -> str:
    """What of an operation, its path or the whole document cannot be read, as a sentence; "" for nothing."""
    beside = {key: value for key, value in item.items() if key not in METHODS}
    everywhere = {UNREAD: document[UNREAD]} if UNREAD in document else {}
    found = unread_within([written, beside, everywhere], leads_to)
    return found.sentence if found else ""


def unread_part(part: Mapping[str, Any]) -> UnreadPart:
    """What of an object cannot be read."""
    unread, reference = part[UNREAD], part.get("$ref")
    if isinstance(reference, str):
        place = f"#{reference.removeprefix(f'#/{UNREAD}')}"
        return UnreadPart(place, f"{place} is not what the standard says")
    if isinstance(unread.get(""), dict) and CIRCLE in unread[""]:
        return UnreadPart(unread[""][CIRCLE], f"'{unread[''][CIRCLE]}' only refers to itself")
    if isinstance(unread.get(""), dict) and isinstance(unread[""].get("$ref"), str):
        return _leading_nowhere(unread[""]["$ref"])
    keys = ", ".join(f"`{key}`" for key in unread if key) or "a schema"
    what = ", ".join(f"{key}: {_short(value)}" if key else _short(value) for key, value in unread.items())
    return UnreadPart(what, f"{keys} is not what the standard says: {_short(unread)}")


def _leading_nowhere(reference: str) -> UnreadPart:
    return UnreadPart(reference, f"$ref '{reference}' leads nowhere")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
