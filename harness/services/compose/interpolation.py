"""Variables in a compose file: `$X`, `${X}`, `${X:-default}`, `${X:?message}`, `${X:+other}`, `$$`."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
_KEY = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_BARE = re.compile(r"[^\n]*")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$$"}
_DEEPEST = 16


class Lookup(dict[str, str]):
    """Variables that remember which of them were asked for and are not there."""

    def __init__(self, known: Mapping[str, str]) -> None:
        super().__init__(known)
        self.unset: list[str] = []

    def blank(self, name: str) -> str:
        """The value; nothing, and noted, where there is none."""
        if name not in self:
            self.unset.append(name)
        return self.get(name, "")


def interpolate(text: str, environ: Mapping[str, str], depth: int = 0) -> str:
    """A compose value with its variables replaced; an unset one is empty, as in compose. Raises ManifestError."""
    if "$" not in text:
        return text
    if depth > _DEEPEST:
        raise ManifestError("too many variables inside each other")
    done, at = [], 0
    while (dollar := text.find("$", at)) >= 0:
        done.append(text[at:dollar])
        meant, at = _variable(text, dollar + 1, environ, depth)
        done.append(meant)
    return "".join((*done, text[at:]))


def _variable(text: str, at: int, environ: Mapping[str, str], depth: int) -> tuple[str, int]:
    if text[at : at + 1] == "$":
        return "$", at + 1
    braced = text[at : at + 1] == "{"
    name = _NAME.match(text, at + braced)
    if name is None:
        if braced:
            raise ManifestError(f"{text[at - 1 : at + 40]!r} is not a variable", hint="write $$ for a literal $")
        return "$", at
    if not braced:
        return _blank(name[0], environ), name.end()
    end = _closing(text, name.end())
    return _apply_operator(name[0], text[name.end() : end], environ, depth), end + 1


def _closing(text: str, at: int) -> int:
    """Where the brace closes that stands open; variables inside may have braces of their own."""
    depth = 1
    for index in range(at, len(text)):
        if text.startswith("${", index):
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
    raise ManifestError(f"{text[max(at - 20, 0) : at + 20]!r}: a variable is not closed with }}")


def _apply_operator(name: str, rest: str, environ: Mapping[str, str], depth: int) -> str:
    value = environ.get(name)
    if not rest:
        return _blank(name, environ)
    operator = _OPERATOR.match(rest)
    if operator is None:
        raise ManifestError(f"'${{{name}{rest[:30]}}}' is not a variable", hint="write $$ for a literal $")
    word = rest[operator.end() :]
    # With a colon, a variable that is set to nothing counts as not set.
    there = bool(value) if operator[0].startswith(":") else value is not None
    sign = operator[0][-1]
    if sign == "?" and not there:
        raise ManifestError(f"{name} is not set: {word or 'it is required'}", hint=f"set {name}")
    if sign == "+":
        return interpolate(word, environ, depth + 1) if there else ""
    return (value or "") if there else interpolate(word, environ, depth + 1)


def _blank(name: str, environ: Mapping[str, str]) -> str:
    return environ.blank(name) if isinstance(environ, Lookup) else environ.get(name, "")


def variables(text: str, environ: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The variables of a `.env` file; a value may use `environ` and those above it. Raises ManifestError."""
    found: dict[str, str] = {}
    at, text = 0, text.replace("\r\n", "\n")
    while at < len(text):
        key = _KEY.match(text, at)
        if key is None:
            at = text.find("\n", at) + 1 or len(text)
            continue
        value, literal, at = _value(text, key.end())
        at = text.find("\n", at) + 1 or len(text)  # what stands behind a closed quote is a comment
        # `$` before what names no variable is itself, as in a password that nobody quoted.
        found[key[1]] = value if literal else _interpolate_value(value, {**found, **environ})
    return found


def _interpolate_value(value: str, environ: Mapping[str, str]) -> str:
    try:
        return interpolate(value, environ)
    except ManifestError as error:
        if any(problem.hint.startswith("set ") for problem in error.problems):
            raise  # `${X:?message}`: somebody wants to be told
        return value


def _value(text: str, at: int) -> tuple[str, bool, int]:
    """A value, whether it is meant as it is written, and where it ends; quotes may hold several lines."""
    quote = text[at : at + 1]
    if quote in {'"', "'"} and (end := _closing_quote(text, at + 1, quote)) > 0:
        inner = text[at + 1 : end]
        return (inner, True, end) if quote == "'" else (_unescape_text(inner), False, end)
    line = _BARE.match(text, at)
    assert line is not None
    bare = re.split(r"(?:^|\s+)#", line[0], maxsplit=1)[0]
    return bare.strip(), False, line.end()


def _closing_quote(text: str, at: int, quote: str) -> int:
    while (end := text.find(quote, at)) > 0 and quote == '"' and _is_escaped(text, end):
        at = end + 1
    return end


def _is_escaped(text: str, at: int) -> bool:
    before = at - len(text[:at].rstrip("\\"))
    return before % 2 == 1


def _unescape_text(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), text, flags=re.DOTALL)
