"""A stand-in for the runtimes: services are tiny HTTP servers inside of the test, held to the same behaviour."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness.errors import ServiceDidNotStart
from harness.identity import canonical_json, digest
from harness.ports import Endpoint, Instance, MadeOf, Tell, Unit, silent
from harness.runtime.addressing import address, inside_of, ports_of
from harness.services.environment import resolve
from harness.services.system import Resource, Service


@dataclass(slots=True)
class Pretended:
    """One service that is pretended to run."""

    log: list[str]
    server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    def serve(self) -> None:
        assert self.server is not None
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def runs(self) -> bool:
        return self._thread is None or self._thread.is_alive()

    def end(self) -> None:
        if self.server is not None and self._thread is not None:
            self.server.shutdown()
            self._thread.join()
            self.server.server_close()


@dataclass(slots=True)
class FakeRuntime:
    """Keeps the promises of the port `Runtime` without any engine or process.

    A service whose environment has MODE=crash, or a HEALTH that is an error, does not start.
    """

    environ: Mapping[str, str] = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)  # what was started, in order
    kept: list[FakeSession] = field(default_factory=list)
    name: str = "fake"
    in_containers: bool = True

    def artifact(self, unit: Unit) -> str:
        """Everything that the manifest says of it, but its name for its version."""
        if isinstance(unit, Service):
            if unit.url:
                return ""
            unit = replace(unit, version="", variants=(), where="")
        return digest("fake", canonical_json(repr(unit)))

    def to_build(self, unit: Unit) -> bool:
        return isinstance(unit, Service) and bool(unit.build_command)

    def build(self, unit: Unit, tell: Tell = silent) -> None:
        if self.to_build(unit):
            tell(f"build-command: {unit.name}")

    def made_of(self, unit: Unit) -> MadeOf:
        del unit
        return MadeOf()

    def touched(self) -> Mapping[Path, str]:
        return {}

    def killed(self) -> Mapping[str, float]:
        return {}

    @contextmanager
    def session(self, run: str, *, keep: bool = False) -> Iterator[FakeSession]:
        del run
        session = FakeSession(self)
        kept = False
        try:
            yield session
            kept = keep
        finally:
            if kept:
                self.kept.append(session)
            else:
                session.close()

    def sweep(self) -> int:
        return 0

    def down(self) -> int:
        count = sum(session.close() for session in self.kept)
        self.kept.clear()
        return count


@dataclass(slots=True)
class FakeSession:
    """The services of one pretended run."""

    runtime: FakeRuntime
    running: dict[str, Pretended] = field(default_factory=dict)
    cancelled: bool = False

    def prepare(self, unit: Unit, tell: Tell = silent) -> None:
        tell(f"Step 1/1 : FROM {unit.name}")

    def start(self, unit: Unit, peers: Mapping[str, Instance], slot: str = "") -> Instance:
        if self.cancelled:
            raise ServiceDidNotStart(unit.name, "the run is over")
        self.runtime.starts.append(unit.name)
        pretended = Pretended([f"starting {unit.name}"])
        handle = f"fake-{id(pretended)}"
        if isinstance(unit, Service) and unit.url:
            return _instance(unit, slot, {"http": unit.url}, "")
        ports = dict(ports_of(unit))
        if isinstance(unit, Service):
            pretended.server = server = _server(pretended)
            ports = {name: int(server.server_address[1]) for name in ports}
            try:
                _behave(pretended, unit, self._environment(unit, peers, ports))
            except BaseException:
                server.server_close()
                raise
            pretended.serve()
        self.running[handle] = pretended
        urls = {name: address(unit, name, "127.0.0.1", port) for name, port in ports.items()}
        return replace(_instance(unit, slot, urls, handle), artifact=self.runtime.artifact(unit))

    def cancel(self) -> None:
        self.cancelled = True

    def stop(self, instance: Instance) -> None:
        if pretended := self.running.pop(instance.handle, None):
            pretended.end()

    def alive(self, instance: Instance) -> bool:
        return not instance.handle or (instance.handle in self.running and self.running[instance.handle].runs)

    def log_tail(self, instance: Instance, lines: int = 40) -> tuple[str, ...]:
        pretended = self.running.get(instance.handle)
        return tuple(pretended.log[-lines:]) if pretended else ()

    def log_position(self, instance: Instance) -> float:
        pretended = self.running.get(instance.handle)
        return len(pretended.log) if pretended else 0

    def log_between(self, instance: Instance, begin: float, end: float | None = None) -> tuple[str, ...]:
        pretended = self.running.get(instance.handle)
        return tuple(pretended.log[int(begin) : None if end is None else int(end)]) if pretended else ()

    def listening(self, instance: Instance) -> tuple[str, ...]:
        pretended = self.running.get(instance.handle)
        server = pretended.server if pretended else None
        return (f"127.0.0.1:{server.server_address[1]}",) if server else ()

    def close(self) -> int:
        """End everything; how many there were."""
        count = len(self.running)
        for pretended in self.running.values():
            pretended.end()
        self.running.clear()
        return count

    def _environment(
        self, unit: Service, peers: Mapping[str, Instance], ports: Mapping[str, int]
    ) -> dict[str, str]:
        own = resolve(unit.environment, inside_of(peers), ports, self.runtime.environ)
        return {"PORT": str(next(iter(ports.values()), "")), **own}


def _instance(unit: Unit, slot: str, urls: Mapping[str, str], handle: str) -> Instance:
    return Instance(
        name=unit.name,
        version="" if isinstance(unit, Resource) else unit.version,
        slot=slot,
        endpoints=tuple(Endpoint(name=name, url=url, inside=url) for name, url in urls.items()),
        handle=handle,
    )


def _behave(pretended: Pretended, unit: Service, environment: dict[str, str]) -> None:
    """Do as the environment says, which is what the real service of these tests does as well."""
    assert pretended.server is not None
    pretended.server.environment = environment  # type: ignore[attr-defined]
    why = ""
    if environment.get("MODE") == "crash":
        pretended.log.append("no such table: orders")
        why = "it ended with exit code 1"
    elif environment.get("HEALTH", "200") >= "400":
        why = f"it was not ready within {unit.ready.within:g} s: GET /health answered {environment['HEALTH']}"
    if why:
        raise ServiceDidNotStart(unit.name, why, pretended.log)
    pretended.log.append("listening")


def _server(pretended: Pretended) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            environment: dict[str, str] = self.server.environment  # type: ignore[attr-defined]
            if self.path == "/die":
                threading.Thread(target=self.server.shutdown).start()
            body: Any = environment
            if self.path == "/peer":
                with urllib.request.urlopen(f"{environment['PEER']}/environment", timeout=5) as response:
                    body = json.load(response)
            data = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pretended.log.append(format % args)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
