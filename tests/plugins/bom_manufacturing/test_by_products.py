"""What comes out of work besides the product, and what it is worth; after each test the books must tally
(``conftest``)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schema.compose import ComposedSchema
from tests.plugins.bom_manufacturing.works import Works, worth
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import line

D = Decimal


async def test_what_comes_out_besides_takes_its_share(
    workshop: Workshop, schema: ComposedSchema
) -> None:
    works = Works(workshop, schema)
    rag = {"itemId": await workshop.item("RAG"), "quantity": "2", "sharePercent": "10"}
    await workshop.save("P", await workshop.line("A", "1"), outputs=[rag])
    await works.stock(A=("10", "10"))
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    await works.do("Report", orderId=order["id"], quantity="2")
    assert (await works.on_hand("P"), await works.on_hand("RAG")) == ((2, 18), (4, 2))
    told = [{"itemId": workshop.items["RAG"], "quantity": "1"}]
    order = await works.do("Report", orderId=order["id"], quantity="2", outputs=told)
    assert (await works.on_hand("P"), await works.on_hand("RAG")) == ((4, 36), (5, 4))
    found: Any = [
        (one["item"]["code"], D(one["ordered"]), D(one["received"]), D(one["value"]))
        for one in order["outputs"]
    ]
    assert found == [("P", 4, 4, 36), ("RAG", 8, 5, 4)]
    more = await works.order("P", "5", overPercent="20", dueOn="2026-12-31")
    await works.do("Issue", orderId=more["id"])
    unknown = [{"itemId": workshop.items["A"], "quantity": "1"}]
    refused = await works.refused("Report", orderId=more["id"], quantity="1", outputs=unknown)
    assert refused == ["NOT_FOUND"]
    await works.do("Report", orderId=more["id"], quantity="6")
    assert (await works.on_hand("P"), await works.on_hand("RAG")) == ((10, 81), (17, 9))


async def test_what_comes_out_besides_comes_in_at_its_fixed_value(
    workshop: Workshop, schema: ComposedSchema
) -> None:
    works = Works(workshop, schema)
    rag = {"itemId": await workshop.item("RAG"), "quantity": "2", "unitValue": "1.25"}
    dust = {"itemId": await workshop.item("DUST"), "quantity": "1", "sharePercent": "10"}
    await workshop.save("P", await workshop.line("A", "1"), outputs=[rag, dust])
    shop = workshop.shop
    a = await workshop.item("A")
    bought = await shop.posted("receipt", line(a, "10", "10"), on="2026-03-01")
    order = await works.order("P", "4")
    await works.do("Issue", orderId=order["id"])
    await works.do("Charge", orderId=order["id"], kind="LABOUR", amount="6")
    await works.do("Report", orderId=order["id"], quantity="2")
    # half of 46: four rags at 1.25, a tenth for the dust, the rest for the product
    assert await works.on_hand("RAG") == (4, 5)
    assert await works.on_hand("DUST") == (2, D("2.3"))
    assert await works.on_hand("P") == (2, D("15.7"))
    # the freight of what went in is the product's and the dust's
    await shop.posted(
        "landed_cost", on="2026-03-02", sourceId=bought["id"], extraCost="10", costBasis="QUANTITY"
    )
    assert await works.on_hand("RAG") == (4, 5)
    assert await works.on_hand("DUST") == (2, D("2.5"))
    assert await works.on_hand("P") == (2, D("17.5"))
    # more of them than expected are worth more, as long as the cost of the report bears it
    told = [{"itemId": workshop.items["RAG"], "quantity": "4"}]
    last = await works.do("Report", orderId=order["id"], quantity="2", outputs=told)
    assert (await works.on_hand("RAG"), await works.on_hand("P")) == ((8, 10), (4, 35))
    assert worth(last) == 0


async def test_a_by_product_that_is_worth_more_than_there_is_leaves_nothing(
    workshop: Workshop, schema: ComposedSchema
) -> None:
    works = Works(workshop, schema)
    rag = {"itemId": await workshop.item("RAG"), "quantity": "2", "unitValue": "7"}
    await workshop.save("P", await workshop.line("A", "1"), outputs=[rag])
    await works.stock(A=("10", "10"))
    order = await works.order("P", "1")
    await works.do("Issue", orderId=order["id"])
    await works.do("Report", orderId=order["id"], quantity="1")
    assert (await works.on_hand("P"), await works.on_hand("RAG")) == ((1, 0), (2, 10))
