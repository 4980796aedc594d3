"""`[services.NAME.checks.KIND]`: what plug-ins are to check of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.services.node import display_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.services.node import Node
    from harness.services.reading import ReadingContext
    from harness.services.system import CheckTable

KINDS = ("pacts", "properties", "consumers", "integration")  # evidence.EvidenceKind, which stands above this layer


def plugin_checks(reading: ReadingContext, node: Node | None, what: str) -> tuple[tuple[str, CheckTable], ...]:
    """The tables of a service, by kind; an empty one means that it is to be checked as the plug-in does."""
    found = []
    for kind, each in reading.table(node, what).items():
        if kind in KINDS:
            reading.wrong(f"{what}: '{kind}' is checked anyway and has no table", each, "leave it out")
            continue
        keys = check_plugin_kind(reading, f"{what}: unknown kind of check", kind, each)
        if keys is not None:
            found.append((kind, _table(reading, each, f"{what}.{kind}", keys)))
    return tuple(found)


def _table(reading: ReadingContext, node: Node, what: str, keys: Mapping[str, type]) -> CheckTable:
    written = reading.table(node, what, tuple(keys))
    return tuple(
        (key, _value(reading, each, f"{what}.{key}", keys[key])) for key, each in written.items() if key in keys
    )


def _value(reading: ReadingContext, node: Node, what: str, of: type) -> str | int | bool | tuple[str, ...]:
    if of is bool:
        return reading.truth(node, what)
    if of is int:
        return reading.whole(node, what, 0, (-(2**63), 2**63 - 1))
    return reading.texts(node, what) if of is tuple else reading.text(node, what)


def check_plugin_kind(reading: ReadingContext, mistake: str, kind: str, node: Node) -> Mapping[str, type] | None:
    """What a table of a plug-in's kind may say; one that nobody brings is a mistake that says who failed to."""
    brought = reading.plugin_checks()
    if kind not in brought.keys:
        if brought.failed:
            reading.wrong(f"{mistake} {display_value(kind)}", node, "; ".join(brought.failed))
        else:
            reading.unknown(mistake, kind, node, (*KINDS, *brought.keys))
    return brought.keys.get(kind)
