"""Variables in a compose file: `$X`, `${X}`, `${X:-default}`, `${X:?message}`, `${X:+other}`, `$$`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)")
_DEEPEST = 16


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
        return environ.get(name[0], ""), name.end()
    end = _closing(text, name.end())
    return _operated(name[0], text[name.end() : end], environ, depth), end + 1


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


def _operated(name: str, rest: str, environ: Mapping[str, str], depth: int) -> str:
    value = environ.get(name)
    if not rest:
        return value or ""
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


def variables(text: str) -> dict[str, str]:
    """The variables of a `.env` file."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            found[match[1]] = _unquoted(match[2].strip())
    return found


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote in {'"', "'"} and (end := value.find(quote, 1)) > 0:
        return value[1:end]
    return re.split(r"\s+#", value, maxsplit=1)[0]
