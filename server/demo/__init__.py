"""``tallybook demo``: demo tenants whose day is posted through GraphQL over HTTP, to the very server
that then keeps running."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation

import httpx
import uvicorn
from rich.console import Console
from rich.table import Table

from core.db.config import DatabaseAddress
from core.db.database import Database
from core.errors import DUPLICATE, Refused, define, refuse
from core.ledger.verify import verify
from core.tenancy import service as tenancy
from server.app import ServerSettings, create_app
from server.demo.client import Client, Figures, figures, post_day, rows
from server.demo.records import Report
from server.demo.traders import TRADERS

EMAIL = "demo@example.com"
_START_SECONDS = 60
_QUERY = "{ stock(first: 5) { nodes { quantity value item { code name } place { name } } } }"

DEMO_DIFFERS = define(
    "DEMO_DIFFERS",
    en="The books of {tenant} differ: {difference}.",
    zh="{tenant} 的账目不符:{difference}。",
)
DEMO_SERVER_SILENT = define(
    "DEMO_SERVER_SILENT", en="The demo's server did not start.", zh="演示服务器未能启动。"
)


def run(address: DatabaseAddress, *, host: str, port: int, once: bool) -> None:
    """Make the tenants, serve, post their day, verify the books and print what came of it; then, unless
    ``once``, keep serving until interrupted."""
    console = Console()
    tokens = asyncio.run(_tenants(address.app_url))
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"
    settings = ServerSettings(explorer=True, explorer_token=tokens[TRADERS[0].name])
    with _serving(settings, host, port) as thread:
        for trader in TRADERS:
            with httpx.Client(timeout=90) as http:
                client = Client(http, url, tokens[trader.name])
                day = post_day(client, trader)
                console.print(f"{trader.name}: {', '.join(day.numbers)}", soft_wrap=True)
                _show(console, trader.name, figures(client))
                for report in trader.reports:
                    _show_report(console, trader.name, report, rows(client, report, day))
        for name in asyncio.run(_verified(address.app_url)):
            console.print(f"{name}: the books tally", style="green")
        if not once:
            _invite(console, url, tokens)
            with _until_interrupted():
                thread.join()


async def _tenants(database_url: str) -> dict[str, str]:
    """The tenants, made where they are missing, and a token for each."""
    db = Database.connect(database_url, pool_size=2)
    try:
        tokens = {}
        for trader in TRADERS:
            try:
                await tenancy.create_tenant(db, trader.name, edition=trader.edition)
            except Refused as refused:
                if refused.refusals[0].code != DUPLICATE:
                    raise
            await tenancy.add_user(db, trader.name, EMAIL)
            tokens[trader.name] = await tenancy.issue_token(db, trader.name, EMAIL)
        return tokens
    finally:
        await db.close()


async def _verified(database_url: str) -> list[str]:
    """The names of the tenants whose books tally. Refuses the first difference."""
    db = Database.connect(database_url, pool_size=2)
    try:
        for trader in TRADERS:
            tenant = await tenancy.find_tenant(db, trader.name)
            for difference in await verify(db, tenant.id):
                raise refuse(DEMO_DIFFERS, tenant=tenant.name, difference=difference)
        return [trader.name for trader in TRADERS]
    finally:
        await db.close()


@contextmanager
def _serving(settings: ServerSettings, host: str, port: int) -> Iterator[threading.Thread]:
    """The server in a thread of this process, answering."""
    app = create_app(settings=settings)
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        until = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > until:
                raise refuse(DEMO_SERVER_SILENT)
            time.sleep(0.05)
        yield thread
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _until_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        return


def _show(console: Console, name: str, found: Figures) -> None:
    table = Table("item", "place", title=f"{name}: stock at the end of the day")
    table.add_column("quantity", justify="right")
    table.add_column("value", justify="right")
    for item, place, quantity, value in found.stock:
        table.add_row(item, place, f"{quantity:,f}", f"{value:,f}")
    table.add_section()
    for label, amount in (
        ("stock value", found.stock_value),
        ("sales, less returns", found.sales),
        ("cost of sales", found.cost_of_sales),
        ("margin", found.margin),
    ):
        table.add_row(label, "", "", f"{amount:,f}", style="bold")
    console.print(table)


def _show_report(console: Console, name: str, report: Report, found: list[tuple[str, ...]]) -> None:
    table = Table(title=f"{name}: {report.title}")
    for column in report.columns:
        table.add_column(column, justify="right" if column in report.figures else "left")
    for row in found:
        cells = zip(report.columns, row, strict=True)
        table.add_row(*(_figure(cell) if name in report.figures else cell for name, cell in cells))
    console.print(table)


def _figure(text: str) -> str:
    """A figure for people: what has more decimals than money is shown without zeros at the end."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    decimals = len(text.partition(".")[2])
    return f"{value.normalize() if decimals > 2 else value:,f}"


def _invite(console: Console, url: str, tokens: dict[str, str]) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    say(f"\nOpen {url} in a browser, or sign in with a token:")
    for name, token in tokens.items():
        say(f"  {name}: {token}")
    body = json.dumps({"query": _QUERY})
    say("\nA query to try:")
    say(
        f"  curl -s {url} -H 'Authorization: Bearer {tokens[TRADERS[0].name]}'"
        f" -H 'Content-Type: application/json' -d '{body}'"
    )
    say("\nServing until Ctrl-C.")
