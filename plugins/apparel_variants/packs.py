"""Ratio packs (配码包): an item of core's that is bought, kept and sold whole, and opened into variants.

A pack is bought as one line of an order like any item. Received "as variants" it comes in whole and is
opened at once, so that the order knows it as carried out and the variants carry its cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID, uuid5

from core.plugin_api import (
    DUPLICATE,
    NOT_FOUND,
    Asked,
    BarcodeDraft,
    Database,
    DocumentDraft,
    ItemDraft,
    LineDraft,
    Post,
    Principal,
    Refusal,
    Refused,
    Transaction,
    Verdict,
    clean,
    module_settings,
    post_many,
    record_audit,
    refuse,
    run_command,
    save_items_within,
    uuid7,
)
from plugins.apparel_variants import tables
from plugins.apparel_variants.palette import LONGEST_CODE, LONGEST_NAME
from plugins.apparel_variants.records import Pack, PackLine
from plugins.apparel_variants.refusals import NAME, NO_PACK
from plugins.apparel_variants.rules import sizes
from plugins.apparel_variants.variants import next_barcodes

_SHARE = Decimal("1e-12")


async def create_pack(
    db: Database,
    principal: Principal,
    command_id: UUID,
    code: str,
    name: str,
    lines: Sequence[PackLine],
    prices: tuple[Decimal | None, Decimal | None] = (None, None),
) -> UUID:
    """Make a pack of these variants, as an item of core's; ``prices`` are its list and its purchase
    price. Answers with the id of the item. Raises Refused."""
    asked: dict[str, Any] = {
        "code": clean(code, "code", LONGEST_CODE * 2),
        "name": clean(name, "name", LONGEST_NAME),
        "lines": [[line.item_id, line.quantity] for line in lines],
        "prices": prices,
    }
    for n, line in enumerate(lines):
        if line.item_id in {one.item_id for one in lines[:n]}:
            details = {"field": "itemId", "value": str(line.item_id)}
            raise refuse(DUPLICATE, "lines", n, "itemId", **details)
    sizes.pieces({line.item_id: line.quantity for line in lines})

    async def work(tx: Transaction) -> Mapping[str, Any]:
        known = await tables.variants_by_item(tx, [line.item_id for line in lines])
        for n, line in enumerate(lines):
            if line.item_id not in known:
                raise refuse(NOT_FOUND, "lines", n, "itemId", id=str(line.item_id))
        settings = await module_settings(tx, NAME)
        (barcode,) = await next_barcodes(tx, settings.prefix, [None])
        item_id = uuid7()
        draft = ItemDraft(
            code=asked["code"],
            name=asked["name"],
            list_price=prices[0],
            purchase_price=prices[1],
            barcodes=(BarcodeDraft(code=barcode),) if barcode else (),
        )
        try:
            await save_items_within(tx, principal, [(item_id, draft)])
        except Refused as refused:
            raise Refused(
                *(Refusal(r.code, r.path[1:], r.details) for r in refused.refusals)
            ) from None
        await tables.put(tx, tables.pack, [{"item_id": item_id}])
        rows = [
            {"pack_id": item_id, "item_id": line.item_id, "quantity": line.quantity}
            for line in lines
        ]
        await tables.put(tx, tables.pack_line, rows)
        action = "apparel_variants.create_pack"
        await record_audit(tx, principal.user_id, action, "item", item_id, asked)
        return {"id": item_id}

    outcome = await run_command(
        db, principal.tenant_id, command_id, "apparelVariants.createPack", asked, work
    )
    return UUID(outcome["id"])


async def convert(
    db: Database,
    principal: Principal,
    command: Asked,
    head: DocumentDraft,
    quantity: Decimal,
    pack_id: UUID,
    *,
    fill: bool,
) -> Verdict:
    """Open packs (拆包), each variant taking its share of the cost by pieces; or fill them with loose
    pieces. One document of core's does it. Raises Refused."""
    pack = await _pack(db, principal, pack_id)
    lines = filled(pack, quantity) if fill else opened(pack, quantity)
    draft = DocumentDraft(
        head.id,
        "assembly" if fill else "disassembly",
        head.business_date,
        lines,
        place_id=head.place_id,
        remark=head.remark,
    )
    return await _post(db, principal, command, draft)


async def receive(
    db: Database,
    principal: Principal,
    command: Asked,
    head: DocumentDraft,
    line: LineDraft,
    source_id: UUID | None = None,
) -> tuple[Verdict, Verdict]:
    """Receive packs and open them at once: a receipt, which goes back to the order
    ``source_id``, and the document that opens what came. Sent again, it goes on where it was.

    Raises Refused where nothing came in. Where packs came that cannot be opened, they stay whole, and the
    second verdict says why.
    """
    pack = await _pack(db, principal, line.item_id)
    lines = opened(pack, line.quantity or Decimal(0))
    received = await _post(
        db,
        principal,
        command,
        DocumentDraft(
            head.id,
            "receipt",
            head.business_date,
            (line,),
            party_id=head.party_id,
            place_id=head.place_id,
            source_id=source_id,
            remark=head.remark,
        ),
    )
    second = Asked(uuid5(command.id, "open"), command.operation, command.hash)
    draft = DocumentDraft(
        uuid5(head.id, "open"),
        "disassembly",
        head.business_date,
        lines,
        place_id=head.place_id,
        reference=str(received.outcome["number"]) if received.outcome else None,
    )
    (verdict,) = await post_many(db, principal, [Post(second, draft)])
    return received, replace(verdict, refusals=tuple(map(_placed, verdict.refusals)))


def opened(pack: Pack, quantity: Decimal) -> tuple[LineDraft, ...]:
    """The lines that open packs; the first variant takes what the shares of the others leave."""
    pieces = sizes.pieces(pack.ratio)
    packed = sizes.packed(pack.ratio, quantity)
    return (
        LineDraft(pack.item_id, quantity, role="consume"),
        *(
            LineDraft(
                line.item_id,
                packed[line.item_id],
                role="produce",
                share=(Decimal(100 * line.quantity) / pieces).quantize(_SHARE, ROUND_DOWN),
            )
            for line in pack.lines
        ),
    )


def filled(pack: Pack, quantity: Decimal) -> tuple[LineDraft, ...]:
    """The lines that fill packs with loose pieces."""
    packed = sizes.packed(pack.ratio, quantity)
    return (
        *(LineDraft(line.item_id, packed[line.item_id], role="consume") for line in pack.lines),
        LineDraft(pack.item_id, quantity, role="produce"),
    )


async def _pack(db: Database, principal: Principal, pack_id: UUID) -> Pack:
    async with db.snapshot(principal.tenant_id) as tx:
        pack = (await tables.packs(tx, [pack_id])).get(pack_id)
    if pack is None:
        raise refuse(NO_PACK, "packId")
    return pack


async def _post(
    db: Database, principal: Principal, command: Asked, draft: DocumentDraft
) -> Verdict:
    (verdict,) = await post_many(db, principal, [Post(command, draft)])
    if verdict.outcome is None:
        raise Refused(*map(_placed, verdict.refusals))
    return verdict


def _placed(refusal: Refusal) -> Refusal:
    """Core's paths lead to lines; the caller sent a pack and a quantity."""
    if refusal.path[:1] != ("lines",):
        return refusal
    where = (
        refusal.path[2:] if refusal.path[2:] in (("unitPrice",), ("sourceLine",)) else ("quantity",)
    )
    return Refusal(refusal.code, where, refusal.details)
