"""Schemas made ready to be held against values: once for each schema of a document and each direction."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator, ValidationError

from harness.comparison.openapi.dialects import Direction, Shape
from harness.comparison.openapi.document import Document
from harness.comparison.pact_fit.compiling import TOO_DEEP, Undecidable, compile_schema, compiled_as_written
from harness.comparison.pact_fit.conjunctions import Conjunction, Conjunctions
from harness.comparison.pact_fit.expressions import (
    UNREADABLE,
    mend_patterns,
    unread_in,
    without_unread,
)
from harness.comparison.pact_fit.faults import Fault, faults_of
from harness.comparison.pact_fit.promised_values import PromisedValues
from harness.comparison.pact_fit.shapes import Taken
from harness.comparison.pact_fit.ways import once
from harness.contracts.openapi_source import escape_pointer_step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_MOST = 500  # kinds of one supertype


@dataclass(slots=True)
class Kinds:
    """Who joins whom in one document; found when it is first asked."""

    document: Document
    _joined: dict[str, list[str]] | None = None
    _told: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, reference: str) -> tuple[str, ...]:
        """The schemas that are kinds of a supertype, also at one remove; () for what is none."""
        if reference not in self._told:
            self._told[reference] = tuple(self._below(reference)) if self._is_supertype(reference) else ()
        return self._told[reference]

    def _is_supertype(self, reference: str) -> bool:
        schema = self.document.named(reference)
        return isinstance(schema, dict) and "discriminator" in schema and not schema.keys() & {"oneOf", "anyOf"}

    def _below(self, reference: str) -> list[str]:
        if self._joined is None:
            self._joined = _find_subtypes(self.document.value)
        found, todo = dict.fromkeys([reference]), [reference]
        while todo and len(found) <= _MOST:
            new = [each for each in self._joined.get(todo.pop(), ()) if each not in found]
            found |= dict.fromkeys(new)
            todo += new
        return list(found)[1:]


def _find_subtypes(document: dict[str, Any]) -> dict[str, list[str]]:
    """By the reference of a schema: those of the schemas that join it."""
    found: dict[str, list[str]] = defaultdict(list)
    for reference, schema in _named_schemas(document):
        parts = schema.get("allOf") if isinstance(schema, dict) else None
        for part in parts if isinstance(parts, list) else ():
            joined = part.get("$ref") if isinstance(part, dict) else None
            if isinstance(joined, str):
                found[joined].append(reference)
    return found


def _named_schemas(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    components = document.get("components")
    for start, schemas in (
        ("#/definitions/", document.get("definitions")),
        ("#/components/schemas/", components.get("schemas") if isinstance(components, dict) else None),
    ):
        for name, schema in schemas.items() if isinstance(schemas, dict) else ():
            yield start + escape_pointer_step(str(name)), schema


Wanted = tuple[Any, Direction]  # a schema as the document has it, and which way its values travel


@dataclass(slots=True)
class _ReadySchema:
    """What is ready of a schema: for what is sent where its validator is, alone or as a property among others."""

    written: Any
    validator: Draft202012Validator | None = None
    key: str = ""
    unread: str = ""  # an expression that nobody can read, where it may spoil one of several branches
    opened: Draft202012Validator | None = None  # the same where all that cannot be read holds
    promised: Conjunction | None = None  # for what comes back
    why: str = ""  # why there is nothing


@dataclass
class Validators:
    """All schemas of one document."""

    document: Document
    _ready: dict[tuple[int, Direction], tuple[_ReadySchema, Any]] = field(default_factory=dict)
    _alike: dict[tuple[str, Direction], _ReadySchema] = field(default_factory=dict)  # by the text of the schema

    def faults(self, written: Any, value: Any, direction: Direction) -> list[Fault]:
        """In what a value is not what a schema of the document says; raises Undecidable."""
        if not self.is_ready(written, direction):
            self.prepare([(written, direction)])
        ready, _ = self._ready[id(written), direction]
        if ready.promised is not None:
            return self._not_promised(ready.promised, value)
        if ready.validator is None:
            raise Undecidable(ready.why)
        instance = {ready.key: value}
        wrong = ready.validator if not ready.validator.is_valid(instance) else None
        if ready.opened is not None and ready.opened.is_valid(instance) is (wrong is not None):
            return _left_open(wrong or ready.opened, instance, ready.unread)
        return _sorted_out(wrong.iter_errors(instance)) if wrong else []

    def _not_promised(self, promised: Conjunction, value: Any) -> list[Fault]:
        try:
            return self._promised.faults(promised, value)
        except RecursionError as error:
            raise Undecidable(TOO_DEEP) from error

    def is_ready(self, written: Any, direction: Direction) -> bool:
        """Whether values can be held against a schema of the document at once."""
        return (id(written), direction) in self._ready

    def prepare(self, wanted: Iterable[Wanted]) -> None:
        """Make schemas ready together: what they share is made once for all of them."""
        taken: list[_ReadySchema] = []
        for written, way in wanted:
            if (id(written), way) not in self._ready:
                ready, is_new = self._alike_or_new(written, way)
                self._ready[id(written), way] = ready, written  # kept, so that no other schema can have its id
                if is_new and way is Direction.REQUEST:
                    taken.append(ready)
                elif is_new:
                    self._make_promised(ready)
        shapes: dict[str, Shape] = {}
        for number, ready in enumerate(taken):
            ready.key = str(number)
            shape = self._shape(ready)
            if shape is not None:
                shapes[ready.key] = shape
        self._compile(shapes, {name: taken[int(name)] for name in shapes})

    def _alike_or_new(self, written: Any, way: Direction) -> tuple[_ReadySchema, bool]:
        """Schemas that are written alike mean the same, wherever they stand: most only name another."""
        try:
            text = repr(written)
        except RecursionError:
            return _ReadySchema(written, why=TOO_DEEP), False
        is_new = (text, way) not in self._alike
        if is_new:
            self._alike[text, way] = _ReadySchema(written)
        return self._alike[text, way], is_new

    @cached_property
    def _taken(self) -> Taken:
        return Taken(self.document.named)

    @cached_property
    def _promised(self) -> PromisedValues:
        resolve = self.document.named
        kinds, old = Kinds(self.document).of, self.document.old
        conjunctions = Conjunctions(resolve, kinds, hidden="writeOnly", open_maps=not old)
        return PromisedValues(conjunctions, Taken(resolve, Direction.RESPONSE))

    def _make_promised(self, ready: _ReadySchema) -> None:
        try:
            ready.promised = self._promised.conjunction(self.document.schema(ready.written))
        except RecursionError:
            ready.why = TOO_DEEP

    def _shape(self, ready: _ReadySchema) -> Shape | None:
        try:
            return self._taken.shape(self.document.schema(ready.written))
        except RecursionError:
            ready.why = TOO_DEEP
            return None

    def _compile(self, shapes: dict[str, Shape], ready: dict[str, _ReadySchema]) -> None:
        """All at once; when one cannot be read, in ever smaller parts, so that it alone stays undecided."""
        if not shapes:
            return
        properties = {name: shape.schema for name, shape in shapes.items()}
        definitions = {name: each for shape in shapes.values() for name, each in shape.definitions.items()}
        try:
            validator = compiled_as_written({"properties": properties, "$defs": definitions})
        except Undecidable as error:
            if len(shapes) == 1:
                next(iter(ready.values())).why = str(error)
                return
            names = list(shapes)
            for part in (names[: len(names) // 2], names[len(names) // 2 :]):
                self._compile({name: shapes[name] for name in part}, {name: ready[name] for name in part})
            return
        unread = unread_in({"properties": properties, "$defs": definitions})
        for name, each in ready.items():
            each.validator = validator
            whole = {"properties": {name: shapes[name].schema}, "$defs": shapes[name].definitions}
            each.unread = unread_in(whole) if unread else ""
            each.opened = compile_schema(without_unread(mend_patterns(whole))) if each.unread else None


def _left_open(validator: Draft202012Validator, instance: Any, unread: str) -> list[Fault]:
    """What is wrong only where an expression that nobody can read holds, or only where it does not."""
    told = _sorted_out(validator.iter_errors(instance))
    allowed = {UNREADABLE: unread}
    return [
        each
        if each.unreadable
        else Fault(keyword="const", place=each.place, within=each.within, text=unread, allowed=allowed)
        for each in told
    ]


def _sorted_out(errors: Iterator[ValidationError]) -> list[Fault]:
    """What a value of a property is wrong in is told of the property alone, not of the object as well."""
    faults = once(fault.shortened() for error in errors for fault in faults_of(error, (), (), steps=1))
    inside = {fault.place for fault in faults if fault.keyword != "unevaluatedProperties"}
    spoiled = {place[:length] for place in inside for length in range(1, len(place) + 1)}
    return [each for each in faults if each.keyword != "unevaluatedProperties" or each.place not in spoiled]
