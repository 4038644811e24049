"""Types of a module that carries out orders in work, as a plugin declares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from core.documents.types import DocumentType, Effect
from core.extension.registry import Plugin
from tests.core.extension.making import plugin, switch_on
from tests.ledger_world import World

_OF_ORDER: dict[str, Any] = {
    "sources": ("testing_order",),
    "source_required": True,
    "waits_in": "in_work",
}


def document_types() -> Sequence[DocumentType]:
    return [
        DocumentType("testing_order", Effect.ORDER, "TO", "Order", "订单", roles=True, holds=True),
        DocumentType("testing_issue", Effect.DISPATCH, "TI", "Issue", "领料", **_OF_ORDER),
        DocumentType(
            "testing_return",
            Effect.ARRIVE,
            "TB",
            "Return",
            "退料",
            account="scrap",
            returns=True,
            **_OF_ORDER,
        ),
        DocumentType(
            "testing_receipt",
            Effect.CONVERT,
            "TF",
            "Receipt",
            "完工入库",
            account="production",
            holds=True,
            **_OF_ORDER,
        ),
        DocumentType(
            "testing_rest",
            Effect.ARRIVE,
            "TV",
            "Rest",
            "差异",
            account="production_variance",
            **_OF_ORDER,
        ),
    ]


def module() -> Plugin:
    return plugin("testing", document_types)


async def begun(world: World) -> World:
    """With the module on, components P and Q and a product F."""
    await switch_on(world.db, world.principal, "testing")
    for code in ("P", "Q", "F"):
        await world.item(code)
    return world


async def order(world: World, made: int = 10, *used: tuple[str, int], **more: Any) -> UUID:
    """An order for a quantity of F, from components; its first line produces."""
    lines = [world.line("F", made, role="produce", **more)]
    lines += [world.line(code, quantity, role="consume") for code, quantity in used]
    return await world.posted("testing_order", *lines)


async def waiting(world: World, of: UUID) -> Any:
    """Quantity and value of what waits for an order, by item."""
    found = await world.rows(
        "SELECT i.code, sum(p.quantity), sum(p.value) FROM pool p JOIN item i ON i.id = p.item_id"
        " WHERE p.document_id = %s AND p.quantity <> 0 GROUP BY 1",
        of,
    )
    return {code: (quantity, value) for code, quantity, value in found}


async def worth(world: World, item: str) -> Any:
    """Quantity and value of all that is ours of an item."""
    return await world.stock(item)
