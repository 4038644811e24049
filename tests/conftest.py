"""One embedded PostgreSQL for the whole run, one database per worker, a fresh tenant per test."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from core.db import migrate, roles
from core.db.cluster import TEST_TUNE, USERS_LOCK
from core.db.database import Database
from core.db.embedded import DATABASE, SUPERUSER, EmbeddedServer
from core.errors import Refused
from core.extension.registry import registry
from core.ledger.verify import verify
from core.tenancy import service as tenancy
from core.tenancy.directory.tables import Tenant
from tests.shop import Shop

_PREFIX = "tallybook-test-"
_ABANDONED_SECONDS = 3600


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remove what killed runs left behind: their servers have no user any more."""
    if hasattr(session.config, "workerinput"):
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
            clear(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """The server all workers share; its own database is migrated and serves as the template."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"{_PREFIX}{run}"
    server = EmbeddedServer(folder, tune=TEST_TUNE).open()
    with _template(server):
        migrate.upgrade(server.url(roles.OWNER), registry().components)
    yield server
    if server.close():
        _remove(server)


@pytest.fixture(scope="session")
def new_database(server: EmbeddedServer, worker_id: str) -> Callable[[], str]:
    """Makes another migrated, empty database; its name is for ``server.url(role, name)``."""
    numbers = itertools.count()

    def create() -> str:
        name = f"test_{worker_id}_{next(numbers)}"
        with (
            _template(server),
            psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection,
        ):
            connection.execute(
                f"create database {name} template {DATABASE} owner {roles.OWNER}".encode()
            )
        return name

    return create


@pytest.fixture(scope="session")
def database_name(new_database: Callable[[], str]) -> str:
    """The database of this worker."""
    return new_database()


@pytest.fixture(scope="session")
def database_url(server: EmbeddedServer, database_name: str) -> str:
    """The worker's database for the role that serves."""
    return server.url(roles.APP, database_name)


@pytest.fixture(scope="session")
def owner_url(server: EmbeddedServer, database_name: str) -> str:
    """The worker's database for the owner of the tables."""
    return server.url(roles.OWNER, database_name)


@pytest.fixture(scope="session")
def superuser_url(server: EmbeddedServer, database_name: str) -> str:
    """The worker's database for who may do anything, row-level security included."""
    return server.url(SUPERUSER, database_name)


@pytest.fixture(scope="session")
async def db(database_url: str) -> AsyncIterator[Database]:
    """The pool of the worker's database, as the server has it."""
    database = Database.connect(database_url)
    yield database
    await database.close()


@pytest.fixture
async def tenant(db: Database) -> Tenant:
    """A tenant that no other test sees."""
    return await tenancy.create_tenant(db, f"tenant {uuid4()}")


@pytest.fixture
async def shop(db: Database) -> AsyncIterator[Shop]:
    """A shop whose books must tally when the test is over."""
    shop = await Shop.open(db)
    yield shop
    assert await verify(db, shop.principal.tenant_id) == []


@contextmanager
def _template(server: EmbeddedServer) -> Iterator[None]:
    """The template for oneself: it can be copied only while nobody is connected to it."""
    with (server.folder / "template.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clear(folder: Path) -> None:
    """Stop and remove an abandoned server, unless somebody uses it after all."""
    left = EmbeddedServer(folder, tune=TEST_TUNE)
    try:
        left.open()
    except (Refused, FileNotFoundError):
        # Its run was killed while it removed this, or another is removing it now: what is left does
        # not start, and would keep this run and all later ones from starting too.
        with (
            suppress(BlockingIOError, FileNotFoundError),
            (folder / USERS_LOCK).open("ab") as users,
        ):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        return
    if left.close():
        _remove(left)


def _remove(server: EmbeddedServer) -> None:
    # Another run may be removing it at the same time.
    for folder in (server.cluster.home, server.cluster.socket, server.folder):
        shutil.rmtree(folder, ignore_errors=True)
