"""Making orders of suggestions: many at once, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.plugin_api import (
    DUPLICATE,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    REQUIRED,
    Database,
    DocumentDraft,
    LineDraft,
    Principal,
    Refusal,
    Refused,
    Transaction,
    add_to_draft,
    define,
    raise_any,
    record_audit,
    run_command,
    today,
    uuid7,
)
from plugins.bom_manufacturing.stock import planning, plans
from plugins.bom_manufacturing.stock.plans import Run, Suggestion

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
    en="This is to be made, not bought.",
    zh="该物料应自制,不能转为采购订单。",
)
NO_SUPPLIER = define(
    "BOM_MANUFACTURING_NO_SUPPLIER",
    en="Name a supplier: the item has none that is preferred.",
    zh="请指定供应商:该物料没有首选供应商。",
)
MOST = 1000
"""Suggestions of one command."""
_LINES = 1000
"""Lines of a document."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A suggestion of which an order shall be made, and where it stands in what was sent. ``supplier``
    is the preferred one unless another was named."""

    n: int
    suggestion: Suggestion
    supplier: UUID | None


Link = tuple[UUID, UUID, int]
"""A suggestion, and the document and line that it became."""
Create = Callable[[Transaction, UUID, Run, UUID | None, Sequence[Chosen]], Awaitable[list[Link]]]
"""Makes documents of suggestions, on behalf of somebody, for a place, in the transaction that keeps what
became of them."""


async def order_purchases(
    db: Database,
    principal: Principal,
    command_id: UUID,
    wanted: Sequence[tuple[UUID, UUID | None]],
    place: UUID | None,
    asked: Mapping[str, Any],
) -> list[UUID]:
    """Make drafts of purchase orders, one for each supplier. ``wanted`` are suggestions, each with a
    supplier where it shall not be the preferred one. Raises Refused."""
    return await _order(
        db,
        principal,
        command_id,
        "bomManufacturingOrderPurchases",
        wanted,
        place,
        asked,
        make=False,
        create=purchase_orders,
    )


async def purchase_orders(
    tx: Transaction, actor: UUID, run: Run, place: UUID | None, chosen: Sequence[Chosen]
) -> list[Link]:
    """A draft for each supplier, its lines by the day on which they shall be there."""
    on, links = await today(tx), list[Link]()
    by_supplier: dict[UUID, list[Chosen]] = defaultdict(list)
    for one in chosen:
        assert one.supplier is not None
        by_supplier[one.supplier].append(one)
    for supplier, mine in sorted(by_supplier.items()):
        mine.sort(key=lambda one: (one.suggestion.due_on, one.suggestion.no))
        for at in range(0, len(mine), _LINES):
            part = mine[at : at + _LINES]
            draft = DocumentDraft(
                uuid7(),
                "purchase_order",
                on,
                tuple(
                    LineDraft(
                        one.suggestion.item,
                        one.suggestion.quantity,
                        due_on=max(one.suggestion.due_on, on),
                    )
                    for one in part
                ),
                party_id=supplier,
                place_id=place or run.place,
            )
            try:
                await add_to_draft(tx, actor, draft)
            except Refused as refused:
                raise Refused(*(_placed(one, part) for one in refused.refusals)) from None
            links += [(one.suggestion.id, draft.id, n) for n, one in enumerate(part, start=1)]
    return links


async def _order(
    db: Database,
    principal: Principal,
    command_id: UUID,
    operation: str,
    wanted: Sequence[tuple[UUID, UUID | None]],
    place: UUID | None,
    asked: Mapping[str, Any],
    *,
    make: bool,
    create: Create,
) -> list[UUID]:
    async def work(tx: Transaction) -> Mapping[str, Any]:
        raise_any(_refusals(wanted))
        # A run that is under way reads again; one that is just finished makes these stale.
        await plans.disturb(tx)
        keys = [key for key, _ in wanted]
        await plans.lock_suggestions(tx, keys)
        found = await plans.suggestions_by_id(tx, keys)
        run = await plans.current(tx)
        unknown = await planning.unknown(tx, {one for _, one in wanted if one}, [])
        chosen = [
            Chosen(n, found[key], supplier or found[key].supplier)
            for n, (key, supplier) in enumerate(wanted)
            if key in found
        ]
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
                *(refusal for one in chosen for refusal in _unfit(one, run, make=make)),
            ]
        )
        assert run is not None
        links = await create(tx, principal.user_id, run, place, chosen)
        await plans.put_links(tx, links)
        documents = list(dict.fromkeys(document for _, document, _ in links))
        await record_audit(
            tx,
            principal.user_id,
            "bom_manufacturing.order",
            "bom_manufacturing_run",
            run.id,
            {"suggestions": len(links), "documents": len(documents)},
        )
        return {"ids": documents}

    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work)
    return [UUID(one) for one in outcome["ids"]]


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


def _unfit(one: Chosen, run: Run | None, *, make: bool) -> Iterable[Refusal]:
    """Why no order can be made of a suggestion."""
    where = ("suggestions", one.n, "id")
    if one.suggestion.document is not None:
        yield Refusal(ORDERED_ALREADY, where)
    elif run is None or one.suggestion.run != run.id:
        yield Refusal(STALE_PLAN, where)
    elif one.suggestion.make and not make:
        yield Refusal(NOT_BOUGHT, where)
    elif not make and one.supplier is None:
        yield Refusal(NO_SUPPLIER, ("suggestions", one.n, "supplier_id"))


def _placed(refusal: Refusal, part: Sequence[Chosen]) -> Refusal:
    """Core's paths lead to lines of a draft; the caller sent suggestions."""
    if refusal.path[:1] == ("lines",) and len(refusal.path) > 1:
        n = refusal.path[1]
        if isinstance(n, int):
            return Refusal(refusal.code, ("suggestions", part[n].n), refusal.details)
    return refusal
