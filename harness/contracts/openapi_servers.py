"""The paths below which the operations of an OpenAPI document are served."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\{([^{}/]*)\}")
_MOST = 64  # combinations of listed values that are told apart; nobody deploys more


def base_paths(document: Mapping[str, Any], *closer: Mapping[str, Any]) -> tuple[str, ...]:
    """The base paths that servers name, "" for the root; a variable without listed values stays in braces.

    `closer`: what may name servers of its own, the closest first (an operation, its path). The first that names
    any stands for all others.
    """
    if "openapi" not in document and "swagger" in document:
        return (_path(document.get("basePath")),)
    for part in (*closer, document):
        servers = [each for each in _listing(part.get("servers")) if isinstance(each.get("url"), str)]
        if servers:
            return tuple(dict.fromkeys(path for each in servers for path in _paths(each)))
    return ("",)


def _listing(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _paths(server: Mapping[str, Any]) -> Iterator[str]:
    """With the default of each variable first, then with every other listed value, then with any value."""
    url: str = server["url"]
    names = list(dict.fromkeys(_VARIABLE.findall(url)))
    values = [_values(server, name) for name in names]
    for chosen in islice(product(*values), _MOST):
        yield _fill_variables(url, dict(zip(names, chosen, strict=True)))
    if any(_is_open(server, name) for name in names):
        first = {n: each[0] for n, each in zip(names, values, strict=True) if not _is_open(server, n)}
        yield _fill_variables(url, first)


def _variable(server: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    variables = server.get("variables")
    found = variables.get(name) if isinstance(variables, dict) else None
    return found if isinstance(found, dict) else {}


def _values(server: Mapping[str, Any], name: str) -> list[str]:
    told = _variable(server, name)
    listed = told.get("enum")
    default = [told["default"]] if "default" in told else []
    return [*dict.fromkeys(map(str, [*default, *(listed if isinstance(listed, list) else ())]))] or [f"{{{name}}}"]


def _is_open(server: Mapping[str, Any], name: str) -> bool:
    """Whether it may have any value; one that stands for more than a step of a path has its default alone."""
    told = _variable(server, name)
    return not isinstance(told.get("enum"), list) and "/" not in str(told.get("default", ""))


def _fill_variables(url: str, values: Mapping[str, str]) -> str:
    return _path(_VARIABLE.sub(lambda match: values.get(match.group(1), match.group(0)), url))


def _path(url: Any) -> str:
    """The path of an address; a relative one is taken from the root, for where the document lay is not known."""
    if not isinstance(url, str):
        return ""
    try:
        return urlsplit(urljoin("http://host/", url)).path.rstrip("/")
    except ValueError:  # an address that is none says nothing about the path
        return ""
