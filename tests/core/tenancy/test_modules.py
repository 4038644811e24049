"""Modules are switched by command, with reasons where they cannot be, and a module that misbehaves while it
is asked harms nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from pydantic import BaseModel, Field

from core.audit.tables import list_audit
from core.db.database import Database, Transaction, rows
from core.errors import INVALID, Refusal, Refused
from core.extension import awaited
from core.extension.manifest import Permission
from core.extension.registry import Plugin, Registry, using
from core.ids import uuid7
from core.tenancy import modules, service, tables
from core.tenancy.rules import Principal, permissions_of
from core.tenancy.tables import ModuleRow, read_sequence
from server import logs
from tests.toys import plugin


class Rules(BaseModel, frozen=True, extra="forbid"):
    """What a shop decides about its toys."""

    limit: Decimal = Field(default=Decimal(3), ge=0)
    label: str = "toy"


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs as the server writes them: a developer's, with all variables, take seconds."""
    logs.configure()


def family() -> list[Plugin]:
    """`games` needs `toys`, which excludes `tools`."""
    return [
        plugin(
            "toys",
            settings=Rules,
            conflicts=("tools",),
            permissions=(Permission("toys.play", ("seller",)), Permission("toys.mend")),
        ),
        plugin("games", requires=("toys",)),
        plugin("tools"),
    ]


@pytest.fixture
def installed() -> Iterator[Registry]:
    with using(Registry(family())) as plugins:
        yield plugins


async def on(db: Database, principal: Principal) -> list[str]:
    async with db.snapshot(principal.tenant_id) as tx:
        return [module.name for module in await modules.load_modules(tx)]


async def refusals(work: Any) -> list[tuple[str, str]]:
    """Codes, and the other module that each names."""
    with pytest.raises(Refused) as refused:
        await work
    for refusal in refused.value.refusals:
        assert refusal.message("zh") != refusal.message("en")
    return [(r.code, str(r.details.get("other", ""))) for r in refused.value.refusals]


async def test_on_and_off_as_asked_and_only_for_this_tenant(
    db: Database, principal: Principal, installed: Registry
) -> None:
    other = await service.create_tenant(db, f"other {principal.tenant_id}")
    await modules.enable(db, principal, uuid7(), "toys")
    await modules.enable(db, principal, uuid7(), "games")
    assert await on(db, principal) == ["toys", "games"]
    async with db.snapshot(other.id) as tx:
        assert (await modules.load_modules(tx)).names == frozenset()
    await modules.disable(db, principal, uuid7(), "games")
    assert await on(db, principal) == ["toys"]


async def test_a_command_is_carried_out_once_and_written_down(
    db: Database, principal: Principal, installed: Registry
) -> None:
    command = uuid7()
    async with db.snapshot(principal.tenant_id) as tx:
        before = await read_sequence(tx)
    await modules.enable(db, principal, command, "toys")
    await modules.disable(db, principal, uuid7(), "toys")
    await modules.enable(db, principal, command, "toys")
    assert await on(db, principal) == [], "that was the first command again"
    async with db.snapshot(principal.tenant_id) as tx:
        after = await read_sequence(tx)
        acts = await list_audit(tx, object_id=principal.tenant_id)
    assert after.rules_version == before.rules_version + 2
    told = [(a.action, a.details, a.actor) for a in acts if a.action.startswith("module.")]
    assert told == [
        ("module.disable", {"module": "toys"}, principal.user_id),
        ("module.enable", {"module": "toys"}, principal.user_id),
    ]


async def test_what_is_so_already_stays_so(
    db: Database, principal: Principal, installed: Registry
) -> None:
    await modules.enable(db, principal, uuid7(), "toys")
    await modules.enable(db, principal, uuid7(), "toys")
    await modules.disable(db, principal, uuid7(), "games")
    assert await on(db, principal) == ["toys"]


async def test_what_other_modules_have_against_it(
    db: Database, principal: Principal, installed: Registry
) -> None:
    async def enable(name: str) -> None:
        await modules.enable(db, principal, uuid7(), name)

    assert await refusals(enable("cars")) == [("UNKNOWN_MODULE", "")]
    assert await refusals(enable("games")) == [("MODULE_REQUIRES", "toys")]
    await enable("tools")
    assert await refusals(enable("toys")) == [("MODULE_CONFLICT", "tools")]
    await modules.disable(db, principal, uuid7(), "tools")
    await enable("toys")
    assert await refusals(enable("tools")) == [("MODULE_CONFLICT", "toys")]
    await enable("games")
    off = modules.disable(db, principal, uuid7(), "toys")
    assert await refusals(off) == [("MODULE_REQUIRED", "games")]


async def test_permissions_are_those_of_what_is_on(
    db: Database, principal: Principal, installed: Registry
) -> None:
    await service.add_user(db, principal.tenant_id, "li@b.test", ["seller"])
    token = await service.issue_token(db, principal.tenant_id, "li@b.test")
    own = await service.issue_token(db, principal.tenant_id, principal.email)
    before = await service.authenticate(db, token)
    await modules.enable(db, principal, uuid7(), "toys")
    seller, administrator = [await service.authenticate(db, one) for one in (token, own)]
    assert before is not None
    assert seller is not None
    assert administrator is not None
    assert before.modules == frozenset()
    assert seller.modules == {"toys"}
    assert seller.permissions == before.permissions | {"toys.play"}
    assert administrator.permissions == principal.permissions | {"toys.play", "toys.mend"}
    await modules.disable(db, principal, uuid7(), "toys")
    assert await service.authenticate(db, token) == before


def test_a_role_that_is_gone_carries_nothing() -> None:
    assert permissions_of(["king"], {"toys.play": ("king",)}) == frozenset()


async def test_settings_outlive_being_off(
    db: Database, principal: Principal, installed: Registry
) -> None:
    async def set_(**changes: Any) -> BaseModel:
        return await modules.update_module_settings(db, principal, uuid7(), "toys", changes)

    assert await set_(limit=Decimal("2.5")) == Rules(limit=Decimal("2.5"))
    await modules.enable(db, principal, uuid7(), "toys")
    await modules.disable(db, principal, uuid7(), "toys")
    await modules.enable(db, principal, uuid7(), "toys")
    assert await set_(label="玩具") == Rules(limit=Decimal("2.5"), label="玩具")
    async with db.snapshot(principal.tenant_id) as tx:
        (module,) = await modules.load_modules(tx)
    assert module.settings == Rules(limit=Decimal("2.5"), label="玩具")
    assert await set_(limit=None) == Rules(label="玩具")
    for wrong in ({"limit": -1}, {"limit": "many"}, {"colour": "red"}, {"colour": None}):
        assert await refusals(set_(**wrong)) == [("INVALID_SETTING", "")]


async def test_settings_that_the_module_has_outgrown(
    db: Database, principal: Principal, installed: Registry
) -> None:
    async with db.transaction(principal.tenant_id) as tx:
        gone = ModuleRow(enabled=True, settings={"limit": "2", "gone": True})
        await tables.write_module(tx, "toys", gone)
    assert await on(db, principal) == ["toys"], "a setting that is gone does not matter"
    async with db.transaction(principal.tenant_id) as tx:
        await tables.write_module(tx, "toys", ModuleRow(enabled=True, settings={"limit": "-2"}))
    assert await refusals(on(db, principal)) == [("MODULE_SETTINGS_OUTDATED", "")]
    await modules.update_module_settings(db, principal, uuid7(), "toys", {"limit": 2})
    assert await on(db, principal) == ["toys"]


async def test_a_module_whose_code_is_gone_is_off_until_it_is_back(
    db: Database, principal: Principal, installed: Registry
) -> None:
    await modules.enable(db, principal, uuid7(), "toys")
    with using(Registry()):
        assert await on(db, principal) == []
        token = await service.issue_token(db, principal.tenant_id, principal.email)
        found = await service.authenticate(db, token)
        assert found is not None
        assert found.modules == frozenset()
    assert await on(db, principal) == ["toys"]


# What the module itself says


@pytest.fixture
async def mood() -> AsyncIterator[dict[str, Any]]:
    """How the hooks of `toys` behave: a coroutine function by the name of the hook."""
    moods: dict[str, Any] = {}

    def enabling(tx: Transaction) -> Any:
        return moods["enabling"](tx)

    def disabling(tx: Transaction) -> Any:
        return moods["disabling"](tx)

    with using(Registry([plugin("toys", enabling, disabling)])):
        yield moods


async def _nothing(tx: Transaction) -> list[Refusal]:
    return []


def _no(reason: str) -> Refusal:
    return Refusal(INVALID, (), {"reason": reason, "reason_zh": "有库存"})


async def _unit(tx: Transaction, name: str) -> None:
    await tx.sql.execute(
        sa.text("update unit set name = :name where tenant_id = :tenant"),
        {"name": name, "tenant": tx.tenant_id},
    )


async def _units(db: Database, principal: Principal) -> set[str]:
    async with db.snapshot(principal.tenant_id) as tx:
        return {name for (name,) in await rows(tx, "select name from unit")}


async def test_a_module_has_its_say_and_its_part(
    db: Database, principal: Principal, mood: dict[str, Any]
) -> None:
    async def writes(tx: Transaction) -> list[Refusal]:
        await _unit(tx, "by toys")
        return []

    async def refuses(tx: Transaction) -> list[Refusal]:
        await _unit(tx, "not to be")
        return [_no("stock"), _no("holds")]

    async def raises(tx: Transaction) -> list[Refusal]:
        raise Refused(_no("raised"))

    mood["enabling"] = writes
    await modules.enable(db, principal, uuid7(), "toys")
    for stubborn, reasons in ((refuses, ["stock", "holds"]), (raises, ["raised"])):
        mood["disabling"] = stubborn
        with pytest.raises(Refused) as refused:
            await modules.disable(db, principal, uuid7(), "toys")
        assert [r.details["reason"] for r in refused.value.refusals] == reasons
    assert await on(db, principal) == ["toys"]
    assert await _units(db, principal) == {"by toys"}


async def _raises(tx: Transaction) -> list[Refusal]:
    await _unit(tx, "half")
    raise LookupError("a bug")


async def _exits(tx: Transaction) -> list[Refusal]:
    raise SystemExit(3)


async def _cancels_itself(tx: Transaction) -> list[Refusal]:
    raise asyncio.CancelledError


async def _breaks_sql(tx: Transaction) -> list[Refusal]:
    await tx.sql.execute(sa.text("select no_such_column"))
    return []


async def _swallows_a_broken_statement(tx: Transaction) -> list[Refusal]:
    try:
        await tx.sql.execute(sa.text("select no_such_column"))
    except sa.exc.ProgrammingError:
        return []
    return [_no("?")]


async def _commits(tx: Transaction) -> list[Refusal]:
    await tx.raw.commit()
    return []


async def _rolls_back(tx: Transaction) -> list[Refusal]:
    await tx.raw.rollback()
    return []


async def _begins_anew(tx: Transaction) -> list[Refusal]:
    await tx.raw.execute("rollback")
    await tx.raw.execute("begin")
    await tx.raw.execute("savepoint sa_savepoint_1")
    return []


async def _becomes_another_tenant(tx: Transaction) -> list[Refusal]:
    await rows(tx, "select set_config('app.tenant', %s, true)", str(uuid7()))
    return []


async def _becomes_another_tenant_for_ever(tx: Transaction) -> list[Refusal]:
    await rows(tx, "select set_config('app.tenant', %s, false)", str(uuid7()))
    return []


async def _hangs(tx: Transaction) -> list[Refusal]:
    await asyncio.sleep(60)
    return []


async def _hangs_in_the_database(tx: Transaction) -> list[Refusal]:
    await rows(tx, "select pg_sleep(60)")
    return []


async def _will_not_be_cancelled(tx: Transaction) -> list[Refusal]:
    until = time.monotonic() + 0.6
    while time.monotonic() < until:
        try:
            await asyncio.sleep(0.05)
            await _unit(tx, "late")
        except asyncio.CancelledError:
            continue
    return []


async def _answers_text(tx: Transaction) -> str:
    return "fine"


async def _answers_for_ever(tx: Transaction) -> Iterator[Refusal]:
    return (_no("again") for _ in iter(int, 1))


async def _answers_with_a_code_of_nobody(tx: Transaction) -> list[Refusal]:
    return [Refusal("NO_SUCH_CODE")]


async def _answers_at_length(tx: Transaction) -> list[Refusal]:
    return [_no("long " * 20_000_000)]


async def _answers_a_float(tx: Transaction) -> list[Refusal]:
    return [Refusal(INVALID, (), {"reason": 0.1})]


def _is_no_coroutine(tx: Transaction) -> list[Refusal]:
    return [_no("at once")]


MISDEEDS = [
    *(_raises, _exits, _cancels_itself, _breaks_sql, _swallows_a_broken_statement, _commits),
    *(_rolls_back, _begins_anew, _becomes_another_tenant, _becomes_another_tenant_for_ever, _hangs),
    *(_hangs_in_the_database, _will_not_be_cancelled, _answers_text, _answers_for_ever),
    *(_answers_with_a_code_of_nobody, _answers_at_length, _answers_a_float, _is_no_coroutine),
]


@pytest.mark.parametrize("misdeed", MISDEEDS, ids=lambda misdeed: misdeed.__name__)
async def test_a_module_that_misbehaves_is_named_and_changes_nothing(
    database_url: str,
    principal: Principal,
    mood: dict[str, Any],
    misdeed: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(awaited, "SECONDS", 0.2)
    db = Database.connect(database_url, pool_size=1)
    before = await _units(db, principal)
    mood["enabling"] = misdeed
    with pytest.raises(Refused) as refused:
        await modules.enable(db, principal, uuid7(), "toys")
    (refusal,) = refused.value.refusals
    assert (refusal.code, refusal.details["module"]) == ("MODULE_FAILED", "toys")
    assert await on(db, principal) == []
    # The only connection of the pool serves others as if nothing had been.
    other = await service.create_tenant(db, f"other {uuid7()}")
    async with db.snapshot(other.id) as tx:
        assert (await read_sequence(tx)).posting == 0
    mood["enabling"] = _nothing
    await modules.enable(db, principal, uuid7(), "toys")
    assert await _units(db, principal) == before
    await db.close()


# What stands in the way, before anybody switches


async def _obstacles(db: Database, principal: Principal, name: str) -> list[str]:
    async with db.snapshot(principal.tenant_id) as tx:
        found = await modules.obstacles(tx, name)
        assert (await read_sequence(tx)).posting == 0, "the snapshot goes on"
    return [r.code for r in found]


async def test_obstacles_are_what_a_switch_would_say(
    db: Database, principal: Principal, installed: Registry
) -> None:
    assert await _obstacles(db, principal, "games") == ["MODULE_REQUIRES"]
    assert await _obstacles(db, principal, "toys") == []
    for name in ("toys", "games"):
        await modules.enable(db, principal, uuid7(), name)
    assert await _obstacles(db, principal, "toys") == ["MODULE_REQUIRED"]
    assert await _obstacles(db, principal, "tools") == ["MODULE_CONFLICT"]


async def test_obstacles_of_the_module_itself(
    db: Database, principal: Principal, mood: dict[str, Any]
) -> None:
    async def refuses(tx: Transaction) -> list[Refusal]:
        return [_no("stock")]

    async def writes(tx: Transaction) -> list[Refusal]:
        await _unit(tx, "of toys")
        return []

    mood["enabling"] = refuses
    assert await _obstacles(db, principal, "toys") == ["INVALID"]
    mood["enabling"] = writes
    assert await _obstacles(db, principal, "toys") == []
    mood["enabling"] = _breaks_sql
    assert await _obstacles(db, principal, "toys") == ["MODULE_FAILED"]
