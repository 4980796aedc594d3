"""All Schemathesis processes for one service, side by side, and what they told."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.engines.child import Child
from harness.checks.engines.request_headers import sent_headers
from harness.checks.engines.schemathesis_shards import (
    Shard,
    arguments,
    configuration,
    shards,
    variable,
)
from harness.checks.engines.schemathesis_stream import Observation, observe
from harness.comparison.pact_fit.routing import routes_of
from harness.errors import ToolCrashed
from harness.services.spelling import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.checks.api import CheckTarget
    from harness.checks.engines.served_path import ServedPath
    from harness.contracts.openapi import OpenApi
    from harness.contracts.openapi_routing import RouteTable

_FORKSERVER = ("-m", "harness.checks.engines.schemathesis_forkserver")
_GRACE = 3.0  # seconds that a shard gets to write down what it has
_TAIL = 4096  # bytes of what a shard printed, for the reason of a crash
UNAVAILABLE = "server_unavailable"  # the stop reason when the service is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardExit:
    """How the process of a shard ended."""

    code: int  # negative: the signal that killed it
    cut: bool  # it was told to stop
    tail: str  # the last lines that it wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardOutcome:
    """One shard, how its process ended, and what it had reported by then."""

    shard: Shard
    ended: ShardExit
    seen: Observation


def exercise(target: CheckTarget, document: OpenApi, where: ServedPath | None = None) -> tuple[ShardOutcome, ...]:
    """Run every shard side by side, below the paths of the service."""
    settings, routes = target.settings, routes_of(document)
    plan = shards(document, jobs=settings.jobs, examples=target.service.budget.examples, where=where)
    settings.scratch.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix=f"properties-{plain(target.service.name)}-", dir=settings.scratch))
    written = home / "openapi.json"
    written.write_text(json.dumps(document.document), encoding="utf-8")
    orders = [_order(target, shard, written) for shard in plan]
    return tuple(
        ShardOutcome(
            shard=shard, ended=end, seen=_read_report(target, home / shard.name / "report.ndjson", routes)
        )
        for shard, end in zip(plan, _side_by_side(target, orders, home), strict=True)
    )


def secrets(target: CheckTarget) -> tuple[str, ...]:
    """Texts that may never be recorded."""
    auth = target.service.auth
    sent = sent_headers(target.service)
    known = [value for _, value in target.service.headers]
    if auth is not None:
        known += [auth.value, sent[auth.header]]
    return tuple(known)


def secret_headers(target: CheckTarget) -> tuple[str, ...]:
    """Names of headers whose values may never be recorded."""
    return tuple(sent_headers(target.service))


def _order(target: CheckTarget, shard: Shard, written: Path) -> dict[str, Any]:
    """What runs as one shard; it writes `output.txt` into its folder."""
    folder = written.parent / shard.name
    folder.mkdir()
    config = folder / "schemathesis.toml"
    url = target.instance.url.rstrip("/") + shard.base
    text = configuration(target.service, url=url, seed=target.settings.seed, report=folder / "report.ndjson")
    config.write_text(text, encoding="utf-8")
    return {
        "arguments": [*arguments(shard, config=config, document=written)],
        "folder": str(folder),
        "environment": _environment(target),
    }


def _environment(target: CheckTarget) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SCHEMATHESIS_")}
    headers = {variable(n): value for n, value in enumerate(sent_headers(target.service).values())}
    settings = target.settings
    # Hypothesis' table of all characters costs each process a second; it is the same for all of them.
    tables = {"HYPOTHESIS_STORAGE_DIRECTORY": str((settings.kept or settings.scratch) / "hypothesis")}
    # Equal seeds give equal requests only when sets are walked in equal order.
    return {**tables, **inherited, **headers, "PYTHONHASHSEED": "0", "NO_PROXY": "*", "no_proxy": "*"}


def _side_by_side(target: CheckTarget, orders: Sequence[dict[str, Any]], home: Path) -> Iterator[ShardExit]:
    """How each ended, in their order; at the deadline, one for all, they are told to finish their reports."""
    deadline, ending = time.monotonic() + target.service.budget.seconds, target.settings.ending
    codes: dict[int, int] = {}
    late: set[int] = set()
    command = [sys.executable, *_FORKSERVER]
    with Child("Schemathesis", command, _environment(target), folder=home, spoken=True) as child:
        # Of shards that their forkserver says nothing of, it is known how that ended.
        with ending.calling(child.kill), suppress(ToolCrashed, TimeoutError):
            child.tell(orders)
            try:
                _hear_codes(child, codes, len(orders), deadline)
            except TimeoutError:
                # Interrupted, Schemathesis still writes the scenario it is in: a failure seen there is kept.
                late = set(range(len(orders))) - codes.keys()
                child.interrupt(group=True)
                _hear_codes(child, codes, len(orders), time.monotonic() + _GRACE)
        crashed, said = child.code or 1, child.last_words(_TAIL)
    for number, order in enumerate(orders):
        tail = _tail(Path(order["folder"], "output.txt")) or said
        cut = number in late or bool(ending.why)
        yield ShardExit(code=codes.get(number, crashed), cut=cut, tail=tail)


def _hear_codes(child: Child, codes: dict[int, int], count: int, deadline: float) -> None:
    while len(codes) < count:
        number, code = child.hear(lambda: deadline)
        codes[number] = code


def _tail(output: Path) -> str:
    if not output.exists():
        return ""
    with output.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        return file.read().decode("utf-8", "replace").strip()


def _read_report(target: CheckTarget, report: Path, routes: RouteTable) -> Observation:
    if not report.exists():
        return observe(())
    with report.open("rb") as lines:
        return observe(lines, routes=routes, secrets=secrets(target), hidden=secret_headers(target))
