"""The command line ``tallybook``. Scripts rely on its names, its exit codes and its standard output;
everything said to people about a failure goes to standard error, as one sentence."""

from __future__ import annotations

import os
import signal
import socket
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from core.db import lint
from core.db import migrate as migrations
from core.db.config import open_database
from core.db.database import Database
from core.errors import Refused, define, refuse
from core.extension.registry import registry
from core.tenancy import service as tenancy
from server import cli_db, cli_import, cli_plugin, logs
from server.cli_data import Data, database_of, language, with_database

app = typer.Typer(
    name="tallybook",
    help="Purchase, sales and stock (进销存) behind GraphQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
tenant_app = typer.Typer(help="Tenants.", no_args_is_help=True)
user_app = typer.Typer(help="People of a tenant.", no_args_is_help=True)
schema_app = typer.Typer(help="The GraphQL schema.", no_args_is_help=True)
app.add_typer(tenant_app, name="tenant")
app.add_typer(user_app, name="user")
app.add_typer(schema_app, name="schema")
app.add_typer(cli_db.app, name="db")
app.add_typer(cli_plugin.app, name="plugin")
app.add_typer(cli_import.app, name="import")

MIGRATION_URL_MISSING = define(
    "MIGRATION_URL_MISSING",
    en="Set MIGRATION_DATABASE_URL to the owner of the tables to migrate this database.",
    zh="要迁移此数据库,请将 MIGRATION_DATABASE_URL 设为表的所有者。",
)
ROLES_MISSING = define(
    "ROLES_MISSING",
    en="Database roles are missing: have an administrator run the SQL printed above, then repeat.",
    zh="缺少数据库角色:请管理员执行上面打印的 SQL,然后重试。",
)
BOOKS_DIFFER = define(
    "BOOKS_DIFFER",
    en="The books of {tenant} differ: {difference}.",
    zh="{tenant} 的账目不符:{difference}。",
)
PORT_UNUSABLE = define(
    "PORT_UNUSABLE",
    en="Nothing can be served on {host}:{port}: {reason}.",
    zh="无法在 {host}:{port} 上提供服务:{reason}。",
)
CATALOGUE_UNSOUND = define(
    "CATALOGUE_UNSOUND",
    en="The database is not protected as it must be: {problem}.",
    zh="数据库的保护不完整:{problem}。",
)
SCHEMA_STALE = define(
    "SCHEMA_STALE",
    en="The committed schema differs from the program: run `tallybook schema export`.",
    zh="已提交的 schema 与程序不一致:请运行 `tallybook schema export`。",
)

WORKER_ANSWERS_SECONDS = 30
"""After this a silent worker is replaced. One that starts is silent until its imports are done: uvicorn's
own five seconds kill it on a busy machine before it serves, and its successor, and so on for ever."""

Tenant = Annotated[str, typer.Argument(help="Name of the tenant.", show_default=False)]
Email = Annotated[str, typer.Argument(help="The person's e-mail address.", show_default=False)]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any free one.")
]


def main() -> None:
    """Run the command line; every failure ends here."""
    # Ends like Ctrl-C, so that an embedded database is left in order.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except Exception as error:
        if os.environ.get("TALLYBOOK_DEBUG"):
            raise
        typer.secho(_sentence(error), err=True, fg=typer.colors.RED)
        sys.exit(1)


@app.command()
def demo(
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    once: Annotated[bool, typer.Option("--once", help="Stop after the verification.")] = False,
) -> None:
    """Make demo tenants, post a day's documents through GraphQL, verify the books, then serve."""
    from server import demo as demonstration

    with database_of(data) as address:
        demonstration.run(address, host=host, port=_free_port(host, port), once=once)


@app.command()
def serve(
    data: Data = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Number of server processes.")] = 1,
) -> None:
    """Serve GraphQL over HTTP."""
    import uvicorn

    with database_of(data):
        port = _free_port(host, port)
        typer.echo(f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql")
        uvicorn.run(
            "server.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            timeout_worker_healthcheck=WORKER_ANSWERS_SECONDS,
            log_config=logs.to_standard_error(),
        )


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the present schema, with the tables of installed plugins; prints the
    revisions that were run."""
    with open_database(data) as address:
        if address.owner_url is None:
            raise refuse(MIGRATION_URL_MISSING)
        if statements := migrations.create_roles(address.owner_url, address.app_url):
            typer.echo("\n".join(f"{statement};" for statement in statements))
            raise refuse(ROLES_MISSING)
        for revision in migrations.upgrade(address.owner_url, registry().components):
            typer.echo(revision)


@tenant_app.command("create")
def create_tenant(
    name: Tenant,
    edition: Annotated[str, typer.Option(help="A preset of modules and settings.")] = "standard",
    data: Data = None,
) -> None:
    """Create a tenant with the modules and settings of its edition, places and units; prints its id."""
    tenant = with_database(data, lambda db: tenancy.create_tenant(db, name, edition=edition))
    typer.echo(str(tenant.id))


@tenant_app.command("edition")
def change_edition(
    tenant: Tenant,
    edition: Annotated[str, typer.Argument(help="The edition it shall have.", show_default=False)],
    data: Data = None,
) -> None:
    """Give a tenant another edition, with its data in place; prints what changed, one name a line.

    What could not change is said on standard error, and stays as it was.
    """
    done = with_database(data, lambda db: tenancy.change_edition(db, tenant, edition))
    for sign, names in (("+", done.enabled), ("-", done.disabled), ("=", done.settings)):
        for name in names:
            typer.echo(f"{sign} {name}")
    for refusal in done.unchanged:
        typer.secho(refusal.message(language()), err=True, fg=typer.colors.YELLOW)


@user_app.command("add")
def add_user(
    tenant: Tenant,
    email: Email,
    role: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    data: Data = None,
) -> None:
    """Let a person into a tenant, by default as administrator."""
    roles = role or ["administrator"]
    with_database(data, lambda db: tenancy.add_user(db, tenant, email, roles))


@app.command()
def token(tenant: Tenant, email: Email, data: Data = None) -> None:
    """Issue a bearer token; prints the token alone."""
    typer.echo(with_database(data, lambda db: tenancy.issue_token(db, tenant, email)))


@app.command()
def verify(
    tenant: Annotated[str | None, typer.Argument(help="Name; all tenants if absent.")] = None,
    data: Data = None,
) -> None:
    """Derive every figure again from the entries; fails at the first difference."""
    with_database(data, lambda db: _verify(db, tenant))


@schema_app.command("export")
def export_schema(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if stale.")] = False,
    data: Data = None,
) -> None:
    """Write the GraphQL schema in its definition language; prints the files that differed."""
    from schema import export

    changed = export.export(check=check)
    for path in changed:
        typer.echo(path)
    if check and changed:
        for change in export.breaking_changes():
            typer.echo(f"breaking: {change}")
        raise refuse(SCHEMA_STALE)


async def _verify(db: Database, name: str | None) -> None:
    from core.ledger import verify as ledger

    async with db.directory() as connection:
        for problem in await lint.problems(connection):
            raise refuse(CATALOGUE_UNSOUND, problem=problem)
    tenants = [await tenancy.find_tenant(db, name)] if name else await tenancy.list_tenants(db)
    for tenant in tenants:
        for difference in await ledger.verify(db, tenant.id):
            raise refuse(BOOKS_DIFFER, tenant=tenant.name, difference=difference)
        typer.echo(f"{tenant.name}: the books tally")


def _free_port(host: str, port: int) -> int:
    """The port, or a free one for 0; an occupied one is known before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as listener:
            found: int = listener.getsockname()[1]
            return found
    except OSError as error:
        raise refuse(PORT_UNUSABLE, host=host, port=port, reason=error.strerror) from error


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _sentence(error: Exception) -> str:
    """What went wrong, in the language of the terminal, on one line."""
    if isinstance(error, Refused):
        return " ".join(refusal.message(language()) for refusal in error.refusals)
    if isinstance(error, OSError) and error.filename:
        return f"{error.strerror}: {error.filename}"
    text = " ".join(str(getattr(error, "orig", error)).split()) or "no message"
    return f"{type(error).__name__}: {text}"


if __name__ == "__main__":
    main()
