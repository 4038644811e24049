"""What becomes of each item that someone wants made or changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from core.catalogue.records import FullItem, ItemChanges, ItemDraft
from core.catalogue.rules import (
    DEFAULT_UNIT,
    Around,
    changed_item,
    check_moved,
    checked_item,
    new_item,
)
from core.errors import DUPLICATE, Refusal, Refused
from core.ids import uuid7
from core.masterdata.rules import Extensions, columns_of, not_found, sent_with, stale
from core.text import clean_code

Decision = FullItem | list[Refusal]


@dataclass(frozen=True, slots=True)
class Wish:
    """One write that was asked for. ``draft`` makes an item, ``changes`` are for one that is there;
    with both, the item may or may not be there."""

    draft: ItemDraft | None
    changes: ItemChanges | None
    item_id: UUID | None
    revision: int | None

    def code_to_find(self) -> str | None:
        """The code by which to look for the item, where no id says which one is meant."""
        if self.item_id is not None or self.draft is None or self.changes is None:
            return None
        try:
            return clean_code(self.draft.code)
        except Refused:
            return None

    def category_id(self) -> UUID | None:
        if self.draft is not None:
            return self.draft.category_id
        return (self.changes or {}).get("category_id")

    def extensions(self) -> Extensions:
        """What was sent for plugins."""
        if self.draft is not None:
            return sent_with(self.draft.extensions)
        return (self.changes or {}).get("extensions", {})

    def input(self) -> dict[str, Any]:
        """What was asked for, as the audit trail keeps it."""
        return columns_of(self.draft) if self.draft is not None else dict(self.changes or {})


def decide(
    wish: Wish, before: FullItem | None, moved: Mapping[UUID, date | None], around: Around
) -> Decision:
    """The item as the wish wants it, or why not. ``moved`` says until when items have moved."""
    if before is None:
        if wish.draft is None:
            assert wish.item_id is not None
            return [not_found(wish.item_id, "id")]
        made = new_item(wish.item_id or uuid7(), wish.draft, _default_unit(around))
        return checked_item(made, around)
    if wish.changes is None:
        details = {"field": "id", "value": str(before.item.id)}
        return [Refusal(DUPLICATE, ("id",), details)]
    if wish.revision is not None and (problems := stale(wish.revision, before.item.revision)):
        return problems
    after = changed_item(before, wish.changes)
    if moved.get(before.item.id) is not None and (problems := check_moved(before, after)):
        return problems
    return checked_item(after, around)


@dataclass(slots=True)
class Claims:
    """Which item has which code and barcode; grows while a batch is decided.

    What another item had before the batch counts as taken, even if the batch would free it.
    """

    codes: dict[str, UUID]
    barcodes: dict[str, UUID]
    ids: set[UUID] = field(default_factory=set)

    def claim(self, full: FullItem, key: str) -> Decision:
        """Take the item's codes, all or none."""
        item = full.item
        taken = []
        if item.id in self.ids:
            taken.append(_taken("id", str(item.id), "id"))
        if self.codes.get(key, item.id) != item.id:
            taken.append(_taken("code", item.code, "code"))
        taken += [
            _taken("barcode", b.code, "barcodes", n, "code")
            for n, b in enumerate(full.barcodes)
            if self.barcodes.get(b.code, item.id) != item.id
        ]
        if taken:
            return taken
        self.ids.add(item.id)
        self.codes[key] = item.id
        self.barcodes |= {b.code: item.id for b in full.barcodes}
        return full


def _taken(field_name: str, value: str, *path: str | int) -> Refusal:
    return Refusal(DUPLICATE, path, {"field": field_name, "value": value})


def _default_unit(around: Around) -> UUID:
    units = list(around.units.values())
    return next((u for u in units if u.code == DEFAULT_UNIT), units[0]).id
