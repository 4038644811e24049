"""``tallybook db``: the embedded PostgreSQL of a data folder."""

from __future__ import annotations

import os
import signal
import subprocess

import typer

from core.db.config import Environment, embedded_server, make_ready, open_database
from core.db.roles import OWNER
from core.errors import define, refuse
from server.cli_data import Data

app = typer.Typer(help="The embedded PostgreSQL.", no_args_is_help=True)

DATABASE_NOT_EMBEDDED = define(
    "DATABASE_NOT_EMBEDDED",
    en="DATABASE_URL is set: its server is not run by tallybook.",
    zh="已设置 DATABASE_URL:该服务器不由 tallybook 运行。",
)


@app.command()
def start(data: Data = None) -> None:
    """Start the server and let it run until `tallybook db stop`; prints its socket folder."""
    _refuse_external()
    with open_database(data) as address:
        make_ready(address)
        if address.embedded:
            address.embedded.stay()
            typer.echo(address.embedded.cluster.socket)


@app.command()
def stop(data: Data = None) -> None:
    """Stop the server; refused while another process uses it."""
    _refuse_external()
    embedded_server(data).stop()


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def psql(context: typer.Context, data: Data = None) -> None:
    """Open psql as the owner of the tables; further arguments are passed on.

    Row-level security holds for the owner too: `set app.tenant = '…'` shows a tenant's rows.
    """
    _refuse_external()
    with embedded_server(data) as server:
        # Ctrl-C is psql's own: there it ends a query, and it must not end us before psql.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            status = subprocess.run(
                [str(server.cluster.bin / "psql"), *context.args],
                env={**os.environ, **server.libpq_environment(OWNER)},
                check=False,
            ).returncode
        finally:
            signal.signal(signal.SIGINT, before)
    raise typer.Exit(status)


def _refuse_external() -> None:
    if Environment().database_url:
        raise refuse(DATABASE_NOT_EMBEDDED)
