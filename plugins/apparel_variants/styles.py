"""Styles and their variants, which are items of core's: made in bulk, all or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from core.plugin_api import (
    INVALID,
    NOT_FOUND,
    REQUIRED,
    STALE_REVISION,
    Database,
    ItemChanges,
    ItemDraft,
    Principal,
    Refusal,
    Refused,
    Transaction,
    clean,
    record_audit,
    refuse,
    run_command,
    save_items_within,
    uuid7,
)
from plugins.apparel_variants import tables
from plugins.apparel_variants.palette import LONGEST_CODE, LONGEST_NAME, refuse_taken
from plugins.apparel_variants.records import (
    Named,
    Style,
    StyleChanges,
    StyleDraft,
    Variant,
)
from plugins.apparel_variants.refusals import (
    NOTHING_NAMED,
)
from plugins.apparel_variants.rules.codes import variant_name
from plugins.apparel_variants.stock.items import priced
from plugins.apparel_variants.variants import as_made, make

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
        await make(tx, principal, style, draft, [])
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
    are not there yet. Without colours, or sizes, they are those that it is made in. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        style = await _locked(tx, style_id, revision)
        there = await tables.variants_of_styles(tx, [style_id])
        after = replace(style, revision=style.revision + 1)
        (sister,) = (await priced(tx, [there[0].item_id])).values()
        like = replace(draft, category_id=sister.category_id, unit_id=sister.base_unit_id)
        await make(tx, principal, after, as_made(like, there), there)
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
    """Change a style. A new price, and a new name, hold for the variants that had the style's; one that
    has its own keeps it. Archiving takes all variants out of use. Raises Refused."""
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
        await _save_unnamed(tx, principal, await _followed(tx, before, after))
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


async def archive_variants(
    db: Database,
    principal: Principal,
    command_id: UUID,
    style_id: UUID,
    revision: int,
    named: Named,
) -> UUID:
    """Take the variants of a style in some colours or sizes out of use, or put them back. Raises Refused."""

    async def work(tx: Transaction) -> Mapping[str, Any]:
        style = await _locked(tx, style_id, revision)
        variants = [
            one.item_id
            for one in await tables.variants_of_styles(tx, [style_id])
            if (not named.colour_ids or one.colour_id in named.colour_ids)
            and (not named.size_ids or one.size_id in named.size_ids)
        ]
        if not variants or not (named.colour_ids or named.size_ids):
            raise refuse(NOTHING_NAMED, style=style.code)
        items = await priced(tx, variants)
        changed: ItemChanges = {"active": named.active}
        wanted = [(key, changed) for key, one in items.items() if one.active != named.active]
        await _save_unnamed(tx, principal, wanted)
        await tables.put(tx, tables.style, [asdict(replace(style, revision=style.revision + 1))])
        await record_audit(
            tx, principal.user_id, "apparel_variants.archive_variants", KIND, style_id, asked
        )
        return {"id": style_id}

    asked = {"id": style_id, "revision": revision, **asdict(named)}
    outcome = await run_command(
        db, principal.tenant_id, command_id, "apparelVariants.archiveVariants", asked, work
    )
    return UUID(outcome["id"])


async def _save_unnamed(
    tx: Transaction, principal: Principal, wanted: Sequence[tuple[UUID, ItemDraft | ItemChanges]]
) -> None:
    """Change items that nobody sent: paths that lead to them would lead nowhere."""
    try:
        await save_items_within(tx, principal, wanted)
    except Refused as refused:
        raise Refused(*(Refusal(r.code, (), r.details) for r in refused.refusals)) from None


async def _followed(
    tx: Transaction, before: Style, after: Style
) -> list[tuple[UUID, ItemDraft | ItemChanges]]:
    """What the items of a style's variants follow it in."""
    variants = await tables.variants_of_styles(tx, [before.id])
    items = await priced(tx, [variant.item_id for variant in variants])
    names = await _names(tx, variants)
    found: list[tuple[UUID, ItemDraft | ItemChanges]] = []
    for item in items.values():
        changes: ItemChanges = {}
        colour, size = names[item.item_id]
        if before.name != after.name and item.name == variant_name(before.name, colour, size):
            changes["name"] = variant_name(after.name, colour, size)
        if after.list_price != before.list_price == item.list_price:
            changes["list_price"] = after.list_price
        if after.purchase_price != before.purchase_price == item.purchase_price:
            changes["purchase_price"] = after.purchase_price
        if after.active != before.active and item.active != after.active:
            changes["active"] = after.active
        if changes:
            found.append((item.item_id, changes))
    return found


async def _names(
    tx: Transaction, variants: Sequence[Variant]
) -> dict[UUID, tuple[str | None, str | None]]:
    """What the colour and the size of variants are called, by their items."""
    colours = await tables.colours(tx, {one.colour_id for one in variants if one.colour_id})
    sizes = await tables.sizes(tx, {one.size_id for one in variants if one.size_id})
    return {
        one.item_id: (
            colours[one.colour_id].name if one.colour_id else None,
            sizes[one.size_id].code if one.size_id else None,
        )
        for one in variants
    }


async def _locked(tx: Transaction, style_id: UUID, revision: int) -> Style:
    style = await tables.lock_style(tx, style_id)
    if style is None:
        raise refuse(NOT_FOUND, "id", id=str(style_id))
    if style.revision != revision:
        raise refuse(STALE_REVISION, "revision", seen=revision, actual=style.revision)
    return style


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
