"""Which operation a request meets."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import unquote

from harness.comparison.dialects import Direction
from harness.comparison.openapi_diff.document import Document
from harness.comparison.openapi_diff.operations import Operation, bases, operations, server_paths
from harness.comparison.openapi_diff.wire import value_of
from harness.comparison.pact_openapi.validators import Undecidable, Validators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi_diff.operations import Body, Parameter, Response

_PARAMETER = re.compile(r"(\{[^{}/]+\})")


@dataclass(frozen=True, slots=True)
class Met:
    """The operation of a request."""

    operation: Operation
    below_server: bool = True  # False: the request leaves out the path of the server


@dataclass(frozen=True, slots=True)
class Missed:
    """Why no operation takes a request, and where the nearest is."""

    text: str
    place: str = "#/paths"
    expected: str = ""


@dataclass(frozen=True, eq=False)
class Known(Operation):
    """An operation whose parts are read once, however many interactions meet it: one schema stays one value."""

    @cached_property
    def _parameters(self) -> dict[tuple[str, str], Parameter]:
        return Operation.parameters(self)

    @cached_property
    def _body(self) -> Body | None:
        return Operation.body(self)

    @cached_property
    def _responses(self) -> dict[str, Response]:
        return Operation.responses(self)

    def parameters(self) -> dict[tuple[str, str], Parameter]:
        """By location and name; not to be changed."""
        return self._parameters

    def body(self) -> Body | None:
        """What it takes as a body; None when it takes none."""
        return self._body

    def responses(self) -> dict[str, Response]:
        """By status as written; not to be changed."""
        return self._responses

    @classmethod
    def of(cls, each: Operation) -> Known:
        """The same operation, its parts not read yet."""
        return cls(each.document, each.method, each.path, each.item, each.written, each.pointer)


@dataclass(frozen=True)
class Route:
    """One operation with its path as requests write it."""

    operation: Operation
    pattern: re.Pattern[str]

    @cached_property
    def parameters(self) -> list[tuple[str, Parameter]]:
        """The parameters of the path, in order, those that are declared."""
        declared = self.operation.parameters()
        return [
            (str(number), declared["path", str(number)])
            for number in range(len(self.operation.names))
            if ("path", str(number)) in declared
        ]

    @cached_property
    def own_bases(self) -> frozenset[str]:
        """The paths of its own servers; those of the document hold when it has none."""
        if self.operation.document.old:
            return frozenset()
        return server_paths(self.operation.written) or server_paths(self.operation.item)

    @cached_property
    def looseness(self) -> tuple[tuple[bool, ...], int]:
        """What is more literal comes first."""
        steps = self.operation.path.split("/")
        return tuple("{" in step for step in steps), -len(self.operation.path)


@dataclass(frozen=True)
class Routes:
    """All operations of a document."""

    document: Document
    validators: Validators
    _found: dict[tuple[str, str, bool], Met | Missed] = field(default_factory=dict)

    @cached_property
    def _routes(self) -> list[Route]:
        found = [Route(Known.of(each), _pattern(path)) for (_, path), each in operations(self.document).items()]
        return sorted(found, key=lambda route: route.looseness)

    @cached_property
    def _alike(self) -> dict[tuple[str, int, str], list[Route]]:
        """Routes by what tells most of them apart: method, number of steps and the first step, "" for any."""
        found: dict[tuple[str, int, str], list[Route]] = {}
        for route in self._routes:
            steps = route.operation.path.split("/")
            first = "" if "{" in steps[1 % len(steps)] else unquote(steps[1 % len(steps)])
            found.setdefault((route.operation.method, len(steps), first), []).append(route)
        return found

    def _candidates(self, method: str, path: str) -> list[Route]:
        steps = path.split("/")
        literal = unquote(steps[1 % len(steps)])
        named = self._alike.get((method, len(steps), literal), []) if literal else []
        return [*named, *self._alike.get((method, len(steps), ""), [])]

    @cached_property
    def _shared_bases(self) -> frozenset[str]:
        return bases(self.document)

    @cached_property
    def _bases(self) -> list[str]:
        every = self._shared_bases.union(*(route.own_bases for route in self._routes))
        return sorted(every, key=len, reverse=True)

    def _serves(self, route: Route, base: str) -> bool:
        return base in (route.own_bases or self._shared_bases)

    @property
    def empty(self) -> bool:
        """Whether the document has no operation at all."""
        return not self._routes

    def find(self, method: str, path: str, *, refused: bool = False) -> Met | Missed:
        """The operation that takes a request of that method to that path, as written on the wire.

        `refused`: an error is expected, so the parameters of the path may have values that they cannot have.
        """
        key = method.upper(), path, refused
        if key not in self._found:
            self._found[key] = self._find(*key)
        return self._found[key]

    def _find(self, method: str, path: str, refused: bool) -> Met | Missed:  # noqa: FBT001 - named by its caller
        missed: list[Missed] = []
        nearest: Met | None = None
        for route, match, below in self._matches(method, path):
            fault = self._fault(route, match)
            if fault is None:
                return Met(route.operation, below)
            missed.append(fault)
            nearest = nearest or Met(route.operation, below)
        if nearest is not None and refused:
            return nearest
        return missed[0] if missed else self._nothing(method, path)

    def _matches(self, method: str, path: str) -> Iterator[tuple[Route, re.Match[str], bool]]:
        """The routes that fit, and whether below their server; OpenAPI 3 is often read without servers."""
        for base in self._bases:
            if path == base or path.startswith(f"{base}/"):
                rest = path[len(base) :] or "/"
                fitting = [each for each in self._candidates(method, rest) if self._serves(each, base)]
                yield from ((each, match, True) for each in fitting if (match := each.pattern.fullmatch(rest)))
        if not self.document.old:
            others = [each for each in self._candidates(method, path) if not self._serves(each, "")]
            yield from ((each, match, False) for each in others if (match := each.pattern.fullmatch(path)))

    def _fault(self, route: Route, match: re.Match[str]) -> Missed | None:
        for number, parameter in route.parameters:
            if parameter.schema is None or parameter.media:
                continue
            text = match.groupdict().get(f"p{number}")
            if text is None:
                continue
            schema = self.document.kept(parameter.schema)
            value = value_of([unquote(text)], schema, parameter.style, self.document, parameter.name)
            try:
                faults = self.validators.faults(parameter.schema, value, Direction.REQUEST)
            except Undecidable:
                continue
            if faults:
                why = f"`{parameter.name}` of {route.operation.label} cannot be {text!r}: {faults[0].text}"
                return Missed(why, route.operation.pointer, route.operation.label)
        return None

    def _nothing(self, method: str, path: str) -> Missed:
        every = dict.fromkeys(route.operation.method for route in self._routes)
        others = sorted(each for each in every if next(self._matches(each, path), None))
        if others:
            return Missed(f"{path} is there for {', '.join(others)}, not for {method}", expected=", ".join(others))
        return Missed(f"no path of the document is {path}")


_MOST_IN_A_STEP = 3  # parameters; where there are more, a step is not taken apart: that could take for ever


def _pattern(path: str) -> re.Pattern[str]:
    """A template as an expression; only what stands in braces as a whole is a parameter."""
    number = count()
    return re.compile("/".join(_step(step, number) for step in path.split("/")))


def _step(step: str, number: Iterator[int]) -> str:
    parts = _PARAMETER.split(step)
    named = [f"(?P<p{next(number)}>[^/]+?)" if _PARAMETER.fullmatch(part) else _literal(part) for part in parts]
    return "".join(named) if len(parts) // 2 <= _MOST_IN_A_STEP else "[^/]+"


def _literal(part: str) -> str:
    """A letter may be written as itself or percent-encoded; both are one path."""
    plain = unquote(part)
    return plain if plain.isalnum() and plain.isascii() else "".join(map(_letter, plain))


@lru_cache(maxsize=4_096)
def _letter(letter: str) -> str:
    encoded = "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
    plain = re.escape(letter)
    return plain if letter.isalnum() and letter.isascii() else f"(?:{plain}|(?i:{encoded}))"
