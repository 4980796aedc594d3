"""What a schema says that no validator looks at, yet that matters to those who use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.comparison.openapi.dialects import Schema
    from harness.comparison.openapi.document import Document

_SAID = frozenset(
    {
        "contentMediaType",
        "contentEncoding",
        "contentSchema",
        "deprecated",
        "x-extensible-enum",
        "x-stability-level",
        "x-sunset",
    }
)
_NAMING = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_DATA = frozenset({"const", "default", "enum", "example", "examples"})

Said = tuple[str, str, str]  # the property, the keyword, its value


def silent(document: Document, schema: Schema) -> frozenset[Said]:
    """Everything of that kind in a schema and all it refers to, wherever it is written."""
    found: set[Said] = set()
    waiting: list[tuple[str, Any]] = [("", schema)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, part = waiting.pop()
        if isinstance(part, list):
            waiting += [(name, each) for each in part]
        elif isinstance(part, dict):
            found |= {(name, word, json.dumps(part[word], sort_keys=True)) for word in _SAID & part.keys()}
            reference = part.get("$ref")
            if isinstance(reference, str) and (name, reference) not in seen:
                seen.add((name, reference))
                waiting.append((name, document.named(reference)))
            waiting += _within(name, part)
    return frozenset(found)


def _within(name: str, part: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for word, inner in part.items():
        if word in _NAMING and isinstance(inner, dict):
            yield from inner.items()
        elif word not in _DATA:
            yield name, inner
