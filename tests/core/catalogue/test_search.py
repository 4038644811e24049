"""Items are found by Chinese text, code, mnemonic and barcode, past row-level security."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from core.catalogue.records import BarcodeDraft, CategoryDraft, ItemDraft, ItemFilter, ItemSave
from core.catalogue.service import save_items
from core.catalogue.tables import count_items, items_by_code, list_items
from core.catalogue.vocabulary import create_category
from core.db.database import Database
from core.ids import uuid7
from core.masterdata.tables import Order
from core.tenancy.rules import Principal
from core.tenancy.service import create_tenant

_ITEMS = {
    "SKU-0001": ("可口可乐 330ml", "6901234567892"),
    "SKU-0002": ("百事可乐 500ml", "6909876543210"),
    "SKU-0003": ("WHITE HANGING HEART", "5012345678900"),
    "100%": ("纯牛奶", "6900000000017"),
}


@pytest.fixture
async def stocked(db: Database, principal: Principal) -> Principal:
    saves = [
        ItemSave(
            command_id=uuid7(),
            draft=ItemDraft(code=code, name=name, barcodes=(BarcodeDraft(code=barcode),)),
        )
        for code, (name, barcode) in _ITEMS.items()
    ]
    assert all(v.id for v in await save_items(db, principal, saves))
    return principal


@pytest.mark.parametrize(
    ("search", "codes"),
    [
        ("可乐", ["SKU-0001", "SKU-0002"]),
        ("可", ["SKU-0001", "SKU-0002"]),
        ("乐可", []),
        ("牛奶", ["100%"]),
        ("kkk", ["SKU-0001"]),
        ("bs", ["SKU-0002"]),
        ("sku-0003", ["SKU-0003"]),
        ("0003", ["SKU-0003"]),
        ("6901234567892", ["SKU-0001"]),
        ("67892", ["SKU-0001"]),
        ("可乐 500", ["SKU-0002"]),
        ("hang", ["SKU-0003"]),
        ("angi", ["SKU-0003"]),
        ("%", ["100%"]),
        ("100%", ["100%"]),
        ("_", []),
        ("'; drop table item; --", []),
        ("%L", []),
        ("  ", ["100%", "SKU-0001", "SKU-0002", "SKU-0003"]),
    ],
)
async def test_a_search_finds(
    db: Database, stocked: Principal, search: str, codes: list[str]
) -> None:
    wanted = ItemFilter(search=search)
    async with db.snapshot(stocked.tenant_id) as tx:
        found = await list_items(tx, wanted, limit=10)
        assert await count_items(tx, wanted) == len(codes)
    assert [i.code for i in found] == codes


@pytest.mark.parametrize("order", ["code", "name", "changed"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("search", [None, "sku"])
async def test_pages_follow_one_another(
    db: Database, stocked: Principal, order: Order, descending: bool, search: str | None
) -> None:
    wanted = ItemFilter(search=search)
    async with db.snapshot(stocked.tenant_id) as tx:
        whole = await list_items(tx, wanted, order, descending=descending, limit=10)
        pages, after = [], None
        while page := await list_items(
            tx, wanted, order, after=after, descending=descending, limit=2
        ):
            pages += page
            after = page[-1].id
    assert pages == whole
    assert len(whole) == (4 if search is None else 3)


async def test_a_search_is_narrowed(db: Database, stocked: Principal) -> None:
    drinks = await create_category(db, stocked, uuid7(), CategoryDraft(code="D", name="饮料"))
    cola = await create_category(
        db, stocked, uuid7(), CategoryDraft(code="C", name="可乐", parent_id=drinks.id)
    )
    draft = ItemDraft(code="SKU-0001", name="可口可乐", category_id=cola.id)
    await save_items(db, stocked, [ItemSave(command_id=uuid7(), draft=draft)])
    async with db.snapshot(stocked.tenant_id) as tx:
        for search in ("可乐", None):
            for category in (drinks, cola):
                wanted = ItemFilter(search=search, category_id=category.id)
                assert [i.code for i in await list_items(tx, wanted, limit=9)] == ["SKU-0001"]
                assert await count_items(tx, wanted) == 1
            for none in (
                ItemFilter(search=search, category_id=uuid7()),
                ItemFilter(search=search, kinds=("service",)),
                ItemFilter(search=search, active=False),
            ):
                assert await list_items(tx, none, limit=9) == []
        since = (await items_by_code(tx, ["sku-0001"]))["sku-0001"].changed - 1
        changed = ItemFilter(search="可乐", changed_since=since)
        assert [i.code for i in await list_items(tx, changed, limit=1)] == ["SKU-0001"]


async def test_the_door_keeps_tenants_apart(db: Database, stocked: Principal) -> None:
    other = await create_tenant(db, f"other {uuid7()}")
    call = sa.text("select count(*) from search_items('{}', null, null, null, null, null)")
    async with db.snapshot(other.id) as tx:
        assert await list_items(tx, ItemFilter(search="可乐"), limit=10) == []
        assert (await tx.sql.execute(call)).scalar_one() == 0
    async with db.directory() as sql:  # no tenant is set at all
        assert (await sql.execute(call)).scalar_one() == 0


async def test_the_door_may_see_no_price(db: Database, stocked: Principal) -> None:
    seen = sa.text(
        "select has_column_privilege('tallybook_search', 'item', 'search', 'select'),"
        " has_column_privilege('tallybook_search', 'item', 'purchase_price', 'select'),"
        " has_table_privilege('tallybook_search', 'item', 'insert, update, delete')"
    )
    async with db.snapshot(stocked.tenant_id) as tx:
        assert tuple((await tx.sql.execute(seen)).one()) == (True, False, False)


async def test_two_chinese_characters_are_found_by_the_index(
    db: Database, stocked: Principal, superuser_url: str
) -> None:
    """Whoever is not held by row-level security, as the door is, can use the trigrams."""
    query = "explain select id from item where search like '% 可 乐%'"
    with psycopg.connect(superuser_url) as connection:
        for kind in ("seqscan", "indexscan"):
            connection.execute(f"set enable_{kind} = off".encode())
        plan = "\n".join(row[0] for row in connection.execute(query.encode()).fetchall())
    assert "item_search_idx" in plan
    assert "search ~~" in plan.split("item_search_idx")[1].split("Index Cond")[1]
