"""The option that every command takes, the database it leads to, and the language of the terminal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from core.db.config import DatabaseAddress, make_ready, open_database
from core.db.database import Database
from core.errors import Language

_T = TypeVar("_T")

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="TALLYBOOK_DATA",
        metavar="DIR",
        help="Data folder; by default in the user's data directory.",
        show_default=False,
    ),
]


@contextmanager
def database_of(data: Path | None) -> Iterator[DatabaseAddress]:
    """The database, migrated and checked; processes started meanwhile find the same one."""
    if data is not None:
        os.environ["TALLYBOOK_DATA"] = str(data.expanduser().absolute())
    with open_database(data) as address:
        make_ready(address)
        yield address


def with_database(data: Path | None, work: Callable[[Database], Awaitable[_T]]) -> _T:
    """What some work with the database results in."""

    async def run(url: str) -> _T:
        db = Database.connect(url, pool_size=2)
        try:
            return await work(db)
        finally:
            await db.close()

    with database_of(data) as address:
        return asyncio.run(run(address.app_url))


def language() -> Language:
    """What the terminal speaks."""
    named = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, named), "").startswith("zh") else "en"
