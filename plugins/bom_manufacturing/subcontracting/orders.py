"""Orders to processors, made from a bill, and the places where processors have what is ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.plugin_api import (
    NOT_FOUND,
    Database,
    DocumentDraft,
    DocumentStep,
    LineDraft,
    NegativeStock,
    PlaceDraft,
    Post,
    Principal,
    Refusal,
    Refused,
    Rounding,
    Transaction,
    create_place_within,
    define,
    module_settings,
    post_many,
    raise_any,
    record_audit,
    refuse,
    rounded,
    run_command,
    step_document,
    today,
    uuid7,
)
from plugins.bom_manufacturing.bills import service as bills
from plugins.bom_manufacturing.bills import stock as stored_bills
from plugins.bom_manufacturing.bills.rules import check
from plugins.bom_manufacturing.bills.rules.records import Boms, Variant
from plugins.bom_manufacturing.settings import NAME
from plugins.bom_manufacturing.subcontracting import stock as stored
from plugins.bom_manufacturing.subcontracting.commands import Command
from plugins.bom_manufacturing.subcontracting.documents import ORDER
from plugins.bom_manufacturing.subcontracting.rules import Component, to_send

NO_BILL = define(
    "BOM_MANUFACTURING_NO_BILL",
    en="{item} has no bill of material in force on {date}.",
    zh="{item} 在 {date} 没有生效的物料清单。",
)
NO_PROCESSOR_PLACE = define(
    "BOM_MANUFACTURING_NO_PROCESSOR_PLACE",
    en="Say at which place of this processor's the components will be: it has {count}.",
    zh="请指明该加工商的委外仓:现有 {count} 个。",
)
NOT_A_PROCESSOR_PLACE = define(
    "BOM_MANUFACTURING_NOT_A_PROCESSOR_PLACE",
    en="Only a place of kind processor, and of one processor, can be where its components are.",
    zh="委外仓必须是类型为 processor 的地点,且只属于一个加工商。",
)
NOT_A_COMPONENT = define(
    "BOM_MANUFACTURING_NOT_A_COMPONENT",
    en="{item} is no component that this order sends.",
    zh="{item} 不是该委外订单需发出的材料。",
)
LEFT_AT_PROCESSOR = define(
    "BOM_MANUFACTURING_LEFT_AT_PROCESSOR",
    en="{quantity} of {item} is still accounted to the processor: take it back, charge it, or send what is"
    " missing first.",
    zh="加工方账上仍有 {item} {quantity},请先退料、扣款或补发。",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order as a person makes it: so many of a product from a processor, for a fee each.

    ``place_id`` is where components are sent from, and where the product comes unless ``to_place_id`` says
    otherwise; ``starts_on`` is when components must be there. ``allowances`` replace what the bill allows
    for scrap, by component.
    """

    party_id: UUID
    item_id: UUID
    quantity: Decimal
    fee: Decimal
    place_id: UUID
    to_place_id: UUID | None = None
    processor_place_id: UUID | None = None
    tax_rate: Decimal = Decimal(0)
    over_pct: Decimal | None = None
    pays_rejected: bool = False
    allowances: Mapping[UUID, Decimal] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    due_on: date | None = None
    starts_on: date | None = None
    on: date | None = None
    remark: str | None = None

    def begun(self, on: date) -> date:
        """The day on which components of an order of a day must be there: its bill is the one in force
        then."""
        return self.starts_on or on


async def add_processor(
    db: Database,
    principal: Principal,
    command_id: UUID,
    party: UUID,
    place: UUID | PlaceDraft,
    asked: Mapping[str, Any],
) -> UUID:
    """Give a processor a place for components of ours: one that is there, or one that is made, which may go
    below zero as the settings say unless the draft does. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        if await stored.supplier_name(tx, party) is None:
            raise refuse(NOT_FOUND, "partyId", id=str(party))
        if isinstance(place, PlaceDraft):
            key = await create_place_within(tx, principal, await _with_policy(tx, place))
        else:
            key = place
            if await stored.kind_of_place(tx, key) != "processor":
                raise refuse(NOT_A_PROCESSOR_PLACE, "placeId")
            if await stored.processors(tx, [key]):
                raise refuse(NOT_A_PROCESSOR_PLACE, "placeId")
        await stored.write_processor(tx, key, party)
        details = {"party": str(party)}
        actor = principal.user_id
        await record_audit(tx, actor, f"{NAME}.add_processor", "place", key, details)
        return {"id": key}

    operation = "bomManufacturingAddProcessor"
    outcome = await run_command(db, principal.tenant_id, command_id, operation, asked, work)
    return UUID(outcome["id"])


async def _with_policy(tx: Transaction, draft: PlaceDraft) -> PlaceDraft:
    if draft.negative_stock is not None:
        return draft
    policy: NegativeStock = (await module_settings(tx, NAME)).negative_at_processor
    return PlaceDraft(
        code=draft.code,
        name=draft.name,
        kind=draft.kind,
        parent_id=draft.parent_id,
        negative_stock=policy,
    )


async def make_order(db: Database, principal: Principal, command: Command, wanted: Wanted) -> UUID:
    """Order a product from a processor by its bill: approved, its components reserved where they are sent
    from. Raises Refused."""
    raise_any(check.positive("quantity", wanted.quantity))
    async with db.snapshot(principal.tenant_id) as tx:
        if (known := await command.done(tx)) is not None:
            return known
        day = wanted.begun(wanted.on or await today(tx))
        asked = await bills.ask(tx, wanted.item_id, day, wanted.attributes)
        places = await stored.places_of(tx, wanted.party_id)
        made = await draft(tx, wanted, asked.boms, asked.variant, places)
    (verdict,) = await post_many(db, principal, [Post(command.posting, made)])
    if verdict.outcome is None:
        raise Refused(*map(placed, verdict.refusals))
    return UUID(verdict.outcome["id"])


async def draft(
    tx: Transaction, wanted: Wanted, boms: Boms, variant: Variant, places: Sequence[UUID]
) -> DocumentDraft:
    """An order, by the bills in force on the day of ``variant``; ``places`` are those of its processor.
    Raises Refused, :func:`placed` says where."""
    on = wanted.on or await today(tx)
    bom = boms.get(wanted.item_id)
    if bom is None:
        facts = await stored_bills.item_facts(tx, [wanted.item_id])
        code = facts[wanted.item_id].code
        raise refuse(NO_BILL, "itemId", item=code, date=(variant.on or on).isoformat())
    await bills.check_told(tx, boms, bom, variant)
    found = to_send(boms, bom, wanted.quantity, variant)
    await _check_allowances(tx, wanted, found)
    dp = await stored_bills.decimals(tx, [_uuid(one) for one in found])
    return DocumentDraft(
        id=uuid7(),
        type=ORDER,
        business_date=on,
        party_id=wanted.party_id,
        place_id=wanted.place_id,
        to_place_id=_place_of(wanted, places),
        remark=wanted.remark,
        lines=(
            LineDraft(
                wanted.item_id,
                wanted.quantity,
                unit_price=wanted.fee,
                tax_rate=wanted.tax_rate,
                place_id=wanted.to_place_id,
                role="produce",
                over_pct=wanted.over_pct,
                due_on=wanted.due_on,
            ),
            *(
                LineDraft(
                    _uuid(one),
                    rounded(one.quantity, dp[_uuid(one)], Rounding.CEILING),
                    role="consume",
                    over_pct=wanted.over_pct,
                    due_on=wanted.starts_on,
                )
                for one in found
            ),
        ),
        extensions={
            NAME: {
                "pays_rejected": wanted.pays_rejected,
                "components": {str(one.item): _kept(wanted, one) for one in found},
            }
        },
    )


def _kept(wanted: Wanted, one: Component) -> dict[str, str]:
    allowance = wanted.allowances.get(_uuid(one), one.allowance_pct)
    return {
        "numerator": str(one.per_unit.numerator),
        "denominator": str(one.per_unit.denominator),
        "allowance_pct": str(allowance),
    }


async def _check_allowances(tx: Transaction, wanted: Wanted, found: Sequence[Component]) -> None:
    if not wanted.allowances:
        return
    known = {one.item for one in found}
    unknown = [key for key in wanted.allowances if key not in known]
    facts = await stored_bills.item_facts(tx, unknown)
    for n, (key, percent) in enumerate(wanted.allowances.items()):
        where = ("allowances", n)
        if key not in known:
            name = facts[key].code if key in facts else str(key)
            raise Refused(Refusal(NOT_A_COMPONENT, (*where, "itemId"), {"item": name}))
        if not 0 <= percent <= 1000:
            details = {"field": "percent", "wanted": "0 … 1000", "value": percent}
            raise Refused(Refusal(check.OUT_OF_RANGE, (*where, "percent"), details))


def _place_of(wanted: Wanted, places: Sequence[UUID]) -> UUID:
    """The processor's place: the one that was named, else the only one it has."""
    if wanted.processor_place_id is None:
        if len(places) != 1:
            raise refuse(NO_PROCESSOR_PLACE, "processorPlaceId", count=len(places))
        return places[0]
    if wanted.processor_place_id not in places:
        raise refuse(NOT_A_PROCESSOR_PLACE, "processorPlaceId")
    return wanted.processor_place_id


async def close_order(
    db: Database, principal: Principal, command_id: UUID, order_id: UUID, revision: int
) -> None:
    """Close an order: the rest will not come. Refused while components are accounted to the processor."""
    async with db.snapshot(principal.tenant_id) as tx:
        found = (await stored.balances(tx, [order_id]))[order_id]
        left = [one for one in found if one.left]
        codes = await stored_bills.item_facts(tx, [one.item_id for one in left])
    raise_any(
        Refusal(
            LEFT_AT_PROCESSOR,
            ("id",),
            {"item": codes[one.item_id].code, "quantity": one.left},
        )
        for one in left
    )
    await step_document(db, principal, command_id, order_id, revision, DocumentStep.CLOSE)


def _uuid(one: Component) -> UUID:
    assert isinstance(one.item, UUID)  # items of stored bills are ids
    return one.item


_FIELDS = {"unitPrice": "fee", "taxRate": "taxRate", "overPct": "overPercent"}


def placed(refusal: Refusal) -> Refusal:
    """Core's paths lead to lines; the caller sent a product."""
    if refusal.path[:2] == ("lines", 0):
        last = str(refusal.path[-1])
        return Refusal(refusal.code, (_FIELDS.get(last, last),), refusal.details)
    if refusal.path[:1] == ("lines",):  # components follow from the bill
        path = ("overPercent",) if refusal.path[-1] == "overPct" else ()
        return Refusal(refusal.code, path, refusal.details)
    return refusal
