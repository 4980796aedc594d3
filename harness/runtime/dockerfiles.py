"""What a Dockerfile builds upon, known without an engine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(
    r"\\(?P<escaped>\$)|\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?:(?P<kind>:?[-+])(?P<word>[^}]*))?\})"
)
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
_ARGUMENT = re.compile(r"(?P<name>\w+)(?:=(?P<value>\"[^\"]*\"|'[^']*'|\S*))?")
_OTHER_IMAGE = re.compile(
    r"(?:COPY|ADD)\s(?:.*\s)?--from=(?P<copied>\S+)|--mount=\S*\bfrom=(?P<mounted>[^,\s]+)", re.I
)
_REFERENCE = re.compile(r"[\w.-]+(?::\d+)?(?:/[\w.-]+)*(?::[\w.-]+)?(?:@[\w+.-]+:[0-9a-fA-F]+)?")
_DIRECTIVE = re.compile(r"#\s*(?P<name>\w+)\s*=\s*(?P<value>\S+)")


def base_images(text: str, args: Mapping[str, str], target: str = "") -> tuple[str, ...]:
    """The images that a Dockerfile starts from or copies from, up to its target; each once, in order."""
    known: dict[str, str] = {}  # arguments before the first FROM; only these count there
    stages: set[str] = set()
    found: dict[str, None] = {}
    for line in _until(target, _instructions(text)):
        if not stages and (arguments := _ARG.match(line)):
            known |= _arguments(arguments["rest"], known, args)
        elif started := _FROM.fullmatch(line):
            image = substitute_variables(started["image"], known)
            if image.lower() not in stages | {"scratch", ""}:
                found[image] = None
            stages.add((started["stage"] or f"\0{len(stages)}").lower())
        else:
            for name in _copied_from(line):
                if name.lower() not in stages and not name.isdecimal():
                    found[name] = None
    return tuple(found)


def _until(target: str, instructions: Iterator[str]) -> Iterator[str]:
    """The instructions up to the end of a stage, which is named or numbered; all of them without one."""
    stage, reached = -1, False
    for line in instructions:
        if started := _FROM.fullmatch(line):
            if reached:
                return
            stage += 1
            reached = bool(target) and target.lower() in {(started["stage"] or "").lower(), str(stage)}
        yield line


def unset_in_from(text: str, args: Mapping[str, str]) -> str:
    """Which FROM names no image for an argument without a value; "" when all of them do."""
    known: dict[str, str] = {}
    for line in _instructions(text):
        if arguments := _ARG.match(line):
            known |= _arguments(arguments["rest"], known, args)
        elif started := _FROM.fullmatch(line):
            blank = [name for name in _names(started["image"]) if not known.get(name)]
            if blank and not _REFERENCE.fullmatch(substitute_variables(started["image"], known)):
                plural = "arguments" if len(blank) > 1 else "argument"
                return f"{line!r} names no image: the {plural} {', '.join(blank)} has no value"
    return ""


def _names(image: str) -> list[str]:
    return [match["plain"] or match["name"] for match in _VARIABLE.finditer(image) if not match["escaped"]]


def substitute_variables(text: str, known: Mapping[str, str]) -> str:
    """A value with `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}` replaced."""

    def meaning(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        value = known.get(match["plain"] or match["name"])
        kind, word = match["kind"] or "", match["word"] or ""
        given = bool(value) if kind.startswith(":") else value is not None
        if kind.endswith("+"):
            return word if given else ""
        return (value or "") if given or not kind else word

    return _VARIABLE.sub(meaning, text)


def _arguments(rest: str, known: Mapping[str, str], args: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ARGUMENT.finditer(rest):
        name, default = match["name"], match["value"]
        if name in args:
            found[name] = args[name]
        elif default is not None:
            found[name] = substitute_variables(default.strip("\"'"), {**known, **found})
    return found


def _copied_from(line: str) -> Iterator[str]:
    for match in _OTHER_IMAGE.finditer(line):
        yield match["copied"] or match["mounted"]


def _instructions(text: str) -> Iterator[str]:
    """Each instruction on one line, without comments."""
    mark = _escape(text)
    held = ""
    for line in text.splitlines():
        if line.lstrip().startswith("#") or (held and not line.strip()):
            continue
        joined = held + line.strip()
        if joined.endswith(mark):
            held = joined[:-1] + " "
            continue
        held = ""
        if joined:
            yield joined
    if held.strip():
        yield held.strip()


def _escape(text: str) -> str:
    """The character that continues a line: a backslash, unless the first lines say otherwise."""
    for line in text.splitlines():
        directive = _DIRECTIVE.fullmatch(line.strip())
        if not directive:
            return "\\"
        if directive["name"].lower() == "escape":
            return directive["value"]
    return "\\"
