"""A question to the matrix: which versions of whom, beside which others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import HarnessError

LATEST_BY = ("cvpv", "cvp", "cp")
LIMIT = 100  # rows that are listed; what is decided never depends on it


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSelector:
    """Which versions of a pacticipant are meant."""

    pacticipant: str
    version: str = ""
    latest: bool = False
    tag: str = ""
    branch: str = ""
    main_branch: bool = False
    environment: str = ""

    @property
    def vague(self) -> bool:
        """Whether it names versions in a way that may mean another one a moment later."""
        chosen = self.latest or self.tag or self.branch or self.main_branch
        return bool(chosen) and not self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants to know of the matrix."""

    selectors: Sequence[VersionSelector]
    ignored: Sequence[VersionSelector] = ()
    latest_by: str = ""
    latest: bool = False
    tag: str = ""
    environment: str = ""
    main_branch: bool = False
    success: Sequence[str] = ()  # only rows with these results are listed: true, false, ""
    limit: int = LIMIT

    @property
    def infers(self) -> bool:
        """Whether the versions of everybody else are chosen as well."""
        return bool(self.latest or self.tag or self.environment or self.main_branch)

    @property
    def target(self) -> bool:
        """Whether it says where the versions are to go."""
        return bool(self.tag or self.environment or self.main_branch)


class Unanswerable(HarnessError):
    """A question that names what nobody knows, every such name with its text."""
