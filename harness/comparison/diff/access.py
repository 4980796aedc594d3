"""Who is let in, and where: security requirements and servers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.comparison.diff.severities import change
from harness.comparison.diff.unreadable import undecided_change
from harness.comparison.openapi.document import listing, mapping
from harness.comparison.openapi.operations import OperationObject, addresses, bases_of, operations, shape
from harness.comparison.severity import Severity
from harness.contracts.openapi_source import UNREAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.diff.change import Change
    from harness.comparison.openapi.document import Document

Requirement = dict[str, frozenset[str]]
Schemes = dict[str, tuple[Any, ...]]  # how each scheme's credentials travel, by its name


def security(old: OperationObject, new: OperationObject) -> Iterator[Change]:
    """Who may call: whoever was let in and is not any more is refused."""
    if _unread(old) != _unread(new):
        yield undecided_change("security-unreadable", "who may call", "security")
        return
    schemes = _schemes(old.document), _schemes(new.document)
    before, after = _requirements(old, {}), _requirements(new, _old_names(*schemes))
    used = {name for requirement in before for name in requirement}
    changed = sorted(name for name in used if name in schemes[1] and schemes[0].get(name) != schemes[1][name])
    if changed:
        text = f"the security scheme {', '.join(changed)} is used in another way now"
        yield change("api-security-component-changed", text, "security", breaks=True)
    if before == after:
        return
    out = [each for each in before if not any(_enough(each, wanted) for wanted in after)]
    if not out:
        yield change("api-security-changed", "the accepted credentials changed", "security", breaks=False)
    else:
        asked = " or ".join(map(_requirement_text, after))
        text = f"whoever calls with {' or '.join(map(_requirement_text, out))} is refused; asked for is {asked}"
        yield change("api-security-changed", text, "security", breaks=True)


def _unread(operation: OperationObject) -> list[str]:
    """What of the requirements and their schemes cannot be read, as it is written."""
    document = operation.document
    if not document.problems:
        return []
    written = document.part("securityDefinitions") or mapping(document.part("components").get("securitySchemes"))
    names = {name for each in listing(operation.security) if isinstance(each, dict) for name in each}
    lost = [written[name] for name in sorted(names) if document.lost(written.get(name))]
    holders = [mapping(each.get(UNREAD)).get("security") for each in (operation.written, document.value)]
    return [json.dumps(each, sort_keys=True, default=str) for each in (*lost, *holders) if each is not None]


def _requirements(operation: OperationObject, names: dict[str, str]) -> list[Requirement]:
    """Each a way to be let in; no requirement at all is one that asks for nothing."""
    asked: list[Requirement] = [
        {(names.get(name) or name): frozenset(map(str, listing(scopes))) for name, scopes in each.items()}
        for each in listing(operation.security)
        if isinstance(each, dict)
    ]
    return asked or [{}]


def _old_names(before: Schemes, after: Schemes) -> dict[str, str]:
    """New names of schemes that were only called otherwise, with what they were called."""
    gone = {how: name for name, how in before.items() if name not in after}
    return {name: gone[how] for name, how in after.items() if name not in before and how in gone}


def _enough(given: Requirement, asked: Requirement) -> bool:
    return all(name in given and scopes <= given[name] for name, scopes in asked.items())


def _requirement_text(requirement: Requirement) -> str:
    parts = [f"{name} ({', '.join(sorted(scopes))})" if scopes else name for name, scopes in requirement.items()]
    return " and ".join(parts) or "no credentials"


_HOW = ("type", "in", "name", "scheme")


def _schemes(document: Document) -> Schemes:
    """How each scheme's credentials travel; OpenAPI 2.0's `basic` is `http` today."""
    written = (
        document.part("securityDefinitions")
        if document.old
        else mapping(document.part("components").get("securitySchemes"))
    )
    return {name: _how(document.meant(scheme)) for name, scheme in written.items()}


def _how(scheme: dict[str, Any]) -> tuple[Any, ...]:
    """What counts of a scheme; only the name of a header is the same in capitals and in small letters."""
    if scheme.get("type") == "basic":
        scheme = {"type": "http", "scheme": "basic"}
    written = {key: str(scheme.get(key, "")) for key in _HOW}
    exact = written["in"] in {"query", "cookie"}
    return tuple(value if exact and key == "name" else value.lower() for key, value in written.items())


def servers(old: Document, new: Document) -> Iterator[Change]:
    """Base paths below which an operation is not any more: it may be a gateway's doing, so it is a warning."""
    before, after = operations(old), operations(new)
    kept = {(each.method, shape(each.path)) for each in after.values()}
    called = {address for each in after.values() for address in addresses(each)}
    gone = {
        base
        for each in before.values()
        if (each.method, shape(each.path)) in kept
        for base in bases_of(each)
        if (each.method, shape(base + each.path)) not in called
    }
    if gone:
        told = ", ".join(each or "/" for each in sorted(gone))
        text = f"no server has the base path {told} now"
        made = change("api-server-path-removed", text, "servers", breaks=False)
        yield replace(made, severity=Severity.WARNING)
