"""Brings a database to the present schema: Alembic's revisions, one version table per component.

One table for all would forget core's row as soon as a plugin depends on it, and would block core
once a plugin's code is gone. Dependencies between components are therefore the order of the list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import op
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from psycopg.conninfo import conninfo_to_dict

from core.db.roles import APP, READ, SEARCH, create_role, identifier, lend_role, limit_role

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
    """The labels of components whose tables are older than the program; any role may ask.

    Tables newer than the program are none of its business: while servers are replaced one by one,
    the old program works on the new tables.
    """
    with _engine(url) as engine, engine.connect() as connection:
        return [
            component.label
            for component in components
            if _behind(component.script(), _context(connection, component).get_current_heads())
        ]


def create_roles(owner_url: str, app_url: str) -> list[str]:
    """Create the roles that are missing, the one of ``app_url`` among them.

    Returns the SQL that an administrator has to run where ``owner_url`` may not; else nothing.
    """
    with psycopg.connect(owner_url) as connection:
        statements = _missing_roles(connection, conninfo_to_dict(app_url))
        try:
            for statement in statements:
                connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege:
            connection.rollback()
            return statements
    return []


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
        found = script._upgrade_revs("heads", heads)  # type: ignore[arg-type]  # its annotation is too narrow
        ran.extend(step.revision.revision for step in found)
        return found

    def show(**_: object) -> None:
        connection.exec_driver_sql(f"grant select on {component.version_table} to {APP}")

    context = _context(
        connection,
        component,
        fn=steps,
        on_version_apply=[show],
        transaction_per_migration=True,
    )
    with Operations.context(context):
        context.run_migrations()
    connection.rollback()  # the question what is to be done began a transaction
    return ran


def _behind(script: ScriptDirectory, heads: tuple[str, ...]) -> bool:
    known = {revision.revision for revision in script.walk_revisions()}
    newest = script.get_current_head()
    return newest is not None and newest not in heads and known.issuperset(heads)


def _missing_roles(connection: psycopg.Connection, app: Mapping[str, object]) -> list[str]:
    present = {name for (name,) in connection.execute("select rolname from pg_roles")}
    user, password = str(app.get("user") or APP), app.get("password")
    statements: list[str] = []
    for role in sorted({APP, READ, user} - present):
        statements.append(create_role(role, str(password) if role == user else None))
        statements.extend(limit_role(role))
    if SEARCH not in present:
        statements.append(create_role(SEARCH, None))
    lent = "select pg_has_role(%s, 'set')"  # another database of the cluster may have made the role
    if SEARCH not in present or connection.execute(lent, [SEARCH]).fetchone() != (True,):
        statements.append(lend_role(SEARCH, connection.info.user))
    member = "select pg_has_role(%s, %s, 'usage')"
    if user != APP and not (
        {user, APP} <= present and connection.execute(member, [user, APP]).fetchone() == (True,)
    ):
        statements.append(f"grant {APP} to {identifier(user)}")
    return statements


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
