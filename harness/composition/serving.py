"""A served broker: which database, which settings, which server, and who may do what."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import composition
from harness.composition.doors import door_of, is_loopback, settle_access
from harness.composition.processes import end_with, end_within, refuse_taken_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.broker.http.serving import BrokerApplication

_HANDED_OVER = "HARNESS_BROKER_SERVING"  # how worker processes learn what to serve
_GRACE = 3  # seconds for requests that are under way when the server is asked to end
_GONE = 4.0  # seconds after which it has ended, whatever is under way
_YOUNG = 20_000  # objects that are made before the collector looks: a matrix of 1000 rows makes twice as many
log = logging.getLogger("harness.broker")


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What to serve, where."""

    host: str
    port: int
    database_url: str
    base_urls: tuple[str, ...] = ()
    workers: int = 1
    parent: int = 0  # the process that started the others
    closed: bool = False  # decided before the first process: none that is started later may think otherwise


def serve(serving: Serving) -> int:
    """Serve until somebody ends it. Raises UsageError for an address that others can reach without control."""
    import uvicorn

    from harness.broker.environment import read_environment
    from harness.composition.connections import PromptHTTP

    url = serving.database_url or composition.embedded_ledger_url(Path.cwd())
    refuse_taken_port(serving.host, serving.port)
    closed = settle_access(url, serving.host, read_environment(os.environ).rules)
    chosen = replace(serving, database_url=url, closed=closed, parent=os.getpid())
    os.environ[_HANDED_OVER] = json.dumps(asdict(chosen))
    uvicorn.run(
        "harness.composition.serving:application",
        factory=True,
        host=serving.host,
        port=serving.port,
        workers=serving.workers,
        http=PromptHTTP,
        loop="auto" if serving.workers == 1 else "harness.composition.connections:FairLoop",
        log_config=_logging(human=sys.stderr.isatty()),
        timeout_graceful_shutdown=_GRACE,
        server_header=False,
        access_log=False,  # the broker writes its own
        proxy_headers=False,  # the broker reads X-Forwarded-* itself, for its links only
    )
    return 0


def application() -> BrokerApplication:
    """The application of one worker process."""
    serving = Serving(**json.loads(os.environ[_HANDED_OVER]))
    end_within(_GONE)
    if serving.parent != os.getpid():
        end_with(serving.parent)
    found = assemble_broker(serving, os.environ)
    # What is there now stays: the collector need not look through it again for each large answer.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 50)
    return found


def assemble_broker(serving: Serving, environ: Mapping[str, str]) -> BrokerApplication:
    """The broker with its database, settings and access control."""
    from harness.broker.app import broker
    from harness.broker.environment import read_environment
    from harness.ledger.db.database import open_database
    from harness.plugins import unusable_plugins
    from harness.web.pages import Pages

    read = read_environment(environ)
    settings = replace(read.settings, base_urls=tuple(serving.base_urls) or read.settings.base_urls)
    database = open_database(serving.database_url)
    closed = serving.closed or not is_loopback(serving.host)
    access = door_of(database, read.rules, settings.base_urls, closed=closed)
    found = broker(database, settings, access=access, pages=Pages(database=database, settings=settings))
    for problem in unusable_plugins():
        log.warning(problem.text)
    ended = found.stopped

    def stop() -> None:
        ended()
        database.close()

    found.stopped = stop
    return found


def _logging(*, human: bool) -> dict[str, Any]:
    """Lines for people on a terminal; elsewhere one JSON object a line, with the field names of ECS."""
    words = {"format": "%(levelname)s %(name)s: %(message)s"}
    fields = {
        "()": "ecs_logging.StdlibFormatter",
        "exclude_fields": ["process", "log.origin", "log.original", "color_message"],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": words if human else fields},
        "handlers": {
            "out": {"class": "logging.StreamHandler", "formatter": "chosen", "stream": "ext://sys.stderr"}
        },
        "loggers": {
            name: {"handlers": ["out"], "level": "INFO", "propagate": False} for name in ("harness", "uvicorn")
        },
    }
