"""Drafts of what is planned: requisitions or purchase orders, orders to processors, and work orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from core.plugin_api import (
    REQUIRED,
    DocumentDraft,
    LineDraft,
    Refusal,
    Refused,
    Transaction,
    add_to_draft,
    today,
    uuid7,
)
from plugins.bom_manufacturing.bills.rules.records import Variant
from plugins.bom_manufacturing.planning.stock.plans import Suggestion
from plugins.bom_manufacturing.subcontracting import orders as subcontracting
from plugins.bom_manufacturing.subcontracting import stock as stored
from plugins.bom_manufacturing.work_orders import drafting

_LINES = 1000
"""Lines of a document."""


@dataclass(frozen=True, slots=True)
class Named:
    """A suggestion as it was named: with a supplier, a fee and a place of the processor's where they shall
    not be those that are told of the item."""

    id: UUID
    supplier: UUID | None = None
    fee: Decimal | None = None
    processor_place: UUID | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A suggestion of which an order shall be made, and where it stands in what was sent. ``supplier``
    and ``fee`` are the preferred ones unless others were named."""

    n: int
    suggestion: Suggestion
    supplier: UUID | None
    fee: Decimal | None = None
    processor_place: UUID | None = None


Link = tuple[UUID, UUID, int]
"""A suggestion, and the document and line that it became."""


async def purchases(
    tx: Transaction, actor: UUID, type_: str, place: UUID | None, chosen: Iterable[Chosen]
) -> list[Link]:
    """A draft of this type for each supplier, and one for what has none; lines by the day on which they
    shall be there. Raises Refused."""
    on, links = await today(tx), list[Link]()
    by_supplier: dict[UUID | None, list[Chosen]] = defaultdict(list)
    for one in chosen:
        by_supplier[one.supplier].append(one)
    for supplier, mine in sorted(by_supplier.items(), key=lambda one: str(one[0])):
        mine.sort(key=lambda one: (one.suggestion.due_on, one.suggestion.no))
        for at in range(0, len(mine), _LINES):
            part = mine[at : at + _LINES]
            draft = DocumentDraft(
                uuid7(),
                type_,
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
                place_id=place,
            )
            try:
                await add_to_draft(tx, actor, draft)
            except Refused as refused:
                raise Refused(*(_placed(one, part) for one in refused.refusals)) from None
            links += [(one.suggestion.id, draft.id, n) for n, one in enumerate(part, start=1)]
    return links


async def work_orders(
    tx: Transaction,
    actor: UUID,
    place: UUID | None,
    components: UUID | None,
    chosen: Sequence[Chosen],
) -> list[Link]:
    """A draft for each, by the bill in force when it is to be begun, as it was planned: components must be
    there that day, the product when it is due. Raises Refused."""
    if not chosen:
        return []
    if place is None:
        raise Refused(Refusal(REQUIRED, ("placeId",), {"field": "placeId"}))
    on, links = await today(tx), list[Link]()
    facts = await _facts(tx, on, chosen)
    for one in chosen:
        key, planned = uuid7(), one.suggestion
        wanted = drafting.Wanted(
            planned.item,
            planned.quantity,
            place,
            component_place_id=components,
            starts_on=_begun(planned, on),
            due_on=max(planned.due_on, on),
        )
        try:
            await drafting.write(tx, actor, key, wanted, facts)
        except Refused as refused:
            raise Refused(*(_of_order(r, one) for r in refused.refusals)) from None
        links.append((planned.id, key, 1))
    return links


async def subcontracts(
    tx: Transaction,
    actor: UUID,
    place: UUID | None,
    components: UUID | None,
    chosen: Sequence[Chosen],
) -> list[Link]:
    """A draft of an order to its processor for each, by the bill in force when components are to be sent,
    the product when it is due. Raises Refused."""
    if not chosen:
        return []
    if place is None:
        raise Refused(Refusal(REQUIRED, ("placeId",), {"field": "placeId"}))
    on, links = await today(tx), list[Link]()
    facts = await _facts(tx, on, chosen)
    processors = {one.supplier for one in chosen if one.supplier is not None}
    places = {one: await stored.places_of(tx, one) for one in processors}
    for one in chosen:
        planned = one.suggestion
        assert one.supplier is not None
        assert one.fee is not None
        wanted = subcontracting.Wanted(
            one.supplier,
            planned.item,
            planned.quantity,
            one.fee,
            components or place,
            to_place_id=place,
            processor_place_id=one.processor_place,
            starts_on=_begun(planned, on),
            due_on=max(planned.due_on, on),
            on=on,
        )
        variant = Variant(facts.attributes.get(planned.item, {}), wanted.begun(on))
        boms = facts.versions.on(variant.on)
        try:
            draft = await subcontracting.draft(tx, wanted, boms, variant, places[one.supplier])
            await add_to_draft(tx, actor, draft)
        except Refused as refused:
            raise Refused(*(_of_processor(r, one, components) for r in refused.refusals)) from None
        links.append((planned.id, draft.id, 1))
    return links


def _begun(planned: Suggestion, on: date) -> date:
    """When an order that is made on a day of what was planned is begun: what is late, at once."""
    return max(planned.release_on, on)


async def _facts(tx: Transaction, on: date, chosen: Iterable[Chosen]) -> drafting.Facts:
    some = [one.suggestion for one in chosen]
    days = {_begun(one, on) for one in some}
    return await drafting.facts_on(tx, {one.item for one in some}, on, days)


def _of_processor(refusal: Refusal, one: Chosen, components: UUID | None) -> Refusal:
    """What speaks against an order to a processor: what was said of him was sent with the suggestion, the
    places of product and components once for all."""
    found = subcontracting.placed(refusal)
    last = str(found.path[-1]) if found.path else ""
    path: tuple[str | int, ...] = ("suggestions", one.n, _SENT.get(last, "id"))
    if last == "placeId":
        product = components is None or refusal.path[:1] == ("lines",)
        path = ("placeId" if product else "componentPlaceId",)
    return Refusal(found.code, path, found.details)


_SENT = {"fee": "fee", "processorPlaceId": "processor_place_id", "partyId": "supplier_id"}


def _placed(refusal: Refusal, part: Sequence[Chosen]) -> Refusal:
    """Core's paths lead to lines of a draft; the caller sent suggestions."""
    if refusal.path[:1] == ("lines",) and len(refusal.path) > 1:
        n = refusal.path[1]
        if isinstance(n, int):
            return Refusal(refusal.code, ("suggestions", part[n].n), refusal.details)
    return refusal


def _of_order(refusal: Refusal, one: Chosen) -> Refusal:
    """What speaks against a work order: its places were sent once for all, the rest follows from the
    suggestion."""
    if refusal.path in (("placeId",), ("componentPlaceId",)):
        return refusal
    return Refusal(refusal.code, ("suggestions", one.n, "id"), refusal.details)
