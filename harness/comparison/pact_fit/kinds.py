"""Supertypes: schemas with a discriminator that others join by `allOf`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.document import Document
from harness.contracts.openapi_source import escape_pointer_step

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 500  # kinds of one supertype


@dataclass(slots=True)
class Kinds:
    """Who joins whom in one document; found when it is first asked."""

    document: Document
    _joined: dict[str, list[str]] | None = None
    _told: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, reference: str) -> tuple[str, ...]:
        """The schemas that are kinds of a supertype, also at one remove; () for what is none."""
        if reference not in self._told:
            self._told[reference] = tuple(self._below(reference)) if self._is_supertype(reference) else ()
        return self._told[reference]

    def _is_supertype(self, reference: str) -> bool:
        schema = self.document.named(reference)
        return isinstance(schema, dict) and "discriminator" in schema and not schema.keys() & {"oneOf", "anyOf"}

    def _below(self, reference: str) -> list[str]:
        if self._joined is None:
            self._joined = _find_subtypes(self.document.value)
        found, todo = dict.fromkeys([reference]), [reference]
        while todo and len(found) <= _MOST:
            new = [each for each in self._joined.get(todo.pop(), ()) if each not in found]
            found |= dict.fromkeys(new)
            todo += new
        return list(found)[1:]


def _find_subtypes(document: dict[str, Any]) -> dict[str, list[str]]:
    """By the reference of a schema: those of the schemas that join it."""
    found: dict[str, list[str]] = defaultdict(list)
    for reference, schema in _named_schemas(document):
        parts = schema.get("allOf") if isinstance(schema, dict) else None
        for part in parts if isinstance(parts, list) else ():
            joined = part.get("$ref") if isinstance(part, dict) else None
            if isinstance(joined, str):
                found[joined].append(reference)
    return found


def _named_schemas(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    components = document.get("components")
    for start, schemas in (
        ("#/definitions/", document.get("definitions")),
        ("#/components/schemas/", components.get("schemas") if isinstance(components, dict) else None),
    ):
        for name, schema in schemas.items() if isinstance(schemas, dict) else ():
            yield start + escape_pointer_step(str(name)), schema
