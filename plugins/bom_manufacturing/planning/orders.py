"""Making orders of suggestions: many at once, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from core.plugin_api import (
    DUPLICATE,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    PERMISSION_DENIED,
    REQUIRED,
    Asked,
    Database,
    PostStored,
    Principal,
    Refusal,
    Transaction,
    define,
    post_many,
    raise_any,
    record_audit,
    run_command,
)
from plugins.bom_manufacturing.planning import drafts
from plugins.bom_manufacturing.planning.drafts import Chosen
from plugins.bom_manufacturing.stock import planning, plans
from plugins.bom_manufacturing.stock.plans import Run
from plugins.bom_manufacturing.work_orders import orders as work

STALE_PLAN = define(
    "BOM_MANUFACTURING_STALE_PLAN",
    en="There is a newer plan. Look at what it suggests.",
    zh="已有更新的计划,请以其建议为准。",
)
ORDERED_ALREADY = define(
    "BOM_MANUFACTURING_ORDERED_ALREADY",
    en="An order was made of this suggestion already.",
    zh="该建议已转为订单。",
)
NOT_BOUGHT = define(
    "BOM_MANUFACTURING_NOT_BOUGHT",
    en="This is to be made: no supplier can be named for it.",
    zh="该物料应自制,不能指定供应商。",
)
NO_SUPPLIER = define(
    "BOM_MANUFACTURING_NO_SUPPLIER",
    en="Name a supplier: the item has none that is preferred. A requisition needs none.",
    zh="请指定供应商:该物料没有首选供应商。请购单可不指定。",
)
MOST = 1000
"""Suggestions of one command."""
BUY, APPROVE, MAKE = "documents.write", "documents.approve", "bom_manufacturing.write"
"""What one must be allowed to do."""
_FRESH = 1
"""The revision of a draft that nobody has changed."""


@dataclass(frozen=True, slots=True)
class How:
    """What becomes of suggestions: what is bought of the type ``bought``, ``purchase_order`` or
    ``requisition``. Goods come to ``place``, else to the one that was planned; components from
    ``components``, else from where the products go."""

    bought: str
    place: UUID | None = None
    components: UUID | None = None
    approve: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """The orders that were made, and why some of them were not approved or released, by their place
    among their kind."""

    purchases: list[UUID]
    work_orders: list[UUID]
    unapproved: Sequence[Refusal] = ()
    unreleased: Sequence[Refusal] = ()


async def order(
    db: Database,
    principal: Principal,
    command_id: UUID,
    wanted: Sequence[tuple[UUID, UUID | None]],
    how: How,
    asked: Mapping[str, Any],
) -> Made:
    """Make orders of suggestions, all or none: drafts of requisitions or purchase orders, one for each
    supplier, and of work orders, one for each, by the bills in force. ``wanted`` are suggestions, each with
    a supplier where it shall not be the preferred one.

    Then each is approved or released by itself, where that is wanted; one that cannot be stays a draft.
    Sent again, the same command goes on there. Raises Refused.
    """

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        return await _order(tx, principal, wanted, how)

    operation = "bomManufacturingOrderSuggestions"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    bought, made = ([UUID(one) for one in outcome[kind]] for kind in ("purchases", "workOrders"))
    if not how.approve:
        return Made(bought, made)
    verdicts = await post_many(db, principal, _fresh(command_id, "approveDocument", bought))
    released = await work.release_many(db, principal, _fresh(command_id, "postDraft", made))
    return Made(
        bought,
        made,
        _placed_by(verdict.refusals for verdict in verdicts),
        _placed_by(released),
    )


def _fresh(command_id: UUID, operation: str, keys: Sequence[UUID]) -> list[PostStored]:
    return [
        PostStored(Asked.of(uuid5(command_id, str(key)), operation, {"id": key}), key, _FRESH)
        for key in keys
    ]


def _placed_by(refusals: Iterable[Sequence[Refusal]]) -> list[Refusal]:
    return [one.under(n) for n, some in enumerate(refusals) for one in some]


async def _order(
    tx: Transaction,
    principal: Principal,
    wanted: Sequence[tuple[UUID, UUID | None]],
    how: How,
) -> Mapping[str, Any]:
    raise_any(_refusals(wanted))
    # A run that is under way reads again; one that is just finished makes these stale.
    await plans.disturb(tx)
    await plans.lock_suggestions(tx, [key for key, _ in wanted])
    run = await plans.current(tx)
    chosen = await _chosen(tx, wanted)
    raise_any(
        [
            *(refusal for one in chosen for refusal in _unfit(one, wanted[one.n][1], run, how)),
            *_forbidden(principal, chosen, how),
        ]
    )
    assert run is not None
    actor, place = principal.user_id, how.place or run.place
    bought = [one for one in chosen if not one.suggestion.make]
    made = [one for one in chosen if one.suggestion.make]
    purchases = await drafts.purchases(tx, actor, how.bought, place, bought)
    work_orders = await drafts.work_orders(tx, actor, place, how.components, made)
    await plans.put_links(tx, [*purchases, *work_orders])
    documents = {
        kind: list(dict.fromkeys(document for _, document, _ in links))
        for kind, links in (("purchases", purchases), ("workOrders", work_orders))
    }
    told = {"suggestions": len(chosen), "documents": sum(map(len, documents.values()))}
    await record_audit(tx, actor, "bom_manufacturing.order", "bom_manufacturing_run", run.id, told)
    return documents


async def _chosen(tx: Transaction, wanted: Sequence[tuple[UUID, UUID | None]]) -> Sequence[Chosen]:
    """The suggestions that were named. Raises Refused for those that are not there, and for suppliers."""
    found = await plans.suggestions_by_id(tx, [key for key, _ in wanted])
    unknown = await planning.unknown(tx, {one for _, one in wanted if one}, [])
    raise_any(
        [
            *(
                Refusal(NOT_FOUND, ("suggestions", n, "id"), {"id": str(key)})
                for n, (key, _) in enumerate(wanted)
                if key not in found
            ),
            *(
                Refusal(NOT_FOUND, ("suggestions", n, "supplier_id"), {"id": str(supplier)})
                for n, (_, supplier) in enumerate(wanted)
                if supplier in unknown
            ),
        ]
    )
    return [
        Chosen(n, found[key], supplier or found[key].supplier)
        for n, (key, supplier) in enumerate(wanted)
    ]


def _refusals(wanted: Sequence[tuple[UUID, UUID | None]]) -> Iterator[Refusal]:
    if not wanted:
        yield Refusal(REQUIRED, ("suggestions",), {"field": "suggestions"})
    if len(wanted) > MOST:
        yield Refusal(LIMIT_EXCEEDED, ("suggestions",), {"field": "suggestions", "limit": MOST})
        return
    seen = set[UUID]()
    for n, (key, _) in enumerate(wanted):
        if key in seen:
            details = {"field": "id", "value": str(key)}
            yield Refusal(DUPLICATE, ("suggestions", n, "id"), details)
        seen.add(key)


def _unfit(one: Chosen, named: UUID | None, run: Run | None, how: How) -> Iterator[Refusal]:
    """Why no order can be made of a suggestion. ``named`` is the supplier that was sent."""
    where = ("suggestions", one.n, "id")
    suppliers = ("suggestions", one.n, "supplier_id")
    if one.suggestion.document is not None:
        yield Refusal(ORDERED_ALREADY, where)
    elif run is None or one.suggestion.run != run.id:
        yield Refusal(STALE_PLAN, where)
    elif one.suggestion.make:
        if named is not None:
            yield Refusal(NOT_BOUGHT, suppliers)
    elif how.bought == "purchase_order" and one.supplier is None:
        yield Refusal(NO_SUPPLIER, suppliers)


def _forbidden(principal: Principal, chosen: Sequence[Chosen], how: How) -> Iterator[Refusal]:
    """What of it the caller may not do."""
    for one in chosen:
        needed = MAKE if one.suggestion.make else BUY
        if not principal.may(needed):
            where = ("suggestions", one.n, "id")
            yield Refusal(PERMISSION_DENIED, where, {"permission": needed})
    bought = any(not one.suggestion.make for one in chosen)
    if how.approve and bought and not principal.may(APPROVE):
        yield Refusal(PERMISSION_DENIED, ("approve",), {"permission": APPROVE})
