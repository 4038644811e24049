"""An electronics store whose documents go straight through the posting door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.db.database import Database
from core.documents.records import LineDraft
from core.errors import Refusal
from core.ids import uuid7
from core.tenancy.modules import update_module_settings
from plugins.serial_numbers import plugin
from tests.core.extension.making import switch_on
from tests.ledger_world import World
from tests.shop import with_modules

NAME = "serial_numbers"


@dataclass
class Store:
    """A world with the module on, and a second place."""

    world: World

    @classmethod
    async def start(cls, db: Database) -> Store:
        world = await World.open(db)
        await switch_on(db, world.principal, NAME)
        await world.place("SHOP")
        return cls(world)

    async def item(self, code: str, cost_scope: str = "serial", **facts: Any) -> UUID:
        """An item under serial control."""
        item = await self.world.item(code, cost_scope=cost_scope)
        assert await self.control(code, **facts) == []
        return item

    async def control(self, code: str, **facts: Any) -> list[Refusal]:
        """Bring an item under serial control; or out of it, with ``serial_control``."""
        sent = {self.world.items[code]: {"serial_control": True, **facts}}
        try:
            async with self.world.db.transaction(self.world.principal.tenant_id) as tx:
                refusals = list(await plugin.save_attributes(tx, "item", sent))
                if refusals:
                    raise _BackError
        except _BackError:
            pass
        return refusals

    async def decide(self, **settings: Any) -> None:
        """Change the tenant's settings for the module."""
        member = with_modules(self.world.principal, {NAME})
        await update_module_settings(self.world.db, member, uuid7(), NAME, settings)

    def line(self, item: str, *numbers: str, price: Any = None, **more: Any) -> LineDraft:
        """A line of these numbers."""
        more.setdefault("quantity", len(numbers))
        quantity = more.pop("quantity")
        if numbers:
            more["extensions"] = {NAME: {"numbers": list(numbers)}}
        return self.world.line(item, quantity, price, **more)

    async def posted(self, type_: str, *lines: LineDraft, **head: Any) -> UUID:
        return await self.world.posted(type_, *lines, **head)

    async def refused(self, type_: str, *lines: LineDraft, **head: Any) -> list[Refusal]:
        """What a document is refused for, which it must be."""
        verdict = await self.world.try_(type_, *lines, **head)
        assert verdict.refusals
        return list(verdict.refusals)

    async def codes(self, type_: str, *lines: LineDraft, **head: Any) -> list[str]:
        return [refusal.code for refusal in await self.refused(type_, *lines, **head)]

    async def states(self) -> dict[str, str]:
        """What became of the units, by number."""
        return dict(await self.world.rows("SELECT number, state FROM serial_numbers_unit"))

    async def at(self, place: str) -> set[str]:
        """The numbers at a place."""
        found = await self.world.rows(
            "SELECT l.code FROM balance b JOIN lot l ON l.id = b.lot_id AND l.tenant_id = b.tenant_id"
            " WHERE b.place_id = %s AND b.on_hand <> 0",
            self.world.places[place],
        )
        return {row[0] for row in found}

    async def tallies(self) -> None:
        await self.world.tallies()
        async with self.world.db.snapshot(self.world.principal.tenant_id) as tx:
            assert await plugin.differences(tx) == []


class _BackError(Exception):
    """Nothing of it is to stay."""
