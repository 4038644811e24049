"""Suppliers and customers."""

from __future__ import annotations

import pytest

from core.db.database import Database
from core.errors import Refused
from core.ids import uuid7
from core.parties.rules import Party, PartyDraft, PartyFilter, PartySave
from core.parties.service import archive_party, create_party, save_parties, update_party
from core.parties.tables import changed_parties, count_parties, list_parties
from core.tenancy.rules import Principal


async def _make(db: Database, principal: Principal, code: str, name: str) -> Party:
    draft = PartyDraft(code=code, name=name, is_customer=True)
    return await create_party(db, principal, uuid7(), draft)


async def test_a_party_is_made_changed_and_archived(db: Database, principal: Principal) -> None:
    party = await _make(db, principal, "C1", "上海百货公司")
    assert (party.mnemonic, party.is_supplier, party.revision) == ("SHBHGS", False, 1)
    party = await update_party(
        db, principal, uuid7(), party.id, 1, {"is_supplier": True, "phone": "021-123"}
    )
    assert (party.is_supplier, party.is_customer, party.phone) == (True, True, "021-123")
    party = await update_party(db, principal, uuid7(), party.id, 2, {"phone": None})
    assert party.phone is None
    party = await archive_party(db, principal, uuid7(), party.id, 3)
    async with db.snapshot(principal.tenant_id) as tx:
        assert await list_parties(tx, PartyFilter(), limit=10) == []
        assert await changed_parties(tx, 0, 10) == [party]


async def test_a_party_has_a_role(db: Database, principal: Principal) -> None:
    with pytest.raises(Refused) as refused:
        await create_party(db, principal, uuid7(), PartyDraft(code="X", name="X"))
    assert [r.code for r in refused.value.refusals] == ["NO_ROLE"]


async def test_everything_wrong_is_said_at_once(db: Database, principal: Principal) -> None:
    draft = PartyDraft(code="", name="\x00", address="x" * 501)
    with pytest.raises(Refused) as refused:
        await create_party(db, principal, uuid7(), draft)
    assert [(r.code, r.path) for r in refused.value.refusals] == [
        ("REQUIRED", ("code",)),
        ("BAD_TEXT", ("name",)),
        ("TOO_LONG", ("address",)),
        ("NO_ROLE", ("is_supplier",)),
    ]


async def test_a_bulk_gives_each_its_verdict_and_can_be_run_twice(
    db: Database, principal: Principal
) -> None:
    def saves() -> list[PartySave]:
        return [
            PartySave(
                command_id=uuid7(),
                draft=PartyDraft(code=code, name=f"Customer {code}", is_customer=True),
            )
            for code in ("17850", "17851", "17850", "")
        ]

    first = await save_parties(db, principal, saves())
    assert [v.id is not None for v in first] == [True, True, False, False]
    assert first[2].refusals[0].code == "DUPLICATE"
    assert first[3].refusals[0].code == "REQUIRED"
    again = await save_parties(db, principal, saves())
    assert [v.id for v in again[:2]] == [v.id for v in first[:2]]
    async with db.snapshot(principal.tenant_id) as tx:
        assert await count_parties(tx, PartyFilter()) == 2


async def test_parties_are_found_by_text_code_mnemonic_and_role(
    db: Database, principal: Principal
) -> None:
    await _make(db, principal, "C1", "上海百货公司")
    await _make(db, principal, "C2", "北京百货公司")
    async with db.snapshot(principal.tenant_id) as tx:

        async def codes(search: str, **flags: bool) -> list[str]:
            wanted = PartyFilter(search=search, **flags)
            return [p.code for p in await list_parties(tx, wanted, limit=10)]

        assert await codes("百货") == ["C1", "C2"]
        assert await codes("上") == ["C1"]
        assert await codes("bjb") == ["C2"]
        assert await codes("c2") == ["C2"]
        assert await codes("百货", is_supplier=True) == []
        assert await codes("百货", is_customer=True) == ["C1", "C2"]
        assert await codes("百 北京") == ["C2"]
        assert await codes("'; drop table party --") == []
