"""Values as a document says them, each with the place where it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.errors import ManifestError, Problem

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 1_000_000  # bytes; a manifest is written by people, and slow parsers must not be fed more
DEEPEST = 64  # tables and lists inside each other

Table = Mapping[str, "Node"]
NOTHING: Table = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a document; tables hold nodes by key, lists hold nodes in order."""

    value: object  # text, number, truth value, time, None, tuple[Node, ...] or Mapping[str, Node]
    where: str  # "harness.toml:12"
    mark: str = ""  # what a compose file says of merging it: "!reset", "!override"

    @property
    def table(self) -> Table:
        """Its keys and values; none when it is not a table."""
        return self.value if isinstance(self.value, Mapping) else NOTHING

    @property
    def items(self) -> tuple[Node, ...]:
        """Its elements; none when it is not a list."""
        return self.value if isinstance(self.value, tuple) else ()

    def at(self, *keys: str) -> Node | None:
        """What stands below those keys, if all of them exist."""
        node: Node | None = self
        for key in keys:
            node = node.table.get(key) if node else None
        return node


def overlay(below: Node, above: Node) -> Node:
    """Two values as one: tables key by key, anything else as the upper one says."""
    if not (isinstance(below.value, Mapping) and isinstance(above.value, Mapping)):
        return above
    merged = dict(below.table)
    for key, node in above.table.items():
        merged[key] = overlay(merged[key], node) if key in merged else node
    return Node(merged, above.where)


def display_value(value: object) -> str:
    """A value as a message shows it: short, and in its own spelling."""
    if isinstance(value, int) and abs(value) >= 2**63:
        return "a number of more than 64 bits"
    kinds: tuple[tuple[type, str], ...] = ((Mapping, "a table"), (tuple, "a list"), (type(None), "nothing"))
    for kind, words in kinds:
        if isinstance(value, kind):
            return words
    text = str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def read_document(path: Path, label: str) -> str:
    """The text of a file that people write. Raises ManifestError when it is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        why = error.strerror or "not readable"
        raise ManifestError(f"cannot read {path}: {why.lower()}", where=label) from error
    if len(data) > LARGEST:
        raise ManifestError(
            f"the file has {len(data):,} bytes, more than the {LARGEST:,} that are read",
            where=label,
            hint="keep only the description of the system in it",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise ManifestError(
            Problem(f"byte 0x{byte:02x} is not UTF-8", f"{label}:{line}", "save the file as UTF-8")
        ) from error
