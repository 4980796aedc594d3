"""The line on which something stands in a JSON or YAML text."""

from __future__ import annotations

from functools import cached_property
from typing import Any

_LARGEST = 4_000_000  # characters; reading places of more takes too long


class Lines:
    """The lines of one text by JSON pointer."""

    def __init__(self, text: str) -> None:
        self.text = text

    def of(self, pointer: str) -> int:
        """The line of what a pointer names, or of the nearest thing around it; 1 where nothing is known."""
        node, line = self._root, 1
        for step in pointer.removeprefix("#").split("/")[1:]:
            found = _below(node, step.replace("~1", "/").replace("~0", "~"))
            if found is None:
                break
            node, line = found
        return line

    @cached_property
    def _root(self) -> Any:
        import yaml

        if len(self.text) > _LARGEST:
            return None
        try:
            return yaml.compose(self.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except (yaml.YAMLError, RecursionError, ValueError):  # JSON is YAML, but for rare texts
            return None


def _below(node: Any, step: str) -> tuple[Any, int] | None:
    from yaml.nodes import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line + 1
    if isinstance(node, SequenceNode) and step.isascii() and step.isdecimal() and int(step) < len(node.value):
        item = node.value[int(step)]
        return item, item.start_mark.line + 1
    return None
