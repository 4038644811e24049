"""What is asked of orders to processors: lists, what is short or below zero, documents written by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.db.database import Database
from core.ids import uuid7
from tests.plugins.bom_manufacturing.outwork import Outwork, component
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.schema.statements import statements
from tests.shop import line

D = Decimal


BELOW = """query($id: ID) { bomManufacturingBelowZero(partyId: $id) { nodes { quantity item { code }
  place { code } processor { code } documents { id type { code } } } } }"""


async def test_below_zero_is_refused_or_reported(workshop: Workshop) -> None:
    outwork = await Outwork.open(workshop)
    order = await outwork.order()
    refused = await outwork.send("ReceiveFromProcessor", "Receive", orderId=order, received="1")
    assert {error["code"] for error in refused["errors"]} == {"OUT_OF_STOCK"}


async def test_what_is_below_zero_shows_with_its_documents(workshop: Workshop) -> None:
    settings = """mutation($input: BomManufacturingUpdateSettingsInput!) {
      bomManufacturingUpdateSettings(input: $input) {
        settings { negativeAtProcessor } errors { code } } }"""
    sent = {"commandId": str(uuid7()), "negativeAtProcessor": "ALLOW"}
    answer = await workshop.shop.ask(settings, input=sent)
    assert answer["bomManufacturingUpdateSettings"]["settings"] == {"negativeAtProcessor": "ALLOW"}
    outwork = await Outwork.open(workshop)
    order = await outwork.order()
    await outwork.issue(order, components=[outwork.part("CLOTH", "5")])
    received = await outwork.receive(order, "1")
    assert component(received, "BUTTON")["left"] == -3
    found = (await workshop.shop.ask(BELOW, id=outwork.party))["bomManufacturingBelowZero"]["nodes"]
    [short] = found
    assert short["item"] == {"code": "BUTTON"}
    assert D(short["quantity"]) == -3
    assert (short["place"], short["processor"]) == ({"code": "AT-SEW"}, {"code": "SEW"})
    assert [one["id"] for one in short["documents"]] == [received["document"]["id"]]
    closing = await outwork.send_close(order, received["order"]["revision"])
    assert {error["code"] for error in closing["errors"]} == {"BOM_MANUFACTURING_LEFT_AT_PROCESSOR"}
    await outwork.issue(order, components=[outwork.part("BUTTON", "3")])
    back = await outwork.done("TakeBackFromProcessor", "TakeBack", orderId=order)
    answer = await workshop.shop.ask(BELOW)
    assert answer["bomManufacturingBelowZero"]["nodes"] == []
    closed = await outwork.send_close(order, back["order"]["revision"])
    assert (closed["errors"], closed["order"]["open"]) == ([], False)


LIST = """query($partyId: ID, $itemId: ID, $open: Boolean, $first: Int, $after: String) {
  bomManufacturingSubcontractOrders(partyId: $partyId, itemId: $itemId, open: $open, first: $first,
    after: $after) { pageInfo { hasNextPage endCursor } nodes { id quantity item { code }
      processor { code } place { code } document { number }
      documents(first: 10) { nodes { number } } settlement { owed }
      components(first: 10) { nodes { left short item { code } } } } } }"""


async def test_orders_are_listed_page_by_page_with_as_many_statements(
    outwork: Outwork, db: Database
) -> None:
    shop = outwork.workshop.shop

    async def listed(**how: Any) -> Any:
        return (await shop.ask(LIST, **how))["bomManufacturingSubcontractOrders"]

    made = [await outwork.order(str(n)) for n in (1, 2)]
    await outwork.issue(made[1])
    await listed()  # who signs in anew asks more
    with statements(db) as few:
        await listed()
    made += [await outwork.order(str(n)) for n in (3, 4, 5)]
    for order in made[2:]:
        await outwork.issue(order)
    await listed()
    with statements(db) as many:
        page = await listed()
    assert len(many) <= len(few)
    assert [one["id"] for one in page["nodes"]] == made[::-1]
    assert len(page["nodes"][0]["documents"]["nodes"]) == 1
    first = await listed(first=3, partyId=outwork.party, open=True)
    rest = await listed(
        first=3, after=first["pageInfo"]["endCursor"], itemId=outwork.workshop.items["SHIRT"]
    )
    assert [one["id"] for one in first["nodes"] + rest["nodes"]] == made[::-1]
    assert (
        (await listed(open=False))["nodes"]
        == (await listed(itemId=outwork.workshop.items["CLOTH"]))["nodes"]
        == []
    )


async def test_short_is_what_stock_cannot_cover(outwork: Outwork) -> None:
    shop = outwork.workshop.shop
    settings = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
      errors { code } } }"""
    sent = {"commandId": str(uuid7()), "reserveOnOrder": "BACKORDER"}
    assert (await shop.ask(settings, input=sent))["updateSettings"]["errors"] == []
    order, later = await outwork.order("40"), await outwork.order("5")
    answer = await outwork.workshop.shop.ask(LIST)
    short = {
        one["id"]: {part["item"]["code"]: D(part["short"]) for part in one["components"]["nodes"]}
        for one in answer["bomManufacturingSubcontractOrders"]["nodes"]
    }
    assert short == {order: {"CLOTH": 0, "BUTTON": 20}, later: {"CLOTH": 0, "BUTTON": 15}}


async def test_documents_of_its_types_may_be_written_like_any(outwork: Outwork) -> None:
    """Without the module's mutations, the lines say what was used."""
    workshop = outwork.workshop
    shop, items = workshop.shop, workshop.items
    kind = "bom_manufacturing_subcontract"
    head = {"partyId": outwork.party, "toPlaceId": outwork.place}
    product = line(items["SHIRT"], "2", "5", role="PRODUCE")
    need = line(items["CLOTH"], "4", role="CONSUME")
    nobody = await shop.post(f"{kind}_order", product, need, toPlaceId=outwork.place)
    assert [error["code"] for error in nobody["errors"]] == ["REQUIRED"]
    twice = await shop.post(f"{kind}_order", product, product, need, **head)
    assert [error["code"] for error in twice["errors"]] == ["BOM_MANUFACTURING_ONE_PRODUCT"]
    order = await shop.posted(f"{kind}_order", product, need, **head)
    of = {"sourceId": order["id"], "partyId": outwork.party}
    await shop.posted(
        f"{kind}_issue", line(items["CLOTH"], "4", sourceLine=2), toPlaceId=outwork.place, **of
    )
    await shop.posted(
        f"{kind}_receipt",
        line(items["SHIRT"], "2", "5", role="PRODUCE", sourceLine=1),
        line(items["CLOTH"], "3", role="CONSUME", placeId=outwork.place),
        line(items["CLOTH"], "1", role="LOST", placeId=outwork.place),
        **of,
    )
    assert await outwork.stock("SHIRT") == {"MAIN": (2, 40)}
    nodes = (await shop.ask(LIST))["bomManufacturingSubcontractOrders"]["nodes"]
    assert [D(one["left"]) for one in nodes[0]["components"]["nodes"]] == [0]
    assert [D(one["settlement"]["owed"]) for one in nodes] == [0]


async def test_an_order_that_was_unapproved_can_be_deleted(outwork: Outwork) -> None:
    order = await outwork.order()
    query = (
        "query($id: ID!) { bomManufacturingSubcontractOrder(id: $id) { document { id revision } } }"
    )
    shop = outwork.workshop.shop
    found = (await shop.ask(query, id=order))["bomManufacturingSubcontractOrder"]["document"]
    step = """mutation($input: DocumentStepInput!) { %s(input: $input) { errors { code } } }"""
    sent = {"commandId": str(uuid7()), **found}
    answer = await shop.ask(step % "unapproveDocument", input=sent)
    assert answer["unapproveDocument"]["errors"] == []
    sent = {"commandId": str(uuid7()), "id": found["id"], "revision": found["revision"] + 1}
    answer = await shop.ask(step % "deleteDraft", input=sent)
    assert answer["deleteDraft"]["errors"] == []
    assert (await shop.ask(query, id=order))["bomManufacturingSubcontractOrder"] is None


async def test_what_is_done_is_not_open(outwork: Outwork) -> None:
    """All came, all was sent, and nothing is left at the processor's: there is nothing to close. Whoever
    has something left can still bring it back."""
    shop = outwork.workshop.shop

    async def listed(open_: bool) -> list[str]:
        found = await shop.ask(LIST, open=open_)
        return [one["id"] for one in found["bomManufacturingSubcontractOrders"]["nodes"]]

    done, lossy, waiting = [await outwork.order(quantity) for quantity in ("2", "2", "2")]
    for order in (done, lossy):
        await outwork.issue(order)
    # what was sent for scrap was lost, so that nothing is left
    lost = [outwork.part("CLOTH", "1")]
    allowed = await outwork.receive(done, "2", lost=lost)
    assert [D(one["left"]) for one in allowed["order"]["components"]["nodes"]] == [0, 0]
    assert allowed["order"]["open"] is False
    closing = await outwork.send_close(done, allowed["order"]["revision"])
    assert {error["code"] for error in closing["errors"]} == {"WRONG_STATE"}
    kept = await outwork.receive(lossy, "2")
    assert component(kept, "CLOTH")["left"] == 1
    assert kept["order"]["open"] is True
    assert sorted(await listed(True)) == sorted([lossy, waiting])
    assert await listed(False) == [done]
    # a mistake opens it again
    assert await outwork.reverse(allowed["document"]) == []
    assert sorted(await listed(True)) == sorted([done, lossy, waiting])


async def test_what_is_too_fine_is_told_where_it_was_sent(outwork: Outwork) -> None:
    order = await outwork.order("4")
    await outwork.issue(order)

    async def refused(**sent: str) -> list[tuple[str, list[str]]]:
        payload = await outwork.send("ReceiveFromProcessor", "Receive", orderId=order, **sent)
        return [(error["code"], error["path"]) for error in payload["errors"]]

    assert await refused(received="1.5") == [("TOO_FINE", ["received"])]
    assert await refused(received="1", rejected="0.5") == [("TOO_FINE", ["rejected"])]
    assert await refused(received="0", rejected="0.5") == [("TOO_FINE", ["rejected"])]
