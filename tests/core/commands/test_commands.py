"""A command is carried out once, whoever sends it how often (L4, ledger rule 2.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from core import commands
from core.commands import Answer, Asked
from core.db.database import Database, Transaction
from core.errors import DUPLICATE, Refusal, Refused, refuse
from core.ids import uuid7
from core.tenancy.directory.tables import Tenant


async def test_a_repeated_command_gets_the_first_outcome(db: Database, tenant: Tenant) -> None:
    command, runs = uuid7(), []

    async def work(_: Transaction) -> dict[str, Any]:
        runs.append(1)
        return {"n": len(runs)}

    for _ in range(3):
        outcome = await commands.run(db, tenant.id, command, "count", {"by": 1}, work)
        assert outcome == {"n": 1}
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("operation", "payload"), [("count", {"by": 2}), ("other", {"by": 1}), ("count", {})]
)
async def test_a_used_id_is_refused_for_anything_else(
    db: Database, tenant: Tenant, operation: str, payload: Mapping[str, Any]
) -> None:
    command = uuid7()

    async def work(_: Transaction) -> dict[str, Any]:
        return {}

    await commands.run(db, tenant.id, command, "count", {"by": 1}, work)
    with pytest.raises(Refused) as refused:
        await commands.run(db, tenant.id, command, operation, payload, work)
    assert [r.code for r in refused.value.refusals] == ["COMMAND_REUSED"]


def test_the_hash_is_that_of_the_meaning() -> None:
    written = {"price": Decimal("1.50"), "note": None, "lines": [{"b": 1, "a": "可乐"}]}
    same = {"lines": [{"a": "可乐", "b": 1}], "price": Decimal("1.5")}
    other = {"lines": [{"a": "可乐", "b": 1}], "price": Decimal("1.51")}
    assert commands.input_hash(written) == commands.input_hash(same)
    assert commands.input_hash(written) != commands.input_hash(other)
    with pytest.raises(TypeError):
        commands.input_hash({"price": 1.5})


async def test_a_refusal_is_not_remembered_and_leaves_nothing(db: Database, tenant: Tenant) -> None:
    command, allowed = uuid7(), False

    async def work(_: Transaction) -> dict[str, Any]:
        if not allowed:
            raise refuse(DUPLICATE, field="code", value="A")
        return {"done": True}

    with pytest.raises(Refused):
        await commands.run(db, tenant.id, command, "try", {}, work)
    allowed = True
    assert await commands.run(db, tenant.id, command, "try", {}, work) == {"done": True}


async def test_twins_at_once_are_one(db: Database, tenant: Tenant) -> None:
    command, met = uuid7(), asyncio.Barrier(4)

    async def work(_: Transaction) -> dict[str, Any]:
        if met.n_waiting + 1 <= met.parties and not met.broken:
            async with asyncio.timeout(2):
                await met.wait()
        return {"id": uuid7()}

    outcomes = await asyncio.gather(
        *(commands.run(db, tenant.id, command, "make", {}, work) for _ in range(4))
    )
    assert len({outcome["id"] for outcome in outcomes}) == 1


async def test_many_commands_have_an_answer_each(db: Database, tenant: Tenant) -> None:
    old, new, bad = (Asked.of(uuid7(), "make", {"n": n}) for n in range(3))
    reused = Asked.of(old.id, "make", {"n": 99})
    twisted = Asked.of(new.id, "make", {"n": 98})
    refusal = Refusal(DUPLICATE, ("code",), {"field": "code", "value": "A"})
    asked_for: list[list[int]] = []

    async def work(_: Transaction, fresh: list[int]) -> dict[int, Answer]:
        asked_for.append(fresh)
        return {n: (refusal,) if batch[n] == bad else {"n": n} for n in fresh}

    batch = [old]
    await commands.run_many(db, tenant.id, batch, work)
    batch = [old, new, bad, reused, new, twisted]
    answers = await commands.run_many(db, tenant.id, batch, work)
    assert asked_for == [[0], [1, 2]]
    assert answers[0] == {"n": 0}
    assert answers[1] == answers[4] == {"n": 1}
    assert answers[2] == (refusal,)
    for wrong in (answers[3], answers[5]):
        assert isinstance(wrong, tuple)
        assert wrong[0].code == "COMMAND_REUSED"


@pytest.mark.parametrize("change", ["update command set outcome = '{}'", "delete from command"])
async def test_commands_are_kept_unchanged_for_ever(
    db: Database, tenant: Tenant, superuser_url: str, change: str
) -> None:
    async def work(_: Transaction) -> dict[str, Any]:
        return {}

    await commands.run(db, tenant.id, uuid7(), "keep", {}, work)
    async with db.transaction(tenant.id) as tx:
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            await tx.sql.execute(sa.text(change))
    with psycopg.connect(superuser_url) as connection:
        with pytest.raises(psycopg.IntegrityError, match="append-only"):
            connection.execute(change.encode())
