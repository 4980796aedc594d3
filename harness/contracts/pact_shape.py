"""What a pact must look like to be verified: each problem with its place, the value and the remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.contracts.pact import InteractionKind
from harness.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VERSION = re.compile(r"[vV]?(1\.1|[1-4])(\.\d+){0,3}([-+.][0-9A-Za-z.+-]*)?")
_SECTIONS = ("pactSpecification", "pact-specification", "pact_specification")
_PLAIN = ("pactSpecificationVersion", "pact-specification-version", "pact_specification_version")
_SHOWN = 60  # letters of an offending value
KINDS = tuple(kind for kind in InteractionKind if kind is not InteractionKind.UNKNOWN)


def specification_of(document: dict[str, Any]) -> Any:
    """The specification version as written, in any of the ways that libraries wrote it; None for none."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return None
    for name in _SECTIONS:
        section = metadata.get(name)
        if isinstance(section, dict) and section.get("version") is not None:
            return section["version"]
        if isinstance(section, str | int | float) and not isinstance(section, bool):
            return section
    return next((metadata[name] for name in _PLAIN if metadata.get(name) is not None), None)


def version_read(document: dict[str, Any]) -> str:
    """The version by which a document is read; one that names none is judged by its content, and else is 3."""
    version = specification_of(document)
    if version is not None:
        match = _VERSION.fullmatch(str(version).strip())
        return _READ_AS[match.group(1)] if match else _USUAL
    entries = document.get("interactions")
    typed = isinstance(entries, list) and any(isinstance(each, dict) and "type" in each for each in entries)
    return "4.0" if typed else _USUAL


_READ_AS = {"1": "1.0.0", "1.1": "1.1.0", "2": "2.0.0", "3": "3.0.0", "4": "4.0"}
_USUAL = "3.0.0"


def written_as_v4(document: dict[str, Any]) -> bool:
    """True when interactions carry a `type`."""
    return version_read(document) == "4.0"


def messages_of(document: dict[str, Any]) -> list[Any]:
    """The entries of a message pact (specification 3)."""
    messages = document.get("messages")
    return messages if isinstance(messages, list) else []


# --- the whole document ------------------------------------------------------------------------------------------


def problems_of(document: Any, place: str) -> Iterator[Problem]:
    """Everything that keeps a document from being a pact at all: nobody could say whose it is, or what it asks."""
    if not isinstance(document, dict):
        yield Problem(f"{_display_value(document)} is no pact", place, "a pact is one JSON object")
        return
    yield from _names(document, place)
    yield from _specification(document, place)
    if "interactions" not in document and "messages" not in document:
        yield Problem("no interactions", place, 'write "interactions": [] for a pact without any')
    for name in ("interactions", "messages"):
        if name in document and not isinstance(document[name], list):
            yield Problem(
                f"{_display_value(document[name])} is no list", f"{place}#/{name}", f"write a list of {name}"
            )


def _names(document: dict[str, Any], place: str) -> Iterator[Problem]:
    for role in ("consumer", "provider"):
        party, where = document.get(role), f"{place}#/{role}"
        if not isinstance(party, dict):
            hint = f'write {{"{role}": {{"name": "…"}}}}'
            yield Problem(
                f"no {role}" if role not in document else f"{_display_value(party)} names nobody", where, hint
            )
        elif not isinstance(party.get("name"), str) or not party["name"].strip():
            yield Problem(f"{_display_value(party.get('name'))} is no name", f"{where}/name", f"name the {role}")
        elif any(ord(letter) < 32 or letter == "\x7f" for letter in party["name"]):
            yield Problem(f"control character in {_display_value(party['name'])}", f"{where}/name", "use letters")


def _specification(document: dict[str, Any], place: str) -> Iterator[Problem]:
    metadata = document.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        yield Problem(
            f"{_display_value(metadata)} is no object", f"{place}#/metadata", "leave it out, or name a version"
        )
    version = specification_of(document)
    if version is not None and not _VERSION.fullmatch(str(version).strip()):
        where = f"{place}#/metadata/pactSpecification/version"
        yield Problem(f"unknown specification {_display_value(version)}", where, "known are: 1.0 to 4.0")


# --- one interaction ---------------------------------------------------------------------------------------------


def entry_problems(entry: Any, where: str, *, http: bool, v4: bool) -> Iterator[Problem]:
    """Everything that keeps one interaction from being read; the others of its pact are none the worse for it."""
    if not isinstance(entry, dict):
        yield Problem(f"{_display_value(entry)} is no interaction", where, "each is a JSON object")
        return
    yield from _description(entry, where)
    yield from _states(entry, where)
    if http and v4:
        names = [kind.value for kind in KINDS]
        if entry.get("type") not in names:
            hint = did_you_mean(str(entry.get("type")), names)
            yield Problem(f"unknown interaction type {_display_value(entry.get('type'))}", f"{where}/type", hint)
            return
        http = entry["type"] == InteractionKind.HTTP
        if not isinstance(entry.get("pending", False), bool):
            yield Problem(f"{_display_value(entry['pending'])} is not true or false", f"{where}/pending")
    if http:
        yield from _request(entry.get("request"), f"{where}/request")
        yield from _response(entry.get("response"), f"{where}/response")


def _description(entry: dict[str, Any], where: str) -> Iterator[Problem]:
    description = entry.get("description")
    if not isinstance(description, str | int | float | None):
        shown = _display_value(description)
        yield Problem(f"{shown} is no description", f"{where}/description", "say what the consumer does")
    elif "\x00" in str(description):
        yield Problem(f"NUL in {_display_value(description)}", f"{where}/description", "use letters")


def _states(entry: dict[str, Any], where: str) -> Iterator[Problem]:
    listed = entry.get("providerStates")
    for name in ("providerState", "provider_state"):
        if not isinstance(entry.get(name), str | None):
            yield Problem(f"{_display_value(entry[name])} is no state", f"{where}/{name}", "write its name")
    if not isinstance(listed, list):
        if not isinstance(listed, str | None):
            yield Problem(f"{_display_value(listed)} is no list", f"{where}/providerStates", "list the states")
        return
    for index, state in enumerate(listed):
        here = f"{where}/providerStates/{index}"
        called = state.get("name") if isinstance(state, dict) else None
        if not isinstance(called, str) or not called or "\x00" in called:
            yield Problem(f"{_display_value(state)} is no state", here, 'write {"name": "…", "params": {}}')
        elif not isinstance(state.get("params"), dict | None):
            yield Problem(
                f"{_display_value(state['params'])} is no object", f"{here}/params", "write name and value"
            )


def _request(request: Any, where: str) -> Iterator[Problem]:
    if not isinstance(request, dict):
        yield Problem(f"{_display_value(request)} is no request", where, "write method and path")
        return
    method, path = request.get("method"), request.get("path")
    if not isinstance(method, str) or not _TOKEN.fullmatch(method):
        yield Problem(f"bad method {_display_value(method)}", f"{where}/method", "write GET, POST, PUT, …")
    if not isinstance(path, str) or not path.startswith("/"):
        yield Problem(f"bad path {_display_value(path)}", f"{where}/path", "a path starts with '/'")
    elif any(ord(letter) < 32 for letter in path):
        yield Problem(f"control character in {_display_value(path)}", f"{where}/path", "percent-encode it")
    if not isinstance(request.get("query"), str | dict | None):
        yield Problem(
            f"bad query {_display_value(request['query'])}", f"{where}/query", "write an object of lists"
        )
    yield from _headers(request.get("headers"), f"{where}/headers")


def _response(response: Any, where: str) -> Iterator[Problem]:
    if not isinstance(response, dict):
        yield Problem(f"{_display_value(response)} is no response", where, "write at least the status")
        return
    status = response.get("status")
    if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
        yield Problem(f"bad status {_display_value(status)}", f"{where}/status", "write a number from 100 to 599")
    yield from _headers(response.get("headers"), f"{where}/headers")


def _headers(headers: Any, where: str) -> Iterator[Problem]:
    if headers is None:
        return
    if not isinstance(headers, dict):
        yield Problem(f"{_display_value(headers)} is no object", where, "write name and value")
        return
    for name, value in headers.items():
        values = value if isinstance(value, list) else [value]
        if not _TOKEN.fullmatch(name):
            yield Problem(f"bad header name {_display_value(name)}", where, "use letters, digits and '-'")
        elif not all(isinstance(each, str) for each in values):
            yield Problem(f"bad value {_display_value(value)} of header {name}", f"{where}/{name}", "write texts")


def _display_value(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
