"""SARIF 2.1.0: what a comparison of documents says, as code scanners of hosts and editors read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "info": "note"}  # by the severity of a finding or a change


@dataclass(frozen=True, slots=True, kw_only=True)
class SarifPlace:
    """A place in a file; `name` is what the field calls it there."""

    file: str
    pointer: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SarifResult:
    """One result: what it is an example of, how bad it is, where it stands."""

    rule: str
    about: str  # the rule in words
    level: str
    text: str
    place: SarifPlace
    related: tuple[SarifPlace, ...] = ()


def sarif(results: Sequence[SarifResult], line: Callable[[str, str], int]) -> dict[str, Any]:
    """A log with one run; `line` tells the line of a JSON pointer in a file."""
    rules = dict(sorted({each.rule: each.about for each in results}.items()))
    numbers = {rule: number for number, rule in enumerate(rules)}
    driver = {
        "name": "contract-harness",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": about}} for rule, about in rules.items()],
    }
    told = [_result(each, numbers[each.rule], line) for each in results]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": told}]}


def _result(each: SarifResult, rule: int, line: Callable[[str, str], int]) -> dict[str, Any]:
    found = {
        "ruleId": each.rule,
        "ruleIndex": rule,
        "level": each.level,
        "message": {"text": each.text},
        "locations": [_location(each.place, line)],
    }
    return found | ({"relatedLocations": [_location(p, line) for p in each.related]} if each.related else {})


def _location(place: SarifPlace, line: Callable[[str, str], int]) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": place.file},
            "region": {"startLine": line(place.file, place.pointer)},
        },
        "logicalLocations": [{"fullyQualifiedName": place.name}],
    }
