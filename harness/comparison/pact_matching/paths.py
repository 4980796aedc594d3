"""Path expressions of matching rules: what they name, and how exactly they name a place."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = str | int  # a name, or the position in a list


class Each(Enum):
    """What stands for several steps."""

    STEP = "*"  # every name and every position
    INDEX = "[*]"  # every position


Token = str | int | Each
_TOKEN = re.compile(
    r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\[(?P<star>\*)\]"
    r"|\['(?P<single>(?:[^'\\]|\\.)*)'\]|\[\"(?P<double>(?:[^\"\\]|\\.)*)\"\]"
)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@lru_cache(maxsize=16_384)
def tokens_of(expression: str) -> tuple[Token, ...] | None:
    """The tokens behind the root of `$.items[*]['a b']`; None for what is no path expression."""
    text = expression.removeprefix("$")
    if text and text[0] not in ".[":
        text = f".{text}"  # older files leave the root out
    tokens: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if match.start() != end:
            return None
        end = match.end()
        tokens.append(_token(match))
    return tuple(tokens) if end == len(text) else None


def _token(match: re.Match[str]) -> Token:
    if match["star"]:
        return Each.INDEX
    if match["name"] == "*":
        return Each.STEP
    if match["index"]:
        return int(match["index"])
    if match["name"] is not None:
        return match["name"]
    quoted = match["single"] if match["single"] is not None else match["double"]
    return re.sub(r"\\(.)", r"\1", quoted)


def weight(tokens: Sequence[Token], place: Sequence[Step]) -> int:
    """How exactly a path names a place or something above it; 0 when it does not.

    The specification counts 2 for each step that is named and 1 for each that is any; the longest of equals wins.
    """
    if len(tokens) > len(place):
        return 0
    product = 2
    for token, step in zip(tokens, place, strict=False):
        if token is Each.STEP or (token is Each.INDEX and str(step).isdecimal()):
            continue
        if isinstance(token, Each) or str(token) != str(step):
            return 0
        product *= 2
    return product * (len(tokens) + 1)


def path_expression(place: Sequence[Step]) -> str:
    """A place as a path expression."""
    return "$" + "".join(map(_step_text, place))


def _step_text(step: Step) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"['{step}']"
