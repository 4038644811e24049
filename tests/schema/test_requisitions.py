"""Requisitions (请购单): what is asked for, and the orders that carry it out, over HTTP."""

from __future__ import annotations

from decimal import Decimal

from core.ids import uuid7
from core.ledger.verify import verify
from tests.schema.test_documents import step
from tests.shop import Json, Shop, line

PARTY = "mutation($input: CreatePartyInput!) { createParty(input: $input) { party { id } } }"
LINES = """query($id: ID!) { node(id: $id) { ... on Document { state
  lines { nodes { executedQuantity unitPrice } } } } }"""


async def asked(shop: Shop, item: str, quantity: str, **head: object) -> Json:
    """An approved requisition."""
    return await shop.posted("requisition", line(item, quantity), **head)


async def party(shop: Shop, code: str, role: str) -> str:
    sent = {"commandId": str(uuid7()), "code": code, "name": code, role: True}
    found: str = (await shop.ask(PARTY, input=sent))["createParty"]["party"]["id"]
    return found


async def executed(shop: Shop, document: Json) -> list[str | None]:
    found = await shop.ask(LINES, id=document["id"])
    return [one["executedQuantity"] for one in found["node"]["lines"]["nodes"]]


async def on_order(shop: Shop, item: str) -> str:
    query = "query($i: ID!) { availability(itemIds: [$i]) { onOrder available } }"
    [row] = (await shop.ask(query, i=item))["availability"]
    assert row["available"] == "0"
    found: str = row["onOrder"]
    return found


async def test_a_requisition_asks_and_orders_carry_it_out(shop: Shop) -> None:
    item = await shop.item("ASKED")
    wanted = await asked(shop, item, "10")
    assert wanted["number"] == "PR-20260302-0001"
    assert await on_order(shop, item) == "0", "nobody has promised anything"
    part = line(item, "6", "3", sourceLine=1)
    first = await shop.posted("purchase_order", part, sourceId=wanted["id"])
    assert await executed(shop, wanted) == ["6"]
    assert await on_order(shop, item) == "6"
    beyond = await shop.post("purchase_order", part, sourceId=wanted["id"])
    assert [e["code"] for e in beyond["errors"]] == ["BEYOND_ORDER"]
    await shop.posted("receipt", line(item, "6", "3", sourceLine=1), sourceId=first["id"])
    assert await executed(shop, wanted) == ["6"], "receipts carry out the order"
    rest = line(item, "4", "3", sourceLine=1)
    await shop.posted("purchase_order", rest, sourceId=wanted["id"])
    assert await executed(shop, wanted) == ["10"]
    done = await step(shop, "closeOrder", wanted)
    assert [e["code"] for e in done["errors"]] == ["WRONG_STATE"]
    assert await verify(shop.database, shop.principal.tenant_id) == []


async def test_an_order_taken_back_leaves_its_requisition_open(shop: Shop) -> None:
    item = await shop.item("OPEN")
    wanted = await asked(shop, item, "10")
    whole = line(item, "10", "3", sourceLine=1)
    order = await shop.posted("purchase_order", whole, sourceId=wanted["id"])
    held = await step(shop, "unapproveDocument", wanted)
    assert [e["code"] for e in held["errors"]] == ["ALREADY_EXECUTED"]
    draft = (await step(shop, "unapproveDocument", order))["document"]
    assert await executed(shop, wanted) == ["0"]
    assert await verify(shop.database, shop.principal.tenant_id) == []
    again = (await step(shop, "approveDocument", draft))["document"]
    assert await executed(shop, wanted) == ["10"]
    closed = await step(shop, "closeOrder", again)
    assert closed["errors"] == []
    held = await step(shop, "unapproveDocument", wanted)
    assert [e["code"] for e in held["errors"]] == ["ALREADY_EXECUTED"], "it had been ordered"
    assert await verify(shop.database, shop.principal.tenant_id) == []


async def test_what_is_closed_or_a_draft_cannot_be_ordered(shop: Shop) -> None:
    item = await shop.item("CLOSED")
    wanted = await asked(shop, item, "10")
    of_it = line(item, "10", "3", sourceLine=1)
    closed = (await step(shop, "closeOrder", wanted))["document"]
    refused = await shop.post("purchase_order", of_it, sourceId=wanted["id"])
    assert [e["code"] for e in refused["errors"]] == ["SOURCE_NOT_READY"]
    await step(shop, "reopenOrder", closed)
    await shop.posted("purchase_order", of_it, sourceId=wanted["id"])
    direct = await shop.post("receipt", of_it, sourceId=wanted["id"])
    assert [e["code"] for e in direct["errors"]] == ["SOURCE_NOT_READY"], "goods come by orders"
    assert await verify(shop.database, shop.principal.tenant_id) == []


async def test_a_requisition_may_name_a_supplier_and_a_price(shop: Shop) -> None:
    item = await shop.item("PRICED", purchase_price=Decimal("2.5"))
    supplier, customer = (
        await party(shop, "V1", "isSupplier"),
        await party(shop, "C1", "isCustomer"),
    )
    wanted = await asked(shop, item, "10", partyId=supplier)
    assert wanted["total"] == "25.00"
    refused = await shop.post("requisition", line(item, "1"), partyId=customer)
    assert [e["code"] for e in refused["errors"]] == ["WRONG_PARTY"]
    types = await shop.ask("{ documentTypes { code asks sourceTypes } }")
    by_code = {one["code"]: one for one in types["documentTypes"]}
    assert by_code["purchase_order"]["sourceTypes"] == ["requisition"]
    assert [code for code, one in by_code.items() if one["asks"]] == ["requisition"]
