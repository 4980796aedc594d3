"""Which promises a no rests on: what was asked, what was promised, and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.verdicts import BrokenPromise, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.evidence import Cell, Facts
    from harness.verdicts import Finding

MOST = 3  # of one pair; whoever wants all of them runs the command
LONGEST = 200  # characters of each part


def broken_in(cell: Cell, facts: Facts) -> tuple[BrokenPromise, ...]:
    """The first promises that were seen broken; none where nobody told them."""
    if cell.verdict is not Verdict.FAILED or cell.evidence is None:
        return ()
    told = cell.evidence.findings or (facts.seen(cell.evidence) if facts.seen else ())
    return told_briefly(told)


def told_briefly(findings: Iterable[Finding]) -> tuple[BrokenPromise, ...]:
    """The first few of what was found, each once and in a line's length."""
    told = (
        BrokenPromise(
            request=_shorten_text(_request(each)),
            expected=_shorten_text(each.expected),
            came=_shorten_text(each.actual),
        )
        for each in findings
    )
    return tuple(dict.fromkeys(told))[:MOST]


def _request(finding: Finding) -> str:
    """What people call it, and what was asked."""
    exchange = finding.exchange
    split = urlsplit(exchange.url) if exchange else None
    query = f"?{split.query}" if split and split.query else ""
    asked = f"{exchange.method} {split.path}{query}" if exchange and split else finding.operation
    return ": ".join(dict.fromkeys(part for part in (finding.subject, asked) if part))


def _shorten_text(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
