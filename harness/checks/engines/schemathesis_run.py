"""All Schemathesis processes for one service, side by side, and what they told."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.checks.engines.request_headers import sent_headers
from harness.checks.engines.schemathesis_child import ChildExit, Family, SchemathesisJob
from harness.checks.engines.schemathesis_shards import (
    Shard,
    arguments,
    configuration,
    shards,
    variable,
)
from harness.checks.engines.schemathesis_stream import Observation, observe
from harness.comparison.pact_fit.routing import routes_of
from harness.services.spelling import plain

if TYPE_CHECKING:
    from harness.checks.api import CheckTarget
    from harness.checks.engines.served_path import ServedPath
    from harness.contracts.openapi import OpenApi
    from harness.contracts.openapi_routing import RouteTable

UNAVAILABLE = "server_unavailable"  # the stop reason when the service is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardOutcome:
    """One shard, how its process ended, and what it had reported by then."""

    shard: Shard
    ended: ChildExit
    seen: Observation


def exercise(target: CheckTarget, document: OpenApi, where: ServedPath | None = None) -> tuple[ShardOutcome, ...]:
    """Run every shard side by side, below the paths of the service; leaving early kills what runs."""
    settings, routes = target.settings, routes_of(document)
    plan = shards(document, jobs=settings.jobs, examples=target.service.budget.examples, where=where)
    settings.scratch.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix=f"properties-{plain(target.service.name)}-", dir=settings.scratch))
    written = home / "openapi.json"
    written.write_text(json.dumps(document.document), encoding="utf-8")
    children = [_child(target, shard, written) for shard in plan]
    family = Family(children=children, home=home, environment=_environment(target))
    with settings.ending.calling(family.stop):
        ended = _side_by_side(family, seconds=target.service.budget.seconds)
    return tuple(
        ShardOutcome(shard=shard, ended=end, seen=_read_report(target, child.folder / "report.ndjson", routes))
        for shard, child, end in zip(plan, children, ended, strict=True)
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


def _child(target: CheckTarget, shard: Shard, written: Path) -> SchemathesisJob:
    folder = written.parent / shard.name
    folder.mkdir()
    config = folder / "schemathesis.toml"
    url = target.instance.url.rstrip("/") + shard.base
    text = configuration(target.service, url=url, seed=target.settings.seed, report=folder / "report.ndjson")
    config.write_text(text, encoding="utf-8")
    return SchemathesisJob(
        arguments=arguments(shard, config=config, document=written),
        folder=folder,
        environment=_environment(target),
    )


def _environment(target: CheckTarget) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SCHEMATHESIS_")}
    headers = {variable(n): value for n, value in enumerate(sent_headers(target.service).values())}
    settings = target.settings
    # Hypothesis' table of all characters costs each process a second; it is the same for all of them.
    tables = {"HYPOTHESIS_STORAGE_DIRECTORY": str((settings.kept or settings.scratch) / "hypothesis")}
    # Equal seeds give equal requests only when sets are walked in equal order.
    return {**tables, **inherited, **headers, "PYTHONHASHSEED": "0", "NO_PROXY": "*", "no_proxy": "*"}


def _side_by_side(family: Family, *, seconds: float) -> list[ChildExit]:
    """How each ended, in their order; the deadline is one for all."""
    try:
        return family.run(time.monotonic() + seconds)
    finally:
        family.stop()


def _read_report(target: CheckTarget, report: Path, routes: RouteTable) -> Observation:
    if not report.exists():
        return observe(())
    with report.open("rb") as lines:
        return observe(lines, routes=routes, secrets=secrets(target), hidden=secret_headers(target))
