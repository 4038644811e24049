"""``tallybook import``: items and parties from a file, for whoever sets a tenant up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Shown
from rich.text import Text

from core.db.database import Database
from core.errors import LIMIT_EXCEEDED, define, refuse
from core.ids import uuid7
from core.imports import service
from core.imports.columns import Kind, by_header, header_key
from core.imports.files import MAX_BYTES, decoded, read
from core.imports.service import Imported
from core.tenancy import service as tenancy
from core.tenancy.rules import ADMINISTRATOR, Principal, permissions_of
from core.tenancy.sign_ins import modules_on, permissions_in
from server.cli_data import Data, language, with_database

app = typer.Typer(help="Import items and parties from CSV files.", no_args_is_help=True)

ROWS_REFUSED = define(
    "IMPORT_ROWS_REFUSED",
    en="{refused} of {rows} rows are refused, {saved} {were}.",
    zh="共 {rows} 行,{refused} 行被拒绝,{saved} 行{were_zh}。",
)
MOST_ROWS = 100_000
_WIDTH = 160
"""Of what is no terminal, such as a file that a script keeps."""

File = Annotated[
    Path, typer.Argument(help="The file: CSV in UTF-8 or GB18030.", exists=True, dir_okay=False)
]
Tenant = Annotated[str, typer.Option("--tenant", help="Name of the tenant.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what is wrong, save nothing.")]


@app.command()
def items(file: File, tenant: Tenant, dry_run: DryRun = False, data: Data = None) -> None:
    """Make and change items; prints the rows that are refused, and fails if there are any."""
    _run(Kind.ITEM, file, tenant, dry_run, data)


@app.command()
def parties(file: File, tenant: Tenant, dry_run: DryRun = False, data: Data = None) -> None:
    """Make and change suppliers and customers; prints the rows that are refused, and fails if there are
    any."""
    _run(Kind.PARTY, file, tenant, dry_run, data)


def _run(kind: Kind, file: Path, tenant: str, dry_run: bool, data: Path | None) -> None:
    if file.stat().st_size > MAX_BYTES:
        raise refuse(LIMIT_EXCEEDED, field="file", limit=f"{MAX_BYTES // 1024**2} MiB")
    text = decoded(file.read_bytes())
    with_database(data, lambda db: _import(db, kind, text, tenant, dry_run))


async def _import(db: Database, kind: Kind, text: str, tenant: str, dry_run: bool) -> None:
    principal = await _operator(db, tenant)
    known = by_header(service.columns_for(kind, principal.modules))
    table = read(text, lambda name: header_key(name) in known, MOST_ROWS)
    with Progress(
        console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(kind.value, total=len(table.rows))
        done = await service.import_rows(
            db,
            principal,
            uuid7(),
            kind,
            table,
            dry_run=dry_run,
            progress=lambda rows: bar.advance(task, rows),
        )
    _tell(done, dry_run)


async def _operator(db: Database, tenant: str) -> Principal:
    """Who acts on the command line: the operator, with all that the tenant has on."""
    found = await tenancy.find_tenant(db, tenant)
    async with db.snapshot(found.id) as tx:
        on = await modules_on(tx)
    roles = (ADMINISTRATOR,)
    permissions = permissions_of(roles, permissions_in(on))
    return Principal(tenancy.SYSTEM, "", found.id, found.name, roles, permissions, on)


def _tell(done: Imported, dry_run: bool) -> None:
    refused = len({problem.line for problem in done.problems})
    were, were_zh = ("would be saved", "可导入") if dry_run else ("are saved", "已导入")
    if not refused:
        typer.echo(f"{done.saved} rows {were}")
        return
    shown = Shown("line", "column", "reason")
    for problem in done.problems:
        told = (problem.column or "", problem.refusal.message(language()))
        shown.add_row(str(problem.line), *map(_harmless, told))
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(shown)
    raise refuse(
        ROWS_REFUSED,
        refused=refused,
        rows=done.rows,
        saved=done.saved,
        were=were,
        were_zh=were_zh,
    )


def _harmless(told: str) -> Text:
    """What a file says may not steer the terminal."""
    return Text("".join(letter if letter.isprintable() else "\ufffd" for letter in told))
