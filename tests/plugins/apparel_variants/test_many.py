"""Two hundred styles of eight colours and twelve sizes, in one request and a few statements."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from core.ids import uuid7
from plugins.apparel_variants import tables
from plugins.apparel_variants.records import Style, Variant
from schema.relay import encode_id
from tests.plugins.apparel_variants.boutique import Boutique
from tests.plugins.apparel_variants.test_reports import WORTH
from tests.shop import line

STYLES, COLOURS, SIZES = 200, 8, 12
QUERY = """query($ids: [ID!]!, $place: ID, $since: Date, $until: Date) {
  apparelVariantsGrids(ids: $ids, placeId: $place, since: $since, until: $until) { styleCode sizes { code }
  rows { colourCode onHand onHandTotal available availableTotal sold soldTotal }
  totals { onHand onHandTotal available availableTotal sold soldTotal sellThrough } } }"""


@contextmanager
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that goes to the database meanwhile, whoever sends it."""
    seen: list[str] = []
    execute = psycopg.AsyncCursor.execute

    async def noted(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        seen.append(str(query))
        return await execute(self, query, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", noted)
        yield seen


_ITEMS = """INSERT INTO item (tenant_id, id, code, code_key, name, kind, base_unit_id, mnemonic, changed,
  search) SELECT u.tenant_id, k.id, k.code, lower(k.code), k.code, 'stocked', u.id, '', 1000000 + k.n,
  k.code FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY k (id, code, n),
  (SELECT tenant_id, id FROM unit WHERE tenant_id = %s LIMIT 1) u"""
_GUARDS = """INSERT INTO item_guard (tenant_id, item_id) SELECT tenant_id, id FROM item
  WHERE tenant_id = %s AND changed > 1000000"""


async def made(boutique: Boutique) -> tuple[list[UUID], list[UUID]]:
    """Styles and their items, in order. The rows are written at once: making 19,200 items one style after
    the other is not what is tried here."""
    group, *sizes = await boutique.sizes("ALL", *(f"{n:02}" for n in range(SIZES)))
    colours = [await boutique.colour(f"C{n}") for n in range(COLOURS)]
    none = (None,) * 5
    styles = [
        Style(uuid7(), f"S{n:03}", f"style {n}", group, *none, active=True, revision=1)
        for n in range(STYLES)
    ]
    variants = [
        Variant(uuid7(), style.id, colour, size)
        for style in styles
        for colour in colours
        for size in sizes
    ]
    items = [variant.item_id for variant in variants]
    async with boutique.transaction() as tx:
        await tx.raw.execute(_ITEMS, (items, [f"V{n}" for n in range(len(items))], tx.tenant_id))
        await tx.raw.execute(_GUARDS, (tx.tenant_id,))
        await tables.put(tx, tables.style, map(asdict, styles))
        await tables.put(tx, tables.variant, map(asdict, variants))
    return [style.id for style in styles], items


async def test_as_many_statements_for_two_hundred_as_for_one(
    boutique: Boutique, monkeypatch: pytest.MonkeyPatch
) -> None:
    styles, items = await made(boutique)
    ids = [encode_id("ApparelVariantsStyle", style) for style in styles]
    first, last = (encode_id("Item", item) for item in (items[0], items[-1]))
    await boutique.shop.posted("other_in", line(first, "5", "1"), line(last, "7", "1"))
    await boutique.shop.posted("issue", line(last, "2", "3"))
    await boutique.shop.ask(QUERY, ids=ids[:1])  # what is read once per process is read
    counts = []
    here = {"place": boutique.shop.places["MAIN"], "since": "2026-01-01", "until": "2026-12-31"}
    for wanted, span in ((ids[:1], {}), (ids, {}), (ids[:1], here), (ids, here)):
        with sent(monkeypatch) as seen:
            found = (await boutique.shop.ask(QUERY, ids=wanted, **span))["apparelVariantsGrids"]
        counts.append(len(seen))
    assert len(set(counts)) == 1
    assert 0 < counts[0] <= 20
    assert [grid["styleCode"] for grid in found] == [f"S{n:03}" for n in range(STYLES)]
    assert all(len(grid["rows"]) == COLOURS and len(grid["sizes"]) == SIZES for grid in found)
    assert found[0]["rows"][0]["onHand"] == ["5"] + ["0"] * (SIZES - 1)
    assert found[-1]["totals"]["onHand"] == ["0"] * (SIZES - 1) + ["5"]
    assert (found[-1]["totals"]["soldTotal"], found[-1]["totals"]["sellThrough"]) == ("2", "28.57")
    assert sum(Decimal(grid["totals"]["availableTotal"]) for grid in found) == 10
    with sent(monkeypatch) as seen:  # loaded in batches, of which there are a few
        worth = (await boutique.shop.ask(WORTH, ids=ids))["apparelVariantsGrids"]
    assert len(seen) <= 40
    assert [Decimal(worth[n]["totals"]["worth"]["total"]) for n in (0, 1, -1)] == [5, 0, 5]
    too_many = await boutique.shop.raw(QUERY, ids=[*ids, ids[0]])
    assert too_many["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
