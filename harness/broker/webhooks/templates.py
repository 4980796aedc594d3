"""`${pactbroker.consumerName}` in URLs, headers and bodies of webhooks (BROKER-API 11.3)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

_PARAMETER = re.compile(r"\$\{(pactbroker|user)\.([A-Za-z0-9_]+)\}")
_HOST = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")', re.DOTALL)
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")

Values = Mapping[str, str]  # "consumerName" of what happened; "user.NAME" of secrets


def in_url(url: str, values: Values) -> str:
    """A URL; each value is percent-encoded, so that it stays in its place."""
    return _fill_template(url, values, lambda value: quote(value, safe=""))


def in_header(text: str, values: Values) -> str:
    """The value of a header; line ends are taken out, so that it stays one."""
    return re.sub(r"[\r\n\0]+", " ", _fill_template(text, values, str))


def in_body(body: Any, values: Values, media: str = "") -> str:
    """A body as text: a JSON document, or text in which values are escaped as its kind needs it."""
    if body is None:
        return ""
    if not isinstance(body, str):
        return json.dumps(_inside(body, values), ensure_ascii=False, separators=(",", ":"))
    if "xml" in media:
        return _fill_template(body, values, lambda value: escape(value, {'"': "&quot;", "'": "&apos;"}))
    if "json" in media or _is_json(body):
        return _in_json(body, values)
    return _fill_template(body, values, str)


def _in_json(body: str, values: Values) -> str:
    """JSON as text: in a string a value stays inside; outside it is a number or a word of JSON, or a string."""

    def outside(value: str) -> str:
        return value if _SCALAR.fullmatch(value) else json.dumps(value, ensure_ascii=False)

    def inside(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)[1:-1]

    parts = _STRING.split(body)  # every second part is a string
    return "".join(_fill_template(part, values, inside if at % 2 else outside) for at, part in enumerate(parts))


def names_in(text: str) -> set[str]:
    """The secrets that a text asks for."""
    return {name for kind, name in _PARAMETER.findall(text) if kind == "user"}


def in_host(url: str) -> bool:
    """Whether somebody wants to choose the host by a parameter."""
    found = _HOST.match(url)
    return bool(found and "${" in found.group(1)) or url.startswith("${")


def _inside(value: Any, values: Values) -> Any:
    if isinstance(value, str):
        return _fill_template(value, values, str)
    if isinstance(value, dict):
        return {_fill_template(name, values, str): _inside(each, values) for name, each in value.items()}
    if isinstance(value, list):
        return [_inside(each, values) for each in value]
    return value


def _fill_template(text: str, values: Values, written: Callable[[str], str]) -> str:
    def value(found: re.Match[str]) -> str:
        kind, name = found.groups()
        return written(values.get(name if kind == "pactbroker" else f"user.{name}", ""))

    return _PARAMETER.sub(value, text)


def _is_json(text: str) -> bool:
    try:
        json.loads(_PARAMETER.sub("0", text))
    except ValueError:
        return False
    return True
