"""What modules tell others of items: under their names, whoever answers badly stops what depends on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import pytest

from core.db.database import Database, Transaction
from core.errors import Refused
from core.extension.described import attributes_of_items
from core.ids import uuid7
from core.tenancy.rules import Principal
from tests.core.extension.making import installed, plugin, switch_on

ITEM = uuid7()
Told = Mapping[UUID, Mapping[str, str]]


async def asked(db: Database, principal: Principal, *ids: UUID) -> Any:
    async with db.transaction(principal.tenant_id) as tx:
        return await attributes_of_items(tx, ids)


async def test_of_those_that_are_on_each_under_its_name(db: Database, principal: Principal) -> None:
    async def item_attributes(tx: Transaction, item_ids: Collection[UUID]) -> Told:
        return {item_id: {"hue": "dark"} for item_id in item_ids if item_id == ITEM}

    told, silent = plugin("teller", item_attributes), plugin("silent")
    with installed(told, silent, plugin("other", item_attributes)):
        assert await asked(db, principal, ITEM) == {}
        await switch_on(db, principal, "teller")
        await switch_on(db, principal, "silent")
        assert await asked(db, principal, ITEM, uuid7()) == {ITEM: {"teller.hue": "dark"}}


@pytest.mark.parametrize("answer", [{uuid7(): {"hue": "dark"}}, {ITEM: {"hue": 1}}, None])
async def test_a_bad_answer_is_a_failure(db: Database, principal: Principal, answer: Any) -> None:
    async def item_attributes(tx: Transaction, item_ids: Collection[UUID]) -> Told:
        if answer is None:
            raise SystemExit
        found: Told = answer
        return found

    with installed(plugin("teller", item_attributes)):
        await switch_on(db, principal, "teller")
        with pytest.raises(Refused) as refused:
            await asked(db, principal, ITEM)
    assert [refusal.code for refusal in refused.value.refusals] == ["MODULE_FAILED"]
