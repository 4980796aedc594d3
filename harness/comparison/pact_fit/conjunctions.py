"""All schemas that hold of one value, however they are written: in place, by reference, in parts of `allOf`.

What is declared of a property is declared by all of them: `{allOf: [{properties: {a: A}}, {properties: {a: B}}]}`
says of `a` that A and B hold together, and so on at every depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.comparison.openapi.dialects import Schema, definition_name
from harness.comparison.pact_fit.alternatives import Alternatives, Scopes, alternatives_of, kinds_of
from harness.comparison.pact_fit.faults import CLOSED
from harness.comparison.pact_fit.schema_nodes import JSON_TYPES, SchemaNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_MOST_KEPT = 50_000
Root = tuple[SchemaNode, Scopes]
Spoken = tuple[list[SchemaNode], bool, str]  # what is said, whether it declares, the keyword that forbids
Subtypes = Callable[[str], tuple[str, ...]]  # the references of the schemas that are kinds of a supertype


@dataclass(slots=True, eq=False)
class NamedSchemas:
    """What is said of one name, or of one item."""

    of_it: Conjunction
    declared: bool
    forbidden: str = ""  # the keyword that forbids it
    any_of: frozenset[type] = frozenset()  # every value of these types is promised
    fits: Callable[[Any], bool] | None = None  # whether a value that holds no others is promised


@dataclass(slots=True, eq=False)
class Conjunction:
    """All that holds of one value; with no alternatives left it says of each name whether it is declared."""

    leaves: tuple[Root, ...]
    alternatives: tuple[Alternatives, ...]
    groups: tuple[tuple[Conjunction, ...], ...]  # of each `anyOf`: what holds beside, and need not
    roots: tuple[Root, ...]
    decided: frozenset[int]
    hidden: bool
    asserting: tuple[SchemaNode, ...] = ()  # those of the leaves that say something of a value itself
    said: dict[str | int, NamedSchemas] = field(default_factory=dict)
    answers: dict[tuple[str, str], bool] = field(default_factory=dict)
    prefix: int | None = None  # how many items of a list have a schema of their own; None until it is asked
    is_decided: bool = True  # no alternatives are left, in what holds beside neither

    def __post_init__(self) -> None:
        beside = (member.is_decided for group in self.groups for member in group)
        self.is_decided = not self.alternatives and all(beside)
        self.asserting = tuple(node for node, _ in self.leaves if node.asserts)

    @property
    def any_of(self) -> frozenset[type]:
        """Of which types every value fits."""
        if self.alternatives or self.groups or self.hidden or any(node.asserted for node in self.asserting):
            return frozenset()
        kinds = [node.kinds for node in self.asserting if node.kinds is not None]
        return frozenset(each for each, kind in _SCALARS.items() if all(kind in several for several in kinds))

    @property
    def where(self) -> tuple[str | int, ...]:
        """The place of what was written first."""
        return self.roots[0][0].where if self.roots else ()


_Step = tuple[SchemaNode, Scopes, frozenset[str]]  # with the references that led to it


@dataclass(slots=True)
class _Expansion:
    """What was found of the schemas that hold together."""

    leaves: dict[Root, None] = field(default_factory=dict)
    alternatives: dict[int, Alternatives] = field(default_factory=dict)

    def add(self, node: SchemaNode, scopes: Scopes) -> None:
        self.leaves[node, scopes] = None
        self.alternatives |= {id(each): each for each in alternatives_of(node, scopes)}


class Conjunctions:
    """Makes them for one document; each is made once."""

    def __init__(
        self, resolve: Callable[[str], Schema | None], subtypes: Subtypes, hidden: str, *, open_maps: bool = True
    ) -> None:
        self._resolve = resolve
        self._subtypes = subtypes
        self._hidden = hidden  # "writeOnly" of what comes back
        self._open_maps = open_maps  # whether `additionalProperties: true` alone leaves an object open
        self._targets: dict[str, SchemaNode] = {}
        self._made: dict[Any, Conjunction] = {}
        self._kept: list[Conjunction] = []
        self._asking: set[SchemaNode] = set()
        self.nothing = self.join(())

    def of(self, schema: Schema) -> Conjunction:
        """What a schema as it is written says of a value."""
        return self.join(((SchemaNode(schema), ()),))

    def join(
        self,
        roots: tuple[Root, ...],
        decided: frozenset[int] = frozenset(),
        groups: tuple[tuple[Conjunction, ...], ...] = (),
    ) -> Conjunction:
        """What several schemas say together; alternatives that are decided are not asked for again."""
        key = (roots, decided, groups)
        found = self._made.get(key)
        if found is None:
            if len(self._made) > _MOST_KEPT:
                self._made.clear()
            found = self._made[key] = self._expanded(roots, decided, groups)
        return found

    def decide(self, whole: Conjunction, choice: Alternatives, branch: SchemaNode) -> Conjunction:
        """The same with one branch, which holds as everything else does."""
        added = [(self._followed(branch), choice.scopes), *([(choice.naming, ())] if choice.naming else [])]
        return self.join((*whole.roots, *added), whole.decided | {id(choice)}, whole.groups)

    def beside(self, whole: Conjunction, choice: Alternatives, branches: Iterable[SchemaNode]) -> Conjunction:
        """The same with several branches, each of which may hold."""
        nodes = dict.fromkeys(map(self._followed, branches))
        members = tuple(self.join(((node, choice.scopes),), whole.decided) for node in nodes)
        return self.join(whole.roots, whole.decided | {id(choice)}, (*whole.groups, members))

    def alone(self, choice: Alternatives, branch: SchemaNode) -> Conjunction:
        """One branch by itself."""
        return self.join(((self._followed(branch), choice.scopes),), frozenset({id(choice)}))

    # --- which schemas hold together -----------------------------------------------------------------------------

    def _expanded(
        self,
        roots: tuple[Root, ...],
        decided: frozenset[int],
        groups: tuple[tuple[Conjunction, ...], ...],
    ) -> Conjunction:
        found = _Expansion()
        todo = [(node, scopes, _start(node)) for node, scopes in reversed(roots)]
        while todo:
            node, scopes, inside = todo.pop()
            if node.is_alone:
                found.leaves[node, scopes] = None
                continue
            if node.unevaluated is not None and node not in scopes:
                scopes = (*scopes, node)
            if (node, scopes) not in found.leaves:
                found.add(node, scopes)
                todo += [(each, scopes, inside) for each in reversed(node.parts("allOf"))]
                todo += self._referred(node, scopes, inside, found)
        leaves = tuple(found.leaves)
        return Conjunction(
            leaves=leaves,
            alternatives=tuple(each for key, each in found.alternatives.items() if key not in decided),
            groups=groups,
            roots=roots,
            decided=decided,
            hidden=any(node.schema.get(self._hidden) is True for node, _ in leaves),
        )

    def _referred(
        self, node: SchemaNode, scopes: Scopes, inside: frozenset[str], found: _Expansion
    ) -> list[_Step]:
        """What a schema refers to, unless that is one of several kinds, or what refers to it."""
        reference = node.schema.get("$ref")
        if not isinstance(reference, str):
            return []
        kinds = self._kinds(reference, inside, scopes)
        if kinds is not None:
            found.alternatives[id(kinds)] = kinds
        elif reference not in inside:
            return [(self._target(reference), scopes, inside | {reference})]
        return []

    def _followed(self, node: SchemaNode) -> SchemaNode:
        """The schema itself, or what it refers to where it does nothing else: both mean the same."""
        met = {node}
        while (reference := node.only_reference) and not self._subtypes(reference):
            target = self._target(reference)
            if target in met:
                break
            met.add(target)
            node = target
        return node

    def _target(self, reference: str) -> SchemaNode:
        if reference not in self._targets:
            schema, place = self._resolve(reference), ("$defs", definition_name(reference))
            self._targets[reference] = SchemaNode(True if schema is None else schema, place, reference)
        return self._targets[reference]

    def _kinds(self, reference: str, inside: frozenset[str], scopes: Scopes) -> Alternatives | None:
        """The kinds of a supertype; None for a reference to anything else, or of one of its kinds."""
        subtypes = self._subtypes(reference)
        if not subtypes or reference in inside or not inside.isdisjoint(subtypes):
            return None
        return kinds_of(self._target(reference), [self._target(each) for each in subtypes], scopes)

    # --- what is said of names and items -------------------------------------------------------------------------

    def of_name(self, whole: Conjunction, name: str) -> NamedSchemas:
        """What is said of a property."""
        if name not in whole.said:
            whole.said[name] = self._of_name(whole, name)
        return whole.said[name]

    def _of_name(self, whole: Conjunction, name: str) -> NamedSchemas:
        told = [self._said_by(node, name) for node, _ in whole.leaves]
        told += [self._said_beyond(whole, scope, name) for scope in _scopes(whole)]
        roots = dict.fromkeys((node, ()) for nodes, _, _ in told for node in nodes)
        groups = self._in_groups(whole, name)
        of_it = self.join(tuple(roots), frozenset(), groups)
        forbidden = next((keyword for _, _, keyword in told if keyword), "")
        if bool(groups) or any(declared for _, declared, _ in told):
            return NamedSchemas(
                of_it, declared=True, forbidden=forbidden, any_of=frozenset() if forbidden else of_it.any_of
            )
        return NamedSchemas(of_it, declared=False, forbidden=forbidden)

    def _said_by(self, node: SchemaNode, name: str) -> Spoken:
        """What a schema says of a name by itself."""
        parts = node.named(name)
        if parts or node.additional is None:
            return parts, bool(parts) or name in node.required, ""
        if node.additional is False:
            return [], False, "additionalProperties" if node.names or node.patterns else CLOSED
        additional = node.part("additionalProperties")
        silent = self.says_nothing(additional)
        return [] if silent else [additional], not silent or name in node.required, ""

    def _said_beyond(self, whole: Conjunction, scope: SchemaNode, name: str) -> Spoken:
        """What a schema says of a name that no schema inside of it speaks of."""
        if any(node.additional is not None or node.named(name) for node in _below(whole, scope)):
            return [], False, ""
        if scope.unevaluated is False:
            return [], False, "unevaluatedProperties" if self._names_any(whole) else CLOSED
        unevaluated = scope.part("unevaluatedProperties")
        silent = self.says_nothing(unevaluated)
        return [] if silent else [unevaluated], not silent, ""

    @staticmethod
    def _names_any(whole: Conjunction) -> bool:
        return any(node.names or node.patterns for node in _nodes(whole))

    def _in_groups(self, whole: Conjunction, name: str) -> tuple[tuple[Conjunction, ...], ...]:
        made = []
        for group in whole.groups:
            members = [(self.of_name(member, name), self.is_open(member)) for member in group]
            promised = [said.of_it for said, _ in members if said.declared and not said.of_it.hidden]
            if promised:
                free = any(free for said, free in members if not said.declared)
                made.append(tuple(dict.fromkeys([*promised, *([self.nothing] if free else ())])))
        return tuple(made)

    def may_be_there(self, whole: Conjunction, name: str) -> bool:
        """Whether a name is declared, or left open, in any way in which alternatives can be chosen."""
        key = "may be there", name
        if key not in whole.answers:
            whole.answers[key] = True  # what refers to itself says nothing against it
            whole.answers[key] = self._may_be_open(whole) or self._may_be_declared(whole, name)
        return whole.answers[key]

    def _may_be_declared(self, whole: Conjunction, name: str) -> bool:
        if self.of_name(whole, name).declared:
            return True
        beside = (member for group in whole.groups for member in group)
        branches = (each for choice in whole.alternatives for each in self._branches(choice))
        return any(self.may_be_there(each, name) for each in (*branches, *beside))

    def _may_be_open(self, whole: Conjunction) -> bool:
        key = "open", ""
        if key not in whole.answers:
            whole.answers[key] = True
            several = [*map(self._branches, whole.alternatives), *whole.groups]
            may_be = all(any(map(self._may_be_open, each)) for each in several)
            whole.answers[key] = may_be and not self.lists(whole)
        return whole.answers[key]

    def _branches(self, choice: Alternatives) -> list[Conjunction]:
        nodes = [*(each.node for each in choice.branches), *([choice.naming] if choice.naming else [])]
        return [self.alone(choice, node) for node in nodes]

    def is_open(self, whole: Conjunction) -> bool:
        """Whether nothing is listed of an object's names, and nothing forbids any."""
        return not self.lists(whole) and all(any(map(self.is_open, group)) for group in whole.groups)

    def lists(self, whole: Conjunction) -> bool:
        """Whether something is said of an object's names by all that holds."""
        return any(node.names_something or self._closes(node) for node, _ in whole.leaves)

    def _closes(self, node: SchemaNode) -> bool:
        said = {"additionalProperties": node.additional, "unevaluatedProperties": node.unevaluated}
        given = [keyword for keyword, value in said.items() if value is not None]
        return any(not (self._open_maps and self.says_nothing(node.part(keyword))) for keyword in given)

    def of_item(self, whole: Conjunction, number: int) -> Conjunction:
        """What is said of an item of a list."""
        if whole.prefix is None:
            whole.prefix = max((len(node.schema.get("prefixItems") or ()) for node in _nodes(whole)), default=0)
        place = min(number, whole.prefix)  # all that come after these are alike
        if place not in whole.said:
            whole.said[place] = NamedSchemas(self._of_item(whole, place), declared=True)
        return whole.said[place].of_it

    def _of_item(self, whole: Conjunction, number: int) -> Conjunction:
        roots = [(part, ()) for node, _ in whole.leaves if (part := node.item(number)) is not None]
        for scope in _scopes(whole):
            spoken = any(node.item(number) is not None for node in _below(whole, scope))
            if not spoken and "unevaluatedItems" in scope.schema:
                roots.append((scope.part("unevaluatedItems"), ()))
        groups = tuple(tuple({self.of_item(member, number): None for member in group}) for group in whole.groups)
        return self.join(tuple(dict.fromkeys(roots)), frozenset(), groups)

    def says_nothing(self, node: SchemaNode) -> bool:
        """Whether every value is as good as any other to a schema, however that is written."""
        if "nothing" not in node.cache:
            if node in self._asking:
                return True
            self._asking.add(node)
            try:
                node.cache["nothing"] = self._says_nothing(self.join(((node, ()),)))
            finally:
                self._asking.discard(node)
        return bool(node.cache["nothing"])

    def _says_nothing(self, whole: Conjunction) -> bool:
        if whole.hidden or not all(node.is_empty for node, _ in whole.leaves):
            return False
        return all(
            not each.property and any(self.says_nothing(branch.node) for branch in each.branches)
            for each in whole.alternatives
        )


_SCALARS = {each: kind for each, kind in JSON_TYPES.items() if kind not in ("object", "array")}


def _start(node: SchemaNode) -> frozenset[str]:
    return frozenset([node.reference] if node.reference else ())


def _nodes(whole: Conjunction) -> Iterator[SchemaNode]:
    for node, _ in whole.leaves:
        yield node
    for group in whole.groups:
        for member in group:
            yield from _nodes(member)


def _scopes(whole: Conjunction) -> Iterator[SchemaNode]:
    yield from {scope: None for _, scopes in whole.leaves for scope in scopes}


def _below(whole: Conjunction, scope: SchemaNode) -> Iterator[SchemaNode]:
    """The schemas inside of one, and itself."""
    for node, scopes in whole.leaves:
        if scope in scopes:
            yield node
    for group in whole.groups:
        for member in group:
            yield from _below(member, scope)
