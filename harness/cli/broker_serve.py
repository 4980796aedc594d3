"""`harness broker serve`: the Pact Broker's API on a database."""

from __future__ import annotations

import click


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    default=9292,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="The port to listen on; 0 chooses one.",
)
@click.option(
    "--database-url",
    envvar="PACT_BROKER_DATABASE_URL",
    default="",
    help="sqlite:///path or postgresql://user@host/database.  Default: .harness/ledger.db here.",
)
@click.option(
    "--base-url",
    "base_urls",
    multiple=True,
    help="What every link starts with; several may be given. Default: what the request says.",
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="How many processes answer."
)
def command(*, host: str, port: int, database_url: str, base_urls: tuple[str, ...], workers: int) -> int:
    """Serve the Pact Broker's API, for every Pact client there is.

    Everything else is set by environment variables: docs/guides/run-a-broker.md.
    """
    from harness.composition.serving import Serving, serve

    chosen = Serving(host=host, port=port, database_url=database_url, base_urls=base_urls, workers=workers)
    return serve(chosen)
