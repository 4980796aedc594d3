"""Which operations go to which Schemathesis process, and what each is told; pure."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.checks.engines.request_headers import sent_headers
from harness.checks.engines.served_path import ServedPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from harness.contracts.openapi import OpenApi, Operation
    from harness.services.system import Service

OPERATION_PHASES = ("examples", "coverage", "fuzzing")
SEQUENCES = "stateful"
_SPLIT_ABOVE = 1.3  # a resource heavier than this share of a process is split over several
_RECORDED = 16 * 1024  # bytes of each body that the stream keeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """What one child process exercises."""

    name: str
    operations: tuple[str, ...]  # labels, "GET /orders/{id}"
    phases: tuple[str, ...]
    everything: bool = False  # all operations of the document: no filter is passed on
    base: str = ""  # the path below which these are served


def shards(document: OpenApi, *, jobs: int, examples: int, where: ServedPath | None = None) -> tuple[Shard, ...]:
    """Share the operations out; the sequences of calls stay whole, in a process of their own.

    What is served below another path is called by a process of its own. Operations on one resource stay together
    while that is affordable: Schemathesis takes identifiers from earlier answers, so that `GET /orders/{id}` meets
    orders that `POST /orders` made.
    """
    where = where or ServedPath()
    base = where.base
    if where.own:
        left = [each for each in document.operations if each.label not in where.own]
        rest = shards(replace(document, operations=tuple(left)), jobs=jobs, examples=examples) if left else ()
        return (*(replace(each, everything=False, base=base) for each in rest), *_apart(document, where))
    labels = tuple(operation.label for operation in document.operations)
    if jobs < 2 or not labels:
        return (
            Shard(
                name="all", operations=labels, phases=(*OPERATION_PHASES, SEQUENCES), everything=True, base=base
            ),
        )
    load = [0.0] * jobs
    bins: list[list[str]] = [[] for _ in load]
    for weight, group in _groups(document, examples, jobs):
        lightest = load.index(min(load))
        load[lightest] += weight
        bins[lightest].extend(group)
    order = {label: n for n, label in enumerate(labels)}
    parts = [sorted(part, key=order.__getitem__) for part in bins if part]
    # One process more than there are jobs: each of them waits for the service half of its time.
    sequences = Shard(name=SEQUENCES, operations=labels, phases=(SEQUENCES,), everything=True, base=base)
    return (
        sequences,
        *(
            Shard(name=f"part-{n}", operations=tuple(part), phases=OPERATION_PHASES, base=base)
            for n, part in enumerate(parts, start=1)
        ),
    )


def _apart(document: OpenApi, where: ServedPath) -> tuple[Shard, ...]:
    """A process for each path below which operations with servers of their own are served."""
    by_base: dict[str, list[str]] = defaultdict(list)
    for operation in document.operations:
        if operation.label in where.own:
            by_base[where.own[operation.label]].append(operation.label)
    return tuple(
        Shard(name=f"own-{n}", operations=tuple(labels), phases=(*OPERATION_PHASES, SEQUENCES), base=base)
        for n, (base, labels) in enumerate(by_base.items(), start=1)
    )


def _groups(document: OpenApi, examples: int, jobs: int) -> list[tuple[float, list[str]]]:
    by_resource: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for operation in document.operations:
        by_resource[_resource(operation)].append((_weight(document, operation, examples), operation.label))
    fair = sum(weight for group in by_resource.values() for weight, _ in group) / jobs
    groups: list[tuple[float, list[str]]] = []
    for members in by_resource.values():
        weight = sum(w for w, _ in members)
        if weight > fair * _SPLIT_ABOVE:
            groups.extend((w, [label]) for w, label in members)
        else:
            groups.append((weight, [label for _, label in members]))
    return sorted(groups, key=lambda group: (-group[0], group[1]))


def _resource(operation: Operation) -> str:
    """The first words of the path: "/api/orders/{id}/lines" and "/api/orders" are one resource."""
    head = operation.path.split("{", maxsplit=1)[0].strip("/")
    return head or operation.path


def _weight(document: OpenApi, operation: Operation, examples: int) -> float:
    """About how many requests an operation takes: generated ones and one per boundary of its inputs."""
    item = _mapping(_mapping(document.document.get("paths")).get(operation.path))
    written = _mapping(item.get(operation.method.lower()))
    parameters = len(written.get("parameters") or ()) + len(item.get("parameters") or ())
    body = "requestBody" in written
    if not parameters and not body:
        return 3.0
    return examples + 6.0 * parameters + (30.0 if body else 0.0)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def configuration(service: Service, *, url: str, seed: int, report: Path) -> str:
    """The child's `schemathesis.toml`; header values come from its environment, never from a file."""
    lines = [
        f"base-url = {_toml(url)}",
        f"seed = {seed}",
        "workers = 1",
        # Without it one failure ends an operation's phase and hides the causes behind it.
        "continue-on-failure = true",
        # A redirect is an answer like any other: documented or not.
        "max-redirects = 0",
        f"request-timeout = {float(service.budget.request_timeout)}",
        f"tls-verify = {_toml_or_truth(service.trust.told(urlsplit(url).hostname or ''))}",
        "[generation]",
        f"max-examples = {service.budget.examples}",
        'database = "none"',
        "[cache]",
        "enabled = false",
        "[output.truncation]",
        f"max-recorded-payload-size = {_RECORDED}",
        "[reports.ndjson]",
        "enabled = true",
        f"path = {_toml(str(report))}",
    ]
    headers = sent_headers(service)
    if headers:
        lines.append("[headers]")
        lines.extend(f'{_toml(name)} = "${{{variable(n)}}}"' for n, name in enumerate(headers))
    return "\n".join(lines) + "\n"


def variable(number: int) -> str:
    """The environment variable that carries the value of one header to a child."""
    return f"HARNESS_PROPERTY_HEADER_{number}"


def arguments(shard: Shard, *, config: Path, document: Path) -> tuple[str, ...]:
    """The command line after `schemathesis`."""
    chosen: Iterable[str] = ()
    if not shard.everything:
        chosen = (word for label in shard.operations for word in ("--include-name", label))
    return (
        *("--config-file", str(config), "run", str(document), "--no-color"),
        *("--phases", ",".join(shard.phases), *chosen),
    )


def _toml_or_truth(value: bool | str) -> str:  # noqa: FBT001 - what a client is told
    return _toml(value) if isinstance(value, str) else str(value).lower()


def _toml(text: str) -> str:
    # A JSON string is a TOML basic string once non-ASCII is kept; lone control characters are escaped alike.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
