"""Schemas made ready to be held against values: once for each schema of a document and each direction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from harness.comparison.dialects import Direction, Schema
from harness.comparison.openapi_diff.document import Document
from harness.comparison.pact_openapi.expressions import mended, unreadable
from harness.comparison.pact_openapi.kinds import Kinds
from harness.comparison.pact_openapi.shapes import Promised, Shape, Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_MOST_DEPTH = 200
_TOO_DEEP = "the schema is nested too deeply"


class Undecidable(Exception):
    """A schema that values cannot be held against; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing in which a value is not what its schema says."""

    keyword: str  # "type", "enum", "additionalProperties", …
    place: tuple[str | int, ...]  # in the value
    within: tuple[str | int, ...]  # where in the schema
    text: str
    allowed: Any = None  # what the keyword says, where that is short
    branches: tuple[tuple[Fault, ...], ...] = ()  # of anyOf and oneOf: why none of them holds

    @property
    def unreadable(self) -> str:
        """The expression that cannot be read, where nothing else is wrong; "" for a fault that is one."""
        if self.branches:
            told = [[each.unreadable for each in branch] for branch in self.branches]
            return next((branch[0] for branch in told if branch and all(branch)), "")
        return unreadable(self.allowed) if self.keyword == "const" else ""


Wanted = tuple[Any, Direction]  # a schema as the document has it, and which way its values travel


@dataclass(slots=True)
class _Ready:
    """Where the validator of a schema is: alone, or as a property among others."""

    written: Any
    validator: jsonschema_rs.Draft202012Validator | None = None
    key: str = ""
    why: str = ""  # why there is none


@dataclass(slots=True)
class Validators:
    """All schemas of one document."""

    document: Document
    _ready: dict[tuple[int, Direction], tuple[_Ready, Any]] = field(default_factory=dict)
    _alike: dict[tuple[str, Direction], _Ready] = field(default_factory=dict)  # by the text of the schema
    _shapes: dict[Direction, Taken] = field(default_factory=dict)

    def faults(self, written: Any, value: Any, direction: Direction) -> list[Fault]:
        """In what a value is not what a schema of the document says; raises Undecidable."""
        if (id(written), direction) not in self._ready:
            self.prepare([(written, direction)])
        ready, _ = self._ready[id(written), direction]
        if ready.validator is None:
            raise Undecidable(ready.why)
        instance = {ready.key: value}
        if ready.validator.is_valid(instance):
            return []
        return _sorted_out(ready.validator.iter_errors(instance))

    def is_ready(self, written: Any, direction: Direction) -> bool:
        """Whether values can be held against a schema of the document at once."""
        return (id(written), direction) in self._ready

    def prepare(self, wanted: Iterable[Wanted]) -> None:
        """Make schemas ready together: what they share is compiled once for all of them."""
        new: dict[Direction, list[_Ready]] = {}
        for written, way in wanted:
            if (id(written), way) not in self._ready:
                ready, is_new = self._alike_or_new(written, way)
                self._ready[id(written), way] = ready, written  # kept, so that no other schema can have its id
                if is_new:
                    new.setdefault(way, []).append(ready)
        for way, several in new.items():
            shapes: dict[str, Shape] = {}
            for number, ready in enumerate(several):
                ready.key = str(number)
                shape = self._shape(ready, way)
                if shape is not None:
                    shapes[ready.key] = shape
            self._compile(shapes, {name: several[int(name)] for name in shapes})

    def _alike_or_new(self, written: Any, way: Direction) -> tuple[_Ready, bool]:
        """Schemas that are written alike mean the same, wherever they stand: most only name another."""
        try:
            text = repr(written)
        except RecursionError:
            return _Ready(written, why=_TOO_DEEP), False
        is_new = (text, way) not in self._alike
        if is_new:
            self._alike[text, way] = _Ready(written)
        return self._alike[text, way], is_new

    def _shape(self, ready: _Ready, direction: Direction) -> Shape | None:
        if direction not in self._shapes:
            resolve = self.document.named
            sent = direction is Direction.REQUEST
            self._shapes[direction] = Taken(resolve) if sent else Promised(resolve, Kinds(self.document).of)
        try:
            return self._shapes[direction].shape(self.document.schema(ready.written))
        except RecursionError:
            ready.why = _TOO_DEEP
            return None

    def _compile(self, shapes: dict[str, Shape], ready: dict[str, _Ready]) -> None:
        """All at once; when one cannot be read, in ever smaller parts, so that it alone stays undecided."""
        if not shapes:
            return
        properties = {name: shape.schema for name, shape in shapes.items()}
        definitions = {name: each for shape in shapes.values() for name, each in shape.definitions.items()}
        try:
            validator = _compiled({"properties": properties, "$defs": definitions})
        except Undecidable as error:
            if len(shapes) == 1:
                next(iter(ready.values())).why = str(error)
                return
            names = list(shapes)
            for part in (names[: len(names) // 2], names[len(names) // 2 :]):
                self._compile({name: shapes[name] for name in part}, {name: ready[name] for name in part})
            return
        for each in ready.values():
            each.validator = validator


def _compiled(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The same for many schemas; only where that fails are their expressions looked at one by one."""
    try:
        return compiled(schema)
    except Undecidable:
        try:
            return compiled(mended(schema))
        except RecursionError as error:
            raise Undecidable(_TOO_DEEP) from error


def compiled(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """A schema in the dialect of 2020-12, with the formats of OpenAPI; raises Undecidable."""
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats={"byte": _is_base64})
    except (jsonschema_rs.ValidationError, ValueError, RecursionError) as error:
        raise Undecidable(f"the schema cannot be read: {str(error).partition(chr(10))[0]}") from error


def _is_base64(value: str) -> bool:
    return _BASE64.fullmatch(value) is not None


def _sorted_out(errors: Iterator[jsonschema_rs.ValidationError]) -> list[Fault]:
    """What a value of a property is wrong in is told of the property alone, not of the object as well."""
    faults = [fault for error in errors for fault in _faults(error, 0)]
    inside = {fault.place for fault in faults if fault.keyword != "unevaluatedProperties"}
    spoiled = {place[:length] for place in inside for length in range(1, len(place) + 1)}
    return [each for each in faults if each.keyword != "unevaluatedProperties" or each.place not in spoiled]


def _faults(error: jsonschema_rs.ValidationError, depth: int) -> Iterator[Fault]:
    details: Mapping[str, Any] = error.kind.as_dict()
    keyword = _keyword(error)
    place = tuple(error.instance_path)[1:]  # the first step is the name of the schema among others
    within = tuple(error.schema_path)
    within = within if within[:1] == ("$defs",) else within[2:]
    unexpected = details.get("unexpected")
    if keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(unexpected, list):
        for name in unexpected:
            text = f"`{name}` is not declared"
            yield Fault(keyword=keyword, place=(*place, name), within=within, text=text)
        return
    branches = details.get("context")
    told: tuple[tuple[Fault, ...], ...] = ()
    if isinstance(branches, list) and depth < _MOST_DEPTH:
        told = tuple(tuple(_each(branch, depth + 1)) for branch in branches)
    yield Fault(
        keyword=keyword,
        place=place,
        within=within,
        text="nothing may be there" if keyword == "falseSchema" else error.message,
        allowed=_allowed(details),
        branches=told,
    )


def _each(errors: Any, depth: int) -> Iterator[Fault]:
    for error in errors:
        yield from _faults(error, depth)


def _keyword(error: jsonschema_rs.ValidationError) -> str:
    return str(error.kind.name)


def _allowed(details: Mapping[str, Any]) -> Any:
    for key in ("types", "options", "expected_value", "pattern", "format", "limit", "multiple_of", "property"):
        if key in details:
            return details[key]
    return None
