"""A phone shop over HTTP: from the receipt of a range to the warranty of one phone."""

from __future__ import annotations

from typing import Any

from core.db.database import Database
from core.ids import uuid7
from schema.compose import ComposedSchema
from tests.plugins.serial_numbers.stores import NAME
from tests.shop import Json, Shop, line

ITEM = """mutation($input: CreateItemInput!) { createItem(input: $input) { item { id
  serialNumbers { serialControl warrantyMonths imei firstNumber } }
  errors { code message path } } }"""
UNIT = """query($number: String!, $item: ID) { serialNumbersUnit(number: $number, itemId: $item) { id
  number state soldOn warrantyUntil underWarranty item { code } lot { code serialNumbersUnit { number } }
  customer { name } place { code }
  history { on number type sourceAccount targetAccount reverses cost document { number }
    party { name } source { code } target { code } } } }"""
UNITS = """query($item: ID!, $states: [SerialNumbersState!], $first: Int, $after: String) {
  serialNumbersUnits(itemId: $item, states: $states, first: $first, after: $after) { totalCount
    pageInfo { hasNextPage endCursor } nodes { number state } } }"""
NEXT = """query($item: ID!, $count: Int!, $start: String) {
  serialNumbersNext(itemId: $item, count: $count, start: $start) }"""
COMPARE = """query($item: ID!, $place: ID!, $numbers: [String!]!) {
  serialNumbersCompare(itemId: $item, placeId: $place, numbers: $numbers) {
    missing { number } elsewhere { number place { code } } unexpected } }"""
SETTINGS = """mutation($input: SerialNumbersUpdateSettingsInput!) {
  serialNumbersUpdateSettings(input: $input) {
    settings { uniqueWithin repairPlaces { code } processorPlaces { code } } errors { code path } } }"""
PLACE = """mutation($input: CreatePlaceInput!) { createPlace(input: $input) { place { id }
  errors { code } } }"""
CORE_SETTINGS = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
  errors { code } } }"""
CLOSE = """mutation($input: DocumentStepInput!) { closeOrder(input: $input) { errors { code } } }"""
REVERSE = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
  errors { code message } } }"""
PARTY = """mutation($input: CreatePartyInput!) { createParty(input: $input) { party { id }
  errors { code } } }"""


async def made(shop: Shop, mutation: str, what: str, **facts: Any) -> str:
    """The id of a new object."""
    sent = {"commandId": str(uuid7()), "name": facts["code"], **facts}
    payload = (await shop.ask(mutation, input=sent))[f"create{what}"]
    assert payload["errors"] == [], payload
    id_: str = payload[what.lower()]["id"]
    return id_


async def serial_item(shop: Shop, code: str, serial: Json | None = None, **facts: Any) -> str:
    return await made(
        shop, ITEM, "Item", code=code, costScope="SERIAL", serialNumbers=serial or {}, **facts
    )


def of(item: str, quantity: int, price: str | None = None, **serial: Any) -> Json:
    """A line of units."""
    more = {"sourceLine": serial.pop("sourceLine")} if "sourceLine" in serial else {}
    if serial:
        more["serialNumbers"] = serial
    return line(item, str(quantity), price, **more)


async def unit(shop: Shop, number: str, **how: Any) -> Json:
    """The one unit that a text means."""
    [found] = (await shop.ask(UNIT, number=number, **how))["serialNumbersUnit"]
    answer: Json = found
    return answer


async def refused(shop: Shop, type_: str, *lines: Json, **head: Any) -> list[tuple[str, list[str]]]:
    payload = await shop.post(type_, *lines, **head)
    assert payload["document"] is None, payload
    return [(error["code"], error["path"]) for error in payload["errors"]]


async def test_from_the_receipt_to_the_warranty(shop: Shop) -> None:
    phone = await serial_item(shop, "PHONE", {"warrantyMonths": 1200, "firstNumber": "SN-0098"})
    maker = await made(shop, PARTY, "Party", code="MAKER", isSupplier=True)
    ann = await made(shop, PARTY, "Party", code="ANN", isCustomer=True)
    corner = await made(shop, PLACE, "Place", code="CORNER", kind="WAREHOUSE")

    numbers = (await shop.ask(NEXT, item=phone, count=3))["serialNumbersNext"]
    assert numbers == ["SN-0098", "SN-0099", "SN-0100"]
    await shop.posted("receipt", of(phone, 3, "100", numbers=numbers), partyId=maker)
    expand = "query($i: ID!, $t: String!) { serialNumbersExpand(itemId: $i, text: $t) }"
    found = (await shop.ask(expand, i=phone, t="X1-X2, ~ + 1, ~"))["serialNumbersExpand"]
    assert found == ["X1", "X2", "SN-0101", "SN-0102", "SN-0103"]
    await shop.posted("receipt", of(phone, 2, "130", text="SN-0101 - SN-0102"), partyId=maker)
    assert (await shop.ask(NEXT, item=phone, count=1))["serialNumbersNext"] == ["SN-0103"]

    moved = await shop.posted("dispatch", of(phone, 2, start="SN-0100", count=2), on="2026-03-03")
    assert (await unit(shop, "SN-0100"))["state"] == "IN_TRANSIT"
    back = of(phone, 2, text="SN-0100, SN-0101", sourceLine=1)
    arrival = {"placeId": None, "toPlaceId": corner, "on": "2026-03-04"}
    await shop.posted("arrival", back, sourceId=moved["id"], **arrival)
    compared = (
        await shop.ask(
            COMPARE,
            item=phone,
            place=shop.places["MAIN"],
            numbers=["SN-0098", "SN-0100", "SN-9999"],
        )
    )["serialNumbersCompare"]
    assert compared == {
        "missing": [{"number": "SN-0099"}, {"number": "SN-0102"}],
        "elsewhere": [{"number": "SN-0100", "place": {"code": "CORNER"}}],
        "unexpected": ["SN-9999"],
    }

    path = ["document", "lines", "0", "serialNumbers", "numbers", "0"]
    here = of(phone, 1, "200", numbers=["SN-0101"])
    assert await refused(shop, "issue", here, on="2026-03-05") == [
        ("SERIAL_NUMBERS_WRONG_PLACE", path)
    ]
    sale = {"placeId": corner, "partyId": ann, "on": "2026-03-05"}
    sold = await shop.posted("issue", here, **sale)
    assert await refused(shop, "issue", here, **sale) == [("SERIAL_NUMBERS_NOT_ALLOWED", path)]

    found = await unit(shop, "SN-0101")
    assert found["state"] == "SOLD"
    assert (found["soldOn"], found["warrantyUntil"]) == ("2026-03-05", "2126-03-05")
    assert found["underWarranty"]
    assert (found["customer"], found["place"]) == ({"name": "ANN"}, None)
    assert found["lot"] == {"code": "SN-0101", "serialNumbersUnit": {"number": "SN-0101"}}
    told = [(e["type"], e["cost"], e["party"] and e["party"]["name"]) for e in found["history"]]
    assert told == [
        ("receipt", "130.00", "MAKER"),
        ("dispatch", "130.00", None),
        ("arrival", "130.00", None),
        ("issue", "130.00", "ANN"),
    ]
    last = found["history"][-1]
    assert last["document"]["number"] == last["number"] == sold["number"]
    assert (last["source"], last["targetAccount"]) == ({"code": "CORNER"}, "customer")

    again = of(phone, 1, sourceLine=1, numbers=["SN-0101"])
    await shop.posted("return_from_customer", again, **{**sale, "sourceId": sold["id"]})
    found = await unit(shop, "SN-0101")
    assert (found["state"], found["soldOn"], found["place"]) == (
        "IN_STOCK",
        None,
        {"code": "CORNER"},
    )


async def test_units_are_listed_by_page_and_state(shop: Shop) -> None:
    item = await serial_item(shop, "A")
    await shop.posted("receipt", of(item, 5, "1", text="S1-S5"))
    await shop.posted("issue", of(item, 2), on="2026-03-03")
    page = (await shop.ask(UNITS, item=item, first=2))["serialNumbersUnits"]
    assert [node["number"] for node in page["nodes"]] == ["S1", "S2"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (5, True)
    rest = await shop.ask(UNITS, item=item, after=page["pageInfo"]["endCursor"])
    assert [n["number"] for n in rest["serialNumbersUnits"]["nodes"]] == ["S3", "S4", "S5"]
    gone = (await shop.ask(UNITS, item=item, states=["SOLD"]))["serialNumbersUnits"]
    assert gone["nodes"] == [
        {"number": "S1", "state": "SOLD"},
        {"number": "S2", "state": "SOLD"},
    ]


async def test_an_order_reserves_the_very_unit(shop: Shop) -> None:
    item = await serial_item(shop, "A")
    await shop.posted("receipt", of(item, 4, "1", text="S1-S4"))

    async def states(*wanted: str) -> Json:
        found = (await shop.ask(UNITS, item=item, states=wanted or None))["serialNumbersUnits"]
        assert found["totalCount"] == len(found["nodes"])
        return {node["number"]: node["state"] for node in found["nodes"]}

    order = await shop.posted("sales_order", of(item, 2, "9", numbers=["S2"]))
    assert await states("RESERVED") == {"S2": "RESERVED"}
    assert sorted(await states("IN_STOCK")) == ["S1", "S3", "S4"]
    number = ["document", "lines", "0", "serialNumbers", "numbers", "0"]
    reserved = [("SERIAL_NUMBERS_RESERVED", number)]
    assert await refused(shop, "issue", of(item, 1, numbers=["S2"])) == reserved
    assert await refused(shop, "sales_order", of(item, 1, "9", numbers=["S2"])) == reserved
    unknown = await refused(shop, "sales_order", of(item, 1, "9", numbers=["S9"]))
    assert unknown == [("SERIAL_NUMBERS_UNKNOWN", number)]

    await shop.posted("issue", of(item, 2))  # those that are free, first in, first out
    assert await states("SOLD") == {"S1": "SOLD", "S3": "SOLD"}
    sold = await shop.posted("issue", of(item, 1, sourceLine=1), sourceId=order["id"])
    assert (await states())["S2"] == "SOLD", "what is reserved goes first"
    sent = {"commandId": str(uuid7()), "id": sold["id"]}
    assert (await shop.ask(REVERSE, input=sent))["reverseDocument"]["errors"] == []
    assert (await states())["S2"] == "RESERVED"

    sent = {"commandId": str(uuid7()), "id": order["id"], "revision": order["revision"]}
    assert (await shop.ask(CLOSE, input=sent))["closeOrder"]["errors"] == []
    assert (await states())["S2"] == "IN_STOCK"
    await shop.posted("issue", of(item, 1, numbers=["S2"]))


async def test_what_is_printed_finds_the_unit(shop: Shop) -> None:
    phone = await serial_item(shop, "PHONE", {"imei": True})
    other = await serial_item(shop, "OTHER")
    await shop.posted("receipt", of(phone, 1, "1", numbers=["490154203237518"]))
    await shop.posted("receipt", of(other, 2, "1", numbers=["AB-12", "490154203237518"]))
    for text in ("49-015420-323751-8", "49015420323751", " 490154203237518 "):
        assert (await unit(shop, text, item=phone))["item"] == {"code": "PHONE"}
    both = (await shop.ask(UNIT, number="490154203237518"))["serialNumbersUnit"]
    assert {one["item"]["code"] for one in both} == {"PHONE", "OTHER"}
    for text in ("(01)09520123456788(21)AB-12", "010952012345678821AB-12"):
        assert (await unit(shop, text))["number"] == "AB-12"
    for text in ("", "(", "(01)1", "nothing", "]C1"):
        assert (await shop.ask(UNIT, number=text))["serialNumbersUnit"] == []
    wrong = of(phone, 1, "1", numbers=["490154203237519"])
    assert [code for code, _ in await refused(shop, "receipt", wrong)] == [
        "SERIAL_NUMBERS_BAD_IMEI"
    ]


async def test_what_is_entered_wrongly_says_where(shop: Shop) -> None:
    item = await serial_item(shop, "A")
    for serial, code, where in (
        ({"text": "9-5"}, "SERIAL_NUMBERS_BAD_RANGE", ["text"]),
        ({"start": "X", "count": 2}, "SERIAL_NUMBERS_NOT_COUNTABLE", ["start"]),
        ({"start": "X1"}, "REQUIRED", ["count"]),
        ({"numbers": ["A", "A"]}, "SERIAL_NUMBERS_TWICE", ["numbers", "1"]),
        ({"start": "X1", "count": 10001}, "LIMIT_EXCEEDED", []),
    ):
        [(found, path)] = await refused(shop, "receipt", of(item, 2, "1", **serial))
        assert found == code
        assert path == ["document", "lines", "0", "serialNumbers", *where]
    [(code, path)] = await refused(shop, "receipt", of(item, 3, "1", text="1-2"))
    assert (code, path) == ("SERIAL_NUMBERS_WRONG_COUNT", ["document", "lines", "0", "quantity"])


async def test_settings(shop: Shop) -> None:
    main = shop.places["MAIN"]
    sent = {"commandId": str(uuid7()), "uniqueWithin": "TENANT", "repairPlaceIds": [main]}
    payload = (await shop.ask(SETTINGS, input=sent))["serialNumbersUpdateSettings"]
    assert payload["errors"] == []
    assert payload["settings"] == {
        "uniqueWithin": "TENANT",
        "repairPlaces": [{"code": "MAIN"}],
        "processorPlaces": [],
    }
    one, other = await serial_item(shop, "A"), await serial_item(shop, "B")
    await shop.posted("receipt", of(one, 1, "1", numbers=["S1"]))
    [(code, _)] = await refused(shop, "receipt", of(other, 1, "1", numbers=["S1"]))
    assert code == "SERIAL_NUMBERS_TAKEN"
    assert (await unit(shop, "S1"))["state"] == "IN_REPAIR"


async def test_costs_are_for_who_may_see_them(
    shop: Shop, db: Database, schema: ComposedSchema
) -> None:
    item = await serial_item(shop, "A")
    await shop.posted("receipt", of(item, 1, "42", numbers=["S1"]))
    seller = await Shop.enter(
        db, shop.principal.tenant_id, roles=("viewer",), schema=schema, modules={NAME}
    )
    assert "cost.read" not in seller.principal.permissions
    [event] = (await unit(seller, "S1"))["history"]
    assert (event["type"], event["cost"]) == ("receipt", None)


async def test_a_thousand_numbers_in_one_line(shop: Shop) -> None:
    item = await serial_item(shop, "A")
    many = {"start": "N0001", "count": 1000}
    await shop.posted("receipt", of(item, 1000, "1.5", **many))
    await shop.posted("issue", of(item, 1000, "2", **many), on="2026-03-03")
    page = (await shop.ask(UNITS, item=item, states=["SOLD"], first=1))["serialNumbersUnits"]
    assert page["totalCount"] == 1000


async def test_switched_off_it_is_gone_and_switched_on_it_is_up_to_date(
    db: Database, schema: ComposedSchema
) -> None:
    shop = await Shop.open(db, schema=schema)
    await shop.switch(NAME, on=True)
    item = await serial_item(shop, "A")
    await shop.posted("receipt", of(item, 3, "1", text="S1-S3"))
    await shop.switch(NAME, on=False)
    answer = await shop.raw("{ serialNumbersSettings { uniqueWithin } }")
    assert "errors" in answer
    await shop.posted("issue", line(item, "1", "2", lotCode="S1"), on="2026-03-03")
    await shop.posted("receipt", line(item, "1", "2", lotCode="S4"), on="2026-03-03")
    await shop.switch(NAME, on=True)
    listed = (await shop.ask(UNITS, item=item))["serialNumbersUnits"]["nodes"]
    assert {one["number"]: one["state"] for one in listed} == {
        **{"S1": "ISSUED", "S2": "IN_STOCK"},
        **{"S3": "IN_STOCK", "S4": "IN_STOCK"},
    }


async def test_a_unit_is_kept_for_whoever_named_it_in_turn(shop: Shop) -> None:
    """What an earlier order waits for is not kept from it by a later one that names it: neither could be
    delivered."""
    sent = {"commandId": str(uuid7()), "reserveOnOrder": "BACKORDER"}
    assert (await shop.ask(CORE_SETTINGS, input=sent))["updateSettings"]["errors"] == []
    item = await serial_item(shop, "A")
    await shop.posted("receipt", of(item, 3, "1", text="S1-S3"))
    first = await shop.posted("sales_order", of(item, 4, "9"))
    second = await shop.posted("sales_order", of(item, 1, "9", numbers=["S2"]))
    assert await refused(shop, "issue", of(item, 1, sourceLine=1), sourceId=second["id"]) == [
        ("OUT_OF_STOCK", ["document", "lines"])
    ]
    await shop.posted("issue", of(item, 3, sourceLine=1), sourceId=first["id"])
    await shop.posted("receipt", of(item, 3, "1", text="S4-S6"))
    third = await shop.posted("sales_order", of(item, 1, "9", numbers=["S4"]))
    await shop.posted("issue", of(item, 1, sourceLine=1), sourceId=first["id"])
    await shop.posted("issue", of(item, 1, sourceLine=1), sourceId=second["id"])
    units = (await shop.ask(UNITS, item=item))["serialNumbersUnits"]["nodes"]
    assert {one["number"]: one["state"] for one in units if one["state"] != "SOLD"} == {
        "S4": "RESERVED"
    }, "there was enough for everybody"
    await shop.posted("issue", of(item, 1, sourceLine=1), sourceId=third["id"])
