"""Reading an OpenAPI document: all that is wrong with it at once, or a value that can be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.contracts.openapi import OpenApi, Operation
from harness.contracts.openapi_bundle import References, bundle, unresolved_references
from harness.contracts.openapi_faults import examine_document
from harness.contracts.openapi_source import UNREAD, at_pointer, escape_pointer_step, parse
from harness.contracts.openapi_unread import unread_of_operation
from harness.errors import ContractError, Problem, did_you_mean
from harness.identity import content_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.contracts.openapi_source import Reader

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_VERSION = re.compile(r"3\.[012](\.\d+)?$")
_STATUS = re.compile(r"([1-5]([0-9]{2}|XX)|default)$")
_NAME = re.compile(r"\{([^{}/]*)\}")


def read_openapi(text: str | bytes, provider: str, place: str, reader: Reader = parse) -> OpenApi:
    """The document of one provider, from JSON or YAML, OpenAPI 2.0, 3.0 or 3.1.

    Files that it refers to are made part of it when `place` is its own file. What breaks the standard is told in
    its problems, each with its place (`openapi.yaml#/paths/~1orders`), and known of no operation that reaches it.
    Raises ContractError for what is no document, or has no paths to speak of.
    """
    value = reader(text, place)
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else f"{value!r}"[:60]
        raise ContractError(Problem(f"an OpenAPI document is an object, not {kind}", place))
    lost: list[Problem] = []
    document = bundle(value, place, reader, None, lost)
    version = _version_of(document, place)
    found = examine_document(document, version[:3], place)
    paths = found.value.get("paths")
    if not isinstance(paths, dict) or UNREAD in paths:
        raise ContractError(*(found.faults or (Problem("it has no `paths`", place),)))
    reading = _DocumentReading(found.value, place, version)
    reading.read(paths)
    nowhere = {each.where for each in lost}
    found_too = (
        each for each in (*unresolved_references(found.value, place), *found.faults) if each.where not in nowhere
    )
    told = (*lost, *found_too, *reading.problems)
    return OpenApi(
        provider=provider,
        specification=version,
        operations=tuple(reading.operations),
        key=content_key(found.followed),
        document=found.followed,
        place=place,
        problems=tuple(dict.fromkeys(told)),
        remarks=found.remarks,
    )


def _version_of(document: Mapping[str, Any], place: str) -> str:
    key = "openapi" if "openapi" in document else "swagger"
    given, where = document.get(key), f"{place}#/{key}"
    if given is None:
        hint = 'is it an OpenAPI document? it starts with "openapi: 3.1.0"'
        raise ContractError(Problem("it names no version (`openapi` or `swagger`)", place, hint))
    if not isinstance(given, str):
        text, hint = f"`{key}` is {_kind(given)} {given!r}, not text", f'write "{given}.0" in quotes'
        raise ContractError(Problem(text, where, hint))
    if not (_VERSION.match(given) if key == "openapi" else given == "2.0"):
        hint = "known are: 2.0 (swagger), 3.0.x, 3.1.x, 3.2.x (openapi)"
        raise ContractError(Problem(f"`{key}` is '{given}'", where, hint))
    return given


@dataclass(slots=True)
class _DocumentReading:
    document: dict[str, Any]
    place: str
    version: str
    operations: list[Operation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, str] = field(default_factory=dict)
    references: References = field(init=False)

    def __post_init__(self) -> None:
        self.references = References(self.document)

    def read(self, paths: Mapping[str, Any]) -> None:
        """Every operation, and what of it no JSON schema tells."""
        for path, item in paths.items():
            if not path.startswith("x-"):
                self._path(path, item)

    def _wrong(self, text: str, at: str, hint: str = "") -> None:
        self.problems.append(Problem(text, f"{self.place}{at}", hint))

    def _path(self, path: str, item: Any) -> None:
        at = f"#/paths/{escape_pointer_step(path)}"
        item = self._resolved(item)
        if not isinstance(item, dict):
            return  # a reference that leads nowhere is told of by itself
        shape = _NAME.sub("{}", path)
        if shape in self.shapes:
            self._wrong(f"the paths '{self.shapes[shape]}' and '{path}' are the same", at, "keep one of them")
        self.shapes.setdefault(shape, path)
        for name, written in item.items():
            if name in METHODS and isinstance(written, dict):
                self._operation(path, name, written, item, f"{at}/{name}")

    def _operation(
        self, path: str, method: str, written: Mapping[str, Any], item: Mapping[str, Any], at: str
    ) -> None:
        label = f"{method.upper()} {path}"
        self._operation_id(label, written, at)
        self._parameters(label, path, [item.get("parameters"), written.get("parameters")], at)
        self.operations.append(
            Operation(
                method=method.upper(),
                path=path,
                statuses=_statuses(written),
                unread=unread_of_operation(self.document, item, written, self.references.at),
            )
        )

    def _operation_id(self, label: str, written: Mapping[str, Any], at: str) -> None:
        given = written.get("operationId")
        if given is None:
            return
        if not isinstance(given, str):
            return  # the standard's own schema tells that
        if given in self.ids:
            text = f"the operationId '{given}' of {label} is already that of {self.ids[given]}"
            self._wrong(text, f"{at}/operationId", "give each operation its own")
        else:
            self.ids[given] = label

    def _parameters(self, label: str, path: str, lists: list[Any], at: str) -> None:
        given = [parameter for each in lists if isinstance(each, list) for parameter in each]
        meant = [self._resolved(parameter) for parameter in given]
        if any(_refers(p) and v is None for p, v in zip(given, meant, strict=True)):
            return  # a reference that leads nowhere is told of by itself
        declared = {value["name"] for value in meant if _has_name(value) and value.get("in") == "path"}
        self._path_parameters(label, path, declared, at)

    def _path_parameters(self, label: str, path: str, declared: set[str], at: str) -> None:
        named = set(_NAME.findall(path))
        for name in sorted(named - declared):
            hint = did_you_mean(name, declared) if declared else f"declare it: name: {name}, in: path"
            self._wrong(f"the path parameter '{name}' of {label} is not declared", at, hint)
        for name in sorted(declared - named):
            hint = f"write {{{name}}} in the path, or drop the parameter"
            self._wrong(f"{label} declares the path parameter '{name}', which its path does not have", at, hint)

    def _resolved(self, value: Any) -> Any:
        for _ in range(20):  # a chain of references may end in a circle
            if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
                return value
            value, _found = at_pointer(self.document, value["$ref"].removeprefix("#"))
        return None


def _statuses(written: Mapping[str, Any]) -> tuple[str, ...]:
    responses = written.get("responses")
    return tuple(name for name in responses if _STATUS.match(name)) if isinstance(responses, dict) else ()


def _has_name(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str)


def _refers(value: Any) -> bool:
    return isinstance(value, dict) and "$ref" in value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "empty"}
    return names.get(type(value), "a number")
