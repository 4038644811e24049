"""Goods that come in: which batch they are, with which dates, from a supplier with which papers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date
from uuid import UUID

from core.plugin_api import Refusal, define
from plugins.food_batches.rules import dates
from plugins.food_batches.rules.records import Batch, Item, Licence, LicenceKind, Told

LOT_REQUIRED = define(
    "FOOD_BATCHES_LOT_REQUIRED",
    en="{item} is kept by batch: state the batch number.",
    zh="{item} 按批次管理:请填写批号。",
)
DATES_REQUIRED = define(
    "FOOD_BATCHES_DATES_REQUIRED",
    en="Batch {lot} of {item} is new: state the day it was made or the day it expires.",
    zh="{item} 的批次 {lot} 为新批次:请填写生产日期或到期日。",
)
DATES_DIFFER = define(
    "FOOD_BATCHES_DATES_DIFFER",
    en="Batch {lot} is known with {field} {known}, not {told}. Check the label, or give it another number.",
    zh="批次 {lot} 已登记的 {field} 为 {known},与 {told} 不符。请核对标签或使用其他批号。",
)
DATES_REVERSED = define(
    "FOOD_BATCHES_DATES_REVERSED",
    en="Batch {lot} cannot expire ({expires_on}) before it is made ({produced_on}).",
    zh="批次 {lot} 的到期日 {expires_on} 不能早于生产日期 {produced_on}。",
)
MADE_LATER = define(
    "FOOD_BATCHES_MADE_LATER",
    en="Batch {lot} cannot come in on {on}, before it is made ({produced_on}).",
    zh="批次 {lot} 的生产日期 {produced_on} 晚于入库日期 {on}。",
)
ARRIVED_EXPIRED = define(
    "FOOD_BATCHES_ARRIVED_EXPIRED",
    en="Batch {lot} expired on {expires_on} and cannot be received from a supplier.",
    zh="批次 {lot} 已于 {expires_on} 到期,不得采购入库。",
)
NO_LICENCE = define(
    "FOOD_BATCHES_NO_LICENCE",
    en="The supplier has no licence that is valid on {on} ({kinds}). Enter it, or receive the goods later.",
    zh="供应商在 {on} 没有有效的许可证({kinds})。请先登记证照,或暂缓入库。",
)


def merged(known: Batch | None, told: Told, lot_id: UUID, item: Item) -> Batch:
    """The batch after what a document tells of it: it fills in what was not known, never changes what
    was, and the missing date follows from the other."""
    if known is not None and not told.of_batch:
        return known
    batch = known or Batch(lot_id, item.item_id)
    produced_on, expires_on = dates.derived(
        batch.produced_on or told.produced_on, batch.expires_on or told.expires_on, item.shelf_life
    )
    return replace(
        batch,
        produced_on=produced_on,
        expires_on=expires_on,
        supplier_number=batch.supplier_number or told.supplier_number,
        origin=batch.origin or told.origin,
        certificates=tuple(dict.fromkeys((*batch.certificates, *told.certificates))),
    )


def check_dates(
    known: Batch | None, told: Told, item: Item, *, code: str, item_code: str, on: date
) -> Iterator[Refusal]:
    """Why a batch cannot be what a document tells of it on its day ``on``; paths start at the line's
    field. A new batch needs a date where its item has a shelf life."""
    if known is not None:
        for name, path in (("produced_on", "producedOn"), ("expires_on", "expiresOn")):
            was, now = getattr(known, name), getattr(told, name)
            if was is not None and now is not None and was != now:
                details = {"lot": code, "field": path}
                details |= {"known": was.isoformat(), "told": now.isoformat()}
                yield Refusal(DATES_DIFFER, (path,), details)
                return
    batch = merged(known, told, item.item_id, item)
    if known is None and item.shelf_life is not None and batch.expires_on is None:
        yield Refusal(DATES_REQUIRED, (), {"lot": code, "item": item_code})
        return
    made = batch.produced_on
    if made is not None and batch.expires_on is not None and batch.expires_on < made:
        details = {"lot": code, "expires_on": batch.expires_on.isoformat()}
        yield Refusal(DATES_REVERSED, ("expiresOn",), {**details, "produced_on": made.isoformat()})
    elif made is not None and made > on:
        details = {"lot": code, "produced_on": made.isoformat(), "on": on.isoformat()}
        yield Refusal(MADE_LATER, ("producedOn",), details)


def check_arrived(batch: Batch, code: str, on: date) -> Iterator[Refusal]:
    """Why goods may not be taken from a supplier: they have expired."""
    if batch.expires_on is not None and dates.expired(batch.expires_on, on):
        details = {"lot": code, "expires_on": batch.expires_on.isoformat()}
        yield Refusal(ARRIVED_EXPIRED, (), details)


def valid_licence(
    licences: Iterable[Licence], kinds: Collection[LicenceKind], on: date
) -> Licence | None:
    """The supplier's licence of one of these kinds that is good on that day, the longest one; a licence
    is good through its last day, as goods are."""
    good = [
        licence
        for licence in licences
        if licence.kind in kinds and not dates.expired(licence.valid_until, on)
    ]
    return max(good, key=lambda licence: licence.valid_until or date.max, default=None)


def no_licence(kinds: Iterable[LicenceKind], on: date) -> Refusal:
    """The refusal of goods from a supplier without a valid licence."""
    details = {"on": on.isoformat(), "kinds": ", ".join(kind.value for kind in kinds)}
    return Refusal(NO_LICENCE, ("partyId",), details)
