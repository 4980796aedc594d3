"""`harness broker serve`: the Pact Broker's API on a database."""

from __future__ import annotations

import click


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=9292, show_default=True, type=int, help="The port to listen on; 0 chooses one.")
@click.option("--database-url", default="", help="sqlite:///path or postgresql://…  Default: .harness/ledger.db")
def command(*, host: str, port: int, database_url: str) -> int:
    """Serve the Pact Broker's API, for every Pact client there is."""
    from harness.wiring.serving import serve

    return serve(host=host, port=port, database_url=database_url)
