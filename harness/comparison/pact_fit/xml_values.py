"""XML as the value that a schema speaks of, by its `xml` objects: names, attributes, lists, namespaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.comparison.bodies.xml_trees import read_xml
from harness.comparison.openapi.document import Document, mapping
from harness.comparison.openapi.wire import items_of, kinds_of, plain_value, properties_of
from harness.comparison.pact_fit.fields import Misfit, NotRead
from harness.comparison.pact_fit.rules import ANY, MatchingRules, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.comparison.bodies.xml_trees import Element
    from harness.comparison.openapi.dialects import Schema

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_OWN = frozenset({_XSI, "http://www.w3.org/XML/1998/namespace"})  # attributes that XML itself knows
_DEEPEST = 12
_TEXT = "#text"
_ANYTHING: Schema = {}
Place = tuple[str, ...]


class Naming(NamedTuple):
    """How a schema is called in XML."""

    names: frozenset[str]
    namespace: str  # "" for any
    attribute: bool
    wrapped: bool

    def fits(self, element: Element) -> bool:
        """Whether an element is so called."""
        return element.name in self.names and self.namespace in ("", element.namespace)


@dataclass(slots=True)
class XmlReading:
    """One XML body on its way to a value; remembers where in it each element went."""

    document: Document
    places: dict[Place, Place] = field(default_factory=dict)  # of the names in XML, without numbers
    misfits: list[Misfit] = field(default_factory=list)

    def body(self, content: bytes, schema: Schema) -> Any:
        """The value of a whole body. Raises NotRead."""
        try:
            root = read_xml(content)
        except ValueError as error:
            raise NotRead(str(error)) from error
        wanted = self._naming(schema, frozenset())
        if (wanted.names and not wanted.fits(root)) or wanted.namespace not in ("", root.namespace):
            expected = _qualified_name(wanted.namespace, "|".join(sorted(wanted.names)) or root.name)
            actual = _qualified_name(root.namespace, root.name)
            text = f"the element is <{actual}>, not <{expected}>"
            self.misfits.append(Misfit(text=text, at=(), expected=expected, actual=actual))
        return self._value(root, schema, (root.name,), ())

    def _naming(self, schema: Schema, usual: frozenset[str]) -> Naming:
        """How it is called: as it says itself, else as it is called where it stands."""
        told = _xml_of(schema, self.document, 0)
        name = told.get("name")
        names = usual
        if isinstance(name, str) and name:
            by_reference = isinstance(schema, dict) and "$ref" in schema
            names = usual | {name} if by_reference else frozenset({name})
        return Naming(
            names=names,
            namespace=str(told.get("namespace") or ""),
            attribute=told.get("attribute") is True,
            wrapped=told.get("wrapped") is True,
        )

    # --- one element -------------------------------------------------------------------------------------------

    def _value(self, element: Element, schema: Schema, path: Place, place: Place) -> Any:
        self.places[path] = place
        if element.attributes.get((_XSI, "nil"), "").strip() in ("true", "1"):
            return None
        kinds = kinds_of(schema, self.document)
        if "array" in kinds and not element.attributes:
            return self._list(element.children, schema, path, place)
        own = {key: text for key, text in element.attributes.items() if key[0] not in _OWN}
        properties = properties_of(schema, self.document)
        if not (own or element.children or properties or "object" in kinds):
            text = element.text if "string" in kinds or not kinds else element.text.strip()
            return plain_value(text, schema, self.document)
        if element.text.strip() and (element.children or "object" in kinds or properties):
            raise NotRead(f"<{element.name}> has text beside attributes or elements, of which no schema speaks")
        made = self._attributes(own, properties, path, place)
        made |= self._elements(list(element.children), schema, path, place)
        return {**made, _TEXT: element.text} if element.text.strip() else made

    def _attributes(
        self, given: dict[tuple[str, str], str], properties: Mapping[str, Schema], path: Place, place: Place
    ) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, part in properties.items():
            naming = self._naming(part, frozenset({name}))
            key = next((k for k in given if k[1] in naming.names and naming.namespace in ("", k[0])), None)
            if naming.attribute and key is not None:
                made[name] = plain_value(given.pop(key), part, self.document)
                self.places[*path, f"@{key[1]}"] = *place, name
        return {**made, **{f"@{name}": text for (_, name), text in given.items()}}

    def _elements(self, left: list[Element], schema: Schema, path: Place, place: Place) -> dict[str, Any]:
        made: dict[str, Any] = {}
        properties = properties_of(schema, self.document)
        for name, part in properties.items():
            naming = self._naming(part, frozenset({name}))
            if naming.attribute:
                continue
            is_list = "array" in kinds_of(part, self.document)
            if is_list and not naming.wrapped:
                naming = self._item_naming(part, naming, name)
            found = [each for each in left if naming.fits(each)]
            left = [each for each in left if each not in found]
            if found:
                made[name] = self._property(
                    found, part, path, (*place, name), bare_list=is_list and not naming.wrapped
                )
            elif is_list and not naming.wrapped and name in _required_names(schema, self.document, 0):
                made[name] = []  # a list without items is not to be seen
        return {**made, **self._undeclared(left, properties, schema, path, place)}

    def _property(
        self, found: Sequence[Element], part: Schema, path: Place, place: Place, *, bare_list: bool
    ) -> Any:
        if bare_list:
            items = items_of(part, self.document)
            return [self._value(each, items, (*path, each.name), (*place, ANY)) for each in found]
        values = [self._value(each, part, (*path, each.name), place) for each in found]
        return values if len(values) > 1 else values[0]

    def _item_naming(self, schema: Schema, outer: Naming, name: str) -> Naming:
        items = items_of(schema, self.document)
        told = self._naming(items, outer.names | {name})
        return told._replace(names=told.names | _component(items), wrapped=False, attribute=False)

    def _list(self, elements: Sequence[Element], schema: Schema, path: Place, place: Place) -> Any:
        """The items of a list that has an element of its own; what is called otherwise is none of them."""
        items = items_of(schema, self.document)
        told = self._naming(items, frozenset())
        names = told.names | (_component(items) if told.names else frozenset())
        strangers = [each for each in elements if names and not told._replace(names=names).fits(each)]
        if strangers:
            return self._undeclared(list(elements), {}, _ANYTHING, path, place)
        return [self._value(each, items, (*path, each.name), (*place, ANY)) for each in elements]

    def _undeclared(
        self, left: Iterable[Element], declared: Iterable[str], schema: Schema, path: Place, place: Place
    ) -> dict[str, Any]:
        """What no property is called: by its own name, so that it is told; a map takes any name."""
        known = frozenset(declared)
        rest = _additional(schema, self.document, 0)
        found: dict[str, list[Any]] = {}
        for each in left:
            name = _qualified_name(each.namespace, each.name) if each.name in known else each.name
            found.setdefault(name, []).append(self._value(each, rest, (*path, each.name), (*place, name)))
        return {name: values if len(values) > 1 else values[0] for name, values in found.items()}

    # --- the consumer's rules ----------------------------------------------------------------------------------

    def rules(self, written: MatchingRules) -> MatchingRules:
        """The same rules at the places of the value; those of an element that is not there are left out."""
        return MatchingRules(tuple(self._moved(written.all)), tuple(self._moved(written.generators)))

    def _moved(self, rules: Iterable[Rule]) -> Iterable[Rule]:
        for rule in rules:
            if rule.part != "body":
                yield rule
                continue
            names = tuple(_plain_name(step) for step in rule.steps if step != ANY and not step.isdecimal())
            place = self.places.get(names[:-1] if names[-1:] == (_TEXT,) else names)
            if place is not None:
                yield Rule(part="body", steps=place, matchers=rule.matchers)
                if place[-1:] == (ANY,):  # of an element that may come again: also for how often
                    yield Rule(part="body", steps=place[:-1], matchers=rule.matchers)


def _plain_name(step: str) -> str:
    """`ns:order` is known by its own name, an attribute `@ns:id` too."""
    sign = "@" if step.startswith("@") else ""
    return sign + step.removeprefix("@").rpartition(":")[2]


def _qualified_name(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}" if namespace else name


def _xml_of(schema: Schema, document: Document, depth: int) -> dict[str, Any]:
    """The `xml` object of a schema, in itself, in what it refers to, or in a part of it."""
    schema, _ = document.followed(schema)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {}
    if isinstance(schema.get("xml"), dict):
        return mapping(schema["xml"])
    parts = (_xml_of(part, document, depth + 1) for part in schema.get("allOf", ()))
    return next((told for told in parts if told), {})


def _component(schema: Schema) -> frozenset[str]:
    """The name of the schema that is referred to."""
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    return frozenset({reference.rpartition("/")[2]}) if isinstance(reference, str) else frozenset()


def _required_names(schema: Schema, document: Document, depth: int) -> frozenset[str]:
    schema, _ = document.followed(schema)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return frozenset()
    parts = (_required_names(part, document, depth + 1) for part in schema.get("allOf", ()))
    return frozenset(schema.get("required", ())).union(*parts)


def _additional(schema: Schema, document: Document, depth: int) -> Schema:
    """What a map says of whatever name there is; True where nothing is said."""
    schema, _ = document.followed(schema)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return True
    if isinstance(schema.get("additionalProperties"), dict):
        found: Schema = schema["additionalProperties"]
        return found
    parts = (_additional(part, document, depth + 1) for part in schema.get("allOf", ()))
    return next((each for each in parts if each is not True), True)
