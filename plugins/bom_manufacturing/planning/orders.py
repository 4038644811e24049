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
from plugins.bom_manufacturing.bills.rules import check
from plugins.bom_manufacturing.planning import drafts
from plugins.bom_manufacturing.planning.drafts import Chosen, Named
from plugins.bom_manufacturing.planning.rules.planning import PlanningData
from plugins.bom_manufacturing.planning.stock import planning, plans
from plugins.bom_manufacturing.planning.stock.plans import Run, Suggestion
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
NOT_SUBCONTRACTED = define(
    "BOM_MANUFACTURING_NOT_SUBCONTRACTED",
    en="No processor makes this: neither a fee nor a place of his can be named for it.",
    zh="该物料不是委外加工,不能指定加工费或委外仓。",
)
NO_PROCESSOR = define(
    "BOM_MANUFACTURING_NO_PROCESSOR",
    en="Name a processor: the item has no supplier that is preferred.",
    zh="请指定加工商:该物料没有首选供应商。",
)
NO_FEE = define(
    "BOM_MANUFACTURING_NO_FEE",
    en="Name a fee: none is told of the item.",
    zh="请指定加工费:该物料未设置加工费。",
)
NO_SUPPLIER = define(
    "BOM_MANUFACTURING_NO_SUPPLIER",
    en="Name a supplier: the item has none that is preferred. A requisition needs none.",
    zh="请指定供应商:该物料没有首选供应商。请购单可不指定。",
)
KINDS = ("purchases", "subcontractOrders", "workOrders")
"""What suggestions become."""
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
    subcontracts: list[UUID]
    work_orders: list[UUID]
    unapproved: Sequence[Refusal] = ()
    unapproved_subcontracts: Sequence[Refusal] = ()
    unreleased: Sequence[Refusal] = ()


async def order(
    db: Database,
    principal: Principal,
    command_id: UUID,
    wanted: Sequence[Named],
    how: How,
    asked: Mapping[str, Any],
) -> Made:
    """Make orders of suggestions, all or none: drafts of requisitions or purchase orders, one for each
    supplier, and of orders to processors and work orders, one for each, by the bills in force.

    Then each is approved or released by itself, where that is wanted; one that cannot be stays a draft.
    Sent again, the same command goes on there. Raises Refused.
    """

    async def work_(tx: Transaction) -> Mapping[str, Any]:
        return await _order(tx, principal, wanted, how)

    operation = "bomManufacturingOrderSuggestions"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work_)
    bought, processed, made = ([UUID(one) for one in outcome[kind]] for kind in KINDS)
    if not how.approve:
        return Made(bought, processed, made)
    approved = _fresh(command_id, "approveDocument", [*bought, *processed])
    verdicts = [one.refusals for one in await post_many(db, principal, approved)]
    released = await work.release_many(db, principal, _fresh(command_id, "postDraft", made))
    return Made(
        bought,
        processed,
        made,
        _placed_by(verdicts[: len(bought)]),
        _placed_by(verdicts[len(bought) :]),
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
    wanted: Sequence[Named],
    how: How,
) -> Mapping[str, Any]:
    raise_any(_refusals(wanted))
    # A run that is under way reads again; one that is just finished makes these stale.
    await plans.disturb(tx)
    await plans.lock_suggestions(tx, [one.id for one in wanted])
    run = await plans.current(tx)
    chosen = await _chosen(tx, wanted)
    raise_any(
        [
            *(refusal for one in chosen for refusal in _unfit(one, wanted[one.n], run, how)),
            *_forbidden(principal, chosen, how),
        ]
    )
    assert run is not None
    actor, place = principal.user_id, how.place or run.place
    bought = [one for one in chosen if not one.suggestion.make]
    processed = [one for one in chosen if one.suggestion.subcontract]
    made = [one for one in chosen if one.suggestion.make and not one.suggestion.subcontract]
    links = [
        await drafts.purchases(tx, actor, how.bought, place, bought),
        await drafts.subcontracts(tx, actor, place, how.components, processed),
        await drafts.work_orders(tx, actor, place, how.components, made),
    ]
    await plans.put_links(tx, [link for some in links for link in some])
    documents = {
        kind: list(dict.fromkeys(document for _, document, _ in some))
        for kind, some in zip(KINDS, links, strict=True)
    }
    told = {"suggestions": len(chosen), "documents": sum(map(len, documents.values()))}
    await record_audit(tx, actor, "bom_manufacturing.order", "bom_manufacturing_run", run.id, told)
    return documents


async def _chosen(tx: Transaction, wanted: Sequence[Named]) -> Sequence[Chosen]:
    """The suggestions that were named. Raises Refused for those that are not there, and for suppliers."""
    found = await plans.suggestions_by_id(tx, [one.id for one in wanted])
    unknown = await planning.unknown(tx, {one.supplier for one in wanted if one.supplier}, [])
    raise_any(
        [
            *(
                Refusal(NOT_FOUND, ("suggestions", n, "id"), {"id": str(one.id)})
                for n, one in enumerate(wanted)
                if one.id not in found
            ),
            *(
                Refusal(NOT_FOUND, ("suggestions", n, "supplier_id"), {"id": str(one.supplier)})
                for n, one in enumerate(wanted)
                if one.supplier in unknown
            ),
        ]
    )
    told = await planning.data_of(tx, {one.item for one in found.values() if one.subcontract})
    return [_choice(n, one, found[one.id], told) for n, one in enumerate(wanted)]


def _choice(
    n: int, named: Named, suggestion: Suggestion, told: Mapping[UUID, PlanningData]
) -> Chosen:
    fee = named.fee
    if fee is None and suggestion.item in told:
        fee = told[suggestion.item].processing_fee
    supplier = named.supplier or suggestion.supplier
    return Chosen(n, suggestion, supplier, fee, named.processor_place)


def _refusals(wanted: Sequence[Named]) -> Iterator[Refusal]:
    if not wanted:
        yield Refusal(REQUIRED, ("suggestions",), {"field": "suggestions"})
    if len(wanted) > MOST:
        yield Refusal(LIMIT_EXCEEDED, ("suggestions",), {"field": "suggestions", "limit": MOST})
        return
    seen = set[UUID]()
    for n, one in enumerate(wanted):
        if one.id in seen:
            details = {"field": "id", "value": str(one.id)}
            yield Refusal(DUPLICATE, ("suggestions", n, "id"), details)
        if one.fee is not None:
            yield from (r.under("suggestions", n) for r in check.not_negative("fee", one.fee))
        seen.add(one.id)


def _unfit(one: Chosen, named: Named, run: Run | None, how: How) -> Iterator[Refusal]:
    """Why no order can be made of a suggestion as it was ``named``."""
    where = ("suggestions", one.n, "id")
    suppliers = ("suggestions", one.n, "supplier_id")
    if one.suggestion.document is not None:
        yield Refusal(ORDERED_ALREADY, where)
    elif run is None or one.suggestion.run != run.id:
        yield Refusal(STALE_PLAN, where)
    elif one.suggestion.subcontract:
        if one.supplier is None:
            yield Refusal(NO_PROCESSOR, suppliers)
        if one.fee is None:
            yield Refusal(NO_FEE, ("suggestions", one.n, "fee"))
    elif named.fee is not None or named.processor_place is not None:
        yield Refusal(NOT_SUBCONTRACTED, where)
    elif one.suggestion.make:
        if named.supplier is not None:
            yield Refusal(NOT_BOUGHT, suppliers)
    elif how.bought == "purchase_order" and one.supplier is None:
        yield Refusal(NO_SUPPLIER, suppliers)


def _forbidden(principal: Principal, chosen: Sequence[Chosen], how: How) -> Iterator[Refusal]:
    """What of it the caller may not do."""
    own = [one.suggestion.make and not one.suggestion.subcontract for one in chosen]
    for one, made in zip(chosen, own, strict=True):
        needed = MAKE if made else BUY
        if not principal.may(needed):
            where = ("suggestions", one.n, "id")
            yield Refusal(PERMISSION_DENIED, where, {"permission": needed})
    if how.approve and not all(own) and not principal.may(APPROVE):
        yield Refusal(PERMISSION_DENIED, ("approve",), {"permission": APPROVE})
