"""A body, a header or a parameter of a pact, held against its schema."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.comparison.openapi.dialects import Direction, reference_of
from harness.comparison.pact_fit.compiling import Undecidable
from harness.comparison.pact_fit.faults import OPEN, UNDECLARED
from harness.comparison.pact_fit.matcher_tolerance import at, is_example_only, lengthen_lists
from harness.comparison.severity import Severity
from harness.contracts.openapi_source import escape_pointer_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.pact_fit.faults import Fault
    from harness.comparison.pact_fit.interaction_context import InteractionContext


class Held(NamedTuple):  # made for every value of a pact: a frozen dataclass takes twice as long
    """A value of a pact, and the schema that it is held against."""

    value: Any
    schema: Any  # as the document has it
    direction: Direction
    part: str  # "body", "header", "query"
    name: str  # of the header or the parameter; "" for a body
    at: tuple[str | int, ...]  # in the interaction
    place: str  # of the schema in the document

    @property
    def code(self) -> str:
        """Of a finding about it."""
        return f"{self.direction}.{self.part}.incompatible"


def hold(meeting: InteractionContext, held: Held) -> None:
    """Tell everything in which a value is not what its schema says, as soon as the schema is ready."""
    if meeting.validators.is_ready(held.schema, held.direction):
        _hold(meeting, held)
        return
    meeting.wanted.append((held.schema, held.direction))
    meeting.later(partial(_hold, held=held))


def _hold(meeting: InteractionContext, held: Held) -> None:
    message = meeting.request if held.direction is Direction.REQUEST else meeting.response
    if held.part == "body" and message.rules.lengthen:
        held = held._replace(value=lengthen_lists(held.value, message.rules))
    try:
        faults = meeting.validators.faults(held.schema, held.value, held.direction)
    except Undecidable as error:
        meeting.undecided(f"{held.direction} {held.part} {held.name}".strip(), str(error))
        return
    unread = [fault.place for fault in faults if fault.unreadable]
    for fault in faults:
        if fault.unreadable:
            _left_open(meeting, held, fault)
        elif fault.keyword == OPEN:
            _tell_open(meeting, held, fault)
        elif fault.keyword not in UNDECLARED or not any(fault.place[: len(each)] == each for each in unread):
            _tell_all(meeting, held, fault)  # else what cannot be read may declare it


def _tell_all(meeting: InteractionContext, held: Held, fault: Fault) -> None:
    severity = Severity.INFO if _soft(meeting, held, fault) else Severity.ERROR
    for each in (fault, *_inside(fault)):
        _tell(meeting, held, each, severity)


def _left_open(meeting: InteractionContext, held: Held, fault: Fault) -> None:
    where = "".join(f"/{escape_pointer_step(str(step))}" for step in fault.place)
    what = f"{held.direction} {held.part} {held.name}".strip() + (f" at {where}" if where else "")
    meeting.undecided(what, f"`{fault.unreadable[:_SHOWN]}` cannot be read")


_SHOWN = 80  # characters of an expression


def _soft(meeting: InteractionContext, held: Held, fault: Fault) -> bool:
    """Whether the value is an example only, or is made anew for every run."""
    message = meeting.request if held.direction is Direction.REQUEST else meeting.response
    place = fault.place if held.part == "body" else (held.name.lower(),)
    sent = held.direction is Direction.REQUEST
    return is_example_only(fault, message.rules, held.part, place, held.value, sent=sent)


def _inside(fault: Fault) -> Iterator[Fault]:
    """Why each branch does not hold."""
    for branch in fault.branches:
        for each in branch:
            yield each
            yield from _inside(each)


def _tell_open(meeting: InteractionContext, held: Held, fault: Fault) -> None:
    where = "".join(f"/{escape_pointer_step(str(step))}" for step in fault.place)
    meeting.tell(
        f"{held.direction}.{held.part}.open",
        f"{held.direction} {held.part}{f' at {where}' if where else ''}: {fault.text}",
        severity=Severity.INFO,
        at=(*held.at, *fault.place),
        place=_place(held, fault),
        remedy="list the properties in the document, or let a verification show that they come",
    )


def _tell(meeting: InteractionContext, held: Held, fault: Fault, severity: Severity) -> None:
    what = f"{held.direction} {held.part}" + (f" {held.name}" if held.name else "")
    where = "".join(f"/{escape_pointer_step(str(step))}" for step in fault.place)
    meeting.tell(
        held.code,
        f"{what}{f' at {where}' if where else ''}: {fault.text}",
        severity=severity,
        at=(*held.at, *fault.place),
        place=_place(held, fault),
        expected=_expected_value(fault),
        actual=_value(held.value, fault.place),
        remedy=_remedy(held, fault),
    )


def _remedy(held: Held, fault: Fault) -> str:
    if fault.keyword == "enum" and at(held.value, fault.place) is None:
        return "list null among the values of the document's `enum`: `nullable` adds it to the type only"
    if fault.is_of_several:
        return "let the branches of the document's `oneOf` exclude each other, or write `anyOf`"
    if held.direction is Direction.REQUEST:
        return "send what the provider takes, or widen the document"
    return "do not rely on it, or promise it in the provider's document"


def _place(held: Held, fault: Fault) -> str:
    """Where the document says what the value is not; a schema that is referred to has a place of its own."""
    steps = list(fault.within)
    if fault.keyword in UNDECLARED:
        steps = steps[:-1]  # the word that forbids is ours: the schema is what does not declare
    start = held.place
    for number in range(len(steps) - 2, -1, -1):
        if steps[number] == "$defs":
            start, steps = reference_of(str(steps[number + 1])), steps[number + 2 :]
            break
    return start + "".join(f"/{escape_pointer_step(str(step))}" for step in steps)


def _expected_value(fault: Fault) -> Any:
    if fault.keyword in UNDECLARED:
        return "a property that the document declares"
    if fault.is_of_several:
        return "exactly one branch that holds"
    if fault.keyword == "type" and isinstance(fault.allowed, list):
        return " or ".join(map(str, fault.allowed))
    return fault.allowed


def _value(value: Any, place: tuple[str | int, ...]) -> Any:
    found = at(value, place)
    return "null" if found is None else found
