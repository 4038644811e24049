"""The floor writes what the product writes. Where a change of tables or of posting makes them differ, the
benchmark would divide by another work than ours."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import floor
from benchmarks.written import Written, differences, written
from core.db import roles
from core.db.database import Database
from core.db.embedded import SUPERUSER, EmbeddedServer
from core.ids import uuid7
from core.ledger.verify import verify
from tests.shop import Shop, line

DAY = "2026-03-02"
_PARTY = """mutation($input: CreatePartyInput!) { createParty(input: $input) {
  party { id } errors { code path } } }"""


async def test_the_floor_writes_the_rows_of_a_posting(
    server: EmbeddedServer, new_database: Callable[[], str]
) -> None:
    name = new_database()
    url = server.url(SUPERUSER, name)
    db = Database.connect(server.url(roles.APP, name))
    try:
        shop = await Shop.open(db)
        items = [await shop.item(f"I{n}") for n in range(3)]
        party = {"commandId": str(uuid7()), "code": "C1", "name": "Customer", "isCustomer": True}
        made = (await shop.ask(_PARTY, input=party))["createParty"]
        sold = [line(item, "1", "9.90") for item in items]
        customer = {"partyId": made["party"]["id"], "on": DAY}
        await shop.posted("opening", *(line(item, "100", "7.31") for item in items), on=DAY)
        await shop.posted("issue", *sold, **customer)  # the first of a day makes rows, too
        floor.furnish(url, [(shop.principal.tenant_id, DAY)])

        with written(url) as product:
            await shop.posted("issue", *sold, **customer)
        with written(url) as copied:
            floor.post_once(url)

        assert differences(product, copied) == []
        assert {t: rows.size for t, rows in product.items()} == {
            t: rows.size for t, rows in copied.items()
        }
        assert await verify(db, shop.principal.tenant_id) == [], "the floor's books are books"
    finally:
        await db.close()


def test_a_floor_that_does_less_is_none() -> None:
    columns = frozenset({"id", "number"})
    product = {"document": Written(1, columns, 100), "entry": Written(6, columns, 50)}
    lazy = {"document": Written(1, frozenset({"id"}), 90), "entry": Written(2, columns, 50)}
    told = differences(product, lazy)
    assert told == [
        "document: only one of them fills ['number']",
        "entry: the product writes 6 rows, the floor 2",
    ]
    assert differences(product, {"entry": product["entry"]}) != []
