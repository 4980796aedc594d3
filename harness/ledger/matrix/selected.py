"""The versions that a question means, each with the words for it (BROKER-API 10.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.ledger.matrix.question import VersionSelector


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedVersions:
    """What one selector means for one pacticipant: some versions, any version, or none that exists."""

    asked: VersionSelector
    specified: bool  # somebody asked for it; else it was inferred
    any_version: bool = False
    versions: Sequence[tuple[int, str]] = ()  # rows and numbers

    @property
    def pacticipant(self) -> str:
        """Whose versions they are."""
        return self.asked.pacticipant

    @property
    def missing(self) -> bool:
        """Whether no such version exists."""
        return not self.any_version and not self.versions

    @property
    def rows(self) -> frozenset[int]:
        """The rows of the versions."""
        return frozenset(row for row, _ in self.versions)

    def described(self, row: int | None = None) -> str:
        """The words for one of its versions, or for all of it."""
        number = dict(self.versions).get(row or 0, "")
        if not number and len(self.versions) == 1:
            number = self.versions[0][1]
        return _selection_text(self.asked, number, len(self.versions))

    def absent(self) -> str:
        """What is said when no such version exists."""
        asked, name = self.asked, self.pacticipant
        if asked.tag:
            return f"No version with tag {asked.tag} exists for {name}"
        if asked.branch:
            return f"No version of {name} from branch {asked.branch} exists"
        if asked.main_branch:
            return f"No version of {name} from the main branch exists"
        if asked.environment:
            where = asked.environment
            return f"No version of {name} is currently recorded as deployed or released in environment {where}"
        if asked.version:
            return f"No pacts or verifications have been published for version {asked.version} of {name}"
        return f"No version of {name} exists"


def _selection_text(asked: VersionSelector, number: str, count: int) -> str:
    name = asked.pacticipant
    if asked.version:
        return f"version {asked.version} of {name}"
    if asked.environment:
        return _in_environment(asked, number, count)
    told = f" ({number})" if number else " (no such version exists)" if count == 0 else ""
    branch = asked.branch
    if asked.latest:
        line = f" with tag {asked.tag}" if asked.tag else f" from branch {branch}" if branch else ""
        return f"the latest version of {name}{line}{told}"
    if asked.tag:
        return f"a version of {name} with tag {asked.tag}{told}"
    if branch:
        start = "the version" if count == 1 else "one of the versions"
        return f"{start} of {name} from branch {branch}{told}"
    return f"any version of {name}"


def _in_environment(asked: VersionSelector, number: str, count: int) -> str:
    name, where = asked.pacticipant, asked.environment
    if count == 0:
        nothing = "no version is currently recorded as deployed/released in this environment"
        return f"a version of {name} currently in {where} ({nothing})"
    start = "the version" if count == 1 else "one of the versions"
    return f"{start} of {name} currently in {where}{f' ({number})' if number else ''}"
