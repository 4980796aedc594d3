"""A kind of evidence as one value: its words in reports, the tools behind it, and what makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from harness.checks.api import Check
from harness.evidence import EvidenceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """All that the harness has to know of a kind of evidence; whoever brings one brings nothing else."""

    key: EvidenceKind  # as in JSON, the ledger, `--only` and `gate.require`
    check: Callable[[], Check]  # makes what runs it; called only where one runs, so it may import much
    title: str  # of one check in a report, of its {provider} and {consumer}: "{provider} keeps its document"
    breach: str  # what a version does whose check fails: "breaks its own document"
    row: str = ""  # its row in a report's table of consumers and providers: "its own document"
    tools: tuple[str, ...] = ()  # Python packages whose version can change a verdict
    revision: str = ""  # of its own rules, where a change of them must make evidence anew: "judge=3"
    keys: Mapping[str, type] = field(default_factory=dict)
    """What a service's table `[services.NAME.checks.KEY]` may say: str, int, bool, or tuple for texts."""

    def __post_init__(self) -> None:
        if not isinstance(self.key, EvidenceKind):
            raise TypeError(f"the key of a kind is an EvidenceKind, not {self.key!r}")
        for name in ("title", "breach"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise ValueError(f"a kind without words: {name} of {self.key} is empty")
        if unfit := [key for key, of in self.keys.items() if of not in (str, int, bool, tuple)]:
            raise TypeError(f"{unfit[0]} of {self.key} must be str, int, bool or tuple")
        self.title.format(provider="", consumer="")  # what cannot be filled in is told now, not in a report
