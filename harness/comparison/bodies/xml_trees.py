"""XML as a tree, read without document types, entities or anything from elsewhere, and not without end."""

from __future__ import annotations

from dataclasses import dataclass, field

_DEEPEST = 100
_MOST = 100_000  # elements and attributes


class NotXml(ValueError):
    """Why a text is not read as XML."""


@dataclass(slots=True, eq=False)
class Element:
    """One element with what is in it; names without their prefixes, beside the namespaces that these mean."""

    namespace: str
    name: str
    attributes: dict[tuple[str, str], str]  # by namespace and name
    children: list[Element] = field(default_factory=list)
    text: str = ""


def read_xml(content: bytes) -> Element:
    """The root of a text. Raises NotXml."""
    from xml.parsers import expat

    tree = _Tree()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = tree.start
    parser.EndElementHandler = tree.end
    parser.CharacterDataHandler = tree.characters
    parser.StartDoctypeDeclHandler = tree.refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003 - "this is all of it"; expat names no arguments
    except (expat.ExpatError, LookupError) as error:
        raise NotXml(f"it is no XML: {error}") from None
    return tree.root.children[0]


class _Tree:
    """The elements as the parser meets them."""

    def __init__(self) -> None:
        self.root = Element("", "", {})
        self.open = [self.root]
        self.met = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.met += 1 + len(attributes)
        if len(self.open) > _DEEPEST or self.met > _MOST:
            raise NotXml("it is too large to be looked at")
        element = Element(*_split_name(name), {_split_name(each): value for each, value in attributes.items()})
        self.open[-1].children.append(element)
        self.open.append(element)

    def end(self, _name: str) -> None:
        """The innermost element ends."""
        self.open.pop()

    def characters(self, text: str) -> None:
        """Text of the innermost element."""
        self.open[-1].text += text

    def refuse(self, *_: object) -> None:
        """A document type can name files, and grow without end."""
        raise NotXml("it has a document type, which is not read")


def _split_name(name: str) -> tuple[str, str]:
    namespace, _, local = name.rpartition(" ")
    return namespace, local
