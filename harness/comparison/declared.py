"""What a provider's document declares, beside what of it was exercised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.comparison.bodies.media import is_form, is_multipart
from harness.comparison.coverage import Coverage, is_json
from harness.comparison.openapi.operations import operations
from harness.contracts.openapi_source import escape_pointer_step
from harness.contracts.openapi_unread import unread_of_operation
from harness.errors import Problem
from harness.identity import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.openapi.document import Document
    from harness.comparison.openapi.operations import OperationObject, ResponseObject
    from harness.verdicts import Covered

_DEEPEST = 12  # steps into a schema; what lies deeper is not counted as declared
_MOST = 2000  # fields of one response that are counted
_BRANCHES = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Share:
    """Declared things by name, those that were exercised first told apart from those that were not."""

    seen: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def of(self) -> int:
        """How many there are."""
        return len(self.seen) + len(self.unseen)

    @classmethod
    def split(cls, declared: Iterator[str] | list[str], seen: set[str]) -> Share:
        """The declared names, parted by whether they were seen."""
        names = list(dict.fromkeys(declared))
        return cls(tuple(n for n in names if n in seen), tuple(n for n in names if n not in seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredOperation:
    """One operation: what of it is declared, and what was exercised."""

    operation: str
    parameters: Share  # "query limit", where the service did not refuse the request
    statuses: Share  # as the document writes them: "200", "4XX", "default"
    fields: Share  # of declared responses: "200 /items/[]/total"
    undeclared: tuple[str, ...] = ()  # statuses that came and are not declared
    unread: str = ""  # what of it cannot be read, so that nobody knows what it declares


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A version, what was seen of it, and its document's operations where it has published one."""

    version: Version
    coverage: Coverage
    rows: tuple[DeclaredOperation, ...] = ()
    document: str = ""  # content key; "" when it has published none
    equally: tuple[tuple[str, tuple[str, ...]], ...] = ()  # requests, and the operations that each meets equally
    problems: tuple[Problem, ...] = ()  # of the document: what needs one of these places is unknown

    @property
    def beside(self) -> tuple[str, ...]:
        """What was seen and is no operation of the document."""
        known = {row.operation for row in self.rows}
        return tuple(dict.fromkeys(e.operation for e in self.coverage.seen if e.operation not in known))


def rows(document: Document, coverage: Coverage) -> tuple[DeclaredOperation, ...]:
    """Each operation of the document, in its order."""
    return tuple(_row(each, coverage.of_operation(each.label)) for each in operations(document).values())


def _unread(operation: OperationObject) -> str:
    document = operation.document
    if not document.problems:
        return ""
    return unread_of_operation(document.value, operation.item, operation.written, document.at)


def _row(operation: OperationObject, seen: tuple[Covered, ...]) -> DeclaredOperation:
    responses = operation.responses()
    meant = {each.status: _declared_for(each.status, responses) for each in seen}
    accepted = [each for each in seen if each.status < 400]
    parameters = {name for each in accepted for name in each.parameters}
    if accepted:
        parameters |= {f"path {name}" for name in operation.names}
    came = {f"{meant[each.status]} {field}" for each in seen for field in each.fields}
    return DeclaredOperation(
        operation=operation.label,
        parameters=Share.split(_parameters(operation), parameters),
        statuses=Share.split(list(responses), {status for status in meant.values() if status}),
        fields=Share.split(_all_fields(operation, responses), came),
        unread=_unread(operation),
        undeclared=tuple(sorted(str(status) for status, declared in meant.items() if not declared)),
    )


def _declared_for(status: int, responses: Mapping[str, ResponseObject]) -> str:
    """As what the document declares a status; "" when it does not."""
    wanted = (str(status), f"{status // 100}XX", "default")
    return next((each for each in wanted if each in responses), "")


def _parameters(operation: OperationObject) -> Iterator[str]:
    for parameter in operation.parameters().values():
        if parameter.location == "cookie":
            continue  # no recording tells cookies apart
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        yield f"{parameter.location} {name}"
    if operation.body() is not None:
        yield "body"


def _all_fields(operation: OperationObject, responses: Mapping[str, ResponseObject]) -> Iterator[str]:
    for status, response in responses.items():
        for media, schema in response.content.items():
            if is_json(media) or media == "*/*":
                found = declared_fields(operation.document, schema)
                yield from (f"{status} {field}" for field in found)
            elif is_form(media) or is_multipart(media):
                found = declared_fields(operation.document, schema)
                yield from dict.fromkeys(f"{status} /{field.split('/')[1]}" for field in found)


def declared_fields(document: Document, schema: Any) -> tuple[str, ...]:
    """The places that a schema names, in every branch of it; a schema inside of itself is not walked again."""
    found: dict[str, None] = {}
    for place in _walk(document, document.schema(schema), "", ()):
        found[place] = None
        if len(found) == _MOST:
            break
    return tuple(found)


def _walk(document: Document, schema: Schema, place: str, above: tuple[str, ...]) -> Iterator[str]:
    followed, reference = document.followed(schema)
    if not isinstance(followed, dict) or reference in above or place.count("/") >= _DEEPEST:
        return
    inside = (*above, reference) if reference else above
    properties = followed.get("properties")
    for name, part in properties.items() if isinstance(properties, dict) else ():
        here = f"{place}/{escape_pointer_step(name)}"
        yield here
        yield from _walk(document, part, here, inside)
    if "items" in followed:
        yield f"{place}/[]"
        yield from _walk(document, followed["items"], f"{place}/[]", inside)
    for keyword in _BRANCHES:
        for part in followed.get(keyword) or ():
            yield from _walk(document, part, place, inside)
