"""The operations of a document for requests to meet, with what their schemas say of the values in a path."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from harness.comparison.openapi.dialects import Direction
from harness.comparison.openapi.document import Document, document_of
from harness.comparison.openapi.operations import OperationObject, operations
from harness.comparison.openapi.wire import value_of
from harness.comparison.pact_fit.compiling import Undecidable
from harness.comparison.pact_fit.validators import Validators
from harness.contracts.openapi_routing import PathValue, RouteTable

if TYPE_CHECKING:
    from harness.comparison.openapi.operations import BodyObject, ParameterObject, ResponseObject
    from harness.contracts.openapi import OpenApi


@dataclass(frozen=True, eq=False)
class KnownOperation(OperationObject):
    """An operation whose parts are read once, however many interactions meet it: one schema stays one value."""

    @cached_property
    def _parameters(self) -> dict[tuple[str, str], ParameterObject]:
        return OperationObject.parameters(self)

    @cached_property
    def _body(self) -> BodyObject | None:
        return OperationObject.body(self)

    @cached_property
    def _responses(self) -> dict[str, ResponseObject]:
        return OperationObject.responses(self)

    def parameters(self) -> dict[tuple[str, str], ParameterObject]:
        """By location and name; not to be changed."""
        return self._parameters

    def body(self) -> BodyObject | None:
        """What it takes as a body; None when it takes none."""
        return self._body

    def responses(self) -> dict[str, ResponseObject]:
        """By status as written; not to be changed."""
        return self._responses

    @classmethod
    def of(cls, each: OperationObject) -> KnownOperation:
        """The same operation, its parts not read yet."""
        return cls(each.document, each.method, each.path, each.item, each.written, each.pointer)


@dataclass(frozen=True)
class DocumentRoutes:
    """The operations of a document, and which of them a request meets."""

    document: Document
    validators: Validators

    @cached_property
    def operations(self) -> dict[tuple[str, str], KnownOperation]:
        """Each by its method and path."""
        return {key: KnownOperation.of(each) for key, each in operations(self.document).items()}

    @cached_property
    def table(self) -> RouteTable:
        """Which operation a request meets."""
        return RouteTable.of(self.document.value, self)

    def judge(self, method: str, path: str, name: str, text: str) -> PathValue:
        """Whether a parameter of a path can have a text as its value."""
        operation = self.operations[method, path]
        parameter = operation.parameters().get(("path", str(operation.names.index(name))))
        if parameter is None or parameter.schema is None or parameter.media:
            return PathValue()
        schema = self.document.kept(parameter.schema)
        value = value_of([text], schema, parameter.style, self.document, name)
        try:
            faults = self.validators.faults(parameter.schema, value, Direction.REQUEST)
        except Undecidable as error:
            return PathValue(unread=f"`{name}` of its path cannot be judged: {error}")
        certain = next((each.text for each in faults if not each.unreadable), "")
        if certain:
            return PathValue(fault=f"`{name}` of {operation.label} cannot be {text!r}: {certain}")
        open_at = next((each.unreadable for each in faults), "")
        return (
            PathValue(unread=f"`{name}` of its path is `{open_at}`, which cannot be read")
            if open_at
            else PathValue()
        )


def routes_of(document: Document | OpenApi) -> RouteTable:
    """Which operation of a document a request meets; once for each document. Raises ContractError."""
    read = document if isinstance(document, Document) else document_of(document.document, document.place)
    read = read.guarded()
    return DocumentRoutes(read, Validators(read)).table
