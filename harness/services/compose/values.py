"""The values of a compose service, each in the shapes that compose allows."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ManifestError
from harness.services.compose.interpolation import variables
from harness.services.node import Node, Table, display_value, read_document
from harness.services.reading import ReadingContext

if TYPE_CHECKING:
    from collections.abc import Iterator

Pairs = tuple[tuple[str, str], ...]

_PORT = re.compile(
    r"(?:(?:(?P<ip>\[[^\]]*\]|[0-9.]+):)?(?P<published>[0-9]+(?:-[0-9]+)?)?:)?"
    r"(?P<target>[0-9]+(?:-[0-9]+)?)(?:/(?P<protocol>[a-z]+))?"
)
_LOCAL_URL = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(?P<port>\d+))?(?P<path>/[^\s'\"|;&)]*)?"
)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_SPAN = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|ns|h|m|s)")
_DURATION = re.compile(rf"0|(?:{_SPAN.pattern})+")


_EACH = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True, slots=True)
class Port:
    """One port of a compose service."""

    number: int
    name: str  # "" unless the long form names it
    published: str  # on the host; "" when none is fixed
    node: Node
    address: str = ""  # of the host; "" is each of them


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeSource:
    """The project that is read: its folder, its variables, and where mistakes go."""

    reading: ReadingContext
    folder: Path
    environ: Mapping[str, str]
    shared: Mapping[str, Table]  # the "configs", "secrets" and "volumes" that services refer to
    unset: Mapping[str, tuple[str, ...]]  # place to the variables that are not set there

    def text(self, node: Node | None, what: str) -> str:
        """A scalar."""
        if node is None or node.value is None:
            return ""
        if not isinstance(node.value, str):
            self.reading.expected(node, what, "a text")
            return ""
        return node.value

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        """A list of scalars; one alone is a list of one."""
        if node is None or node.value is None:
            return ()
        if not isinstance(node.value, tuple):
            return tuple(filter(None, (self.text(node, what),)))
        return tuple(text for each in node.items if (text := self.text(each, what)))

    def pairs(self, node: Node | None, what: str) -> Pairs:
        """`{KEY: value}` or `["KEY=value"]`; a key alone has the value of the harness's own environment."""
        found: dict[str, str] = {}
        for key, value, each in self._written_pairs(node, what):
            if not key:
                self.reading.expected(each, what, "KEY=value")
            elif value is not None:
                found[key] = value
            elif key in self.environ:
                found[key] = self.environ[key]
        return tuple(found.items())

    def _written_pairs(self, node: Node | None, what: str) -> Iterator[tuple[str, str | None, Node]]:
        if node is None or node.value is None:
            return
        if not isinstance(node.value, dict | tuple):
            self.reading.expected(node, what, "a table, or a list of KEY=value")
        for key, each in node.table.items():
            yield key, None if each.value is None else self.text(each, f"{what}.{key}"), each
        for each in node.items:
            key, equals, value = self.text(each, what).partition("=")
            yield key, value if equals else None, each

    def environment(self, entry: Node, what: str) -> Pairs:
        """The environment of a service: what its files say, and above that its own."""
        found: dict[str, str] = {}
        files = entry.at("env_file")
        for each in (files.items or (files,)) if files and files.value is not None else ():
            optional = self.text(each.at("required"), f"{what}.env_file.required") == "false"
            written = self.text(each.at("path") if each.table else each, f"{what}.env_file")
            path = self.reading.path(written, self.folder)
            if not written or (optional and not path.is_file()):
                continue
            try:
                found.update(self._file_variables(path, raw=self.text(each.at("format"), what) == "raw"))
            except ManifestError as error:
                self.reading.caught(error, f"{what}.env_file", each)
        found.update(self.pairs(entry.at("environment"), f"{what}.environment"))
        return tuple(found.items())

    def _file_variables(self, path: Path, *, raw: bool) -> dict[str, str]:
        text = read_document(path, path.name)
        if not raw:
            return variables(text, self.environ)
        lines = (line.partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
        return {key.strip(): value for key, equals, value in lines if equals and key.strip()}

    def needs(self, node: Node | None, what: str, known: Collection[str]) -> dict[str, bool]:
        """`depends_on`: what must be there first, and whether it must have ended well."""
        if node is None or node.value is None:
            return {}
        if not isinstance(node.value, dict | tuple):
            self.reading.expected(node, what, "a list of services")
        found = {self.text(each, what): False for each in node.items}
        for name, each in node.table.items():
            optional = self.text(each.at("required"), what) == "false"
            if not optional or name in known:
                found[name] = self.text(each.at("condition"), what) == "service_completed_successfully"
        return {name: ends for name, ends in found.items() if name}

    def command(self, node: Node | None, what: str) -> tuple[str, ...]:
        """A list of words, or one text that is split as a shell does."""
        if node is None or node.value in (None, ()):
            return ()
        if node.items:
            return tuple(self.text(each, what) for each in node.items)
        text = self.text(node, what)
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            self.reading.wrong(
                f"{what}: {display_value(text)} cannot be split into words: {str(error).lower()}", node
            )
            return ()

    def ports(self, entry: Node, what: str) -> tuple[Port, ...]:
        """The TCP ports inside the container: those of `ports` first, then those of `expose`."""
        found: dict[int, Port] = {}
        for key in ("ports", "expose"):
            node = entry.at(key)
            if node is not None and not isinstance(node.value, tuple) and node.value is not None:
                self.reading.expected(node, f"{what}.{key}", "a list of ports")
            for each in node.items if node else ():
                read = self._long_port if each.table else self._short_port
                for port in read(each, f"{what}.{key}"):
                    found.setdefault(port.number, port)
        return tuple(found.values())

    def _short_port(self, node: Node, what: str) -> tuple[Port, ...]:
        text = self.text(node, what)
        match = _PORT.fullmatch(text)
        if match is None:
            self.reading.expected(node, what, "a port like '8000' or '8080:8000'")
            return ()
        if match["protocol"] not in {None, "tcp"}:
            return ()
        first, _, last = match["target"].partition("-")
        numbers = range(int(first[:9]), int((last or first)[:9]) + 1)
        found = self._ports(numbers, match["published"] or "", "", node, what)
        return tuple(replace(port, address=_address(match["ip"] or "")) for port in found)

    def _long_port(self, node: Node, what: str) -> tuple[Port, ...]:
        if self.text(node.at("protocol"), what) not in {"", "tcp"}:
            return ()
        target = self.text(node.at("target"), f"{what}.target")
        if not target.isdecimal():
            self.reading.expected(node.at("target") or node, f"{what}.target", "a port")
            return ()
        published = self.text(node.at("published"), f"{what}.published")
        name = self.text(node.at("name"), f"{what}.name")
        number = int(target[:9])
        address = _address(self.text(node.at("host_ip"), f"{what}.host_ip"))
        found = self._ports(range(number, number + 1), published, name, node, what)
        return tuple(replace(port, address=address) for port in found)

    def _ports(self, numbers: range, published: str, name: str, node: Node, what: str) -> tuple[Port, ...]:
        if not numbers or numbers[0] < 1 or numbers[-1] > 65535:
            self.reading.expected(node, what, "a port from 1 to 65535")
            return ()
        fixed = published if len(numbers) == 1 and published.isdecimal() else ""
        return tuple(Port(number, name, fixed, node) for number in numbers[:100])

    def duration(self, node: Node, what: str) -> float:
        """A time like `1m30s`, in seconds; 0.0 when it is none."""
        text = self.text(node, what)
        if not _DURATION.fullmatch(text):
            self.reading.expected(node, what, "a time like '1m30s'")
            return 0.0
        return sum(float(number) * _UNITS[unit] for number, unit in _SPAN.findall(text))

    def ready(self, entry: Node, ports: tuple[Port, ...], what: str) -> tuple[str, str] | None:
        """The health check as a kind and its target; None when there is none."""
        node = entry.at("healthcheck")
        test = node.at("test") if node else None
        if node is None or test is None or self.text(node.at("disable"), what) == "true":
            return None
        words = tuple(self.text(each, f"{what}.healthcheck.test") for each in test.items)
        if words[:1] == ("NONE",):
            return None
        shell = self.text(test, f"{what}.healthcheck.test") if not words else ""
        if words[:1] == ("CMD-SHELL",):
            shell = " ".join(words[1:])
        elif words[:1] == ("CMD",):
            shell = shlex.join(words[1:])
        elif words:
            self.reading.expected(test, f"{what}.healthcheck.test", "a list that starts with CMD or CMD-SHELL")
        return _ready_of(shell, ports) if shell.strip() else None


def _address(written: str) -> str:
    """An address of the host; those that mean each of them are ""."""
    return "" if written.strip("[]") in _EACH else written.strip("[]")


def _ready_of(shell: str, ports: tuple[Port, ...]) -> tuple[str, str]:
    """A command that asks the service's own main port is the same as asking it from outside."""
    match = _LOCAL_URL.search(shell)
    asks = shell.split(maxsplit=1)[0].rpartition("/")[2] in {"curl", "wget"}
    if match and asks and ports and int(match["port"] or 80) == ports[0].number:
        return "http", match["path"] or "/"
    return "exec", shell
