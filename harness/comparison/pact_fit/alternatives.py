"""Schemas of which some hold of a value: branches, kinds of a supertype, cases of a condition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from harness.comparison.pact_fit.discriminators import names_of_branches, naming_property
from harness.comparison.pact_fit.schema_nodes import SchemaNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Scopes = tuple[SchemaNode, ...]  # the schemas around one, of the same value, that speak of what nobody else does


class SchemaBranch(NamedTuple):
    """One of several schemas, for the values of a discriminator that name it (None: for all)."""

    node: SchemaNode
    names: list[str] | None = None


@dataclass(eq=False, kw_only=True)
class Alternatives:
    """Any of `anyOf`, one of `oneOf`, a supertype or one of its kinds, `then` or `else`."""

    owner: SchemaNode
    keyword: str
    branches: tuple[SchemaBranch, ...]
    exclusive: bool = True  # parts of two of them are never promised together
    property: str = ""  # that says which one is meant
    scopes: Scopes = ()

    @cached_property
    def naming(self) -> SchemaNode | None:
        """That the property which says what is meant is there."""
        if not self.property or self.keyword not in _BRANCHES:
            return None
        return SchemaNode({"properties": {self.property: True}}, self.owner.where, only_names=True)


_BRANCHES = ("anyOf", "oneOf")
_ANYTHING = SchemaBranch(SchemaNode({}))


def alternatives_of(node: SchemaNode, scopes: Scopes) -> Sequence[Alternatives]:
    """Those that a schema has, the same ones whenever it is asked."""
    key = "alternatives", scopes
    if key not in node.cache:
        node.cache[key] = tuple(_alternatives(node, scopes))
    made: Sequence[Alternatives] = node.cache[key]
    return made


def _alternatives(node: SchemaNode, scopes: Scopes) -> Iterator[Alternatives]:
    named = naming_property(node.schema.get("discriminator"))
    for keyword in _BRANCHES:
        if keyword in node.schema:
            nodes, written = node.parts(keyword), node.schema[keyword]
            names = names_of_branches(node.schema["discriminator"], written) if named else [None] * len(nodes)
            yield Alternatives(
                owner=node,
                keyword=keyword,
                branches=tuple(map(SchemaBranch, nodes, names)),
                exclusive=keyword == "oneOf" or bool(named),
                property=named,
                scopes=scopes,
            )
    if "if" in node.schema:
        cases = tuple(
            SchemaBranch(node.part(key)) if key in node.schema else _ANYTHING for key in ("then", "else")
        )
        yield Alternatives(owner=node, keyword="if", branches=cases, scopes=scopes)
    for name in node.schema.get("dependentSchemas") or ():
        both = (SchemaBranch(node.part("dependentSchemas", name)), _ANYTHING)
        yield Alternatives(owner=node, keyword="dependentSchemas", branches=both, property=name, scopes=scopes)


def kinds_of(base: SchemaNode, subtypes: Sequence[SchemaNode], scopes: Scopes) -> Alternatives:
    """A supertype and each of its kinds by itself."""
    key = "kinds", scopes
    if key not in base.cache:
        discriminator = base.schema.get("discriminator")
        names = names_of_branches(discriminator, [{"$ref": each.reference} for each in subtypes])
        base.cache[key] = Alternatives(
            owner=base,
            keyword="anyOf",
            branches=(SchemaBranch(base), *map(SchemaBranch, subtypes, names)),
            property=naming_property(discriminator),
            scopes=scopes,
        )
    made: Alternatives = base.cache[key]
    return made
