"""Reading an OpenAPI document: all that is wrong with it at once, or a value that can be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.contracts.openapi import OpenApi, Operation
from harness.contracts.openapi_bundle import bundle, unresolved
from harness.contracts.openapi_source import at_pointer, escaped, parse
from harness.errors import ContractError, Problem, did_you_mean
from harness.identity import content_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.contracts.openapi_source import Reader

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ITEM_KEYS = frozenset({*METHODS, "parameters", "servers", "summary", "description", "$ref"})
_VERSION = re.compile(r"3\.[01](\.\d+)?$")
_STATUS = re.compile(r"[1-5]([0-9]{2}|XX)$")
_NAME = re.compile(r"\{([^{}/]*)\}")


def read_openapi(text: str | bytes, provider: str, place: str, reader: Reader = parse) -> OpenApi:
    """The document of one provider, from JSON or YAML, OpenAPI 2.0, 3.0 or 3.1.

    Files that it refers to are made part of it when `place` is its own file. Raises ContractError with
    every problem, each with its place (`openapi.yaml:12`, or `openapi.yaml#/paths/~1orders`).
    """
    value = reader(text, place)
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else f"{value!r}"[:60]
        raise ContractError(Problem(f"an OpenAPI document is an object, not {kind}", place))
    document = bundle(value, place, reader)
    reading = _Reading(document, place)
    reading.read()
    if reading.problems:
        raise ContractError(*reading.problems)
    return OpenApi(
        provider=provider,
        specification=reading.version,
        operations=tuple(reading.operations),
        key=content_key(document),
        document=document,
        place=place,
    )


@dataclass(slots=True)
class _Reading:
    document: dict[str, Any]
    place: str
    version: str = ""
    operations: list[Operation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, str] = field(default_factory=dict)

    def read(self) -> None:
        self._version()
        paths = self.document.get("paths")
        if "paths" not in self.document:
            hint = did_you_mean("paths", self.document) if self.document else ""
            self._wrong("it has no `paths`", "#", hint if "paths" not in hint else "")
        elif not isinstance(paths, dict):
            self._wrong(f"`paths` is {_kind(paths)}, not an object", "#/paths")
        else:
            for path, item in paths.items():
                if not path.startswith("x-"):
                    self._path(path, item)
        self.problems.extend(unresolved(self.document, self.place))

    def _wrong(self, text: str, at: str, hint: str = "") -> None:
        self.problems.append(Problem(text, f"{self.place}{at}" if at != "#" else self.place, hint))

    def _version(self) -> None:
        given = self.document.get("openapi", self.document.get("swagger"))
        key = "openapi" if "openapi" in self.document else "swagger"
        if given is None:
            hint = 'is it an OpenAPI document? it starts with "openapi: 3.1.0"'
            self._wrong("it names no version (`openapi` or `swagger`)", "#", hint)
        elif not isinstance(given, str):
            self._wrong(
                f"`{key}` is {_kind(given)} {given!r}, not text", f"#/{key}", f'write "{given}.0" in quotes'
            )
        elif not (_VERSION.match(given) if key == "openapi" else given == "2.0"):
            self._wrong(f"`{key}` is '{given}'", f"#/{key}", "known are: 2.0 (swagger), 3.0.x, 3.1.x (openapi)")
        else:
            self.version = given

    def _path(self, path: str, item: Any) -> None:
        at = f"#/paths/{escaped(path)}"
        if not path.startswith("/"):
            self._wrong(f"the path '{path}' does not start with a slash", at, f"write '/{path}'")
        item = self._resolved(item)
        if not isinstance(item, dict):
            self._wrong(f"the path '{path}' is {_kind(item)}, not an object", at)
            return
        shape = _NAME.sub("{}", path)
        if shape in self.shapes:
            self._wrong(f"the paths '{self.shapes[shape]}' and '{path}' are the same", at, "keep one of them")
        self.shapes.setdefault(shape, path)
        for name, written in item.items():
            if name in METHODS:
                self._operation(path, name, written, item, f"{at}/{name}")
            elif name not in _ITEM_KEYS and not name.startswith("x-"):
                hint = did_you_mean(name.lower(), _ITEM_KEYS)
                self._wrong(f"the path '{path}' has the unknown key '{name}'", at, hint)

    def _operation(self, path: str, method: str, written: Any, item: Mapping[str, Any], at: str) -> None:
        label = f"{method.upper()} {path}"
        if not isinstance(written, dict):
            self._wrong(f"the operation {label} is {_kind(written)}, not an object", at)
            return
        self._operation_id(label, written, at)
        self._parameters(label, path, [item.get("parameters"), written.get("parameters")], at)
        statuses = self._statuses(label, written, at)
        self.operations.append(Operation(method=method.upper(), path=path, statuses=statuses))

    def _operation_id(self, label: str, written: Mapping[str, Any], at: str) -> None:
        given = written.get("operationId")
        if given is None:
            return
        if not isinstance(given, str):
            self._wrong(f"the operationId of {label} is {_kind(given)}, not text", f"{at}/operationId")
        elif given in self.ids:
            text = f"the operationId '{given}' of {label} is already that of {self.ids[given]}"
            self._wrong(text, f"{at}/operationId", "give each operation its own")
        else:
            self.ids[given] = label

    def _statuses(self, label: str, written: Mapping[str, Any], at: str) -> tuple[str, ...]:
        responses = written.get("responses")
        if responses is None:
            if not self.version.startswith("3.1"):
                self._wrong(f"the operation {label} has no `responses`", at, "say what it answers")
            return ()
        if not isinstance(responses, dict):
            self._wrong(f"the responses of {label} are {_kind(responses)}, not an object", f"{at}/responses")
            return ()
        known = [name for name in responses if not name.startswith("x-")]
        for name in known:
            if name != "default" and not _STATUS.match(name):
                hint = "write a status such as 200, a class such as 4XX, or default"
                self._wrong(f"'{name}' is no status of {label}", f"{at}/responses/{escaped(name)}", hint)
            elif not isinstance(responses[name], dict):
                text = f"the response {name} of {label} is {_kind(responses[name])}, not an object"
                self._wrong(text, f"{at}/responses/{name}")
        return tuple(known)

    def _parameters(self, label: str, path: str, lists: list[Any], at: str) -> None:
        given: list[Any] = []
        for each in lists:
            if each is not None and not isinstance(each, list):
                self._wrong(f"the parameters of {label} are {_kind(each)}, not a list", f"{at}/parameters")
            given += each if isinstance(each, list) else ()
        meant = [self._resolved(parameter) for parameter in given]
        for number, (parameter, value) in enumerate(zip(given, meant, strict=True)):
            if not _named(value) and not _refers(parameter):
                self._wrong(f"parameter {number} of {label} has no name", f"{at}/parameters/{number}")
        if any(_refers(p) and v is None for p, v in zip(given, meant, strict=True)):
            return  # a reference that leads nowhere is told of by itself
        declared = {value["name"] for value in meant if _named(value) and value.get("in") == "path"}
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


def _named(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("name"), str)


def _refers(value: Any) -> bool:
    return isinstance(value, dict) and "$ref" in value


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "empty"}
    return names.get(type(value), "a number")
