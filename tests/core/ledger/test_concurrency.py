"""True concurrency against the real database: what two people do at once must come out right."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa

from core.commands import Asked
from core.db.database import Database
from core.documents.records import DocumentDraft, LineDraft
from core.ids import uuid7
from core.ledger.posting import post, post_many
from core.ledger.requests import Post, Reverse, Verdict
from core.ledger.seal import head, keep_sealed
from core.tenancy.service import update_settings
from schema.relay import uuid_of
from tests.shop import Shop

DAY = date(2026, 3, 2)


def draft(
    shop: Shop, type_: str, items: Sequence[tuple[UUID, int]], on: date = DAY
) -> DocumentDraft:
    place = uuid_of(shop.places["MAIN"], "Place")
    lines = tuple(
        LineDraft(item_id=item, quantity=Decimal(quantity), unit_price=Decimal(3))
        for item, quantity in items
    )
    return DocumentDraft(uuid7(), type_, on, lines, place_id=place)


def request(content: DocumentDraft) -> Post:
    return Post(Asked.of(uuid7(), "postDocument", {"id": content.id}), content)


async def item(shop: Shop, code: str) -> UUID:
    return uuid_of(await shop.item(code), "Item")


def outcomes(verdicts: Sequence[Verdict]) -> Counter[str]:
    return Counter("posted" if v.outcome else v.refusals[0].code for v in verdicts)


async def test_of_many_sellers_of_the_last_unit_one_wins(shop: Shop, db: Database) -> None:
    last = await item(shop, "LAST")
    for _ in range(5):
        bought = await post(db, shop.principal, request(draft(shop, "receipt", [(last, 1)])))
        assert bought.outcome
        sales = [request(draft(shop, "issue", [(last, 1)])) for _ in range(32)]
        verdicts = await asyncio.gather(*(post(db, shop.principal, sale) for sale in sales))
        assert outcomes(verdicts) == {"posted": 1, "OUT_OF_STOCK": 31}


async def test_a_command_sent_at_once_sixteen_times_is_carried_out_once(
    shop: Shop, db: Database
) -> None:
    bought = await item(shop, "ONCE")
    for _ in range(10):
        one = request(draft(shop, "receipt", [(bought, 1)]))
        verdicts = await asyncio.gather(*(post(db, shop.principal, one) for _ in range(16)))
        answers = {str(sorted((v.outcome or {}).items())) for v in verdicts}
        assert len(answers) == 1
    async with db.snapshot(shop.principal.tenant_id) as tx:
        on_hand = await tx.sql.scalar(sa.text("SELECT sum(on_hand) FROM balance"))
    assert on_hand == 10


async def test_random_order_on_hot_items_never_deadlocks(shop: Shop, db: Database) -> None:
    hot = [await item(shop, f"HOT{n}") for n in range(6)]
    await post(db, shop.principal, request(draft(shop, "receipt", [(i, 10_000) for i in hot])))
    chosen = random.Random(7)

    async def seller() -> list[Verdict]:
        verdicts = []
        for _ in range(4):
            lines = [(i, 1) for i in chosen.sample(hot, 3)]
            kind = chosen.choice(["issue", "issue", "receipt"])
            on = chosen.choice([DAY, DAY, date(2026, 3, 1)])
            if kind == "issue":
                on = DAY
            verdicts.append(await post(db, shop.principal, request(draft(shop, kind, lines, on))))
        return verdicts

    found = await asyncio.gather(*(seller() for _ in range(8)))
    assert outcomes([v for verdicts in found for v in verdicts]) == {"posted": 32}
    async with db.snapshot(shop.principal.tenant_id) as tx:
        deadlocks = await tx.sql.scalar(
            sa.text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )
    assert deadlocks == 0


async def test_an_order_is_not_over_received_by_two_at_once(shop: Shop, db: Database) -> None:
    bought = await item(shop, "ORDERED")
    order = draft(shop, "purchase_order", [(bought, 10)])
    assert (await post(db, shop.principal, request(order))).outcome

    def receipt() -> Post:
        content = draft(shop, "receipt", [])
        line = LineDraft(item_id=bought, quantity=Decimal(6), unit_price=Decimal(3), source_line=1)
        return request(
            DocumentDraft(
                content.id, "receipt", DAY, (line,), place_id=content.place_id, source_id=order.id
            )
        )

    verdicts = await asyncio.gather(*(post(db, shop.principal, receipt()) for _ in range(4)))
    assert outcomes(verdicts) == {"posted": 1, "BEYOND_ORDER": 3}


async def test_of_orders_delivered_at_once_only_the_first_in_turn_is(
    shop: Shop, db: Database
) -> None:
    """There is enough for one, whoever asks first."""
    await update_settings(db, shop.principal, uuid7(), {"reserve_on_order": "backorder"})
    for n in range(5):
        short = await item(shop, f"SHORT{n}")
        await post(db, shop.principal, request(draft(shop, "receipt", [(short, 6)])))
        orders = [draft(shop, "sales_order", [(short, 6)]) for _ in range(8)]
        for order in orders:
            assert (await post(db, shop.principal, request(order))).outcome
        sales = [replace(draft(shop, "issue", []), source_id=order.id) for order in orders]
        line = LineDraft(item_id=short, quantity=Decimal(6), source_line=1)
        asked = [request(replace(sale, lines=(line,))) for sale in reversed(sales)]
        verdicts = await asyncio.gather(*(post(db, shop.principal, one) for one in asked))
        assert outcomes(verdicts) == {"posted": 1, "OUT_OF_STOCK": 7}
        assert verdicts[-1].outcome


async def test_what_is_covered_leaves_at_once(shop: Shop, db: Database) -> None:
    """Each of them gets its part, in whatever sequence they are delivered."""
    await update_settings(db, shop.principal, uuid7(), {"reserve_on_order": "backorder"})
    chosen = random.Random(5)
    for n in range(5):
        short = await item(shop, f"PART{n}")
        await post(db, shop.principal, request(draft(shop, "receipt", [(short, 20)])))
        orders = [draft(shop, "sales_order", [(short, 6)]) for _ in range(5)]
        for order in orders:
            assert (await post(db, shop.principal, request(order))).outcome
        parts = list(zip(orders, (6, 6, 6, 2), strict=False))
        chosen.shuffle(parts)
        asked = [
            request(
                replace(
                    draft(shop, "issue", []),
                    source_id=order.id,
                    lines=(LineDraft(item_id=short, quantity=Decimal(part), source_line=1),),
                )
            )
            for order, part in parts
        ]
        verdicts = await asyncio.gather(*(post(db, shop.principal, one) for one in asked))
        assert outcomes(verdicts) == {"posted": 4}


async def test_a_document_is_reversed_once_by_many(shop: Shop, db: Database) -> None:
    bought = await item(shop, "UNDO")
    receipt = draft(shop, "receipt", [(bought, 5)])
    await post(db, shop.principal, request(receipt))
    reversals = [
        Reverse(Asked.of(uuid7(), "reverseDocument", {}), uuid7(), receipt.id) for _ in range(8)
    ]
    verdicts = await asyncio.gather(*(post(db, shop.principal, r) for r in reversals))
    assert outcomes(verdicts) == {"posted": 1, "ALREADY_REVERSED": 7}


async def test_a_batch_comes_out_like_one_by_one(db: Database) -> None:
    chosen = random.Random(11)
    plan = [
        (
            chosen.choice(["receipt", "issue", "issue", "loss"]),
            chosen.randrange(3),
            chosen.randint(1, 6),
        )
        for _ in range(60)
    ]
    books = []
    for together in (True, False):
        shop = await Shop.open(db)
        items = [await item(shop, f"I{n}") for n in range(3)]
        requests = [request(draft(shop, kind, [(items[n], q)])) for kind, n, q in plan]
        if together:
            verdicts = await post_many(db, shop.principal, requests)
        else:
            verdicts = [await post(db, shop.principal, r) for r in requests]
        async with db.snapshot(shop.principal.tenant_id) as tx:
            found = await tx.sql.execute(
                sa.text(
                    "SELECT i.code, p.quantity, p.value FROM pool p JOIN item i"
                    " ON i.id = p.item_id ORDER BY 1"
                )
            )
            pools = [tuple(row) for row in found]
        books.append((["posted" if v.outcome else v.refusals[0].code for v in verdicts], pools))
    assert books[0] == books[1]


async def test_what_is_posted_is_sealed_soon_after(shop: Shop, db: Database) -> None:
    bought = await item(shop, "SEALED")
    sealing = asyncio.ensure_future(keep_sealed(db, timedelta(milliseconds=50)))
    try:
        await post(db, shop.principal, request(draft(shop, "receipt", [(bought, 1)])))
        async with asyncio.timeout(10):
            while True:
                async with db.snapshot(shop.principal.tenant_id) as tx:
                    if (await head(tx)).sequence == 1:
                        break
                await asyncio.sleep(0.05)
    finally:
        sealing.cancel()
