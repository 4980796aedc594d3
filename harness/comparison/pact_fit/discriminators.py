"""Discriminators: which value of a property names which branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ALTERNATIVES = ("anyOf", "oneOf")
_WRAPPERS = frozenset({"allOf", *_ALTERNATIVES})
_DEEPEST = 10


def naming_property(discriminator: Any) -> str:
    """Which property says what a value is; "" for none. In OpenAPI 2.0 it is named alone."""
    named = discriminator.get("propertyName") if isinstance(discriminator, dict) else discriminator
    return named if isinstance(named, str) else ""


def names_of_branches(discriminator: Any, branches: Iterable[Any]) -> list[list[str] | None]:
    """For each branch the values that name it; None for one that no value names."""
    mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
    names: dict[str, list[str]] = {}
    for value, target in (mapping if isinstance(mapping, dict) else {}).items():
        names.setdefault(_last_step(str(target)), []).append(value)
    lasts = [_last_step(_branch_reference(each)) for each in branches]
    return [names.get(last, [last]) if last else None for last in lasts]


def discriminate_branches(branches: list[Any], schema: Mapping[str, Any], key: str) -> list[Any]:
    """The branches of a schema, each for the values of the discriminator that name it."""
    name = naming_property(schema.get("discriminator"))
    if not name:
        return branches
    told = zip(branches, names_of_branches(schema["discriminator"], schema[key]), strict=True)
    return [
        branch if names is None else {"allOf": [branch, {"properties": {name: {"enum": names}}}]}
        for branch, names in told
    ]


def _last_step(reference: str) -> str:
    return reference.rpartition("/")[2]


def _branch_reference(branch: Any, depth: int = 0) -> str:
    """What a branch refers to, also where the reference is the only part of the branch."""
    if not isinstance(branch, dict) or depth > _DEEPEST:
        return ""
    if isinstance(branch.get("$ref"), str):
        return str(branch["$ref"])
    parts = [each for word in _WRAPPERS & branch.keys() for each in branch[word]]
    return _branch_reference(parts[0], depth + 1) if len(parts) == 1 else ""
