"""The variants of a style, made in bulk as items of core's: codes, names, barcodes and prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from uuid import UUID

from core.plugin_api import (
    DUPLICATE,
    NOT_FOUND,
    BarcodeDraft,
    ItemChanges,
    ItemDraft,
    Principal,
    Refusal,
    Refused,
    Transaction,
    items_by_barcode,
    module_settings,
    raise_any,
    refuse,
    save_items_within,
    uuid7,
)
from plugins.apparel_variants import tables
from plugins.apparel_variants.records import Colour, Style, StyleDraft, Variant, VariantDraft
from plugins.apparel_variants.refusals import (
    ARCHIVED_COLOUR,
    BAD_BARCODE,
    NAME,
    NO_VARIANTS,
    UNKNOWN_COLOUR,
    UNKNOWN_SIZE,
    VARIANT_EXISTS,
)
from plugins.apparel_variants.rules import codes


async def make(
    tx: Transaction,
    principal: Principal,
    style: Style,
    draft: StyleDraft,
    there: Sequence[Variant],
) -> None:
    """Make the variants of a draft as items, then the style and what they are of it."""
    group = style.size_group_id
    if group:
        await tables.hold_size_group(tx, group)
    groups = await tables.size_groups(tx, [group]) if group else {}
    if group and not groups:
        raise refuse(NOT_FOUND, "sizeGroupId", id=str(group))
    sizes = {size.id: size.code for size in groups[group].sizes} if group else {}
    drafts = _drafts(draft, list(sizes), there)
    colours = await tables.colours(tx, {one.colour_id for one in drafts if one.colour_id})
    if draft.variants is None:
        colours |= await tables.colours(tx, draft.colour_ids)
        raise_any(_axis_refusals(style, draft, colours, sizes))
    raise_any(_refusals(style, drafts, colours, sizes, there))
    settings = await module_settings(tx, NAME)
    barcodes = await next_barcodes(tx, settings.prefix, [one.barcode for one in drafts])
    made: list[tuple[UUID, ItemDraft | ItemChanges]] = []
    for one, barcode in zip(drafts, barcodes, strict=True):
        colour = colours[one.colour_id] if one.colour_id else None
        size = sizes[one.size_id] if one.size_id else None
        code = codes.variant_code(
            style.code, colour.code if colour else None, size, settings.code_separator
        )
        name = codes.variant_name(style.name, colour.name if colour else None, size)
        item = ItemDraft(
            code=one.code or code,
            name=one.name or name,
            category_id=draft.category_id,
            base_unit_id=draft.unit_id,
            list_price=_first(one.list_price, style.list_price),
            purchase_price=_first(one.purchase_price, style.purchase_price),
            barcodes=(BarcodeDraft(code=barcode),) if barcode else (),
        )
        made.append((uuid7(), item))
    try:
        await save_items_within(tx, principal, made)
    except Refused as refused:
        raise Refused(*(_placed(r, draft) for r in refused.refusals)) from None
    await tables.put(tx, tables.style, [asdict(style)])
    new = [
        asdict(Variant(item_id, style.id, one.colour_id, one.size_id))
        for (item_id, _), one in zip(made, drafts, strict=True)
    ]
    await tables.put(tx, tables.variant, new)


def _drafts(
    draft: StyleDraft, sizes: Sequence[UUID], there: Iterable[Variant]
) -> list[VariantDraft]:
    """The variants to be made: as they were told, or each colour in each size that is not there."""
    if draft.variants is not None:
        return list(draft.variants)
    known = {(one.colour_id, one.size_id) for one in there}
    wanted_sizes = sizes if draft.size_ids is None else draft.size_ids
    return [
        VariantDraft(colour_id=colour, size_id=size)
        for colour in draft.colour_ids or (None,)
        for size in wanted_sizes or (None,)
        if (colour, size) not in known
    ]


def as_made(draft: StyleDraft, there: Iterable[Variant]) -> StyleDraft:
    """Without colours, or sizes, those that a style is made in: what was added is made in all of them."""
    known = list(there)
    colours = dict.fromkeys(one.colour_id for one in known if one.colour_id)
    sizes = dict.fromkeys(one.size_id for one in known if one.size_id)
    return replace(
        draft,
        colour_ids=draft.colour_ids or tuple(colours),
        size_ids=tuple(sizes) if draft.size_ids is None else draft.size_ids,
    )


def _axis_refusals(
    style: Style,
    draft: StyleDraft,
    colours: Mapping[UUID, Colour],
    sizes: Mapping[UUID, str],
) -> Iterable[Refusal]:
    """What is wrong with the colours and the sizes, each of which makes a row or a column."""
    for n, colour in enumerate(draft.colour_ids):
        if colour not in colours:
            yield Refusal(UNKNOWN_COLOUR, ("colourIds", n))
        elif colour in draft.colour_ids[:n]:
            details = {"field": "colourIds", "value": colours[colour].code}
            yield Refusal(DUPLICATE, ("colourIds", n), details)
        elif not colours[colour].active:
            yield Refusal(ARCHIVED_COLOUR, ("colourIds", n), {"colour": colours[colour].code})
    chosen = draft.size_ids or ()
    for n, size in enumerate(chosen):
        if size not in sizes:
            yield Refusal(UNKNOWN_SIZE, ("sizeIds", n), {"style": style.code})
        elif size in chosen[:n]:
            details = {"field": "sizeIds", "value": sizes[size]}
            yield Refusal(DUPLICATE, ("sizeIds", n), details)


def _refusals(
    style: Style,
    drafts: Sequence[VariantDraft],
    colours: Mapping[UUID, Colour],
    sizes: Mapping[UUID, str],
    there: Iterable[Variant],
) -> Iterable[Refusal]:
    if not drafts:
        yield Refusal(NO_VARIANTS, (), {"style": style.code})
    taken = {(one.colour_id, one.size_id) for one in there}
    for n, one in enumerate(drafts):
        where = ("variants", n)
        if one.colour_id is not None and one.colour_id not in colours:
            yield Refusal(UNKNOWN_COLOUR, (*where, "colourId"))
        elif one.colour_id is not None and not colours[one.colour_id].active:
            details = {"colour": colours[one.colour_id].code}
            yield Refusal(ARCHIVED_COLOUR, (*where, "colourId"), details)
        if one.size_id is not None and one.size_id not in sizes:
            yield Refusal(UNKNOWN_SIZE, (*where, "sizeId"), {"style": style.code})
        if (one.colour_id, one.size_id) in taken:
            yield Refusal(VARIANT_EXISTS, where, {"style": style.code})
        taken.add((one.colour_id, one.size_id))
        if one.barcode is not None and not codes.is_gtin(one.barcode):
            yield Refusal(BAD_BARCODE, (*where, "barcode"), {"code": one.barcode[:64]})


async def next_barcodes(
    tx: Transaction, prefix: str | None, told: Sequence[str | None]
) -> list[str | None]:
    """Barcodes: those that were told, and for the others the next free numbers behind the prefix."""
    wanted = list(told).count(None)
    if prefix is None or not wanted:
        return list(told)
    first = await tables.next_number(tx, prefix)
    own = {code for code in told if code}
    while True:
        fresh = codes.numbers(prefix, first, own, wanted)
        made = [codes.barcode(prefix, number) for number in fresh]
        used = (await items_by_barcode(tx, made)).keys()
        if not used:
            break
        own |= set(used)
    await tables.put_counter(tx, prefix, fresh[-1] + 1)
    left = iter(made)
    return [code if code is not None else next(left) for code in told]


def _placed(refusal: Refusal, draft: StyleDraft) -> Refusal:
    """Core's path begins with the place of the item; a matrix sent none."""
    if refusal.path[1:2] == ("category_id",):
        return Refusal(refusal.code, ("categoryId",), refusal.details)
    if draft.variants is None or not refusal.path:
        return Refusal(refusal.code, (), refusal.details)
    return refusal.under("variants")


def _first(own: Decimal | None, of_style: Decimal | None) -> Decimal | None:
    return of_style if own is None else own
