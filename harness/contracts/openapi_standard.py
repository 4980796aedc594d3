"""What the standards say of each object of an OpenAPI document: their own JSON schemas, an object at a time."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.contracts.openapi_kinds import EXTENSION, kind_of_key
from harness.errors import not_installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema_rs import ValidationError

VERSIONS = ("2.0", "3.0", "3.1", "3.2")
_SCHEMA_2020 = "https://json-schema.org/draft/2020-12/schema"


class Breach(NamedTuple):
    """One rule of the standard that an object breaks."""

    steps: tuple[str | int, ...]  # to the place within the object; () for the object itself
    rule: str
    unknown: tuple[str, ...] = ()  # keys that the version does not know: the rest of it can be read
    missing: str = ""  # the key that is not there


def breaches(version: str, kind: str, value: Any) -> list[Breach]:
    """Every rule that an object breaks by itself, whatever the objects in it are; each place once."""
    chosen = _choose_form(version, kind, value)
    if chosen is None:
        return []
    found: dict[tuple[str | int, ...], Breach] = {}
    for error in _validator(version, chosen).iter_errors(_shallow(kind, value)):
        for breach in _find_breaches(error):
            found.setdefault((*breach.steps, *breach.unknown, breach.missing), breach)
    return [*found.values(), *_strange_keywords(version, kind, value)]


@cache
def known_keys(kind: str) -> frozenset[str]:
    """The keys of a kind in any version of the standard."""
    names: set[str] = set()
    for version in VERSIONS:
        for definition in _NAMES[version].get(kind, {}).values():
            names |= set(_properties(_definitions(version)[definition] if definition else _document(version)))
    return frozenset(names | _KEYWORDS) if kind == "schema" else frozenset(names)


# --- which part of a standard speaks of which kind ---------------------------------------------------------------

# By the key that tells its forms apart; "" for a kind of one form.
_OLD_PARAMETERS = {
    "body": "bodyParameter",
    "header": "headerParameterSubSchema",
    "query": "queryParameterSubSchema",
    "formData": "formDataParameterSubSchema",
    "path": "pathParameterSubSchema",
}
_FLOWS = {
    "implicit": "oauth2ImplicitSecurity",
    "password": "oauth2PasswordSecurity",
    "application": "oauth2ApplicationSecurity",
    "accessCode": "oauth2AccessCodeSecurity",
}
_SCHEMES = {
    "apiKey": "APIKeySecurityScheme",
    "http": "HTTPSecurityScheme",
    "oauth2": "OAuth2SecurityScheme",
    "openIdConnect": "OpenIdConnectSecurityScheme",
}
_KINDS_3 = ("components", "paths", "path-item", "operation", "parameter", "request-body", "responses", "response")
_KINDS_3_TOO = ("header", "media-type", "encoding", "callback", "schema", "security-scheme")


def _names_30() -> dict[str, dict[str, str]]:
    named = {kind: {"": "".join(map(str.capitalize, kind.split("-")))} for kind in (*_KINDS_3, *_KINDS_3_TOO)}
    return {"document": {"": ""}, **named, "security-scheme": _SCHEMES}


def _names_31() -> dict[str, dict[str, str]]:
    named = {kind: {"": kind} for kind in (*_KINDS_3, *_KINDS_3_TOO)}
    return {"document": {"": ""}, **named, "callback": {"": "callbacks"}}


_NAMES: dict[str, dict[str, dict[str, str]]] = {
    "2.0": {
        "document": {"": ""},
        **{kind: {"": kind} for kind in ("paths", "operation", "responses", "response", "header")},
        "path-item": {"": "pathItem"},
        "parameter": _OLD_PARAMETERS,
        "schema": {"": "schema", "file": "fileSchema"},
        "security-scheme": {"basic": "basicAuthenticationSecurity", "apiKey": "apiKeySecurity", **_FLOWS},
    },
    "3.0": _names_30(),
    "3.1": _names_31(),
    "3.2": _names_31(),
}
_TELLING = {"parameter": "in", "security-scheme": "type", "schema": "type"}


def _choose_form(version: str, kind: str, value: Any) -> tuple[str, str] | None:
    """The kind and its form; the first form for what names none, so that the rule of the key is told."""
    forms = _NAMES[version].get(kind)
    if forms is None:
        return None
    told = value.get(_TELLING.get(kind, "")) if isinstance(value, dict) else None
    if told == "oauth2" and version == "2.0":
        told = value.get("flow")
    form = told if isinstance(told, str) and told in forms else next(iter(forms))
    return kind, form


# --- the schemas of the standards --------------------------------------------------------------------------------

_KEYWORDS = frozenset(
    {"definitions", "dependencies", "id", "$schema", "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor"}
    | {"$vocabulary", "$comment", "$defs", "$recursiveRef", "$recursiveAnchor", "additionalItems", "if", "then"}
    | {"else", "const", "contains", "minContains", "maxContains", "propertyNames", "patternProperties"}
    | {"dependentSchemas", "dependentRequired", "prefixItems", "unevaluatedItems", "unevaluatedProperties"}
    | {"contentEncoding", "contentMediaType", "contentSchema", "examples", "example", "externalDocs", "xml"}
    | {"nullable", "discriminator", "readOnly", "writeOnly", "deprecated"}
)


@cache
def _document(version: str) -> dict[str, Any]:
    found = find_spec("openapi_spec_validator")  # for its files alone: to import it takes longer than to use them
    folders = [*(found.submodule_search_locations or ())] if found else []
    if not folders:
        raise not_installed("openapi_spec_validator")
    file = Path(folders[0]) / "resources" / "schemas" / f"v{version}" / "schema.json"
    try:
        document: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise not_installed("openapi_spec_validator", f"{file}: {error}") from None
    return document


def _definitions(version: str) -> dict[str, Any]:
    document = _document(version)
    found: dict[str, Any] = document["$defs" if "$defs" in document else "definitions"]
    return found


@cache
def _validator(version: str, chosen: tuple[str, str]) -> Any:
    import jsonschema_rs

    kind, form = chosen
    if kind == "schema" and version >= "3.1":
        # What OpenAPI adds to the dialect has not changed since it was written down for 3.0.
        added = {
            key: _definitions("3.0")[name] for key, name in (("discriminator", "Discriminator"), ("xml", "XML"))
        }
        whole = {"$ref": _SCHEMA_2020, "properties": added}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=False)
    name = _NAMES[version][kind][form]
    cut = _cut_definition(_definitions(version)[name] if name else _document(version), kind)
    key = "$defs" if version >= "3.1" else "definitions"
    whole = {**{k: v for k, v in cut.items() if k not in ("id", "$id", "$schema")}, key: _definitions(version)}
    if version >= "3.1":
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=False)
    return jsonschema_rs.Draft4Validator(whole, validate_formats=False)


def _cut_definition(definition: dict[str, Any], kind: str) -> dict[str, Any]:
    """What is said of an object itself; of those in it only whether they are there, as a list, as a map."""
    made: dict[str, Any] = {}
    for key, value in definition.items():
        if key == "properties":
            made[key] = {name: _cut_at(kind, name, part) for name, part in value.items()}
        elif key in ("patternProperties", "additionalProperties") and isinstance(value, dict):
            made[key] = _without_kinds(value)
        elif key in ("allOf", "dependentSchemas", "then", "else"):
            made[key] = _cut_inside(value, kind)
        else:
            made[key] = value
    return made


def _cut_inside(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return [_cut_definition(each, kind) for each in value]
    if isinstance(value, dict) and not {"properties", "required", "allOf", "$ref", "$defs"} & value.keys():
        return {
            name: _cut_definition(each, kind) if isinstance(each, dict) else each for name, each in value.items()
        }
    return _cut_definition(value, kind) if isinstance(value, dict) else value


def _cut_at(kind: str, name: str, part: Any) -> Any:
    written = kind_of_key(kind, name)
    if not written:
        return part
    counts = {key: part[key] for key in ("minProperties", "maxProperties", "minItems") if key in part}
    if written[0] == "[":
        return {"type": "array", **counts}
    return {"type": "object", **counts} if written[0] == "{" else {}


def _without_kinds(value: dict[str, Any]) -> Any:
    """Patterns of names, what they lead to being looked at by itself."""
    if "$ref" in value or "oneOf" in value:
        return {}
    return {name: _without_kinds(each) if isinstance(each, dict) else each for name, each in value.items()}


def _properties(definition: Any) -> Iterator[str]:
    """The names of the keys that a definition speaks of, on the object itself."""
    if not isinstance(definition, dict):
        return
    yield from definition.get("properties", ())
    for key in ("allOf", "oneOf", "anyOf"):
        for part in definition.get(key, ()):
            yield from _properties(part)
    for part in definition.get("dependentSchemas", {}).values():
        yield from _properties(part)
    for key in ("then", "else"):
        yield from _properties(definition.get(key))
    for part in definition.get("$defs", {}).values():
        yield from _properties(part)


def _shallow(kind: str, value: Any) -> Any:
    """An object with nothing in the objects that it holds."""
    if not isinstance(value, dict):
        return value
    return {key: _empty_parts(kind_of_key(kind, str(key)), item) for key, item in value.items()}


def _empty_parts(written: str, value: Any) -> Any:
    if not written:
        return value
    if written[0] == "[":
        return [{}] * len(value) if isinstance(value, list) else value
    if written[0] == "{":
        return {name: {} for name in value} if isinstance(value, dict) else value
    return value if isinstance(value, bool) else {}


# --- what an error says ------------------------------------------------------------------------------------------


def _find_breaches(error: ValidationError) -> Iterator[Breach]:
    steps = tuple(error.instance_path)
    name = error.kind.name
    unexpected = tuple(getattr(error.kind, "unexpected", ()))
    if name in ("additionalProperties", "unevaluatedProperties") and unexpected:
        yield Breach(steps, "the standard does not know it", unexpected)
        return
    branches = getattr(error.kind, "context", None)
    if branches:
        nearest = min(branches, key=_distance)
        if _distance(nearest) == _distance(max(branches, key=_distance)):
            yield Breach(steps, f"{_display_value(error.instance)} is none of what may stand there")
            return
        for inner in nearest:
            yield from _find_breaches(inner)
        return
    missing = str(getattr(error.kind, "property", "")) if name == "required" else ""
    yield Breach(steps, f"`{missing}` is missing" if missing else error.message, missing=missing)


def _distance(branch: list[ValidationError]) -> tuple[int, int]:
    """How far an object is from what a branch says: one that is told apart by a listed value is another thing."""
    others = sum(error.kind.name in ("enum", "constant", "const", "type") for error in branch)
    return others, len(branch)


def _display_value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _strange_keywords(version: str, kind: str, value: Any) -> Iterator[Breach]:
    """From 3.1 on a schema may have any keyword: what no version knows is told all the same."""
    if kind != "schema" or version < "3.1" or not isinstance(value, dict):
        return
    strange = [key for key in value if key not in known_keys("schema") and not str(key).startswith(EXTENSION)]
    if strange:
        yield Breach((), "no version of the standard knows it", tuple(map(str, strange)))
