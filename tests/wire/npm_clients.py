"""Clients from npm (tests/wire/node/package.json): where they are, and a conversation with one over stdio."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

WITHOUT = "no clients from npm: `. .ci/node.sh` installs them and names their folder in HARNESS_NODE_MODULES"


def node_modules() -> Path:
    """The folder of the installed packages; where there is none, the test is skipped, but never in CI."""
    folder = os.environ.get("HARNESS_NODE_MODULES", "")
    if not folder:
        assert not os.environ.get("HARNESS_REQUIRE_NODE"), WITHOUT
        pytest.skip(WITHOUT)
    return Path(folder)


def node(modules: Path) -> str:
    """The interpreter that came with them."""
    return str(next(modules.glob("node-linux-*/bin/node")))


@dataclass
class McpSession:
    """The MCP server of `@smartbear/mcp`, spoken to as an assistant does: JSON-RPC, a line each."""

    environment: Mapping[str, str]
    modules: Path
    answers: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)
    asked: int = 0
    called: set[str] = field(default_factory=set)

    def __enter__(self) -> McpSession:
        """Start it and greet it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PACT_")}
        self.process = subprocess.Popen(
            [node(self.modules), str(self.modules / "@smartbear/mcp/dist/index.js")],
            env={**kept, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        about = {"name": "tests", "version": "1"}
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about})
        self._send({"method": "notifications/initialized"})
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.reader.join(10)
        self.process.stdout.close()

    def tools(self) -> set[str]:
        """Every tool that it offers."""
        return {each["name"].partition("_")[2] for each in self.ask("tools/list", {})["tools"]}

    def __call__(self, tool: str, **arguments: Any) -> Any:
        """What a tool answers, read; a tool that fails is a failed test."""
        told = self.ask("tools/call", {"name": f"contract-testing_{tool}", "arguments": arguments})
        text = told["content"][0].get("text", "")
        assert not told.get("isError"), f"{tool}: {text}"
        self.called.add(tool)
        try:
            return json.loads(text)
        except ValueError:
            return text

    def does(self, tool: str, **arguments: Any) -> None:
        """A tool that is answered 204, of which this client makes a result that its own library refuses."""
        with pytest.raises(AssertionError, match="Invalid tools/call result"):
            self(tool, **arguments)
        self.called.add(tool)

    def ask(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """The result of one request."""
        self.asked += 1
        self._send({"id": self.asked, "method": method, "params": parameters})
        while True:
            told = self.answers.get(timeout=30)
            if told.get("id") == self.asked:
                assert "error" not in told, told
                return told["result"]

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.answers.put(json.loads(line))
