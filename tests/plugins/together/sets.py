"""Sets of modules, and a tenant that has one of them on, whose documents go straight through the door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any
from uuid import UUID

from core.db.database import Database
from core.documents.records import LineDraft
from core.extension.registry import Plugin, Registry, using
from core.ids import uuid7
from core.ledger.verify import verify
from plugins.apparel_variants import palette, styles
from plugins.apparel_variants import plugin as apparel
from plugins.apparel_variants.records import StyleDraft
from plugins.food_batches import plugin as food
from plugins.serial_numbers import plugin as serial
from tests.core.extension.making import switch_on
from tests.ledger_world import World

FOOD, SERIAL, APPAREL = "food_batches", "serial_numbers", "apparel_variants"
MODULES = {FOOD: food, SERIAL: serial, APPAREL: apparel}
SETS = [set_ for n in (1, 2, 3) for set_ in combinations(MODULES, n)]
"""Each alone, every pair, all three."""
TOGETHER = [set_ for set_ in SETS if len(set_) > 1]


def name_of(set_: Sequence[str]) -> str:
    """What a set is called in the name of a test."""
    return "+".join(module.split("_")[0] for module in set_)


@contextmanager
def all_installed() -> Iterator[Registry]:
    """The three are all there is besides core."""
    plugins = [Plugin(module.manifest, module) for module in MODULES.values()]
    with using(Registry(plugins)) as registry:
        yield registry


@dataclass
class Together:
    """A tenant with a set of modules on, a warehouse, a shop, and items that are under the control of each
    module that is on."""

    world: World
    on: frozenset[str]
    items: list[str] = field(default_factory=list)

    @classmethod
    async def start(cls, db: Database, set_: Sequence[str], cost_scope: str = "item") -> Together:
        world = await World.open(db, cost_scope=cost_scope)
        for module in set_:
            await switch_on(db, world.principal, module)
        await world.place("SHOP")
        made = cls(world, frozenset(set_))
        await made._make_items()
        return made

    async def _make_items(self) -> None:
        world = self.world
        if APPAREL in self.on:
            who = world.db, world.principal
            sizes = ["S", "M"]
            red = await palette.save_colour(*who, uuid7(), None, "RED", "red")
            group = await palette.save_size_group(*who, uuid7(), None, "TOPS", "tops", sizes)
            draft = StyleDraft(code="T", name="top", size_group_id=group, colour_ids=(red,))
            await styles.create_style(*who, uuid7(), draft)
            for id_, code in await world.rows("SELECT id, code FROM item ORDER BY code"):
                world.items[code] = id_
        else:
            for code in ("A", "B"):
                await world.item(code)
        self.items = sorted(world.items)
        for module in (FOOD, SERIAL):
            if module in self.on:
                assert await self.save(module, CONTROLLED[module]) == []

    async def save(self, module: str, told: dict[str, Any]) -> list[Any]:
        """What a module is told of all items; its refusals."""
        sent = {self.world.items[code]: told for code in self.items}
        async with self.world.db.transaction(self.world.principal.tenant_id) as tx:
            return list(await MODULES[module].save_attributes(tx, "item", sent))

    def line(
        self,
        item: str,
        quantity: int | None = None,
        numbers: Sequence[str] | None = None,
        lot: str | None = None,
        **more: Any,
    ) -> LineDraft:
        """A line of these numbers, or of so many; of a batch, if that is named."""
        extensions: dict[str, Any] = more.pop("extensions", {})
        if numbers is not None:
            quantity = len(numbers)
            extensions = {**extensions, SERIAL: {"numbers": list(numbers)}}
        price = more.pop("price", None)
        return self.world.line(item, quantity, price, lot_code=lot, extensions=extensions, **more)

    async def differences(self, *, deep: bool = False) -> list[str]:
        """What does not hold in the books, or in the rows of the modules."""
        tenant = self.world.principal.tenant_id
        found = [str(one) for one in await verify(self.world.db, tenant, deep=deep)]
        async with self.world.db.snapshot(tenant) as tx:
            for module in self.on:
                found += await MODULES[module].differences(tx)
        return found

    def id_of(self, item: str) -> UUID:
        return self.world.items[item]


CONTROLLED: dict[str, dict[str, Any]] = {
    FOOD: {"batch_control": True, "shelf_life_value": 90},
    SERIAL: {"serial_control": True},
}
