"""The part of the contract suite that needs a database finds planted faults, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.db.database import Database, Transaction
from core.db.embedded import EmbeddedServer
from core.db.freeze import render_plugin
from core.errors import LIMIT_EXCEEDED, Refusal
from core.extension import containment
from core.extension.records import Posted, Posting, Work
from core.extension.registry import Plugin, Registry, using
from server.testing import live, switching
from tests.core.extension.making import installed, plugin
from tests.plugins.packages import planted

TABLES = """\
from pathlib import Path
import sqlalchemy as sa
from core.plugin_api import Tables, Uuid

tables = Tables("planted")
row = tables.table(
    "row",
    sa.Column("item_id", Uuid, primary_key=True),
    sa.Column("note", sa.Text),
    tables.key("item_id", to="item"),
    append_only={append_only},
)
"""
FACTS = 'tables=tables, migrations=Path(__file__).parent / "migrations"'
REVISION = """\
from pathlib import Path
from core.plugin_api import run_script

revision = "planted_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(Path(__file__).with_suffix(".sql"))
"""

Change = Callable[[str], str]
MIGRATIONS: dict[str, tuple[Change, list[str]]] = {
    "as declared": (lambda sql: sql, []),
    "without a column": (
        lambda sql: sql.replace("\tnote TEXT, \n", ""),
        ["planted_row lacks the column note text"],
    ),
    "with one more": (
        lambda sql: sql + "ALTER TABLE planted_row ADD COLUMN more text;",
        ["planted_row gained the column more text"],
    ),
    "in a table of core": (
        lambda sql: sql + "ALTER TABLE item ADD COLUMN planted text;",
        ["item gained the column planted text"],
    ),
    "a key from core": (
        lambda sql: (
            sql
            + "ALTER TABLE hold ADD CONSTRAINT hold_planted FOREIGN KEY (tenant_id, item_id)"
            + " REFERENCES planted_row (tenant_id, item_id) NOT VALID;"
        ),
        ["hold gained the constraint hold_planted"],
    ),
    "another's name": (
        lambda sql: sql + "CREATE TABLE other (tenant_id uuid, PRIMARY KEY (tenant_id));",
        ["the table other does not begin with planted_", "other has no forced row-level security"],
    ),
    "open to all tenants": (
        lambda sql: sql + "ALTER TABLE planted_row NO FORCE ROW LEVEL SECURITY;",
        ["planted_row has no forced row-level security"],
    ),
    "without a grant": (
        lambda sql: sql + "REVOKE SELECT ON planted_row FROM tallybook_app;",
        ["planted_row lacks the grant SELECT to tallybook_app"],
    ),
    "without its index": (
        lambda sql: sql + "ALTER TABLE planted_row DROP CONSTRAINT planted_row_pkey;",
        ["planted_row has no primary key"],
    ),
}


@contextmanager
def migrating(folder: Path, change: Change, *, append_only: bool = False) -> Iterator[Plugin]:
    """A registered plugin whose first migration was written from its tables, and then changed."""
    before = TABLES.format(append_only=append_only)
    with planted(folder, "planted", before=before, facts=FACTS) as found:
        migrations = found.manifest.migrations
        assert migrations is not None
        assert found.manifest.tables is not None
        migrations.mkdir()
        (migrations / "0001_initial.py").write_text(REVISION)
        sql = change(render_plugin(found.manifest.tables))
        (migrations / "0001_initial.sql").write_text(sql)
        with using(Registry([found])):
            yield found


@pytest.mark.parametrize("fault", MIGRATIONS)
async def test_what_a_migration_does_beside_its_tables_is_found(
    fault: str, tmp_path: Path, server: EmbeddedServer
) -> None:
    change, expected = MIGRATIONS[fault]
    with migrating(tmp_path, change) as found:
        told = await live.migration(server, found)
    assert all(any(word in sentence for sentence in told) for word in expected), told
    assert bool(told) == bool(expected), told


async def test_a_row_that_can_be_changed_is_found(tmp_path: Path, server: EmbeddedServer) -> None:
    def opened(sql: str) -> str:
        return sql + "DROP TRIGGER append_only ON planted_row;"

    with migrating(tmp_path, opened, append_only=True) as found:
        told = await live.migration(server, found)
    assert any("planted_row is append-only and has no trigger" in one for one in told), told


def check_posting(posting: Posting) -> list[Refusal]:
    raise RuntimeError("no")


def endless(posting: Posting) -> Any:
    while True:
        pass


async def posted(work: Work, postings: Sequence[Posted]) -> None:
    raise RuntimeError("no")


async def differences(tx: Transaction) -> list[str]:
    return ["the planted rows do not add up"]


endless.__name__ = "posting_rows"


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (check_posting, "a plugin failed: check_posting RuntimeError: no"),
        (endless, "a plugin failed: posting_rows HookTimeout"),
        (posted, "module failed: posted RuntimeError: no"),
        (differences, "the planted rows do not add up"),
    ],
)
async def test_a_fault_in_an_ordinary_day_is_found(
    hook: Callable[..., Any], expected: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containment, "HOOK_SECONDS", 0.1)
    planted = plugin("planted", hook)
    with installed(planted):
        told = await switching.ordinary_day(db, planted)
    assert any(expected in sentence for sentence in told), told


async def test_a_refusal_of_its_own_is_no_fault(db: Database) -> None:
    def check_posting(posting: Posting) -> list[Refusal]:
        return [Refusal(LIMIT_EXCEEDED, ("lines",), {"field": "quantity", "limit": 0})]

    strict = plugin("planted", check_posting)
    with installed(strict):
        assert await switching.ordinary_day(db, strict) == []


async def test_what_cannot_be_switched_is_found(db: Database) -> None:
    async def disabling(tx: Transaction) -> list[Refusal]:
        return [Refusal(LIMIT_EXCEEDED, (), {"field": "stock", "limit": 0})]

    stuck = plugin("planted", disabling)
    with installed(stuck):
        [told] = await switching.switching(db, stuck)
    assert told.startswith("switching it off is refused")


async def test_a_good_one_is_switched(db: Database) -> None:
    good = plugin("planted")
    with installed(good):
        assert await switching.switching(db, good) == []
