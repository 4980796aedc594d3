"""A broker behind a real server, for clients that speak HTTP."""

from __future__ import annotations

import threading

import uvicorn

from harness.broker.app import broker
from harness.broker.settings import BrokerSettings
from harness.ledger.db.database import Database
from harness.web.pages import Pages


class Served:
    """A broker on loopback; port 0 chooses one."""

    def __init__(self, database: Database, settings: BrokerSettings | None = None, port: int = 0) -> None:
        chosen = settings or BrokerSettings()
        app = broker(database, chosen, pages=Pages(database=database, settings=chosen))
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="on")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.005)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
