"""Editions: presets that a tenant starts with, and may exchange with its data in place (P5)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit.tables import list_audit
from core.db.database import Database, Transaction
from core.errors import INVALID, Refusal, Refused
from core.extension.registry import Registry, using
from core.ids import uuid7
from core.tenancy import modules, service
from core.tenancy.edition_change import EditionChange, change_edition, modules_of
from core.tenancy.editions import EDITIONS, Edition, changes, preset
from core.tenancy.settings import Settings
from tests.ledger_world import World
from tests.toys import plugin

NINE = (
    *("general", "standard", "food", "apparel", "electronics", "production"),
    *("discrete-manufacturing", "catering", "no-inventory"),
)
_EDITIONS = st.sampled_from(list(EDITIONS.values()))


def test_there_are_nine() -> None:
    assert tuple(EDITIONS) == NINE
    assert preset(EDITIONS["standard"]) == Settings()
    assert preset(EDITIONS["general"]).negative_stock == "allow"
    assert preset(EDITIONS["electronics"]).cost_scope == "serial"


@given(_EDITIONS, _EDITIONS)
def test_a_move_between_editions_ends_where_a_new_tenant_begins(
    before: Edition, after: Edition
) -> None:
    moved = preset(before).model_copy(update=changes(before, after, preset(before)))
    assert moved == preset(after)


@given(_EDITIONS, _EDITIONS)
def test_what_a_tenant_decided_and_no_edition_speaks_of_stays(
    before: Edition, after: Edition
) -> None:
    now = preset(before).model_copy(update={"prices_include_tax": True, "backdated": "post_now"})
    assert changes(before, after, now).keys().isdisjoint({"prices_include_tax", "backdated"})


def test_what_a_tenant_decided_against_the_old_edition_stays() -> None:
    now = preset(EDITIONS["general"]).model_copy(update={"reserve_on_order": "backorder"})
    assert changes(EDITIONS["general"], EDITIONS["standard"], now) == {"negative_stock": "forbid"}


def _mixed() -> Registry:
    async def disabling(tx: Transaction) -> list[Refusal]:
        return [Refusal(INVALID, ("x",), {"reason": "stuck", "reason_zh": "卡住"})]

    return Registry(
        [
            plugin("base"),
            plugin("dates", requires=("base",), editions={"food": True, "standard": False}),
            plugin("sticky", disabling, editions={"food": True}),
            plugin("sizes", editions={"apparel": True, "food": False}),
            plugin("extra"),
        ]
    )


@pytest.fixture
def installed() -> Iterator[Registry]:
    with using(_mixed()) as plugins:
        yield plugins


async def _on(db: Database, world: World) -> set[str]:
    async with db.snapshot(world.principal.tenant_id) as tx:
        return set((await modules.load_modules(tx)).names)


async def _change(world: World, edition: str) -> EditionChange:
    who = world.principal
    return await change_edition(world.db, who.tenant_id, who.user_id, uuid7(), edition)


def test_what_an_edition_has(installed: Registry) -> None:
    on, offered = modules_of("food")
    assert (sorted(on), sorted(offered)) == (["base", "dates", "sticky"], ["extra", "sizes"])
    on, offered = modules_of("standard")
    assert (sorted(on), sorted(offered)) == ([], ["base", "dates", "extra"])


async def test_a_new_tenant_has_the_modules_of_its_edition(
    db: Database, installed: Registry
) -> None:
    tenant = await service.create_tenant(db, f"shop {uuid7()}", "food")
    async with db.snapshot(tenant.id) as tx:
        assert [m.name for m in await modules.load_modules(tx)] == ["base", "sticky", "dates"]
        assert (await service.load_settings(tx)).cost_scope == "item_lot"


async def test_with_data_in_place(db: Database, installed: Registry) -> None:
    world = await World.open(db)
    await modules.enable(db, world.principal, uuid7(), "sizes")
    await modules.enable(db, world.principal, uuid7(), "extra")
    await world.item("X")
    await world.posted("receipt", world.line("X", 5, 2))
    done = await _change(world, "food")
    assert (done.enabled, done.disabled, done.settings) == (("base", "sticky", "dates"), (), ())
    assert [(r.code, r.path) for r in done.unchanged] == [
        ("SETTING_FIXED", ("settings", "cost_scope"))
    ]
    assert await _on(db, world) == {"base", "dates", "sticky", "sizes", "extra"}

    done = await _change(world, "general")
    assert done.disabled == ("dates", "sizes")
    assert done.settings == ("negative_stock", "reserve_on_order")
    assert [(r.code, r.path) for r in done.unchanged] == [("INVALID", ("modules", "sticky"))]
    assert await _on(db, world) == {"base", "extra", "sticky"}, "what offers itself to all stays"
    found = await service.find_tenant(db, world.principal.tenant_id)
    assert found.edition == "general"
    async with db.snapshot(found.id) as tx:
        (act, *_) = await list_audit(tx, object_id=found.id)
    assert (act.action, act.details["before"], act.details["edition"]) == (
        "tenant.edition",
        "food",
        "general",
    )


async def test_again_it_is_answered_alike_and_does_nothing(
    db: Database, installed: Registry
) -> None:
    world, command = await World.open(db), uuid7()
    who = world.principal
    first = await change_edition(db, who.tenant_id, who.user_id, command, "food")
    await _change(world, "standard")
    assert await change_edition(db, who.tenant_id, who.user_id, command, "food") == first
    assert await _on(db, world) == {"base", "dates", "sticky"}, "offered stays, stuck stays"
    assert (await service.find_tenant(db, who.tenant_id)).edition == "standard"


async def test_an_unknown_edition_changes_nothing(db: Database) -> None:
    world = await World.open(db)
    with pytest.raises(Refused) as refused:
        await service.change_edition(db, world.principal.tenant_name, "luxury")
    assert refused.value.refusals[0].code == "UNKNOWN_EDITION"


async def test_a_module_that_fails_is_left_as_it_was(db: Database) -> None:
    async def enabling(tx: Transaction) -> list[Refusal]:
        raise LookupError("a bug")

    failing = plugin("broken", enabling, editions={"food": True})
    with using(Registry([failing, plugin("dates", editions={"food": True})])):
        world = await World.open(db)
        done = await _change(world, "food")
        assert done.enabled == ("dates",)
        assert [(r.code, r.path) for r in done.unchanged] == [
            ("MODULE_FAILED", ("modules", "broken"))
        ]
        with pytest.raises(Refused) as refused:
            await service.create_tenant(db, f"shop {uuid7()}", "food")
        assert refused.value.refusals[0].code == "MODULE_FAILED"


async def test_a_module_that_takes_the_transaction_along_undoes_the_change(
    db: Database,
) -> None:
    async def enabling(tx: Transaction) -> list[Refusal]:
        await tx.raw.execute("rollback")
        return []

    taking = plugin("broken", enabling, editions={"food": True})
    with using(Registry([taking, plugin("adds", editions={"food": True})])):
        world = await World.open(db)
        with pytest.raises(Refused) as refused:
            await _change(world, "food")
        assert refused.value.refusals[0].code == "MODULE_FAILED"
        assert await _on(db, world) == set()
        found = await service.find_tenant(db, world.principal.tenant_id)
        assert found.edition == "standard"
