"""What modules know of items, for other modules: no plugin imports another, so core carries it across."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from core.db.database import Transaction
from core.extension.awaited import asked
from core.extension.containment import answering
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
    wanted = tuple(item_ids)

    def checked(answer: Attributes) -> Attributes:
        if not answer.keys() <= set(wanted):
            raise ValueError("it told of an item that was not asked for")
        if not all(isinstance(x, str) for told in answer.values() for x in (*told, *told.values())):
            raise TypeError("an attribute and its value are texts")
        return answer

    for module in answering(registry(), await modules_on(tx), "item_attributes"):
        answer = await asked(tx, module, "item_attributes", checked, item_ids=wanted)
        for item_id, told in answer.items():
            named = {f"{module}.{name}": value for name, value in told.items()}
            found.setdefault(item_id, {}).update(named)
    return found
