"""The operations of a document as values that can be laid beside each other, OpenAPI 2.0 and 3.x alike."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.document import Document, listing, mapping
from harness.contracts.openapi_servers import base_paths
from harness.contracts.openapi_source import escape_pointer_step

if TYPE_CHECKING:
    from collections.abc import Iterator


METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_NAME = re.compile(r"\{([^{}/]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterObject:
    """One parameter of an operation."""

    name: str
    location: str  # path, query, header, cookie
    required: bool
    schema: Any  # as written; None when it has none
    style: tuple[str, bool]  # style and explode, the defaults written out
    media: str = ""  # the media type in which it is written; "" for plain text
    written: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyObject:
    """A request body, or the body of a response: schemas by media type."""

    required: bool = False
    content: dict[str, Any] = field(default_factory=dict)  # media type to schema as written, None for none


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One header of a response."""

    name: str
    required: bool
    schema: Any
    lost: str = ""  # the reference by which it leads nowhere
    written: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseObject:
    """What one status answers."""

    content: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Header] = field(default_factory=dict)  # by name in lower case


@dataclass(frozen=True, slots=True)
class OperationObject:
    """One operation where it is written; its parts are read when they are asked for."""

    document: Document
    method: str  # upper case; WEBHOOK names carry their own
    path: str  # the template
    item: dict[str, Any]  # the path item
    written: dict[str, Any]
    pointer: str

    @property
    def label(self) -> str:
        """As people write it: `GET /orders/{id}`."""
        return f"{self.method} {self.path}"

    @property
    def stability(self) -> Any:
        """Its declared `x-stability-level`, whatever that is; None when it has none."""
        return self.written.get("x-stability-level")

    @property
    def names(self) -> list[str]:
        """The names of its path parameters, in order."""
        return _NAME.findall(self.path)

    @property
    def security(self) -> Any:
        """Its own requirement, or the document's."""
        return self.written.get("security", self.document.value.get("security"))

    def parameters(self) -> dict[tuple[str, str], ParameterObject]:
        """By location and name; a path parameter by its place in the path, a header in lower case."""
        found: dict[tuple[str, str], ParameterObject] = {}
        for each in self._written_parameters():
            if each.get("in") in ("body", "formData"):
                continue
            parameter = _parameter(each, self.document)
            found[parameter.location, self._key(parameter)] = parameter
        return found

    def _key(self, parameter: ParameterObject) -> str:
        if parameter.location == "path" and parameter.name in self.names:
            return str(self.names.index(parameter.name))
        return parameter.name.lower() if parameter.location == "header" else parameter.name

    def _written_parameters(self) -> list[dict[str, Any]]:
        """The path's own first: what the operation says of the same parameter stands."""
        lists = (listing(self.item.get("parameters")), listing(self.written.get("parameters")))
        meant = [self.document.meant(each) for each in (*lists[0], *lists[1])]
        return [each for each in meant if isinstance(each.get("name"), str) and isinstance(each.get("in"), str)]

    def body(self) -> BodyObject | None:
        """What it takes as a body; None when it takes none."""
        if self.document.old:
            return self._old_body()
        if "requestBody" not in self.written:
            return None
        written = self.document.meant(self.written["requestBody"])
        return BodyObject(required=written.get("required") is True, content=_content(written, self.document))

    def _old_body(self) -> BodyObject | None:
        given = self._written_parameters()
        consumes = [
            each
            for each in listing(self.written.get("consumes", self.document.value.get("consumes")))
            if isinstance(each, str)
        ]
        for each in given:
            if each.get("in") == "body":
                content = dict.fromkeys(consumes or ["application/json"], each.get("schema"))
                return BodyObject(required=each.get("required") is True, content=content)
        fields = [each for each in given if each.get("in") == "formData"]
        if not fields:
            return None
        required = [each["name"] for each in fields if each.get("required") is True]
        schema = {"type": "object", "properties": {each["name"]: each for each in fields}, "required": required}
        media = [each for each in consumes if "form" in each] or ["application/x-www-form-urlencoded"]
        return BodyObject(required=bool(required), content=dict.fromkeys(media, schema))

    def responses(self) -> dict[str, ResponseObject]:
        """By status as written: `200`, `4XX`, `default`."""
        written = mapping(self.written.get("responses"))
        return {
            status_key(status): self._response(response)
            for status, response in written.items()
            if str(status) and not str(status).startswith("x-")
        }

    def _response(self, response: Any) -> ResponseObject:
        written = self.document.meant(response)
        headers = {
            name.lower(): _header(name, header, self.document)
            for name, header in mapping(written.get("headers")).items()
        }
        if not self.document.old:
            return ResponseObject(content=_content(written, self.document), headers=headers)
        produces = listing(self.written.get("produces", self.document.value.get("produces"))) or [
            "application/json"
        ]
        media = [each for each in produces if isinstance(each, str)]
        content = dict.fromkeys(media, written["schema"]) if "schema" in written else {}
        return ResponseObject(content=content, headers=headers)


def _parameter(written: dict[str, Any], document: Document) -> ParameterObject:
    location = written["in"]
    return ParameterObject(
        name=written["name"],
        location=location,
        required=written.get("required") is True or location == "path",
        schema=_schema_of(written, document),
        style=_style(written, location),
        media="" if "schema" in written else next(iter(mapping(written.get("content"))), ""),
        written=written,
    )


def _schema_of(written: dict[str, Any], document: Document) -> Any:
    if document.old:
        return {key: item for key, item in written.items() if key not in ("name", "in", "required", "description")}
    if "schema" in written:
        return written["schema"]
    content = mapping(written.get("content"))
    return next((mapping(media).get("schema") for media in content.values()), None)


_STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
_FORMATS = {  # OpenAPI 2.0's collectionFormat
    "csv": ("", False),
    "ssv": ("spaceDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
    "tsv": ("tab", False),
}


def _style(written: dict[str, Any], location: str) -> tuple[str, bool]:
    usual = _STYLES.get(location, "form")
    if "collectionFormat" in written or written.get("type") == "array":
        style, explode = _FORMATS.get(str(written.get("collectionFormat")), ("", False))
        return style or usual, explode
    style = str(written.get("style", usual))
    given = written.get("explode")
    return style, given if isinstance(given, bool) else style == "form"


def status_key(status: object) -> str:
    """A status as it is told apart: `4XX`, however it is written."""
    return str(status).upper() if str(status) != "default" else "default"


def _header(name: str, header: Any, document: Document) -> Header:
    written, lost = document.meant(header), document.lost(header) if document.problems else ""
    schema = written if document.old else _schema_of(written, document)
    return Header(name=name, required=written.get("required") is True, schema=schema, lost=lost, written=header)


def _content(written: dict[str, Any], document: Document) -> dict[str, Any]:
    content = mapping(written.get("content"))
    return {media: document.meant(item).get("schema") for media, item in content.items()}


# --- all of a document -------------------------------------------------------------------------------------------


def operations(document: Document) -> dict[tuple[str, str], OperationObject]:
    """Every operation by its method and its path."""
    return dict(_operations(document, "paths"))


def webhooks(document: Document) -> dict[tuple[str, str], OperationObject]:
    """Every request that the provider sends by itself, by method and name."""
    return dict(_operations(document, "webhooks"))


def callbacks(operation: OperationObject) -> dict[tuple[str, str, str], OperationObject]:
    """What an operation makes the provider send later on, by name, address and method."""
    document = operation.document
    found: dict[tuple[str, str, str], OperationObject] = {}
    for name, written in mapping(operation.written.get("callbacks")).items():
        for address, item in document.meant(written).items():
            pointer = f"{operation.pointer}/callbacks/{escape_pointer_step(name)}/{escape_pointer_step(address)}"
            for each in _methods(document, address, document.meant(item), pointer):
                found[name, address, each.method] = each
    return found


def _operations(document: Document, part: str) -> Iterator[tuple[tuple[str, str], OperationObject]]:
    for path, written in document.part(part).items():
        if not path.startswith("x-"):
            for each in _methods(document, path, document.meant(written), f"#/{part}/{escape_pointer_step(path)}"):
                yield (each.method, path), each


def _methods(document: Document, path: str, item: dict[str, Any], pointer: str) -> Iterator[OperationObject]:
    for method in METHODS:
        if isinstance(item.get(method), dict):
            yield OperationObject(document, method.upper(), path, item, item[method], f"{pointer}/{method}")


def shape(path: str) -> str:
    """A path with the names of its parameters left out: two of one shape are the same path."""
    return _NAME.sub("{}", path)


def bases_of(operation: OperationObject) -> frozenset[str]:
    """The base paths of an operation: its own servers count before those of its path and of the document."""
    return frozenset(base_paths(operation.document.value, operation.written, operation.item))


def addresses(operation: OperationObject) -> frozenset[tuple[str, str]]:
    """The method and the whole path of an operation below each of its bases, names of parameters left out."""
    return frozenset((operation.method, shape(base + operation.path)) for base in bases_of(operation))


def bases(document: Document) -> frozenset[str]:
    """The paths below which a document's operations are found; "" is the root."""
    return frozenset(base_paths(document.value))
