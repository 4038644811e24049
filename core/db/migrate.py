"""Brings a database to the present schema: Alembic's revisions, one version table per component.

One table for all would forget core's row as soon as a plugin depends on it, and would block core
once a plugin's code is gone. Dependencies between components are therefore the order of the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory

from core.db.roles import APP

_LOCK = 0x7A11_B00C
"""Key of the advisory lock: of two deployments at once, the second waits and has nothing to do."""


@dataclass(frozen=True, slots=True)
class Component:
    """What has migrations of its own: core, or a plugin. ``label`` begins its revision ids."""

    label: str
    locations: tuple[Path, ...]

    @property
    def version_table(self) -> str:
        return f"{self.label}_version"

    def head(self) -> str | None:
        """The newest revision, null where there is none."""
        return self.script().get_current_head()

    def script(self) -> ScriptDirectory:
        """The component's revisions."""
        first, *_ = self.locations
        return ScriptDirectory(str(first), version_locations=[str(path) for path in self.locations])


CORE = Component("core", (Path(__file__).parent / "migrations",))


def upgrade(owner_url: str, components: Sequence[Component] = (CORE,)) -> list[str]:
    """Run what is missing, in the order of ``components``, and return the revisions that were run.

    Each revision is one transaction: a failing one leaves those before it.
    """
    with _engine(owner_url) as engine, engine.connect() as connection, _only_one(owner_url):
        return [step for component in components for step in _upgrade(connection, component)]


def pending(url: str, components: Sequence[Component] = (CORE,)) -> list[str]:
    """The labels of components that are not at their newest revision; any role may ask."""
    with _engine(url) as engine, engine.connect() as connection:
        return [
            component.label
            for component in components
            if _context(connection, component).get_current_heads() != (component.head(),)
        ]


def run_script(path: Path) -> None:
    """For revisions: run a file of SQL statements in the migration's transaction."""
    driver = op.get_bind().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    driver.execute(path.read_bytes())


def _upgrade(connection: sa.Connection, component: Component) -> list[str]:
    script = component.script()
    ran: list[str] = []

    def steps(heads: tuple[str, ...], _: MigrationContext) -> list[RevisionStep]:
        # What `alembic upgrade heads` runs; its annotation forgets that heads come as a tuple.
        found = script._upgrade_revs("heads", heads)  # type: ignore[arg-type]
        ran.extend(step.revision.revision for step in found)
        return found

    context = _context(connection, component, fn=steps, transaction_per_migration=True)
    with Operations.context(context):
        context.run_migrations()
    connection.exec_driver_sql(f"grant select on {component.version_table} to {APP}")
    connection.commit()
    return ran


def _context(
    connection: sa.Connection, component: Component, **options: object
) -> MigrationContext:
    return MigrationContext.configure(
        connection, opts={"version_table": component.version_table, **options}
    )


@contextmanager
def _engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool
    )
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _only_one(owner_url: str) -> Iterator[None]:
    """Hold the advisory lock on a connection of its own, over all the transactions to come."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        yield
