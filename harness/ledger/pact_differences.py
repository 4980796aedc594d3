"""In what two contents of one promise differ, by the names that their authors gave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.contracts.document import ContractKind
from harness.identity import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.contracts.document import Contract


def what_differs(before: Contract, now: Contract) -> tuple[str, ...]:
    """What was added, removed and changed; empty when the documents do not tell."""
    parts = _interactions if now.kind is ContractKind.PACT else _operations
    old, new = dict(parts(_document(before.text))), dict(parts(_document(now.text)))
    return tuple(_difference_lines(old, new))


def _difference_lines(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if name not in old:
            yield f"added: {name}"
        elif name not in new:
            yield f"removed: {name}"
        elif old[name] != new[name]:
            yield f"changed: {name}"


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # it is kept as it came; that it cannot be read is told where it is read


def _interactions(document: Any) -> Iterator[tuple[str, str]]:
    for array in ("interactions", "messages"):
        for item in _list(_get(document, array)):
            if isinstance(item, dict):
                yield _label(item), canonical_json(item)


def _label(interaction: dict[str, Any]) -> str:
    single = interaction.get("providerState") or interaction.get("provider_state")
    named = [_get(state, "name") for state in _list(interaction.get("providerStates"))]
    given = ", ".join(str(name) for name in (single, *named) if name)
    description = str(interaction.get("description", ""))
    return f"{description} (given {given})" if given else description


def _operations(document: Any) -> Iterator[tuple[str, str]]:
    for path, item in _dict(_get(document, "paths")).items():
        for method, operation in _dict(item).items():
            yield f"{method.upper()} {path}", canonical_json(operation)
    for group, items in _dict(_get(document, "components")).items():
        for name, item in _dict(items).items():
            yield f"components/{group}/{name}", canonical_json(item)


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
