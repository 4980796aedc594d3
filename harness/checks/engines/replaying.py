"""How a request is sent again when the run is over and the service that it went to is gone."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from harness.services.shell import variable

if TYPE_CHECKING:
    from harness.checks.api import CheckTarget
    from harness.services.trust import Trust
    from harness.verdicts import Exchange

_PLAIN = frozenset({"user-agent", "accept-encoding", "accept", "connection", "content-length"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What a replay needs beside the request: a running service, and values that are not recorded."""

    base: str = ""  # the service's address in the run
    variable: str = ""  # what stands for that address in the command
    start: str = ""  # the command that starts the service and tells the variable
    options: tuple[str, ...] = ()  # of curl, for every request to this service
    hidden: frozenset[str] = frozenset()  # headers whose values the reader has to fill in, in lower case

    def command(self, exchange: Exchange, body: bytes = b"") -> str:
        """Start the service, and send the request; one line for a POSIX shell."""
        sent = self.curl(exchange, body)
        return f'eval "$({self.start})" && {sent}' if self.start and f'"${self.variable}"' in sent else sent

    def curl(self, exchange: Exchange, body: bytes = b"") -> str:
        """The request as a command for a POSIX shell; secret headers become variables to be filled in."""
        words = ["curl", "-i", "-X", shlex.quote(exchange.method)]
        if exchange.method == "HEAD":
            words = ["curl", "--head"]
        words += map(shlex.quote, self.options)
        for name, value in exchange.request_headers:
            if name.lower() in self.hidden or value == "[redacted]":
                words += ["-H", f'"{name}: ${_shell_name(name)}"']
            elif name.lower() not in _PLAIN or (name.lower() == "accept" and value != "*/*"):
                words += ["-H", shlex.quote(f"{name}: {value}" if value else f"{name};")]
        if re.search(r"/\.\.?(/|$|\?)", exchange.url):
            words.append("--path-as-is")
        if re.search(r"[][{}]", exchange.url):
            words.append("--globoff")
        before, data = _data(body)
        return f"{before}{' '.join([*words, *data, self._url(exchange.url)])}"

    def _url(self, url: str) -> str:
        rest = url.removeprefix(self.base) if self.base else url
        if rest == url or not self.variable or rest[:1] not in ("", "/", "?"):
            return shlex.quote(url)
        return f'"${self.variable}"' + (shlex.quote(rest) if rest else "")


def again(target: CheckTarget, hidden: tuple[str, ...] = ()) -> Again:
    """How a request to that service is replayed."""
    settings = target.settings
    words = ["up", target.service.identity.argument, *settings.options, "--env"]
    return Again(
        base=target.instance.url.rstrip("/"),
        variable=variable(target.service.name),
        start=" ".join([settings.command, *(shlex.quote(word) for word in words)]),
        options=_of_curl(target.service.trust, urlsplit(target.instance.url)),
        hidden=frozenset(name.lower() for name in hidden),
    )


def _of_curl(trust: Trust, there: SplitResult) -> tuple[str, ...]:
    return trust.curl(there.hostname or "") if there.scheme == "https" else ()


def _data(body: bytes) -> tuple[str, list[str]]:
    if not body:
        return "", []
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return "", ["--data-raw", shlex.quote(text)]
    # Bytes that no shell word can hold are made by printf.
    octal = "".join(chr(b) if 32 < b < 127 and chr(b) not in "\\%'" else f"\\{b:03o}" for b in body)
    return f"printf '{octal}' | ", ["--data-binary", "@-"]


def _shell_name(header: str) -> str:
    return re.sub(r"\W", "_", header).upper()
