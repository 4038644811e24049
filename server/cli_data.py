"""The option that every command takes, and the database it leads to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from core.db.config import DatabaseAddress, make_ready, open_database

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
