"""Every way to extend the harness, a hook for each: the page to read before you write a plug-in.

A plug-in is a module that an entry point of the group `contract_harness` names. Its functions that are called as
a hook here are found by that name; no marker is needed. What the harness brings itself comes in through the same
hooks, and a hook is here only because something built in uses it. `docs/extend.md` has a recipe for each.

A plug-in is loaded by the first command that needs what only a plug-in can bring. One that cannot be loaded, or
whose hook fails, is told by its name and the reason, and what it was to bring is not there: what needs it is
refused (exit code 2) or unknown (exit code 3), and never a yes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pluggy

from harness.engine.events import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.checks.kind import Kind
    from harness.ports import RuntimeKind
    from harness.services.system import ResourceKind

PROJECT = "contract_harness"  # the group of entry points, and how the name of every hook begins

hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def contract_harness_checks() -> Iterable[Kind]:  # type: ignore[empty-body]
    """Kinds of check: each a `Kind`, whose check makes a kind of evidence that a gate policy can require.

    Built in: `harness/checks/kinds/`. A service is checked for a plug-in's kind when its manifest has the table
    `[services.NAME.checks.KEY]`, which holds the keys that the kind declares; it may be empty.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFormat:
    """One way to write a run down: `--report KEY=PATH`, `harness report --format KEY`."""

    key: str
    write: Callable[[Sequence[Event]], str]  # nothing but the events decides what it gives
    streamed: bool = False  # each event has a text of its own: written while the run goes on


@hookspec
def contract_harness_report_formats() -> Iterable[ReportFormat]:  # type: ignore[empty-body]
    """Report formats: each makes a text of the events of a run, which `docs/reference/events.md` describes.

    Built in: `harness/reports/formats.py`. One that fails loses neither the answer nor the exit code of a run.
    """


@hookspec
def contract_harness_runtimes() -> Iterable[RuntimeKind]:  # type: ignore[empty-body]
    """Runtimes: each a `RuntimeKind`, which makes a `Runtime` (`harness/ports.py`) for `--runtime KEY`.

    Built in: `harness/runtime/kinds.py`. `--runtime auto` takes what is built in. What a runtime raises is told
    as a service that did not start.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerResource:
    """Something that the broker answers over HTTP."""

    key: str
    routes: Callable[[], object]  # gives its `harness.broker.http.routing.Routes`; called where a broker is served


@hookspec
def contract_harness_broker_resources() -> Iterable[BrokerResource]:  # type: ignore[empty-body]
    """Resources of the broker: each with its routes, of which access control and the rest follow.

    Built in: `harness/broker/resources/`, a file each. A path that the broker answers already stays the broker's.
    """


@hookspec
def contract_harness_resource_kinds() -> Iterable[ResourceKind]:  # type: ignore[empty-body]
    """Kinds of resource (databases, brokers, queues): each says what a manifest need not, and how one is started.

    Built in: `harness/services/system.py`.
    """
