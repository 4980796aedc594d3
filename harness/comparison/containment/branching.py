"""How many alternatives one value can meet: a few lines of `oneOf` can unfold to more than anybody can try."""

from __future__ import annotations

from typing import Any

MOST_BRANCHES = 20_000  # real schemas have hundreds
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")

_DEEPEST = 120  # parts inside of each other, references followed: each is a few frames of the interpreter's stack


def unfolds_too_far(schema: Any) -> bool:
    """Whether some part of a schema has more alternatives in one place than can be tried."""
    definitions = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    return _Branches(definitions).too_many(schema)


class _Branches:
    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.known: dict[str, int] = {}

    def too_many(self, value: Any) -> bool:
        if isinstance(value, list):
            return any(self.too_many(each) for each in value)
        if not isinstance(value, dict):
            return False
        return self.of(value) > MOST_BRANCHES or any(self.too_many(each) for each in value.values())

    def of(self, schema: Any, depth: int = 0) -> int:
        """How many schemas are tried on one value."""
        if not isinstance(schema, dict) or depth > MOST_BRANCHES:
            return 1
        inner = [each for word in _LISTS if isinstance(schema.get(word), list) for each in schema[word]]
        inner += [schema[word] for word in _SINGLE if word in schema]
        count = 1 + sum(self.of(each, depth + 1) for each in inner)
        reference = schema.get("$ref")
        return count + self._named(reference.rpartition("/")[2], depth) if isinstance(reference, str) else count

    def _named(self, name: str, depth: int) -> int:
        if name not in self.known:
            self.known[name] = 1  # it may be a part of itself
            self.known[name] = self.of(self.definitions.get(name), depth + 1)
        return self.known[name]


def unfolded_size(schema: Any, most: int) -> int:
    """How many parts a schema has with every reference written out, as far as `most`."""
    definitions = schema.get("$defs", {}) if isinstance(schema, dict) else {}
    return _Sizes(definitions, most).of({key: each for key, each in schema.items() if key != "$defs"}
                                        if isinstance(schema, dict) else schema)  # fmt: skip


class _Sizes:
    def __init__(self, definitions: dict[str, Any], most: int) -> None:
        self.definitions = definitions
        self.most = most
        self.known: dict[str, int] = {}

    def of(self, value: Any, depth: int = 0) -> int:
        """The parts of one value, what it refers to among them; what lies too deep has no end."""
        if depth > _DEEPEST:
            return self.most
        if isinstance(value, list):
            return min(sum(self.of(each, depth + 1) for each in value), self.most)
        if not isinstance(value, dict):
            return 1
        count = 1 + sum(self.of(each, depth + 1) for key, each in value.items() if key != "$ref")
        reference = value.get("$ref")
        if isinstance(reference, str):
            count += self._named(reference.rpartition("/")[2], depth)
        return min(count, self.most)

    def _named(self, name: str, depth: int) -> int:
        if name not in self.known:
            self.known[name] = self.most  # what is a part of itself has no end
            self.known[name] = self.of(self.definitions.get(name, True), depth + 1)
        return self.known[name]
