"""Documents through GraphQL over HTTP, as a front end would write them."""

from __future__ import annotations

from typing import Any

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from schema.relay import encode_id, uuid_of
from tests.shop import Json, Shop, line

STEP = """mutation($input: DocumentStepInput!) { TAKE(input: $input) {
  document { id number state revision } errors { code path } } }"""
SAVE = """mutation($input: SaveDraftInput!) { saveDraft(input: $input) {
  document { id number state revision } errors { code path } } }"""
REVERSE = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
  document { id number total reverses { number } } errors { code message } } }"""


async def stock_of(shop: Shop, item: str, **arguments: Any) -> list[Json]:
    filled = "".join(f", {name}: {value}" for name, value in arguments.items())
    found = await shop.ask(
        f"query($item: ID!) {{ stock(filter: {{itemIds: [$item]}}{filled}) {{ nodes {{"
        " quantity value unitCost place { code } lot { code } } } }",
        item=item,
    )
    nodes: list[Json] = found["stock"]["nodes"]
    return nodes


async def step(shop: Shop, name: str, document: Json) -> Json:
    asked = {"commandId": str(uuid7()), "id": document["id"], "revision": document["revision"]}
    answer = await shop.ask(STEP.replace("TAKE", name), input=asked)
    payload: Json = answer[name]
    return payload


async def test_receipt_and_issue_move_stock_at_cost(shop: Shop) -> None:
    item = await shop.item("APPLE")
    receipt = await shop.posted("receipt", line(item, "10", "10"), line(item, "10", "20"))
    assert receipt["number"] == "GR-20260302-0001"
    assert receipt["total"] == "300.00"
    await shop.posted("issue", line(item, "15", "30"))
    [row] = await stock_of(shop, item)
    assert (row["quantity"], row["value"], row["unitCost"]) == ("5", "75.00", "15.000000")


async def test_what_is_not_there_is_refused_and_leaves_nothing(shop: Shop) -> None:
    item = await shop.item("PEAR")
    await shop.posted("receipt", line(item, "2", "5"))
    payload = await shop.post("issue", line(item, "3", "9"))
    assert payload["document"] is None
    [error] = payload["errors"]
    assert error["code"] == "OUT_OF_STOCK"
    assert error["message"] == "PEAR: 3 wanted at MAIN, 2 available."
    assert error["path"] == ["document", "lines"]
    listed = await shop.ask("{ documents { totalCount nodes { number } } }")
    assert listed["documents"]["totalCount"] == 1


async def test_refusals_speak_chinese_and_come_all_at_once(db: Database) -> None:
    shop = await Shop.open(db, language="zh-CN,zh;q=0.9")
    item = await shop.item("梨")
    payload = await shop.post(
        "receipt", line(item, "-1", "5"), line("bm90aGluZw==", "1", "5"), line(item, "1", "-5")
    )
    assert [(e["code"], e["path"][2:]) for e in payload["errors"]] == [
        ("NOT_FOUND", ["1", "itemId"]),
    ]
    payload = await shop.post("receipt", line(item, "-1", "5"), line(item, "1", "-5"))
    assert [(e["code"], e["path"][2:]) for e in payload["errors"]] == [
        ("BAD_QUANTITY", ["0", "quantity"]),
        ("NEGATIVE_PRICE", ["1", "unitPrice"]),
    ]
    assert "数量" in payload["errors"][0]["message"]


async def test_the_same_command_is_answered_the_same_way(shop: Shop) -> None:
    item = await shop.item("NUT")
    asked = shop.document("receipt", line(item, "1", "5"))
    first, again = await shop.send(asked), await shop.send(asked)
    assert first["document"]["number"] == again["document"]["number"]
    other = {**asked, "document": {**asked["document"], "remark": "other"}}
    refused = await shop.send(other)
    assert [e["code"] for e in refused["errors"]] == ["COMMAND_REUSED"]
    [row] = await stock_of(shop, item)
    assert row["quantity"] == "1"


async def test_bulk_gives_each_document_a_verdict(shop: Shop) -> None:
    item = await shop.item("BULK")
    asked = [
        shop.document("receipt", line(item, "5", "1")),
        shop.document("issue", line(item, "9", "2")),
        shop.document("issue", line("x", "1", "2")),
        shop.document("issue", line(item, "5", "2")),
    ]
    asked.append(asked[0])
    found = await shop.ask(
        "mutation($input: PostDocumentsInput!) { postDocuments(input: $input) { errors { code }"
        " verdicts { commandId document { number } errors { code path } } } }",
        input={"documents": asked},
    )
    verdicts = found["postDocuments"]["verdicts"]
    assert [v["commandId"] for v in verdicts] == [a["commandId"] for a in asked]
    assert [[e["code"] for e in v["errors"]] for v in verdicts] == [
        [],
        ["OUT_OF_STOCK"],
        ["NOT_FOUND"],
        [],
        [],
    ]
    assert verdicts[2]["errors"][0]["path"] == [
        "documents",
        "2",
        "document",
        "lines",
        "0",
        "itemId",
    ]
    assert verdicts[4]["document"]["number"] == verdicts[0]["document"]["number"]


async def test_a_draft_goes_through_its_life(shop: Shop) -> None:
    item = await shop.item("DRAFT")
    asked = shop.document("receipt", line(item, "2", "3"))
    saved = (await shop.ask(SAVE, input=asked))["saveDraft"]["document"]
    assert (saved["state"], saved["number"]) == ("DRAFT", None)
    assert await stock_of(shop, item) == []
    changed = await shop.ask(
        "query($id: ID!) { document(id: $id) { revision lines { nodes { quantity } } } }",
        id=saved["id"],
    )
    assert changed["document"]["lines"]["nodes"] == [{"quantity": "2"}]
    submitted = await step(shop, "submitDocument", saved)
    assert submitted["document"]["state"] == "SUBMITTED"
    stale = await step(shop, "approveDocument", saved)
    assert [e["code"] for e in stale["errors"]] == ["STALE_REVISION"]
    approved = await step(shop, "approveDocument", submitted["document"])
    posted = await step(shop, "postDraft", approved["document"])
    assert posted["document"]["state"] == "POSTED"
    assert posted["document"]["number"] == "GR-20260302-0001"
    [row] = await stock_of(shop, item)
    assert row["quantity"] == "2"
    deleted = await delete(shop, posted["document"])
    assert [e["code"] for e in deleted["errors"]] == ["WRONG_STATE"]


async def test_a_draft_goes_back_to_a_document_that_is_there_and_stays(shop: Shop) -> None:
    item = await shop.item("SOURCE")
    order = shop.document("purchase_order", line(item, "2", "3"))
    source = (await shop.ask(SAVE, input=order))["saveDraft"]["document"]
    nowhere = shop.document(
        "receipt", line(item, "2", "3"), sourceId=encode_id("Document", uuid7())
    )
    refused = (await shop.ask(SAVE, input=nowhere))["saveDraft"]["errors"]
    assert refused == [{"code": "NOT_FOUND", "path": ["document", "sourceId"]}]
    draft = shop.document("receipt", line(item, "2", "3"), sourceId=source["id"])
    saved = (await shop.ask(SAVE, input=draft))["saveDraft"]["document"]
    assert (await delete(shop, source))["errors"] == [{"code": "IS_SOURCE"}]
    for document in (saved, source):
        assert (await delete(shop, document))["errors"] == []


async def delete(shop: Shop, document: Json) -> Json:
    asked = {"commandId": str(uuid7()), "id": document["id"], "revision": document["revision"]}
    answer = await shop.ask(
        "mutation($input: DocumentStepInput!) { deleteDraft(input: $input) {"
        " deletedId errors { code } } }",
        input=asked,
    )
    payload: Json = answer["deleteDraft"]
    return payload


async def test_an_order_reserves_until_it_is_delivered_or_closed(shop: Shop) -> None:
    item = await shop.item("ORDER")
    await shop.posted("receipt", line(item, "10", "3"))
    order = await shop.posted("sales_order", line(item, "6", "9"))
    assert order["state"] == "APPROVED"

    async def promised() -> tuple[str, str]:
        found = await shop.ask(
            "query($i: ID!) { availability(itemIds: [$i]) { reserved available } }", i=item
        )
        [row] = found["availability"]
        return row["reserved"], row["available"]

    assert await promised() == ("6", "4")
    other = await shop.post("issue", line(item, "5", "9"))
    assert [e["code"] for e in other["errors"]] == ["OUT_OF_STOCK"]
    more = await shop.post("sales_order", line(item, "5", "9"))
    assert [e["code"] for e in more["errors"]] == ["NOT_RESERVABLE"]
    await shop.posted("issue", line(item, "2", "9", sourceLine=1), sourceId=order["id"])
    assert await promised() == ("4", "4")
    over = await shop.post("issue", line(item, "5", "9", sourceLine=1), sourceId=order["id"])
    assert [e["code"] for e in over["errors"]] == ["BEYOND_ORDER"]
    unapproved = await step(shop, "unapproveDocument", order)
    assert [e["code"] for e in unapproved["errors"]] == ["ALREADY_EXECUTED"]
    closed = await step(shop, "closeOrder", order)
    assert await promised() == ("0", "8")
    await step(shop, "reopenOrder", closed["document"])
    assert await promised() == ("4", "4")


async def waiting_orders(shop: Shop) -> None:
    """Let orders wait for goods."""
    sent = {"commandId": str(uuid7()), "reserveOnOrder": "BACKORDER"}
    setting = "mutation($i: UpdateSettingsInput!) { updateSettings(input: $i) { errors { code } } }"
    assert (await shop.ask(setting, i=sent))["updateSettings"]["errors"] == []


async def test_what_there_is_of_a_backorder_is_delivered(shop: Shop) -> None:
    await waiting_orders(shop)
    item = await shop.item("SHORT")
    await shop.posted("receipt", line(item, "10", "3"))
    order = await shop.posted("sales_order", line(item, "30", "9"))
    of_order = line(item, "10", "9", sourceLine=1)
    others = await shop.post("issue", line(item, "1", "9"))
    assert [e["code"] for e in others["errors"]] == ["OUT_OF_STOCK"], "it is all promised"
    both = of_order | {"quantity": "9"}, line(item, "1", "9")
    mixed = await shop.post("issue", *both, sourceId=order["id"])
    assert [e["code"] for e in mixed["errors"]] == ["OUT_OF_STOCK"]
    await shop.posted("issue", of_order, sourceId=order["id"])
    beyond = await shop.post("issue", of_order | {"quantity": "1"}, sourceId=order["id"])
    assert [e["code"] for e in beyond["errors"]] == ["OUT_OF_STOCK"]
    await shop.posted("receipt", line(item, "20", "3"))
    await shop.posted("issue", of_order | {"quantity": "20"}, sourceId=order["id"])


RESERVED = """query($id: ID!) { document(id: $id) { lines { nodes {
  reservation { quantity covered backordered } } } } }"""


async def test_orders_that_wait_are_served_in_the_sequence_of_their_approval(shop: Shop) -> None:
    await waiting_orders(shop)
    item = await shop.item("QUEUE")
    await shop.posted("receipt", line(item, "10", "3"))
    first = await shop.posted("sales_order", line(item, "8", "9"))
    last = await shop.posted("sales_order", line(item, "5", "9"))

    async def reserved(order: Json) -> tuple[str, str, str] | None:
        found = await shop.ask(RESERVED, id=order["id"])
        [row] = found["document"]["lines"]["nodes"]
        return tuple(row["reservation"].values()) if row["reservation"] else None

    assert [await reserved(o) for o in (first, last)] == [("8", "8", "0"), ("5", "2", "3")]
    early = await shop.post("issue", line(item, "5", "9", sourceLine=1), sourceId=last["id"])
    [refusal] = early["errors"]
    assert (refusal["code"], refusal["details"]["available"]) == ("OUT_OF_STOCK", "2")
    await shop.posted("issue", line(item, "2", "9", sourceLine=1), sourceId=last["id"])
    back = (await step(shop, "unapproveDocument", first))["document"]
    assert await reserved(first) is None
    assert await reserved(last) == ("3", "3", "0")
    assert (await step(shop, "approveDocument", back))["errors"] == []
    assert [await reserved(o) for o in (first, last)] == [("8", "5", "3"), ("3", "3", "0")]


async def test_an_unapproved_order_is_changed_or_deleted(shop: Shop) -> None:
    item = await shop.item("AGAIN")
    await shop.posted("receipt", line(item, "10", "3"))
    changed, gone = [await shop.posted("sales_order", line(item, "4", "9")) for _ in range(2)]
    for order in (changed, gone):
        draft = (await step(shop, "unapproveDocument", order))["document"]
        order |= draft
    asked = shop.document("sales_order", line(item, "1", "9"))
    asked["document"]["id"] = str(uuid_of(changed["id"], "Document"))
    saved = await shop.ask(SAVE, input={**asked, "revision": changed["revision"]})
    assert saved["saveDraft"]["errors"] == []
    again = await step(shop, "approveDocument", saved["saveDraft"]["document"])
    assert again["errors"] == []
    assert (await delete(shop, gone))["errors"] == []
    found = await shop.ask("query($i: ID!) { availability(itemIds: [$i]) { reserved } }", i=item)
    assert found["availability"] == [{"reserved": "1"}]
    assert await verify(shop.database, shop.principal.tenant_id) == []


async def test_a_reversal_mirrors_and_happens_once(shop: Shop) -> None:
    item = await shop.item("MIRROR")
    receipt = await shop.posted("receipt", line(item, "4", "5"))
    issue = await shop.posted("issue", line(item, "3", "9"))
    gone = {"commandId": str(uuid7()), "id": receipt["id"]}
    refused = await shop.ask(REVERSE, input=gone)
    assert [e["code"] for e in refused["reverseDocument"]["errors"]] == ["LATER_SHORT"]
    for_issue = {"commandId": str(uuid7()), "id": issue["id"]}
    mirror = (await shop.ask(REVERSE, input=for_issue))["reverseDocument"]["document"]
    assert (mirror["total"], mirror["reverses"]["number"]) == ("-27.00", issue["number"])
    twice = await shop.ask(REVERSE, input={**for_issue, "commandId": str(uuid7())})
    assert [e["code"] for e in twice["reverseDocument"]["errors"]] == ["ALREADY_REVERSED"]
    done = await shop.ask(REVERSE, input={**gone, "commandId": str(uuid7())})
    assert done["reverseDocument"]["errors"] == []
    assert await stock_of(shop, item) == []


async def test_two_step_transfer_with_a_loss_on_the_way(shop: Shop) -> None:
    item = await shop.item("MOVE")
    await shop.posted("receipt", line(item, "10", "2"))
    sent = await shop.posted("dispatch", line(item, "6"))
    assert sorted((r["place"]["code"], r["value"]) for r in await stock_of(shop, item)) == [
        ("MAIN", "8.00"),
        ("~in_transit", "12.00"),
    ]
    arrival = await shop.post(
        "arrival",
        line(item, "5", sourceLine=1),
        line(item, "1", sourceLine=1, role="LOST", cause="broken"),
        sourceId=sent["id"],
        toPlaceId=shop.places["MAIN"],
        placeId=None,
    )
    assert arrival["errors"] == [], arrival
    [row] = await stock_of(shop, item)
    assert (row["quantity"], row["value"]) == ("9", "18.00")


async def test_history_reads_by_business_date_and_by_knowledge(shop: Shop) -> None:
    item = await shop.item("PAST")
    await shop.posted("receipt", line(item, "10", "10"), on="2026-01-10")
    await shop.posted("issue", line(item, "4", "30"), on="2026-02-10")
    known = await shop.ask("{ documents(first: 1, orderBy: POSTED) { nodes { postedAt } } }")
    moment = known["documents"]["nodes"][0]["postedAt"]
    await shop.posted("receipt", line(item, "10", "20"), on="2026-01-20")
    assert [r["value"] for r in await stock_of(shop, item)] == ["240.00"]
    [before] = await stock_of(shop, item, asOf='"2026-01-31"')
    assert (before["quantity"], before["value"]) == ("20", "300.00")
    [then] = await stock_of(shop, item, knownAt=f'"{moment}"')
    assert (then["quantity"], then["value"]) == ("6", "60.00")
    card = await shop.ask(
        "query($i: ID!, $after: String) { itemCard(itemId: $i, first: 2, after: $after) {"
        " pageInfo { endCursor hasNextPage } nodes { quantity value balanceQuantity balanceValue"
        " corrects { number } document { type { code } } } } }",
        i=item,
    )
    assert [n["balanceValue"] for n in card["itemCard"]["nodes"]] == ["100.00", "300.00"]
    rest = await shop.ask(
        "query($i: ID!, $after: String) { itemCard(itemId: $i, first: 5, after: $after) {"
        " nodes { value balanceQuantity balanceValue corrects { number } } } }",
        i=item,
        after=card["itemCard"]["pageInfo"]["endCursor"],
    )
    issue, correction = rest["itemCard"]["nodes"]
    assert (issue["value"], issue["corrects"]) == ("-40.00", None)
    assert (correction["value"], correction["balanceValue"]) == ("-20.00", "240.00")
    assert correction["corrects"]["number"] == "SI-20260210-0001"
    summary = await shop.ask(
        '{ stockSummary(since: "2026-02-01", until: "2026-02-28") { nodes {'
        " openingQuantity openingValue inQuantity outQuantity outValue closingValue"
        " costOfSales turnover } } }"
    )
    assert summary["stockSummary"]["nodes"] == [
        {
            "openingQuantity": "20",
            "openingValue": "300.00",
            "inQuantity": "0",
            "outQuantity": "4",
            "outValue": "60.00",
            "closingValue": "240.00",
            "costOfSales": "60.00",
            "turnover": "0.22",
        }
    ]


async def test_cost_is_hidden_from_who_may_not_see_it(shop: Shop, db: Database) -> None:
    item = await shop.item("SECRET")
    receipt = await shop.posted("receipt", line(item, "1", "5"))
    issue = await shop.posted("issue", line(item, "1", "9"))
    seller = await Shop.enter(db, shop.principal.tenant_id, roles=("seller",))
    found = await seller.ask(
        "query($a: ID!, $b: ID!) { a: document(id: $a) { net lines { nodes { unitPrice net } } }"
        " b: document(id: $b) { net } }",
        a=receipt["id"],
        b=issue["id"],
    )
    assert found["a"] == {"net": None, "lines": {"nodes": [{"unitPrice": None, "net": None}]}}
    assert found["b"] == {"net": "9.00"}
    denied = await seller.raw("query($i: ID!) { costLayers(itemId: $i) { value } }", i=item)
    assert denied["errors"][0]["extensions"]["code"] == "PERMISSION_DENIED"


async def test_strangers_find_nothing(shop: Shop, db: Database) -> None:
    item = await shop.item("OURS")
    receipt = await shop.posted("receipt", line(item, "1", "5"))
    stranger = await Shop.open(db)
    found = await stranger.ask(
        "query($d: ID!, $i: ID!) { document(id: $d) { id } node(id: $d) { id }"
        " stock(filter: {itemIds: [$i]}) { nodes { quantity } } }",
        d=receipt["id"],
        i=item,
    )
    assert found == {"document": None, "node": None, "stock": {"nodes": []}}
    payload = await stranger.post("receipt", line(item, "1", "5"))
    assert [(e["code"], e["path"]) for e in payload["errors"]] == [
        ("NOT_FOUND", ["document", "lines", "0", "itemId"])
    ]
    reversal = await stranger.ask(REVERSE, input={"commandId": str(uuid7()), "id": receipt["id"]})
    assert [e["code"] for e in reversal["reverseDocument"]["errors"]] == ["NOT_FOUND"]


async def test_sales_are_summed_by_every_key(shop: Shop) -> None:
    item = await shop.item("SOLD")
    await shop.posted("opening", line(item, "10", "5"), on="2026-03-01")
    await shop.posted("issue", line(item, "3", "10"), country="France")
    await shop.posted("issue", line(item, "1", "10"), country="Spain", on="2026-03-03")
    await shop.posted("return_from_customer", line(item, "1", "10"), country="France")
    by_day = await shop.ask(
        "{ sales(groupBy: DAY) { nodes { key soldQuantity soldTotal returnedTotal } } }"
    )
    assert by_day["sales"]["nodes"] == [
        {"key": "2026-03-02", "soldQuantity": "3", "soldTotal": "30.00", "returnedTotal": "10.00"},
        {"key": "2026-03-03", "soldQuantity": "1", "soldTotal": "10.00", "returnedTotal": "0"},
    ]
    by_country = await shop.ask("{ sales(groupBy: COUNTRY) { nodes { key soldTotal } } }")
    assert by_country["sales"]["nodes"] == [
        {"key": "France", "soldTotal": "30.00"},
        {"key": "Spain", "soldTotal": "10.00"},
    ]
