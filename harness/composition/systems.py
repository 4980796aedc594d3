"""A system that runs for people and for pytest, outside of a `harness run`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness import composition
from harness.app import content
from harness.composition.runs import SystemClock, new_run
from harness.engine.startup import Startup
from harness.errors import ServiceDidNotStart
from harness.services.graph import start_order

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from harness.engine.events import Event
    from harness.ports import Instance, Runtime, Session
    from harness.services.system import System


def start_and_leave(manifest: Path | None, runtime: str, chosen: Mapping[str, str]) -> Generator[Event]:
    """Start services (all, when none is chosen) with what they need, and leave them running."""
    system = composition.system(manifest)
    chosen = system.pacticipants(chosen)
    system = system.with_versions({name: n for name, n in chosen.items() if n})
    chosen_runtime = _runtime(runtime, system)
    with chosen_runtime.session(new_run(), keep=True) as session:
        yield from _startup(session, system).events(_order(system, chosen))


def stop_everything(manifest: Path | None, runtime: str) -> int:
    """Stop what was left running of this project; how many things."""
    return _runtime(runtime, composition.system(manifest)).down()


@contextmanager
def running_system(manifest: Path | None, runtime: str = "auto") -> Iterator[dict[str, Instance]]:
    """The whole system, running while the context is open; a service that does not start is an error."""
    system = composition.system(manifest)
    with _runtime(runtime, system).session(new_run()) as session:
        startup = _startup(session, system)
        for _ in startup.events(_order(system, {})):
            pass
        for name, why in startup.failed.items():
            raise ServiceDidNotStart(name, why)
        yield startup.running


def _runtime(wanted: str, system: System) -> Runtime:
    from harness.runtime.choice import choose

    runtime, _ = choose(wanted, system.root, os.environ, content.apart(system))
    runtime.sweep()
    return runtime


def _startup(session: Session, system: System) -> Startup:
    return Startup(session=session, system=system, clock=SystemClock())


def _order(system: System, chosen: Mapping[str, str]) -> tuple[str, ...]:
    return start_order(system, chosen or [s.name for s in system.services if s.startable])
