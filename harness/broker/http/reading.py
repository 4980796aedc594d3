"""Bodies of requests: JSON, within limits, and only when it says what it is."""

from __future__ import annotations

import json
from math import isinf
from typing import Any, NoReturn

from harness.broker.http.problems import Refused, UnreadableBody


def read_json(body: bytes, deepest: int) -> Any:
    """A JSON document. Raises Unreadable with the place, Refused for one that is too deep or too much."""
    refuse_many_values(body)
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
    except UnicodeDecodeError as error:
        raise UnreadableBody(f"the body is not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise UnreadableBody(f"the body is not JSON: {error.msg} at {where}") from error
    except ValueError as error:
        raise UnreadableBody(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise _too_deep(deepest) from error
    if body.count(b"[") + body.count(b"{") > deepest and _deeper_than(document, deepest):
        raise _too_deep(deepest)
    return document


def as_object(document: Any) -> dict[str, Any]:
    """A document that is a JSON object. Raises Unreadable for anything else."""
    if not isinstance(document, dict):
        raise UnreadableBody(f"the body must be a JSON object, and this is {_kind(document)}")
    return document


MOST_VALUES = 1_000_000  # of a document that somebody sends: real ones have a hundredth of that


def refuse_many_values(text: bytes) -> None:
    """Raises Refused for a document that would take minutes, and gigabytes: a few bytes may be one value."""
    if text.count(b",") >= MOST_VALUES:
        raise Refused(413, f"it has more than {MOST_VALUES} values, which is the most that is read")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(digits: str) -> float:
    """A number; one that no float can hold would be given back as something that is no JSON."""
    value = float(digits)
    if isinf(value):
        shown = digits if len(digits) <= _SHOWN else f"{digits[:_SHOWN]}…"
        raise ValueError(f"the number {shown} is larger than any that can be kept")
    return value


_SHOWN = 40  # digits of a number in a message


def _kind(document: Any) -> str:
    kinds = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(document), "a number")


def _too_deep(deepest: int) -> Refused:
    return Refused(413, f"the body is nested deeper than {deepest} levels")


def _deeper_than(document: Any, levels: int) -> bool:
    level = [document]
    for _ in range(levels):
        level = [child for each in level for child in _children(each)]
        if not level:
            return False
    return True


def _children(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
