"""What a document may not say, each with the code, the place and the sentence it is refused with."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from tests.hostile.evidence import Rows, insides, refusals
from tests.hostile.world import CLOSED_THROUGH, DAY, World, command, mutation
from tests.shop import Json, Shop, line

HEAD = {"businessDate": DAY}
ZH = {"Accept-Language": "zh-CN"}


@dataclass(frozen=True, slots=True)
class Case:
    """A document of a type: what its head and its only line say beside what they must, and the
    refusal it meets. Ids are given by the names of the world."""

    type: str
    code: str
    path: str
    head: Json = field(default_factory=dict)
    line: Json | None = field(default_factory=dict)
    words: str = ""


CASES = [
    Case("receipt", "BAD_QUANTITY", "lines 0 quantity", line={"quantity": "0"}),
    Case("receipt", "BAD_QUANTITY", "lines 0 quantity", line={"quantity": "-1"}),
    Case("issue", "BAD_QUANTITY", "lines 0 quantity", line={"quantity": "-0.000001"}),
    Case("receipt", "REQUIRED", "lines 0 quantity", line={"quantity": None}),
    Case("receipt", "TOO_FINE", "lines 0 quantity", line={"quantity": "1.5"}),
    Case("receipt", "TOO_FINE", "lines 0 quantity", line={"quantity": "0.000000000001"}),
    Case("receipt", "LIMIT_EXCEEDED", "lines 0 quantity", line={"quantity": "9" * 18}),
    Case("receipt", "LIMIT_EXCEEDED", "lines 0 quantity",
         line={"quantity": "100000000000", "unitId": "unit box", "unitPrice": "0"}),
    Case("receipt", "LIMIT_EXCEEDED", "lines 0 unitPrice", line={"unitPrice": "9" * 18}),
    Case("receipt", "LIMIT_EXCEEDED", "lines 0 quantity",
         line={"quantity": "999999999999", "unitPrice": "1001"}),
    Case("receipt", "LIMIT_EXCEEDED", "lines 0 quantity",
         line={"quantity": "99999999", "unitPrice": "1", "taxRate": "9" * 18}),
    Case("receipt", "LIMIT_EXCEEDED", "lines 0 amount", line={"amount": "9" * 16}),
    Case("receipt", "NEGATIVE_PRICE", "lines 0 unitPrice", line={"unitPrice": "-1"}),
    Case("receipt", "NEGATIVE_PRICE", "lines 0 amount", line={"amount": "-0.01"}),
    Case("receipt", "PRICE_REQUIRED", "lines 0 unitPrice", line={"unitPrice": None}),
    Case("receipt", "BAD_DISCOUNT", "lines 0 discountPct", line={"discountPct": "100.1"}),
    Case("receipt", "BAD_DISCOUNT", "lines 0 discountPct", line={"discountPct": "-1"}),
    Case("receipt", "BAD_TAX_RATE", "lines 0 taxRate", line={"taxRate": "-1"}),
    Case("receipt", "NOT_A_UNIT_OF_ITEM", "lines 0 unitId", line={"unitId": "unit kg"}, words="KEG"),
    Case("receipt", "NOT_FOUND", "lines 0 itemId", line={"itemId": "party SUP"}),
    Case("receipt", "NOT_FOUND", "lines 0 placeId", line={"placeId": "item KEG"}),
    Case("receipt", "INACTIVE", "lines 0 itemId", line={"itemId": "item OLD"}, words="OLD"),
    Case("receipt", "INACTIVE", "placeId", {"placeId": "place OLD"}, words="OLD"),
    Case("receipt", "INACTIVE", "partyId", {"partyId": "party OLD"}, words="OLD"),
    Case("receipt", "WRONG_PARTY", "partyId", {"partyId": "party CUS"}, words="CUS"),
    Case("issue", "WRONG_PARTY", "partyId", {"partyId": "party SUP"}, words="SUP"),
    Case("receipt", "WRONG_PLACE", "placeId", {"placeId": "place ~customer"}),
    Case("receipt", "WRONG_PLACE", "lines 0 placeId", line={"placeId": "place ROOT"}, words="ROOT"),
    Case("receipt", "REQUIRED", "lines 0 placeId", {"placeId": None}),
    Case("transfer", "REQUIRED", "lines 0 toPlaceId"),
    Case("transfer", "SAME_PLACE", "lines 0 toPlaceId", {"toPlaceId": "place MAIN"}),
    Case("transfer", "SERVICE_NOT_STOCKED", "lines 0 itemId", {"toPlaceId": "place STORE"},
         {"itemId": "item SVC"}),
    Case("receipt", "PERIOD_CLOSED", "businessDate", {"businessDate": CLOSED_THROUGH},
         words=CLOSED_THROUGH),
    Case("receipt", "PERIOD_CLOSED", "businessDate", {"businessDate": "1999-12-31"}),
    Case("receipt", "DATE_TOO_EARLY", "businessDate", {"businessDate": "0001-01-01"}),
    Case("receipt", "DATE_TOO_EARLY", "businessDate", {"businessDate": "1899-12-31"}),
    Case("receipt", "FUTURE_DATE", "businessDate", {"businessDate": "9999-12-31"}),
    Case("receipt", "NO_LINES", "lines", line=None),
    Case("receipt", "UNKNOWN_DOCUMENT_TYPE", "type", {"type": "receipt; DROP TABLE item"}),
    Case("revaluation", "UNKNOWN_DOCUMENT_TYPE", "type"),
    Case("arrival", "REQUIRED", "sourceId", {"toPlaceId": "place STORE"}),
    Case("arrival", "SOURCE_NOT_READY", "sourceId",
         {"toPlaceId": "place STORE", "sourceId": "receipt"}),
    Case("receipt", "SOURCE_NOT_READY", "sourceId", {"sourceId": "draft to post"}),
    Case("return_to_supplier", "SOURCE_NOT_READY", "sourceId", {"sourceId": "draft to post"}),
    Case("receipt", "SOURCE_NOT_READY", "sourceId", {"sourceId": "order to reopen"}),
    Case("receipt", "REQUIRED", "sourceId", line={"sourceLine": 1}),
    Case("return_to_supplier", "NOT_FOUND", "lines 0 sourceLine", {"sourceId": "receipt"},
         {"sourceLine": 2}),
    Case("return_to_supplier", "NOT_FOUND", "lines 0 sourceLine", {"sourceId": "receipt"},
         {"sourceLine": -(2**31)}),
    Case("return_to_supplier", "SOURCE_MISMATCH", "lines 0 sourceLine", {"sourceId": "receipt"},
         {"itemId": "item PART", "sourceLine": 1}),
    Case("landed_cost", "REQUIRED", "extraCost", {"sourceId": "receipt"}, None),
    Case("landed_cost", "TOO_MANY_DECIMALS", "extraCost",
         {"sourceId": "receipt", "extraCost": "0.000000000001"}, None),
    Case("landed_cost", "LIMIT_EXCEEDED", "extraCost",
         {"sourceId": "receipt", "extraCost": "-" + "9" * 18}, None),
    Case("landed_cost", "BASIS_ZERO", "costBasis",
         {"sourceId": "receipt", "extraCost": "1", "costBasis": "WEIGHT"}, None),
    Case("conversion", "ROLE_REQUIRED", "lines"),
    Case("cost_adjustment", "REQUIRED", "lines 0 amount", line={"unitPrice": None}),
    Case("issue", "NOT_FOUND", "lines 0 lotCode", line={"lotCode": "NONE"}),
    Case("issue", "ON_HOLD", "lines", line={"itemId": "item PART"}, words="recall"),
    Case("issue", "OUT_OF_STOCK", "lines", line={"quantity": "999"}, words="KEG"),
]  # fmt: skip


def _input(world: World, case: Case) -> Json:
    def known(values: Json) -> Json:
        return {
            name: world.ids.get(value, value) if name.endswith("Id") else value
            for name, value in values.items()
        }

    base = line(world.ids["item KEG"], "1", "5")
    lines = [] if case.line is None else [{**base, **known(case.line)}]
    place = world.ids["place MAIN"]
    document = {"type": case.type, **HEAD, "placeId": place, "lines": lines, **known(case.head)}
    return command(document=document)


@pytest.mark.parametrize(
    "case", CASES, ids=lambda c: f"{c.type}-{c.code}-{c.path}".replace(" ", ".")
)
async def test_documents(case: Case, untouched: Rows, world: World) -> None:
    body = {"query": mutation("postDocument"), "variables": {"input": _input(world, case)}}
    for headers in ({}, ZH):
        response = await world.shop.client.post("/graphql", json=body, headers=headers)
        assert response.status_code == 200
        assert insides(response.text) is None
        found = {
            (refusal["code"], " ".join(refusal["path"])): refusal["message"]
            for refusal in refusals(response.json(), "postDocument")
        }
        assert (case.code, f"document {case.path}") in found
        message = found[case.code, f"document {case.path}"]
        assert case.words in message
        assert any("\u4e00" <= letter <= "\u9fff" for letter in message) == (headers == ZH)


async def test_out_of_stock_names_item_place_wanted_and_available(shop: Shop) -> None:
    item = await shop.item("KEG")
    await shop.posted("receipt", line(item, "20", "5"))
    await shop.posted("receipt", line(item, "10", "5", lotCode="LOT"))
    # What was asked for and what there is: not what one lot lacked when the other was taken.
    input_ = shop.document("issue", line(item, "1000", "9"))
    answer = await shop.raw(mutation("postDocument"), input=input_)
    [refusal] = refusals(answer, "postDocument")
    assert refusal["code"] == "OUT_OF_STOCK"
    assert refusal["details"] == {
        "item": "KEG",
        "place": "MAIN",
        "wanted": "1000",
        "available": "30",
    }
    assert refusal["message"] == "KEG: 1000 wanted at MAIN, 30 available."
    shop.client.headers["Accept-Language"] = "zh"
    again = await shop.raw(mutation("postDocument"), input=input_)
    assert refusals(again, "postDocument")[0]["message"] == "KEG:在 MAIN 需要 1000,可用 30。"


async def test_limits_of_number(untouched: Rows, world: World) -> None:
    one = line(world.ids["item KEG"], "1", "5")
    document = {"type": "receipt", **HEAD, "placeId": world.ids["place MAIN"]}
    many: dict[str, Json] = {
        "postDocument": command(document={**document, "lines": [one] * 1001}),
        "saveDraft": command(document={**document, "lines": [one] * 1001}),
        "postDocuments": {"documents": [command(document={**document, "lines": []})] * 1001},
        "saveItems": {"items": [command(code="X", name="x")] * 1001},
        "saveParties": {"parties": [command(code="X", name="x", isSupplier=True)] * 1001},
    }
    for name, input_ in many.items():
        [refusal] = refusals(await world.shop.raw(mutation(name), input=input_), name)
        assert refusal["code"] == "LIMIT_EXCEEDED", name
        assert refusal["details"]["limit"] == 1000
        assert refusal["path"][-1] in ("lines", "documents", "items", "parties")


async def test_the_largest_figures_that_are_taken_add_up(db: Database) -> None:
    shop = await Shop.open(db)
    for method in ("moving_average", "fifo"):
        item = await shop.item(method, costing_method=method)
        for _ in range(2):
            await shop.posted("receipt", line(item, "999999999999", "1000"))
            await shop.posted("receipt", line(item, "1", "999999999999.123456789012"))
            await shop.posted(
                "receipt", line(item, "1", "0.000000000001", taxRate="0.000000000001")
            )
            await shop.posted("issue", line(item, "7", "10"))
            await shop.posted("issue", line(item, "333333333333", "0.000000000001"))
        await shop.posted(
            "receipt", line(item, "1", None, amount="999999999999999"), on="1900-01-01"
        )
    assert await verify(db, shop.principal.tenant_id) == []


async def test_a_source_is_not_deleted_from_under_what_names_it(db: Database) -> None:
    world = await World.open(db)
    content = {"type": "receipt", **HEAD, "placeId": world.ids["place MAIN"]}
    lines = [line(world.ids["item KEG"], "1", "5")]
    source, other = world.ids["draft to delete"], str(uuid7())
    await world.do(
        "saveDraft", document={**content, "lines": lines, "id": other, "sourceId": source}
    )
    step = command(id=source, revision=await world.revision("draft to delete"))
    answer = await world.shop.raw(mutation("deleteDraft"), input=step)
    assert [r["code"] for r in refusals(answer, "deleteDraft")] == ["IS_SOURCE"]
    itself = command(
        document={**content, "lines": lines, "id": other, "sourceId": None}, revision=1
    )
    assert refusals(await world.shop.raw(mutation("saveDraft"), input=itself), "saveDraft") == []
    assert refusals(await world.shop.raw(mutation("deleteDraft"), input=step), "deleteDraft") == []
    assert await verify(db, world.tenant) == []


@pytest.mark.parametrize(
    ("name", "input_", "code", "path"),
    [
        ("closePeriod", {"through": "2026-02-27"}, "NOT_A_MONTH_END", "through"),
        ("closePeriod", {"through": "0001-01-31"}, "NOT_LATER", "through"),
        ("closePeriod", {"through": CLOSED_THROUGH}, "NOT_LATER", "through"),
        ("closePeriod", {"through": "9999-12-31"}, "MONTH_NOT_OVER", "through"),
        ("reopenPeriod", {"through": "9999-12-31"}, "NOT_EARLIER", "through"),
        ("reopenPeriod", {"through": "2025-12-30"}, "NOT_A_MONTH_END", "through"),
        ("reverseDocument", {"id": "receipt", "date": "9999-12-31"}, "FUTURE_DATE", "businessDate"),
        ("reverseDocument", {"id": "receipt", "date": CLOSED_THROUGH}, "PERIOD_CLOSED", "businessDate"),
        ("reverseDocument", {"id": "draft to post"}, "NOT_REVERSIBLE", "id"),
        ("postDraft", {"id": "draft to post", "revision": 99}, "STALE_REVISION", "revision"),
        ("postDraft", {"id": "draft to post", "revision": -1}, "STALE_REVISION", "revision"),
        ("postDraft", {"id": "receipt", "revision": 1}, "WRONG_STATE", ""),
        ("closeOrder", {"id": "receipt", "revision": 1}, "WRONG_STATE", ""),
        ("createUnit", {"code": "U", "name": "u", "decimals": 7}, "LIMIT_EXCEEDED", "decimals"),
        ("createUnit", {"code": "U", "name": "u", "decimals": -1}, "LIMIT_EXCEEDED", "decimals"),
        ("createItem", {"code": "KEG", "name": "twice"}, "DUPLICATE", "code"),
        ("createItem", {"code": "I", "name": "i", "listPrice": "-1"}, "BAD_NUMBER", "listPrice"),
        ("createItem", {"code": "I", "name": "i", "weight": "9" * 16}, "BAD_NUMBER", "weight"),
        ("updateSettings", {"currency": "euro"}, "INVALID_SETTING", "currency"),
        ("updateSettings", {"amountDp": -1}, "INVALID_SETTING", "amountDp"),
        ("updateSettings", {"amountDp": 4}, "SETTING_FIXED", "amountDp"),
        ("updateSettings", {"overReceiptPct": "-1"}, "INVALID_SETTING", "overReceiptPct"),
        ("setMember", {"email": "nobody", "roles": []}, "INVALID", "email"),
        ("setMember", {"email": "a@b.cn", "roles": ["king"]}, "UNKNOWN_ROLE", "roles 0"),
        ("movePlace", {"id": "place ROOT", "revision": 1, "parentId": "place MAIN"}, "", ""),
        ("archivePlace", {"id": "place MAIN", "revision": 1}, "PLACE_IN_USE", "active"),
        ("placeHold", {"itemId": "item KEG", "reason": " "}, "REQUIRED", "reason"),
    ],
)  # fmt: skip
async def test_other_mutations(
    untouched: Rows, world: World, name: str, input_: Json, code: str, path: str
) -> None:
    sent = {k: world.ids.get(v, v) if isinstance(v, str) else v for k, v in input_.items()}
    for language in ("en", "zh"):
        response = await world.shop.client.post(
            "/graphql",
            json={"query": mutation(name), "variables": {"input": command(**sent)}},
            headers={"Accept-Language": language},
        )
        assert response.status_code == 200
        assert insides(response.text) is None
        found = refusals(response.json(), name)
        assert found
        if code:
            assert (code, path) in [(r["code"], " ".join(r["path"])) for r in found]
        chinese = [any("\u4e00" <= c <= "\u9fff" for c in r["message"]) for r in found]
        assert all(one == (language == "zh") for one in chinese)
