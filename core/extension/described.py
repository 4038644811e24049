"""What modules know of items, for other modules: no plugin imports another, so core carries it across."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from uuid import UUID

from core.db.database import Transaction
from core.extension.awaited import handed
from core.extension.containment import hook
from core.extension.registry import registry
from core.tenancy.sign_ins import modules_on

Attributes = Mapping[UUID, Mapping[str, str]]


async def attributes_of_items(
    tx: Transaction, item_ids: Collection[UUID]
) -> dict[UUID, dict[str, str]]:
    """What the modules that are on tell of items (the hook ``item_attributes``), by the module's name, a
    dot and the attribute's; items of which nothing is told are left out.

    Raises Refused with MODULE_FAILED where one does not answer: what depends on an attribute shall not
    be decided without it.
    """
    found: dict[UUID, dict[str, str]] = {}
    on = await modules_on(tx)
    for plugin in registry():
        call = hook(registry(), plugin.name, "item_attributes")
        if call is None or plugin.name not in on:
            continue
        asked = _told(call(tx=tx, item_ids=tuple(item_ids)), item_ids)
        for item_id, told in (await handed(tx, plugin.name, "item_attributes", asked)).items():
            named = {f"{plugin.name}.{name}": value for name, value in told.items()}
            found.setdefault(item_id, {}).update(named)
    return found


async def _told(asked: Awaitable[Attributes], item_ids: Collection[UUID]) -> Attributes:
    answer = await asked
    for item_id, told in answer.items():
        if item_id not in item_ids:
            raise ValueError("it told of an item that was not asked for")
        if not all(isinstance(part, str) for pair in told.items() for part in pair):
            raise TypeError("an attribute and its value are texts")
    return answer
