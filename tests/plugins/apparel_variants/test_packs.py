"""Ratio packs over HTTP: bought, received, opened, filled and sold."""

from __future__ import annotations

from core.ids import uuid7
from tests.plugins.apparel_variants.boutique import Boutique
from tests.plugins.apparel_variants.tailor import (
    CONVERT,
    DAY,
    PACK,
    RECEIVE,
    UPDATE,
    Tailor,
)
from tests.shop import line


async def test_packs_are_bought_as_one_line_and_opened(boutique: Boutique) -> None:
    tailor = Tailor(boutique)
    shirt = await tailor.shirt()
    items = {one["item"]["code"]: one["item"]["id"] for one in shirt["style"]["variants"]}
    ratio = {"T1-RED-S": 1, "T1-RED-M": 2, "T1-RED-L": 1}
    lines = [{"itemId": items[code], "quantity": n} for code, n in ratio.items()]
    pack = (await tailor.done(PACK, code="P1", name="Run of red", lines=lines))["pack"]
    assert pack["pieces"] == 4
    assert {one["variant"]["size"]["code"]: one["quantity"] for one in pack["lines"]} == {
        **{"S": 1, "M": 2, "L": 1}
    }
    key, main = pack["item"]["id"], tailor.shop.places["MAIN"]

    order = await tailor.shop.posted("purchase_order", line(key, "3", "100"))
    sent = {"packId": key, "quantity": "2", "placeId": main, "businessDate": DAY}
    bought = {**sent, "unitPrice": "100", "sourceId": order["id"], "sourceLine": 1}
    command = str(uuid7())
    for _ in range(2):  # once, however often it is sent
        came = await tailor.done(RECEIVE, commandId=command, **bought)
        assert came["receipt"]["type"]["code"] == "receipt"
        assert came["opening"]["type"]["code"] == "disassembly"
    grid = await tailor.grid(shirt)
    assert grid["rows"][1]["onHand"] == ["2", "4", "2"]
    stock = await tailor.shop.ask("{ stock(first: 20) { nodes { item { code } value } } }")
    values = {node["item"]["code"]: node["value"] for node in stock["stock"]["nodes"]}
    assert values == {"T1-RED-S": "50.00", "T1-RED-M": "100.00", "T1-RED-L": "50.00"}

    packs = """query($f: ApparelVariantsPackFilterInput) { apparelVariantsPacks(filter: $f) { totalCount
      nodes { pieces fillable item { code apparelVariantsPack { lines { quantity } } } } } }"""
    asked = await tailor.shop.ask(packs, f={"itemIds": [items["T1-RED-S"], key]})
    (found,) = asked["apparelVariantsPacks"]["nodes"]
    assert (found["pieces"], found["fillable"], found["item"]["code"]) == (4, 2, "P1")
    assert [one["quantity"] for one in found["item"]["apparelVariantsPack"]["lines"]] == [1, 2, 1]
    for wanted, n in (({}, 1), ({"styleId": shirt["style"]["id"]}, 1), ({"active": False}, 0)):
        assert (await tailor.shop.ask(packs, f=wanted))["apparelVariantsPacks"]["totalCount"] == n

    # Packs that cannot be opened stay whole: the receipt is in the books
    await tailor.done(UPDATE, id=shirt["style"]["id"], revision=1, active=False)
    kept = await tailor.do(RECEIVE, **{**sent, "quantity": "1", "unitPrice": "100"})
    assert kept["opening"] is None
    assert kept["receipt"]["type"]["code"] == "receipt"
    assert [error["code"] for error in kept["errors"]] == ["INACTIVE"] * 3
    await tailor.done(UPDATE, id=shirt["style"]["id"], revision=2, active=True)
    await tailor.done(CONVERT, **{**sent, "quantity": "1"})
    await tailor.done(CONVERT, fill=True, **{**sent, "quantity": "1"})
    await tailor.shop.posted("issue", line(key, "1", "180"))

    # What is loose fills packs again; one is sold whole, one opened
    assert (await tailor.done(CONVERT, fill=True, **sent))["document"]["type"]["code"] == "assembly"
    await tailor.shop.posted("issue", line(key, "1", "180"))
    await tailor.done(CONVERT, **{**sent, "quantity": "1"})
    assert (await tailor.grid(shirt))["rows"][1]["onHand"] == ["1", "2", "1"]
    assert await tailor.refused(CONVERT, **sent) == [("OUT_OF_STOCK", ["quantity"])]
    assert await tailor.refused(CONVERT, **{**sent, "quantity": "0.5"}) == [
        ("APPAREL_VARIANTS_BAD_PACKS", ["quantity"])
    ]
    # part of a pack does not come in, either
    part = {**sent, "quantity": "1.5", "unitPrice": "100"}
    payload = await tailor.do(RECEIVE, **part)
    assert payload["receipt"] is None
    assert [one["code"] for one in payload["errors"]] == ["APPAREL_VARIANTS_BAD_PACKS"]
    assert await tailor.refused(CONVERT, **{**sent, "packId": items["T1-RED-S"]}) == [
        ("APPAREL_VARIANTS_NO_PACK", ["packId"])
    ]
    for wrong, told in (
        ([], [("APPAREL_VARIANTS_BAD_RATIO", ["lines"])]),
        ([lines[0], lines[0]], [("DUPLICATE", ["lines", "1", "itemId"])]),
        ([{"itemId": key, "quantity": 1}], [("NOT_FOUND", ["lines", "0", "itemId"])]),
    ):
        assert await tailor.refused(PACK, code="P2", name="no pack", lines=wrong) == told
