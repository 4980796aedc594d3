"""Which operation of an OpenAPI document a request meets: nothing else decides it.

The rules, with examples, are in docs/explanation/routing.md.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from harness.contracts.openapi_servers import base_paths
from harness.contracts.openapi_source import at_pointer
from harness.contracts.openapi_templates import PathTemplate, Steps, StepTemplate, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_MOST_KEPT = 10_000  # answers; whoever sends ever new requests is not remembered for ever
_MOST_STEPS = 50  # references that refer to references
_FREE_TEXT = "\u2603 any words at all, \u2603 such as nothing but free text may be"


class PathValue(NamedTuple):
    """What the schema of a parameter says of a text in a path."""

    fault: str = ""  # why it cannot be its value; "" when it can, or nobody knows
    unread: str = ""  # what of the schema nobody can read, so that nobody knows


class PathValues(Protocol):
    """What the parameters of paths may be, by their schemas."""

    def judge(self, method: str, path: str, name: str, text: str) -> PathValue:
        """Whether a parameter of an operation can have a text as its value."""


class Reach(IntEnum):
    """How a request comes to an operation; what is smaller goes first."""

    BELOW_SERVER = 0  # below a path that a server names, with the default or a listed value of each variable
    WITHOUT_SERVER = 1  # the path of the server is left out: often it is that of a gateway
    ANY_VALUE = 2  # below a server that has a variable with any value


@dataclass(frozen=True, slots=True)
class RoutedOperation:
    """One operation, and where requests find it."""

    method: str
    path: str  # the template
    bases: tuple[str, ...]  # "" is the root
    template: PathTemplate

    @property
    def label(self) -> str:
        """As people write it: `GET /orders/{id}`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class RouteCandidate:
    """An operation that a request may mean."""

    operation: RoutedOperation
    reach: Reach
    address: PathTemplate  # with the path of the server
    fault: str = ""  # why a parameter of its path cannot have the value that the request has
    unread: str = ""  # why nobody can tell whether it may

    @property
    def label(self) -> str:
        """That of the operation."""
        return self.operation.label


@dataclass(frozen=True, slots=True)
class RoutedRequest:
    """What a request meets: one operation; none; or several equally, which counts for none of them."""

    candidates: tuple[RouteCandidate, ...] = ()

    @property
    def met(self) -> RouteCandidate | None:
        """The one that it meets."""
        return self.candidates[0] if len(self.candidates) == 1 else None

    @property
    def equally(self) -> tuple[str, ...]:
        """The labels of those that it meets equally."""
        return tuple(each.label for each in self.candidates) if len(self.candidates) > 1 else ()


class NearMissKind(StrEnum):
    """In what a request differs from one that an operation takes."""

    METHOD = "another method"
    SLASH = "a slash at the end"
    CASE = "capitals"
    SERVER = "another path of the server"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An operation that a request just misses."""

    operation: RoutedOperation
    kinds: tuple[NearMissKind, ...]


@dataclass(slots=True)
class _Branch:
    """The operations whose paths begin alike, by their next step."""

    literal: dict[str, _Branch] = field(default_factory=dict)
    parameters: dict[tuple[str, ...], tuple[StepTemplate, _Branch]] = field(default_factory=dict)
    ends: dict[str, list[RoutedOperation]] = field(default_factory=lambda: defaultdict(list))  # by method

    def add(self, operation: RoutedOperation) -> None:
        """Lay an operation out below this branch."""
        branch = self
        for step in operation.template.steps:
            if step.names:
                _, branch = branch.parameters.setdefault(step.literals, (step, _Branch()))
            else:
                branch = branch.literal.setdefault(step.literals[0], _Branch())
        branch.ends[operation.method].append(operation)

    def taking(self, method: str, steps: Steps) -> Iterator[RoutedOperation]:
        """Every operation of that method whose template takes the steps."""
        reached = [self]
        for step in steps:
            reached = [below for branch in reached for below in branch.below(step)]
        for branch in reached:
            yield from branch.ends.get(method, ())

    def below(self, step: str) -> Iterator[_Branch]:
        """The branches that a step leads to."""
        if step in self.literal:
            yield self.literal[step]
        for template, branch in self.parameters.values():
            if template.takes(step):
                yield branch


@dataclass(frozen=True)
class RouteTable:
    """The operations of one document, laid out once for every request."""

    operations: tuple[RoutedOperation, ...]
    values: PathValues
    _kept: dict[tuple[str, str], RoutedRequest] = field(default_factory=dict, repr=False, compare=False)
    _free: dict[tuple[str, str], bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, document: Mapping[str, Any], values: PathValues) -> RouteTable:
        """All that stands under `paths` of a document whose references lead somewhere within it."""
        return cls(tuple(_operations(document)), values)

    def route(self, method: str, target: str) -> RoutedRequest:
        """What a request meets; the target is a path or a whole address, with its query or without."""
        key = method.upper(), target
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            steps = steps_of(target)
            found = self._kept[key] = RoutedRequest() if steps is None else self._routed(key[0], steps)
        return found

    def meanings(self, told: str) -> tuple[str, ...]:
        """The labels of what `GET /orders/7` or `GET /orders/{id}` may stand for; several where nobody can tell.

        A request without parameters reads as a label does, and may yet meet another operation.
        """
        if told in self._labels and "{" in told:
            return (told,)
        method, space, target = told.partition(" ")
        found = [each.label for each in self.route(method, target).candidates] if space else []
        return tuple(dict.fromkeys([*found, *([told] if told in self._labels else ())]))

    @cached_property
    def _labels(self) -> frozenset[str]:
        return frozenset(each.label for each in self.operations)

    def near_misses(self, method: str, target: str) -> tuple[NearMiss, ...]:
        """The operations that a request would meet, were it written a little differently; only the nearest."""
        steps = steps_of(target)
        if steps is None:
            return ()
        exact = self._routed(method.upper(), steps).candidates
        if exact:
            without = [each.operation for each in exact if each.reach is Reach.WITHOUT_SERVER]
            return tuple(NearMiss(each, (NearMissKind.SERVER,)) for each in without)
        slashed = steps[:-1] if len(steps) > 1 and steps[-1] == "" else (*steps, "")
        kinds = NearMissKind
        for written, differs, is_folded in (
            (steps, (), False),
            (slashed, (kinds.SLASH,), False),
            (steps, (kinds.CASE,), True),
            (slashed, (kinds.SLASH, kinds.CASE), True),
        ):
            found = self._nearly(method.upper(), written, differs, is_folded=is_folded)
            if found:
                return found
        return tuple(self._elsewhere(method.upper(), steps))

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """Every path below which some operation is served, as written."""
        return tuple(dict.fromkeys(base for each in self.operations for base in each.bases))

    # --- what fits -----------------------------------------------------------------------------------------------

    @cached_property
    def _root(self) -> _Branch:
        root = _Branch()
        for each in self.operations:
            root.add(each)
        return root

    @cached_property
    def _base_templates(self) -> tuple[tuple[str, PathTemplate], ...]:
        return tuple((base, PathTemplate.of(base)) for base in self.bases)

    def _routed(self, method: str, steps: Steps) -> RoutedRequest:
        found: dict[str, RouteCandidate] = {}
        for each in self._reached(method, steps):
            known = found.get(each.label)
            if known is None or each.reach < known.reach:
                found[each.label] = each
        return RoutedRequest(self._best(list(found.values()), steps))

    def _reached(self, method: str, steps: Steps) -> Iterator[RouteCandidate]:
        for base, template in self._base_templates:
            above = len(template.steps)
            if template.takes(steps[:above]):
                reach = Reach.BELOW_SERVER if template.is_literal else Reach.ANY_VALUE
                for each in self._root.taking(method, steps[above:] or ("",)):
                    if base in each.bases:
                        yield RouteCandidate(each, reach, template + each.template)
        for each in self._root.taking(method, steps) if self.bases != ("",) else ():
            if "" not in each.bases:
                yield RouteCandidate(each, Reach.WITHOUT_SERVER, each.template)

    # --- which of them is meant ----------------------------------------------------------------------------------

    def _best(self, found: list[RouteCandidate], steps: Steps) -> tuple[RouteCandidate, ...]:
        told = [self._with_values(each, steps) for each in found]
        left = [each for each in told if not each.fault] or told
        nearest = min((each.reach for each in left), default=Reach.BELOW_SERVER)
        left = [each for each in left if each.reach is nearest]
        if len(left) < 2:
            return tuple(left)
        return tuple(each for each in left if not any(self._is_narrower(other, each) for other in left))

    def _with_values(self, candidate: RouteCandidate, steps: Steps) -> RouteCandidate:
        """A step may be taken apart in several ways; one in which all values can be is enough."""
        operation, unread = candidate.operation, ""
        below = steps[len(steps) - len(operation.template.steps) :] if steps else steps
        for template, step in zip(operation.template.steps, below, strict=False):
            told = [self._values(operation, template.names, each) for each in template.splits(step)]
            if not template.names or PathValue() in told or not told:
                continue
            if all(each.fault for each in told):
                return replace(candidate, fault=told[0].fault)
            unread = unread or next(each.unread for each in told if each.unread)
        return replace(candidate, unread=unread) if unread else candidate

    def _values(self, operation: RoutedOperation, names: Sequence[str], texts: Sequence[str]) -> PathValue:
        """The first fault of some values together, and what of them cannot be told where there is none."""
        told = [
            self.values.judge(operation.method, operation.path, name, text)
            for name, text in zip(names, texts, strict=True)
        ]
        return next(
            (each for each in told if each.fault), next((each for each in told if each.unread), PathValue())
        )

    def _is_narrower(self, one: RouteCandidate, other: RouteCandidate) -> bool:
        """Whether the other takes every path that the one takes, and more."""
        within, around = other.address.takes(one.address.skeleton), one.address.takes(other.address.skeleton)
        if within and around:
            if one.unread or other.unread:
                return False  # what nobody can read may say as much as the other
            return self._bound(one.operation) > self._bound(other.operation)
        return within

    def _bound(self, operation: RoutedOperation) -> frozenset[int]:
        """Which of the parameters of a path may not be free text, by their places."""
        names = [name for step in operation.template.steps for name in step.names]
        return frozenset(place for place, name in enumerate(names) if not self._is_free(operation, name))

    def _is_free(self, operation: RoutedOperation, name: str) -> bool:
        key = operation.label, name
        if key not in self._free:
            self._free[key] = not self.values.judge(operation.method, operation.path, name, _FREE_TEXT).fault
        return self._free[key]

    # --- what is just missed -------------------------------------------------------------------------------------

    def _nearly(
        self, method: str, steps: Steps, differs: tuple[NearMissKind, ...], *, is_folded: bool
    ) -> tuple[NearMiss, ...]:
        """With the method asked for where that is there, else with every other."""
        found = self._folded(steps) if is_folded else self._unfolded(steps)
        same = [each for each in found if each.method == method]
        kinds = differs if same else (*differs, NearMissKind.METHOD)
        return tuple(NearMiss(each, kinds) for each in (same or found)) if kinds else ()

    def _unfolded(self, steps: Steps) -> list[RoutedOperation]:
        methods = dict.fromkeys(each.method for each in self.operations)
        return [each.operation for method in methods for each in self._routed(method, steps).candidates]

    def _folded(self, steps: Steps) -> list[RoutedOperation]:
        return [
            each
            for each in self.operations
            if any(_folds(PathTemplate.of(base) + each.template, steps) for base in ("", *each.bases))
        ]

    def _elsewhere(self, method: str, steps: Steps) -> Iterator[NearMiss]:
        """Below a path that no server of the operation has; a path that begins with a parameter resembles all."""
        for above in range(1, len(steps)):
            found = [each for each in self._root.taking(method, steps[above:]) if _says_something(each.template)]
            if found:
                yield from (NearMiss(each, (NearMissKind.SERVER,)) for each in found)
                return


def _folds(template: PathTemplate, steps: Steps) -> bool:
    folded = (
        replace(each, literals=tuple(literal.casefold() for literal in each.literals)) for each in template.steps
    )
    return PathTemplate(tuple(folded)).takes(tuple(step.casefold() for step in steps))


def _says_something(template: PathTemplate) -> bool:
    return bool(template.steps and template.steps[0].literals[0])


def bases_of_operations(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The label of each operation, and the paths of its servers."""
    return ((each.label, each.bases) for each in _operations(document))


def _operations(document: Mapping[str, Any]) -> Iterator[RoutedOperation]:
    for path, written in _mapping(document.get("paths")).items():
        if path.startswith("x-"):
            continue
        item, template = _item(document, written), PathTemplate.of(path)
        for method in METHODS:
            operation = item.get(method)
            if isinstance(operation, dict):
                bases = base_paths(document, operation, item)
                yield RoutedOperation(method.upper(), path, bases, template)


def _item(document: Mapping[str, Any], written: Any) -> Mapping[str, Any]:
    """The path item itself, or what it refers to; since 3.1 it may say more beside its reference."""
    beside: dict[str, Any] = {}
    for _ in range(_MOST_STEPS):
        if not isinstance(written, dict) or not isinstance(written.get("$ref"), str):
            return {**beside, **_mapping(written)}
        if str(document.get("openapi", "")) >= "3.1":
            beside |= {key: item for key, item in written.items() if key != "$ref"}
        written = at_pointer(document, written["$ref"].removeprefix("#"))[0]
    return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
