#!/usr/bin/env python
"""Replay a file of the UCI "Online Retail" form through GraphQL, and compare every figure.

The file is read twice, line by line: first for the straight sums and for the stock that must be there
to begin with, then to post. See examples/README.md.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from examples import _retail_file as retail
from examples._graphql import ApiError, connected
from examples._local_server import local_server
from examples._retail_compare import Comparison, compare
from examples._retail_replay import open_books, post_lines, post_opening
from examples._retail_sums import Sums, sums_of

TENANT = "Online Retail"
_SHOWN = 10
"""Differences that are printed of each kind."""

_console = Console()


def main(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, may be gzipped.")],
    url: Annotated[
        str | None,
        typer.Option(help="A running server's /graphql; a local one is started if absent."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="TALLYBOOK_TOKEN", help="Bearer token of a tenant of its own."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Data folder of the local server, kept; a temporary one if absent."),
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, max=16, help="Bulks on their way together.")] = 2,
) -> None:
    """Replay FILE through GraphQL; exit 1 if any figure differs."""
    if (url is None) != (token is None):
        raise typer.BadParameter("--url and --token belong together")
    try:
        agreed = _replay(file, url, token, data, at_once)
    except (ApiError, OSError, RuntimeError, ValueError) as error:
        typer.secho(str(error), err=True, fg=typer.colors.RED)
        raise typer.Exit(1) from error
    raise typer.Exit(0 if agreed else 1)


def _replay(
    file: Path, url: str | None, token: str | None, data: Path | None, at_once: int
) -> bool:
    if url is not None and token is not None:
        agreed = asyncio.run(replay(file, url, token, at_once=at_once))
        _console.print("Then verify the books on the server: tallybook verify TENANT")
        return agreed
    with ExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="online-retail-")))
        server = stack.enter_context(local_server(data))
        agreed = asyncio.run(replay(file, server.url, server.sign_in(TENANT), at_once=at_once))
        verdict = server.verify(TENANT)
        _console.print(f"tallybook verify: {verdict or '[red]the books differ'}")
        return agreed and verdict is not None


async def replay(file: Path, url: str, token: str, *, at_once: int = 2) -> bool:
    """Post the file and compare; whether every figure agrees. Raises ApiError, ValueError."""
    sums = sums_of(retail.read(file))
    _console.print(
        f"{file.name}: {sums.lines:,} lines, {len(sums.codes):,} codes,"
        f" {len(sums.customers.keys() - {''}):,} customers from {sums.first_day}",
        soft_wrap=True,
    )
    async with connected(url, token) as api:
        books = await open_books(api, sums)
        await post_opening(api, books, sums)
        started = time.monotonic()
        with _progress() as bar:
            task = bar.add_task("sending", total=sums.lines)
            await post_lines(
                api,
                books,
                retail.read(file),
                at_once=at_once,
                progress=lambda lines: bar.advance(task, lines),
            )
        seconds = time.monotonic() - started
        rate = sums.lines / max(seconds, 0.001)
        _console.print(f"sent in {seconds:,.1f} s: {rate:,.0f} lines/s")
        found = await compare(api, sums)
    _show(sums, found)
    return not any(one.differences for one in found)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=_console,
    )


def _show(sums: Sums, found: list[Comparison]) -> None:
    table = Table("figure", title=f"The books beside {sums.lines:,} lines")
    for heading in ("in the books", "agree", "differ"):
        table.add_column(heading, justify="right")
    for one in found:
        differ = f"[red]{len(one.differences)}" if one.differences else "0"
        table.add_row(one.what, f"{one.total:,f}", f"{one.agreeing:,}", differ)
    _console.print(table)
    for one in found:
        for key, in_file, in_books in one.differences[:_SHOWN]:
            _console.print(f"[red]{one.what}[/] {key or '(none)'}: {in_file} but {in_books}")


if __name__ == "__main__":
    typer.run(main)
