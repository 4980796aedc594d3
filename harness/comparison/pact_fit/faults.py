"""What a value is not, of all that its schema says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import Schema
from harness.comparison.pact_fit.expressions import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import jsonschema_rs

_MOST_DEPTH = 200
_MOST_TOLD = 200  # reasons of one fault
Place = tuple[str | int, ...]
OPEN = "open"  # the keyword of what is no fault: the document lists no names there
CLOSED = "closed"  # that of a name in an object that has none
UNDECLARED = frozenset({"additionalProperties", "unevaluatedProperties", CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing in which a value is not what its schema says."""

    keyword: str  # "type", "enum", "additionalProperties", …
    place: Place  # in the value
    within: Place  # where in the schema
    text: str
    allowed: Any = None  # what the keyword says, where that is short
    branches: tuple[tuple[Fault, ...], ...] = ()  # of anyOf and oneOf: why none of them holds
    holding: tuple[Schema, ...] = ()  # of oneOf: those that hold at once, each whole
    unreadable: str = field(init=False, default="")  # the expression that cannot be read, if nothing else is wrong
    size: int = field(init=False, default=1)  # how many there are, with those of all branches

    def __post_init__(self) -> None:
        # Made once: branches may share theirs, so that asking them takes as many questions as there are ways.
        inner = [each for branch in self.branches for each in branch]
        object.__setattr__(self, "size", 1 + sum(each.size for each in inner))
        object.__setattr__(self, "unreadable", self._unreadable())

    def _unreadable(self) -> str:
        if self.branches:
            told = [[each.unreadable for each in branch] for branch in self.branches]
            return next((branch[0] for branch in told if branch and all(branch)), "")
        return unreadable(self.allowed) if self.keyword == "const" else ""

    @property
    def is_of_several(self) -> bool:
        """Whether more than one branch of `oneOf` holds."""
        return self.keyword == "oneOf" and not any(self.branches)

    def shortened(self) -> Fault:
        """The same without the reasons of its reasons, where there are very many."""
        if self.size <= _MOST_TOLD:
            return self
        return replace(self, branches=tuple(tuple(map(_without_branches, each)) for each in self.branches))


def _without_branches(fault: Fault) -> Fault:
    return replace(fault, branches=()) if fault.branches and not fault.unreadable else fault


def undeclared_fault(keyword: str, place: Place, within: Place) -> Fault:
    """A name that no schema of its object speaks of; the last step of its place."""
    return Fault(keyword=keyword, place=place, within=(*within, keyword), text=f"`{place[-1]}` is not declared")


def faults_of(
    error: jsonschema_rs.ValidationError, place: Place, within: Place, steps: int = 0, depth: int = 0
) -> Iterator[Fault]:
    """What a validator says of the value at a place, whose schema has a place of its own.

    The first `steps` into what was given to the validator are left out: they lead to the value, and to its schema.
    """
    details: Mapping[str, Any] = error.kind.as_dict()
    keyword = str(error.kind.name)
    here = (*place, *tuple(error.instance_path)[steps:])
    path = tuple(error.schema_path)
    there = path if path[:1] == ("$defs",) else (*within, *path[2 * steps :])
    unexpected = details.get("unexpected")
    if keyword in UNDECLARED and isinstance(unexpected, list):
        yield from (undeclared_fault(keyword, (*here, name), there[:-1]) for name in unexpected)
        return
    branches = details.get("context")
    told: tuple[tuple[Fault, ...], ...] = ()
    if isinstance(branches, list) and depth < _MOST_DEPTH:
        told = tuple(
            tuple(each for one in branch for each in faults_of(one, place, within, steps, depth + 1))
            for branch in branches
        )
    yield Fault(
        keyword=keyword,
        place=here,
        within=there,
        text="nothing may be there" if keyword == "falseSchema" else error.message,
        allowed=_allowed_value(details),
        branches=told,
    )


def _allowed_value(details: Mapping[str, Any]) -> Any:
    for key in ("types", "options", "expected_value", "pattern", "format", "limit", "multiple_of", "property"):
        if key in details:
            return details[key]
    return None
