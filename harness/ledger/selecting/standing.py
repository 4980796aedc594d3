"""Pending and work in progress: what a provider's branch, or its tags, still have to verify (BROKER-API 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


class Success(NamedTuple):
    """One successful result of a content."""

    contract: int
    at: str
    wip: bool
    branches: frozenset[str]  # of the provider's version, as they are now
    tags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A branch or a tag of the provider, and since when there is one."""

    kind: Literal["branch", "tag"]
    name: str
    created: str = ""  # when it was first seen; "" when it never was
    first_version: str = ""  # when the version was made that was first on it


def pending_lines(successes: Iterable[Success], lines: Sequence[Line]) -> list[Line]:
    """The lines for which a content is pending: none of their versions verified it, nor did they inherit it."""
    known = list(successes)
    return [line for line in lines if not any(_counts(each, line, line.created) for each in known)]


def never_verified(successes: Iterable[Success]) -> bool:
    """Whether nobody at all has verified a content."""
    return not any(True for _ in successes)


def in_progress(successes: Iterable[Success], lines: Sequence[Line], since: str) -> bool:
    """Whether a content is work in progress for some line: verified when it was selected, it is not.

    What others verified before the line began counts as well, when it was not before `since`.
    """
    explicit = [each for each in successes if not each.wip]
    return any(not any(_counts(each, line, line.first_version, since) for each in explicit) for line in lines)


def _counts(success: Success, line: Line, began: str, since: str = "") -> bool:
    on: Collection[str] = success.branches if line.kind == "branch" else success.tags
    if line.name in on:
        return True
    if not on:  # of no branch: it says nothing of any
        return False
    return success.at >= since and (not began or success.at < began)
