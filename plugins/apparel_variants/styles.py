"""Styles and their variants, which are items of core's: made in bulk, all or none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.plugin_api import (
    INVALID,
    NOT_FOUND,
    REQUIRED,
    STALE_REVISION,
    BarcodeDraft,
    Database,
    ItemChanges,
    ItemDraft,
    Principal,
    Refusal,
    Refused,
    Transaction,
    clean,
    items_by_barcode,
    module_settings,
    raise_any,
    record_audit,
    refuse,
    run_command,
    save_items_within,
    uuid7,
)
from plugins.apparel_variants import tables
from plugins.apparel_variants.palette import LONGEST_CODE, LONGEST_NAME, refuse_taken
from plugins.apparel_variants.records import (
    Style,
    StyleChanges,
    StyleDraft,
    Variant,
    VariantDraft,
)
from plugins.apparel_variants.refusals import (
    BAD_BARCODE,
    NAME,
    NO_VARIANTS,
    UNKNOWN_COLOUR,
    UNKNOWN_SIZE,
    VARIANT_EXISTS,
)
from plugins.apparel_variants.rules import codes
from plugins.apparel_variants.stock.items import priced

KIND = "apparel_variants_style"
_TEXTS = ("season", "band")
_YEARS = range(1900, 10_000)


async def create_style(
    db: Database, principal: Principal, command_id: UUID, draft: StyleDraft
) -> UUID:
    """Make a style and all its variants. Raises Refused with everything that is wrong with them."""
    draft = replace(
        draft,
        code=clean(draft.code, "code", LONGEST_CODE * 2),
        name=clean(draft.name, "name", LONGEST_NAME),
        season=_text(draft.season, "season"),
        band=_text(draft.band, "band"),
    )
    _check_year(draft.year)
    _check_prices({"list_price": draft.list_price, "purchase_price": draft.purchase_price})

    async def work(tx: Transaction) -> Mapping[str, Any]:
        style = Style(
            uuid7(),
            draft.code,
            draft.name,
            draft.size_group_id,
            draft.season,
            draft.year,
            draft.band,
            draft.list_price,
            draft.purchase_price,
            active=True,
            revision=1,
        )
        await refuse_taken(tx, tables.style, style.code, style.id)
        await _make(tx, principal, style, draft, [])
        await record_audit(
            tx, principal.user_id, "apparel_variants.create_style", KIND, style.id, asdict(draft)
        )
        return {"id": style.id}

    outcome = await run_command(
        db, principal.tenant_id, command_id, "apparelVariants.createStyle", asdict(draft), work
    )
    return UUID(outcome["id"])


async def add_variants(
    db: Database,
    principal: Principal,
    command_id: UUID,
    style_id: UUID,
    revision: int,
    draft: StyleDraft,
) -> UUID:
    """Make further variants of a style: those of ``draft``, whose colours and sizes make those that
    are not there yet. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        style = await _locked(tx, style_id, revision)
        there = await tables.variants_of_styles(tx, [style_id])
        after = replace(style, revision=style.revision + 1)
        await _make(tx, principal, after, draft, there)
        await record_audit(
            tx, principal.user_id, "apparel_variants.add_variants", KIND, style_id, asdict(draft)
        )
        return {"id": style_id}

    asked = {"id": style_id, "revision": revision, **asdict(draft)}
    outcome = await run_command(
        db, principal.tenant_id, command_id, "apparelVariants.addVariants", asked, work
    )
    return UUID(outcome["id"])


async def update_style(
    db: Database,
    principal: Principal,
    command_id: UUID,
    style_id: UUID,
    revision: int,
    changes: StyleChanges,
) -> UUID:
    """Change a style. A new price holds for the variants that had the style's price; one that was
    priced apart keeps its own. Archiving takes all variants out of use. Raises Refused."""
    told: dict[str, Any] = dict(changes)
    if "name" in told:
        told["name"] = clean(told["name"] or "", "name", LONGEST_NAME)
    if told.get("active", True) is None:
        raise refuse(REQUIRED, "active", field="active")
    for name in _TEXTS:
        if name in told:
            told[name] = _text(told[name], name)
    _check_year(told.get("year"))
    _check_prices(told)

    async def work(tx: Transaction) -> Mapping[str, Any]:
        before = await _locked(tx, style_id, revision)
        after = replace(before, **told, revision=before.revision + 1)
        wanted = await _followed(tx, before, after)
        try:
            await save_items_within(tx, principal, wanted)
        except Refused as refused:  # the paths would lead to items that nobody sent
            raise Refused(*(Refusal(r.code, (), r.details) for r in refused.refusals)) from None
        await tables.put(tx, tables.style, [asdict(after)])
        await record_audit(
            tx, principal.user_id, "apparel_variants.update_style", KIND, style_id, told
        )
        return {"id": style_id}

    asked = {"id": style_id, "revision": revision, "set": told, "named": sorted(told)}
    outcome = await run_command(
        db, principal.tenant_id, command_id, "apparelVariants.updateStyle", asked, work
    )
    return UUID(outcome["id"])


async def _followed(
    tx: Transaction, before: Style, after: Style
) -> list[tuple[UUID, ItemDraft | ItemChanges]]:
    """What the items of a style's variants follow it in."""
    variants = await tables.variants_of_styles(tx, [before.id])
    items = await priced(tx, [variant.item_id for variant in variants])
    found: list[tuple[UUID, ItemDraft | ItemChanges]] = []
    for item in items.values():
        changes: ItemChanges = {}
        if after.list_price != before.list_price == item.list_price:
            changes["list_price"] = after.list_price
        if after.purchase_price != before.purchase_price == item.purchase_price:
            changes["purchase_price"] = after.purchase_price
        if after.active != before.active and item.active != after.active:
            changes["active"] = after.active
        if changes:
            found.append((item.item_id, changes))
    return found


async def _locked(tx: Transaction, style_id: UUID, revision: int) -> Style:
    style = await tables.lock_style(tx, style_id)
    if style is None:
        raise refuse(NOT_FOUND, "id", id=str(style_id))
    if style.revision != revision:
        raise refuse(STALE_REVISION, "revision", seen=revision, actual=style.revision)
    return style


async def _make(
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


def _refusals(
    style: Style,
    drafts: Sequence[VariantDraft],
    colours: Mapping[UUID, object],
    sizes: Mapping[UUID, str],
    there: Iterable[Variant],
) -> Iterable[Refusal]:
    if not drafts:
        yield Refusal(NO_VARIANTS)
    taken = {(one.colour_id, one.size_id) for one in there}
    for n, one in enumerate(drafts):
        where = ("variants", n)
        if one.colour_id is not None and one.colour_id not in colours:
            yield Refusal(UNKNOWN_COLOUR, (*where, "colourId"))
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


def _text(text: str | None, field: str) -> str | None:
    return None if text is None else clean(text, field, LONGEST_CODE, required=False) or None


def _check_year(year: int | None) -> None:
    if year is not None and year not in _YEARS:
        reason = {"reason": "A year has four digits.", "reason_zh": "年份须为四位数字。"}
        raise refuse(INVALID, "year", **reason)


def _check_prices(told: Mapping[str, Any]) -> None:
    for name, path in (("list_price", "listPrice"), ("purchase_price", "purchasePrice")):
        price = told.get(name)
        if price is not None and not (price.is_finite() and 0 <= price < 10**15):
            reason = {"reason": "A price is zero or more.", "reason_zh": "价格须不小于零。"}
            raise refuse(INVALID, path, **reason)
