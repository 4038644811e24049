"""The contract suite finds what it is there to find: each promise, broken by a planted plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.testing.promises import PROMISES
from tests.plugins.packages import planted

_TABLES = """\
import sqlalchemy as sa
from core.plugin_api import Tables, Uuid

tables = Tables("planted")
"""
_HOOK = "\nfrom core.plugin_api import hookimpl\n\n@hookimpl\n"

FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "another folder": ("one name", {"package": "other"}, "the folder is called other"),
    "a room of the ledger": (
        "only the doors",
        {"code": "\nfrom core.ledger import posting\n"},
        "imports core.ledger.posting",
    ),
    "the server": ("only the doors", {"code": "\nimport server.app\n"}, "imports server.app"),
    "another plugin": (
        "only the doors",
        {"code": "\ndef later():\n    from plugins.other import rules\n"},
        "imports plugins.other.rules",
    ),
    "a hidden import": (
        "only the doors",
        {"code": "\ndef later(importlib):\n    importlib.import_module('core.db.lint')\n"},
        "imports core.db.lint",
    ),
    "a misspelt hook": (
        "known hooks",
        {"code": f"{_HOOK}def check_postings(posting):\n    return []\n"},
        "there is no hook check_postings",
    ),
    "another argument": (
        "known hooks",
        {"code": f"{_HOOK}def check_posting(document):\n    return []\n"},
        "check_posting has no argument document",
    ),
    "a hook that waits": (
        "known hooks",
        {"code": f"{_HOOK}async def check_posting(posting):\n    return []\n"},
        "check_posting must not be an async",
    ),
    "a hook that does not": (
        "known hooks",
        {"code": f"{_HOOK}def enabling(tx):\n    return []\n"},
        "enabling must be an async",
    ),
    "a table of core's own": (
        "reads what it may",
        {"code": "\nSQL = 'SELECT payload FROM outbox WHERE tenant_id = %s'\n"},
        "reads outbox",
    ),
    "the books": (
        "reads what it may",
        {"code": "\nSQL = 'UPDATE balance SET on_hand = 0'\n"},
        "writes balance",
    ),
    "tables of another": (
        "tables of its own",
        {
            "before": f"{_TABLES}sa.Table('other_row', tables.metadata, sa.Column('id', Uuid))\n",
            "facts": "tables=tables",
        },
        "other_row does not begin with planted_",
    ),
    "a table of all tenants": (
        "tables of its own",
        {
            "before": f"{_TABLES}sa.Table('planted_row', tables.metadata, sa.Column('id', Uuid))\n",
            "facts": "tables=tables",
        },
        "planted_row has no tenant_id first",
    ),
    "a key without the tenant": (
        "tables of its own",
        {
            "before": _TABLES
            + "from core.db.schema import metadata\n"
            + "tables.table('row', sa.Column('id', Uuid, primary_key=True),"
            + " sa.ForeignKeyConstraint(['id'], [metadata.tables['item'].c.id]))\n",
            "facts": "tables=tables",
        },
        "planted_row points to item without the tenant",
    ),
    "tables without migrations": (
        "tables of its own",
        {
            "before": f"{_TABLES}tables.table('row', sa.Column('id', Uuid, primary_key=True))\n",
            "facts": "tables=tables",
        },
        "no folder of migrations",
    ),
    "a permission of core": (
        "permissions of its own",
        {
            "before": "from core.plugin_api import Permission\n",
            "facts": "permissions=(Permission('cost.read'),)",
        },
        "the permission cost.read",
    ),
    "a permission twice": (
        "permissions of its own",
        {
            "before": "from core.plugin_api import Permission\n",
            "facts": "permissions=(Permission('planted.x'), Permission('planted.x'))",
        },
        "planted.x is declared twice",
    ),
    "a code that nobody defined": (
        "both languages",
        {"facts": "refusals={'planted_row_pkey': 'PLANTED_MISSING'}"},
        "PLANTED_MISSING, which nobody defined",
    ),
    "a setting without a default": (
        "settings that start",
        {
            "before": "from pydantic import BaseModel\nclass S(BaseModel):\n    days: int\n",
            "facts": "settings=S",
        },
        "the setting days has no default",
    ),
}


def test_a_good_plugin_breaks_nothing(tmp_path: Path) -> None:
    code = f"{_HOOK}def check_posting(posting):\n    return []\n"
    with planted(tmp_path, "planted", code) as plugin:
        assert {name: [*promise(plugin)] for name, promise in PROMISES.items()} == {
            name: [] for name in PROMISES
        }


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path) -> None:
    promise, given, expected = FAULTS[fault]
    with planted(tmp_path, "planted", **given) as plugin:
        found = [*PROMISES[promise](plugin)]
        assert any(expected in sentence for sentence in found), found


def test_titles_in_one_language_are_found(tmp_path: Path) -> None:
    with planted(tmp_path, "planted") as plugin:
        object.__setattr__(plugin.manifest, "title_zh", "Planted")
        object.__setattr__(plugin.manifest, "summary", "")
        assert [*PROMISES["both languages"](plugin)] == [
            "the title is not told in Chinese",
            "the summary is not told in English",
        ]


def test_a_plugin_that_is_not_registered_is_found(tmp_path: Path) -> None:
    with planted(tmp_path, "planted") as plugin:
        pass
    assert "there is no entry point planted in tallybook.plugins" in [*PROMISES["one name"](plugin)]


def test_every_promise_was_broken_once() -> None:
    assert {promise for promise, *_ in FAULTS.values()} == PROMISES.keys()
