"""Claims under warranty over HTTP: opened, replaced, refused where they do not hold."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from core.db.database import Database, rows
from core.ids import uuid7
from schema.compose import ComposedSchema
from tests.plugins.serial_numbers.stores import NAME
from tests.plugins.serial_numbers.test_story import made, of, serial_item
from tests.shop import Json, Shop

CLAIM = """claim { id claimedOn complaint covered closedOn outcome note unit { number }
  customer { name } replacement { number } } errors { code path }"""
OPEN = f"""mutation($input: SerialNumbersOpenClaimInput!) {{
  serialNumbersOpenClaim(input: $input) {{ {CLAIM} }} }}"""
CLOSE = f"""mutation($input: SerialNumbersCloseClaimInput!) {{
  serialNumbersCloseClaim(input: $input) {{ {CLAIM} }} }}"""
LIST = """query($onlyOpen: Boolean!) { serialNumbersClaims(onlyOpen: $onlyOpen) { totalCount
  nodes { complaint unit { number } } } }"""
LINKS = """query($number: String!) { serialNumbersUnit(number: $number) { id state
  replacedBy { number } replaces { number } claims { outcome covered } } }"""
PARTY = """mutation($input: CreatePartyInput!) { createParty(input: $input) { party { id }
  errors { code } } }"""


async def sent(shop: Shop, mutation: str, **facts: Any) -> Json:
    command = facts.pop("commandId", None) or str(uuid7())
    answer = await shop.ask(mutation, input={"commandId": command, **facts})
    (payload,) = answer.values()
    found: Json = payload
    return found


async def codes(shop: Shop, mutation: str, **facts: Any) -> list[tuple[str, list[str]]]:
    payload = await sent(shop, mutation, **facts)
    assert payload["claim"] is None
    return [(error["code"], error["path"]) for error in payload["errors"]]


async def unit(shop: Shop, number: str) -> Json:
    [found] = (await shop.ask(LINKS, number=number))["serialNumbersUnit"]
    answer: Json = found
    return answer


async def sold(shop: Shop) -> dict[str, str]:
    """Units by their numbers: S1 and S2 were sold to Ann on 5 March 2026 for a year, S3 and S4 are here."""
    phone = await serial_item(shop, "PHONE", {"warrantyMonths": 12})
    ann = await made(shop, PARTY, "Party", code="ANN", isCustomer=True)
    await shop.posted("receipt", of(phone, 4, "100", text="S1-S4"))
    await shop.posted(
        "issue", of(phone, 2, "200", numbers=["S1", "S2"]), partyId=ann, on="2026-03-05"
    )
    return {number: (await unit(shop, number))["id"] for number in ("S1", "S2", "S3", "S4")}


async def test_a_unit_is_replaced(shop: Shop) -> None:
    ids = await sold(shop)
    command = str(uuid7())
    first = {
        "commandId": command,
        "unitId": ids["S1"],
        "complaint": " It is dead ",
        "claimedOn": "2026-03-20",
    }
    opened = (await sent(shop, OPEN, **first))["claim"]
    assert (await sent(shop, OPEN, **first))["claim"] == opened
    assert (opened["complaint"], opened["covered"], opened["outcome"]) == ("It is dead", True, None)
    assert (opened["unit"], opened["customer"]) == ({"number": "S1"}, {"name": "ANN"})
    assert await codes(shop, OPEN, unitId=ids["S1"], complaint="again") == [
        ("SERIAL_NUMBERS_CLAIM_OPEN", ["unitId"])
    ]
    listed = (await shop.ask(LIST, onlyOpen=True))["serialNumbersClaims"]
    assert (listed["totalCount"], listed["nodes"][0]["unit"]) == (1, {"number": "S1"})

    closing = {"id": opened["id"], "outcome": "REPLACED"}
    assert await codes(shop, CLOSE, **closing) == [("REQUIRED", ["replacementId"])]
    itself = {**closing, "replacementId": ids["S1"]}
    assert await codes(shop, CLOSE, **itself) == [
        ("SERIAL_NUMBERS_NO_REPLACEMENT", ["replacementId"])
    ]
    mended = {"id": opened["id"], "outcome": "REPAIRED", "replacementId": ids["S3"]}
    assert await codes(shop, CLOSE, **mended) == [("INVALID", ["replacementId"])]
    closed = (await sent(shop, CLOSE, **closing, replacementId=ids["S3"], note="new one"))["claim"]
    assert (closed["outcome"], closed["note"]) == ("REPLACED", "new one")
    assert closed["replacement"] == {"number": "S3"}
    assert closed["closedOn"] is not None
    assert await codes(shop, CLOSE, id=opened["id"], outcome="REJECTED") == [
        ("SERIAL_NUMBERS_CLAIM_CLOSED", ["id"])
    ]
    old, new = await unit(shop, "S1"), await unit(shop, "S3")
    assert (old["replacedBy"], old["replaces"]) == ({"number": "S3"}, None)
    assert (new["replacedBy"], new["replaces"]) == (None, {"number": "S1"})
    assert old["claims"] == [{"outcome": "REPLACED", "covered": True}]

    other = (await sent(shop, OPEN, unitId=ids["S2"], complaint="it too"))["claim"]
    same = {"id": other["id"], "outcome": "REPLACED", "replacementId": ids["S3"]}
    assert await codes(shop, CLOSE, **same) == [
        ("SERIAL_NUMBERS_NO_REPLACEMENT", ["replacementId"])
    ]
    await sent(shop, CLOSE, id=other["id"], outcome="REFUNDED")
    assert (await shop.ask(LIST, onlyOpen=True))["serialNumbersClaims"]["totalCount"] == 0
    assert (await shop.ask(LIST, onlyOpen=False))["serialNumbersClaims"]["totalCount"] == 2


async def test_a_claim_outlives_the_unit_s_return(shop: Shop) -> None:
    ids = await sold(shop)
    opened = (await sent(shop, OPEN, unitId=ids["S1"], complaint="x"))["claim"]
    await sent(shop, CLOSE, id=opened["id"], outcome="REPAIRED")
    again = (await sent(shop, OPEN, unitId=ids["S1"], complaint="y"))["claim"]
    assert again["id"] != opened["id"]
    assert len((await unit(shop, "S1"))["claims"]) == 2


async def test_what_was_never_sold_has_no_claim(shop: Shop) -> None:
    ids = await sold(shop)
    never = ("SERIAL_NUMBERS_NEVER_SOLD", ["unitId"])
    assert await codes(shop, OPEN, unitId=ids["S4"], complaint="x") == [never]
    early = {"unitId": ids["S1"], "complaint": "x", "claimedOn": "2026-03-04"}
    assert await codes(shop, OPEN, **early) == [never]
    late = {"unitId": ids["S1"], "complaint": "x", "claimedOn": "2999-01-01"}
    assert await codes(shop, OPEN, **late) == [("INVALID", ["claimedOn"])]
    assert [code for code, _ in await codes(shop, OPEN, unitId=ids["S1"], complaint=" ")] == [
        "REQUIRED"
    ]


async def test_claims_are_for_who_may(shop: Shop, db: Database, schema: ComposedSchema) -> None:
    ids = await sold(shop)
    viewer = await Shop.enter(
        db, shop.principal.tenant_id, roles=("viewer",), schema=schema, modules={NAME}
    )
    facts = {"unitId": ids["S1"], "complaint": "x"}
    assert await codes(viewer, OPEN, **facts) == [("PERMISSION_DENIED", [])]


async def test_the_database_holds_one_open_claim(shop: Shop, db: Database) -> None:
    ids = await sold(shop)
    await sent(shop, OPEN, unitId=ids["S1"], complaint="x")
    twin = (
        "INSERT INTO serial_numbers_claim (tenant_id, id, lot_id, claimed_on, complaint, covered)"
        " SELECT tenant_id, gen_random_uuid(), lot_id, claimed_on, complaint, covered"
        " FROM serial_numbers_claim WHERE tenant_id = %s RETURNING id"
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        async with db.transaction(shop.principal.tenant_id) as tx:
            await rows(tx, twin, tx.tenant_id)
