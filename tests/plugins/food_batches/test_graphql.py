"""What the module shows in GraphQL, takes in its inputs, and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from core.db.database import Database
from core.errors import Language
from core.ids import uuid7
from plugins.food_batches.rules.dates import after_months
from schema.compose import ComposedSchema
from schema.export import undescribed
from schema.relay import decode_id
from tests.plugins.food_batches.market import BATCHES, Market, errors
from tests.schema.statements import statements
from tests.shop import Json, Shop, line

UPDATE_ITEM = """mutation($input: UpdateItemInput!) { updateItem(input: $input) {
  item { foodBatches { batchControl shelfLife { value } } } errors { code path } } }"""
SETTINGS = """{ nearLevels { shelfLifeAtLeast days } markdowns { left percent } licencePolicy
  licenceKinds disposalPlaces { code } completeScans recordMonths recordMonthsWithoutExpiry }"""
UPDATE_SETTINGS = f"""mutation($input: FoodBatchesUpdateSettingsInput!) {{
  foodBatchesUpdateSettings(input: $input) {{ settings {SETTINGS}
    errors {{ code path message }} }} }}"""
RECORDS = """query($filter: FoodBatchesRecordFilterInput, $first: Int, $after: String) {
  foodBatchesRecords(filter: $filter, first: $first, after: $after) {
  pageInfo { hasNextPage endCursor } nodes { direction on quantity partyName partyAddress partyContact
    licenceKind licenceNumber keptUntil item { name } food { specification shelfLife { value unit } }
    batch { number producedOn expiresOn } document { number } party { code } } } }"""


def test_everything_is_described(schema: ComposedSchema) -> None:
    assert undescribed(schema._schema) == []


async def kilogram(market: Market) -> str:
    units = (await market.shop.ask("{ units { id code } }"))["units"]
    (id_,) = (str(unit["id"]) for unit in units if unit["code"] == "kg")
    return id_


# Items and parties


async def test_what_is_sent_with_an_item_comes_back(market: Market) -> None:
    kg = await kilogram(market)
    food = {
        **{"batchControl": True, "shelfLife": {"value": 12, "unit": "MONTHS"}},
        **{"storage": "CHILLED", "storageNote": " 2–6 °C ", "nearExpiryDays": 20},
        **{"secondUnitId": kg, "secondMinimum": "0.9", "secondMaximum": "1.1"},
        **{"specification": "500 ml × 12"},
    }
    payload = await market.item("FISH", food)
    assert payload["errors"] == []
    shown = {**food, "storageNote": "2–6 °C", "secondUnit": {"code": "kg"}}
    del shown["secondUnitId"]
    assert payload["item"]["foodBatches"] == shown
    plain = await market.item("HAMMER")
    assert plain["item"]["foodBatches"] is None

    async def update(revision: int, **change: Any) -> Json:
        sent = {"commandId": str(uuid7()), "id": payload["item"]["id"], "revision": revision}
        answer = await market.shop.ask(UPDATE_ITEM, input={**sent, **change})
        food: Json = answer["updateItem"]["item"]["foodBatches"]
        return food

    kept = {"batchControl": True, "shelfLife": {"value": 12}}
    assert await update(1, name="Fish") == kept
    assert await update(2, foodBatches={}) == {"batchControl": True, "shelfLife": None}
    assert await update(3, foodBatches=None) == {"batchControl": False, "shelfLife": None}


@pytest.mark.parametrize(
    ("food", "code", "path"),
    [
        ({"shelfLife": {"value": 0}}, "LIMIT_EXCEEDED", ["foodBatches", "shelfLife"]),
        ({"nearExpiryDays": -1}, "LIMIT_EXCEEDED", ["foodBatches", "nearExpiryDays"]),
        ({"secondUnitId": "x"}, "NOT_FOUND", ["foodBatches", "secondUnitId"]),
        ({"secondMinimum": "1"}, "REQUIRED", ["foodBatches", "secondUnitId"]),
        ({"storageNote": "x" * 256}, "TOO_LONG", ["foodBatches", "storageNote"]),
        ({"specification": "x" * 256}, "TOO_LONG", ["foodBatches", "specification"]),
    ],
)
async def test_items_that_cannot_be(market: Market, food: Json, code: str, path: Any) -> None:
    assert errors(await market.item("MILK", food)) == [(code, path)]
    listed = await market.shop.ask("{ items { nodes { code } } }")
    assert listed["items"]["nodes"] == []


async def test_what_is_sent_with_a_party_comes_back(market: Market) -> None:
    food: Json = {
        "minimumLife": {"numerator": 2, "denominator": 3},
        "licences": [
            {"kind": "BUSINESS", "number": "91"},
            {"kind": "FOOD_TRADE", "number": " JY1 ", "validUntil": market.day(-1)},
        ],
    }
    payload = await market.party("ANN", food)
    assert payload["party"]["foodBatches"] == {
        "minimumLife": {"days": None, "numerator": 2, "denominator": 3},
        "licences": [
            {"kind": "BUSINESS", "number": "91", "validUntil": None, "expired": False},
            {
                **{"kind": "FOOD_TRADE", "number": "JY1"},
                **{"validUntil": market.day(-1), "expired": True},
            },
        ],
    }
    wrong: tuple[tuple[Json, str, list[str]], ...] = (
        ({"minimumLife": {}}, "FOOD_BATCHES_BAD_MINIMUM", ["minimumLife"]),
        ({"minimumLife": {"days": -1}}, "FOOD_BATCHES_BAD_MINIMUM", ["minimumLife"]),
        ({"licences": [{"kind": "OTHER", "number": " "}]}, "REQUIRED", ["licences", "0", "number"]),
    )
    for food, code, path in wrong:
        assert errors(await market.party("BOB", food)) == [(code, ["foodBatches", *path])]


# Batches


async def test_batches_a_page_at_a_time(market: Market) -> None:
    milk, salt = await market.food("MILK"), await market.food("SALT", shelfLife=None)
    for lot, days in (("A", 30), ("B", 3), ("C", -2)):
        await market.receive(milk, lot, "1", expiresOn=market.day(days))
    await market.receive(salt, "S", "1")
    seen, after = [], None
    while True:
        page = (await market.shop.ask(BATCHES, first=2, after=after))["foodBatches"]
        seen += [batch["number"] for batch in page["nodes"]]
        assert page["totalCount"] == 4
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == ["C", "B", "A", "S"]
    assert list(await market.batches(itemId=salt)) == ["S"]
    assert list(await market.batches(expiresBefore=market.day(3))) == ["C"]
    main = market.shop.places["MAIN"]
    assert len(await market.batches(placeId=main)) == 4
    await market.posted("scrap", line(milk, "1", lotCode="C"))
    assert "C" not in await market.batches(placeId=main)
    assert "C" not in await market.batches(inStock=True)
    assert "C" in await market.batches()
    raw = await market.shop.raw(BATCHES, after="bm9uZQ==")
    assert raw["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_a_batch_is_found_by_its_id_and_its_lot(market: Market) -> None:
    milk = await market.food("MILK")
    await market.receive(milk, "A", "4", producedOn=market.day(-20), origin="内蒙古")
    (batch,) = (await market.batches()).values()
    assert (batch["expiresOn"], batch["daysLeft"]) == (market.day(40), 40)
    assert (batch["status"], batch["onHand"]) == ("RELEASED", "4")
    assert decode_id(batch["id"]) is not None
    found = await market.shop.ask(
        """query($id: ID!) { node(id: $id) { ... on FoodBatchesBatch { number origin } }
        stock { nodes { lot { foodBatches { number } } foodBatchesSecondQuantity } } }""",
        id=batch["id"],
    )
    assert found["node"] == {"number": "A", "origin": "内蒙古"}
    assert found["stock"]["nodes"] == [
        {"lot": {"foodBatches": {"number": "A"}}, "foodBatchesSecondQuantity": None}
    ]


async def test_what_is_sent_with_a_line_comes_back(market: Market) -> None:
    kg = await kilogram(market)
    fish = await market.food("FISH", secondUnitId=kg)
    told = {
        **{"producedOn": market.day(-12), "expiresOn": market.day(9), "supplierNumber": "S-1"},
        **{"origin": "舟山", "certificates": [str(uuid7())], "secondQuantity": "12.50"},
    }
    await market.receive(fish, "F", "10", **told)
    await market.posted("loss", line(fish, "2", lotCode="F"))
    shown = "{ producedOn expiresOn supplierNumber origin certificates secondQuantity }"
    found = await market.shop.ask(
        f"""{{ documents(first: 5) {{ nodes {{ type {{ code }} lines(first: 5) {{ nodes {{
        foodBatches {shown} }} }} }} }}
        stock {{ nodes {{ foodBatchesSecondQuantity }} }} }}"""
    )
    lines = {d["type"]["code"]: d["lines"]["nodes"] for d in found["documents"]["nodes"]}
    assert lines["receipt"] == [{"foodBatches": {**told, "secondQuantity": "12.5"}}]
    assert lines["loss"] == [{"foodBatches": None}]
    (left,) = found["stock"]["nodes"]
    assert Decimal(left["foodBatchesSecondQuantity"]) == 10
    for wrong in ({"origin": "x" * 65}, {"supplierNumber": "x" * 65}):
        sent = line(fish, "1", "2", lotCode="G", foodBatches={"expiresOn": market.day(9), **wrong})
        payload = await market.shop.post("receipt", sent, on=market.day(-1))
        ((code, path),) = errors(payload)
        assert code == "TOO_LONG"
        assert path == ["document", "lines", "0", "foodBatches", *wrong]


async def test_a_correction_needs_a_reason_and_is_kept(market: Market) -> None:
    milk = await market.food("MILK")
    await market.receive(milk, "A", "4", producedOn=market.day(-20))
    id_ = (await market.batches())["A"]["id"]
    paper = str(uuid7())
    done = await market.do("UpdateBatch", id=id_, supplierNumber=" S-2 ", certificates=[paper])
    assert (done["errors"], done["batch"]["supplierNumber"]) == ([], "S-2")
    assert done["batch"]["certificates"] == [paper]
    wrong = await market.do("UpdateBatch", id=id_, expiresOn=market.day(50))
    assert errors(wrong) == [("INVALID", ["reason"])]
    wrong = await market.do("UpdateBatch", id=id_, expiresOn=market.day(-21), reason="label")
    assert errors(wrong) == [("FOOD_BATCHES_DATES_REVERSED", ["expiresOn"])]
    other = await market.food("TEA")
    wrong = await market.do("UpdateBatch", id=other, origin="X")
    assert errors(wrong) == [("NOT_FOUND", ["id"])]
    # A date that is cleared follows from the other one
    new = {"producedOn": market.day(-19), "expiresOn": None, "reason": "label"}
    done = await market.do("UpdateBatch", id=id_, **new)
    assert (done["batch"]["producedOn"], done["batch"]["expiresOn"]) == (
        market.day(-19),
        market.day(41),
    )
    trail = await market.shop.ask("{ auditTrail(first: 1) { nodes { action details } } }")
    (entry,) = trail["auditTrail"]["nodes"]
    assert entry["action"] == "food_batches.updateBatch"
    assert entry["details"]["reason"] == "label"
    assert entry["details"]["before"]["produced_on"] == market.day(-20)
    assert entry["details"]["after"]["produced_on"] == market.day(-19)


# Records and settings


async def test_records_tell_what_the_law_asks(market: Market) -> None:
    milk = await market.food("MILK", specification="1 l × 12")
    seller = {"address": "呼和浩特", "phone": "0471-1", "isCustomer": False}
    licence = {"licences": [{"kind": "FOOD_PRODUCTION", "number": "SC1"}]}
    dairy = (await market.party("DAIRY", licence, **seller))["party"]["id"]
    ann = (await market.party("ANN", address="上海", phone="021-2"))["party"]["id"]
    told = {"producedOn": market.day(-20)}
    received = line(milk, "9", "2", lotCode="A", foodBatches=told)
    await market.posted("receipt", received, on=market.day(-10), partyId=dairy)
    sold = await market.posted("issue", line(milk, "4", "5"), partyId=ann)
    wrong = await market.posted("issue", line(milk, "1", "5"), partyId=ann)
    reverse = (
        "mutation($i: ReverseDocumentInput!) { reverseDocument(input: $i) { errors { code } } }"
    )
    sent = {"commandId": str(uuid7()), "id": wrong["id"]}
    assert (await market.shop.ask(reverse, i=sent))["reverseDocument"]["errors"] == []
    back = line(milk, "1", sourceLine=1, lotCode="A")
    await market.posted("return_from_customer", back, partyId=ann, sourceId=sold["id"])

    found = (await market.shop.ask(RECORDS))["foodBatchesRecords"]["nodes"]
    assert [(one["direction"], one["quantity"], one["party"]["code"]) for one in found] == [
        ("RECEIVED", "9", "DAIRY"),
        ("DELIVERED", "4", "ANN"),
        ("DELIVERED", "-1", "ANN"),
    ]
    first = found[0]
    del first["document"]
    assert first == {
        **{"direction": "RECEIVED", "on": market.day(-10), "quantity": "9"},
        **{"partyName": "DAIRY", "partyAddress": "呼和浩特", "partyContact": "0471-1"},
        **{"licenceKind": "FOOD_PRODUCTION", "licenceNumber": "SC1"},
        "keptUntil": after_months(date.fromisoformat(market.day(40)), 6).isoformat(),
        "item": {"name": "MILK"},
        "food": {"specification": "1 l × 12", "shelfLife": {"value": 60, "unit": "DAYS"}},
        "batch": {"number": "A", "producedOn": market.day(-20), "expiresOn": market.day(40)},
        "party": {"code": "DAIRY"},
    }
    assert (found[1]["partyAddress"], found[1]["licenceNumber"]) == ("上海", None)
    for filter_, count in (
        ({"direction": "DELIVERED"}, 2),
        ({"partyId": dairy}, 1),
        ({"since": market.day(0)}, 2),
        ({"until": market.day(-1)}, 1),
        ({"itemId": milk}, 3),
    ):
        some = (await market.shop.ask(RECORDS, filter=filter_))["foodBatchesRecords"]["nodes"]
        assert len(some) == count, filter_
    page = (await market.shop.ask(RECORDS, first=2))["foodBatchesRecords"]
    assert page["pageInfo"]["hasNextPage"]
    after = page["pageInfo"]["endCursor"]
    rest = (await market.shop.ask(RECORDS, first=2, after=after))["foodBatchesRecords"]["nodes"]
    assert [one["quantity"] for one in rest] == ["-1"]


async def test_settings_are_changed_and_count_at_once(market: Market) -> None:
    shop = market.shop
    before = (await shop.ask(f"{{ foodBatchesSettings {SETTINGS} }}"))["foodBatchesSettings"]
    assert (before["licencePolicy"], before["recordMonths"]) == ("FLAG", 6)
    assert before["nearLevels"][0] == {"shelfLifeAtLeast": 365, "days": 45}

    async def update(**changes: Any) -> Json:
        sent = {"commandId": str(uuid7()), **changes}
        payload: Json = (await shop.ask(UPDATE_SETTINGS, input=sent))["foodBatchesUpdateSettings"]
        return payload

    done = await update(
        licencePolicy="REFUSE",
        nearLevels=[{"shelfLifeAtLeast": 0, "days": 7}],
        markdowns=[{"left": 100, "percent": "12.5"}],
        disposalPlaceIds=[shop.places["MAIN"]],
    )
    assert done["errors"] == []
    assert done["settings"]["markdowns"] == [{"left": 100, "percent": "12.5"}]
    assert done["settings"]["disposalPlaces"] == [{"code": "MAIN"}]
    milk = await market.food("MILK")
    sent = line(milk, "1", "2", lotCode="A", foodBatches={"expiresOn": market.day(8)})
    assert await market.refused("receipt", sent) == ["FOOD_BATCHES_NO_LICENCE"]
    assert (await update(licencePolicy=None))["settings"]["licencePolicy"] == "FLAG"
    await market.posted("receipt", sent)
    assert (await market.batches())["A"]["freshness"] == "FRESH"
    for wrong, path in (
        ({"recordMonths": 5}, "recordMonths"),
        ({"nearLevels": [{"shelfLifeAtLeast": -1, "days": 7}]}, "nearLevels"),
        ({"licenceKinds": []}, "licenceKinds"),
    ):
        payload = await update(**wrong)
        assert payload["settings"] is None
        assert [(code, where[0]) for code, where in errors(payload)] == [("INVALID_SETTING", path)]
    assert errors(await update(disposalPlaceIds=["x"])) == [
        ("NOT_FOUND", ["disposalPlaceIds", "0"])
    ]


# Permissions, languages, and how many statements it takes


async def test_who_may_not_see_cost_sees_no_value(
    market: Market, db: Database, schema: ComposedSchema
) -> None:
    milk = await market.food("MILK")
    await market.receive(milk, "A", "4", expiresOn=market.day(3))
    tenant = market.shop.principal.tenant_id
    roles: tuple[tuple[str, Language], ...] = (("viewer", "en"), ("seller", "zh"))
    query = """{ foodBatchesNearExpiry { lines { nodes { quantity value batch { number } } }
      totals { nearBatches nearValue } } }"""
    for role, language in roles:
        shop = await Shop.enter(
            db,
            tenant,
            roles=(role,),
            language=language,
            schema=schema,
            modules=["food_batches"],
        )
        near = (await shop.ask(query))["foodBatchesNearExpiry"]
        assert near["lines"]["nodes"] == [
            {"quantity": "4", "value": None, "batch": {"number": "A"}}
        ]
        assert near["totals"] == {"nearBatches": 1, "nearValue": None}
        batch = (await market.batches())["A"]["id"]
        (error,) = (await Market(shop, market.today).do("Hold", id=batch, reason="x"))["errors"]
        assert error["code"] == "PERMISSION_DENIED"
        assert ("权限" in error["message"]) == (language == "zh")


@contextmanager
def all_statements(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Those through SQLAlchemy, and those through the driver itself."""
    own = psycopg.AsyncConnection.execute
    with statements(database) as sent, monkeypatch.context() as patch:

        async def execute(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
            sent.append(str(query))
            return await own(self, query, *rest, **more)

        patch.setattr(psycopg.AsyncConnection, "execute", execute)
        yield sent


@pytest.fixture
async def full(market: Market) -> Market:
    """Twelve items, parties and batches."""
    for n in range(12):
        item = await market.food(f"I{n}")
        party = (await market.party(f"P{n}", {"minimumLife": {"days": 1}}))["party"]["id"]
        sent = line(item, "4", "2", lotCode=f"L{n}", foodBatches={"expiresOn": market.day(3)})
        await market.posted("receipt", sent, on=market.day(-10), partyId=party)
    return market


FACTS = "number daysLeft onHand item { code } lot { code }"


@pytest.mark.parametrize(
    "query",
    [
        "{ items(first: %d) { nodes { foodBatches { shelfLife { value } secondUnit { code } } } } }",
        "{ parties(first: %d) { nodes { foodBatches { minimumLife { days } licences { kind } } } } }",
        "{ stock(first: %d) { nodes { foodBatchesSecondQuantity lot { foodBatches { number } } } } }",
        "{ documents(first: %d) { nodes { lines(first: 1) { nodes { foodBatches { origin } } } } } }",
        f"{{ foodBatches(first: %d) {{ nodes {{ {FACTS} }} }} }}",
        "{ foodBatchesNearExpiry { lines(first: %d) { nodes { value place { code } batch"
        f" {{ {FACTS} }} }} }} totals {{ nearValue }} }} }}",
        "{ foodBatchesRecords(first: %d) { nodes { keptUntil item { name } food { specification }"
        " batch { number } document { number } party { code } } } }",
    ],
)
async def test_statements_do_not_grow_with_rows(
    full: Market, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = {}
    for first in (4, 12, 4, 12):  # the first round warms what is cached
        with all_statements(full.shop.database, monkeypatch) as seen:
            await full.shop.ask(query % first)
        sent[first] = [one for one in seen if "api_token" not in one]
    assert sent[4]
    assert len(sent[4]) == len(sent[12]), "\n".join(sent[12])
