"""Making, changing and archiving items, one at a time or a thousand at once.

Everything here is a bulk: single operations are a bulk of one. The order of locks is that of a
posting: the guards of the items that are there, then the tenant's sequence row. Behind the latter no
other write of master data runs, so what is checked then still holds when it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from core import commands
from core.audit.tables import Act, record_many
from core.catalogue.decide import Claims, Decision, Wish, decide
from core.catalogue.records import FullItem, Item, ItemChanges, ItemDraft, ItemSave
from core.catalogue.rules import Around, changes_of
from core.catalogue.tables import (
    categories_by_id,
    full_items,
    items,
    items_by_barcode,
    items_by_code,
    items_by_id,
    list_units,
    lock_guards,
    put_items,
)
from core.commands import Answer, Asked, CommandRaceError
from core.db.database import Database, Transaction
from core.errors import LIMIT_EXCEEDED, Refused, raise_any, refuse
from core.extension import attributes
from core.ledger.tables import create_guards
from core.masterdata.rules import Verdict, change_payload, numbered, payload
from core.masterdata.service import get
from core.tenancy.rules import Principal
from core.tenancy.service import load_settings
from core.tenancy.tables import next_change
from core.text import code_key

BULK_LIMIT = 1000


async def create_item(
    db: Database, principal: Principal, command_id: UUID, draft: ItemDraft
) -> Item:
    """Make an item. Its guard row is made with it, for every posting locks that."""
    asked = Asked.of(command_id, "createItem", payload(draft))
    return await _one(db, principal, asked, Wish(draft, None, draft.id, None))


async def update_item(
    db: Database,
    principal: Principal,
    command_id: UUID,
    item_id: UUID,
    revision: int,
    changes: ItemChanges,
) -> Item:
    """Change an item, if it is still at ``revision``.

    Kind, base unit, costing method and cost scope are fixed once the item has moved (rule 5.6).
    """
    asked = Asked.of(command_id, "updateItem", change_payload(item_id, revision, changes))
    return await _one(db, principal, asked, Wish(None, changes, item_id, revision))


async def archive_item(
    db: Database, principal: Principal, command_id: UUID, item_id: UUID, revision: int
) -> Item:
    """Take an item out of use. What it did stays, and its stock can still be sold off."""
    return await update_item(db, principal, command_id, item_id, revision, {"active": False})


async def save_items(
    db: Database,
    principal: Principal,
    saves: Sequence[ItemSave],
    *,
    undo: Callable[[Iterable[Answer]], bool] = commands.never,
) -> list[Verdict]:
    """Make or change up to 1,000 items in one transaction, with a verdict for each.

    A refused one leaves nothing behind and does not hinder the others. Where ``undo`` holds of the answers,
    nothing is saved.
    """
    if len(saves) > BULK_LIMIT:
        raise refuse(LIMIT_EXCEEDED, "items", field="items", limit=BULK_LIMIT)
    asked = [
        Asked.of(s.command_id, "saveItem", payload(s.draft, revision=s.revision)) for s in saves
    ]
    wishes = [Wish(s.draft, changes_of(s.draft), s.draft.id, s.revision) for s in saves]
    answers = await _carry_out(db, principal, asked, wishes, undo)
    return [Verdict(None, a) if isinstance(a, tuple) else Verdict(UUID(a["id"])) for a in answers]


async def save_items_within(
    tx: Transaction, principal: Principal, wanted: Sequence[tuple[UUID, ItemDraft | ItemChanges]]
) -> None:
    """Make the items of drafts and change those of changes, by their ids, in a transaction that does
    more: all or none.

    It takes the locks of master data, so it comes before what the transaction writes itself, and the
    transaction is one of ``core.commands``, which runs again where a race was lost. Raises Refused,
    with paths that begin with the place in ``wanted``.
    """
    if len(wanted) > BULK_LIMIT:
        raise refuse(LIMIT_EXCEEDED, field="items", limit=BULK_LIMIT)
    wishes = {
        n: Wish(what, None, item_id, None)
        if isinstance(what, ItemDraft)
        else Wish(None, what, item_id, None)
        for n, (item_id, what) in enumerate(wanted)
    }
    answers = await _write(tx, principal, wishes) if wishes else {}
    raise_any(
        refusal.under(n)
        for n, answer in sorted(answers.items())
        if isinstance(answer, tuple)
        for refusal in answer
    )


async def _one(db: Database, principal: Principal, asked: Asked, wish: Wish) -> Item:
    (answer,) = await _carry_out(db, principal, [asked], [wish])
    if isinstance(answer, tuple):
        raise Refused(*answer)
    async with db.snapshot(principal.tenant_id) as tx:
        return await get(tx, items, UUID(answer["id"]))


async def _carry_out(
    db: Database,
    principal: Principal,
    asked: Sequence[Asked],
    wishes: Sequence[Wish],
    undo: Callable[[Iterable[Answer]], bool] = commands.never,
) -> list[Answer]:
    async def work(tx: Transaction, fresh: list[int]) -> dict[int, Answer]:
        return await _write(tx, principal, {n: wishes[n] for n in fresh})

    return await commands.run_many(db, principal.tenant_id, asked, work, undo=undo)


async def _write(
    tx: Transaction, principal: Principal, wishes: dict[int, Wish]
) -> dict[int, Answer]:
    settings = await load_settings(tx)

    def key(code: str) -> str:
        return code_key(code, case_sensitive=settings.codes_case_sensitive)

    moved = await lock_guards(tx, (await _targets(tx, wishes, key)).values())
    first_mark = await next_change(tx, len(wishes))
    targets = await _targets(tx, wishes, key)
    if not moved.keys() >= set(targets.values()) or settings != await load_settings(tx):
        # Someone made one of these items, or changed the rules, meanwhile: begin again.
        raise CommandRaceError
    before = await full_items(tx, targets.values())
    around = await _around(tx, wishes)
    decided = {
        n: decide(w, before.get(targets[n]) if n in targets else None, moved, around)
        for n, w in wishes.items()
    }
    decided = await _unique(tx, decided, key)

    accepted = {n: full for n, full in decided.items() if isinstance(full, FullItem)}

    async def put(chosen: Collection[int]) -> None:
        full = [accepted[n] for n in chosen]
        marked = numbered([f.item for f in full], first_mark)
        written = [replace(f, item=i) for f, i in zip(full, marked, strict=True)]
        await put_items(tx, written, before, key)
        await create_guards(tx, [f.item.id for f in written if f.item.id not in before])
        acts = [_act(principal.user_id, wishes[n], accepted[n], before) for n in chosen]
        await record_many(tx, acts)

    ids = {n: full.item.id for n, full in accepted.items()}
    sent = {n: wishes[n].extensions() for n in accepted}
    refused = await attributes.save_many(tx, principal.modules, "item", ids, sent, put)
    return {
        n: {"id": str(d.item.id)} if isinstance(d, FullItem) else tuple(d)
        for n, d in (decided | refused).items()
    }


async def _targets(
    tx: Transaction, wishes: dict[int, Wish], key: Callable[[str], str]
) -> dict[int, UUID]:
    """The item that is there, by wish: found by id, or by code where a save names no id."""
    named = {n: w.item_id for n, w in wishes.items() if w.item_id is not None}
    coded = {n: key(c) for n, w in wishes.items() if (c := w.code_to_find()) is not None}
    by_id = await items_by_id(tx, named.values())
    by_code = await items_by_code(tx, coded.values()) if coded else {}
    found = {n: i for n, i in named.items() if i in by_id}
    return found | {n: by_code[k].id for n, k in coded.items() if k in by_code}


async def _around(tx: Transaction, wishes: dict[int, Wish]) -> Around:
    named = {c for w in wishes.values() if (c := w.category_id()) is not None}
    return Around(
        categories=await categories_by_id(tx, named) if named else {},
        units={u.id: u for u in await list_units(tx, active=None)},
    )


async def _unique(
    tx: Transaction, decided: dict[int, Decision], key: Callable[[str], str]
) -> dict[int, Decision]:
    """Refuse codes and barcodes that another item has, here or in the batch."""
    full = [f for f in decided.values() if isinstance(f, FullItem)]
    by_code = await items_by_code(tx, {key(f.item.code) for f in full})
    by_barcode = await items_by_barcode(tx, {b.code for f in full for b in f.barcodes})
    claims = Claims(
        {k: i.id for k, i in by_code.items()}, {c: b.item_id for c, b in by_barcode.items()}
    )
    return {
        n: claims.claim(d, key(d.item.code)) if isinstance(d, FullItem) else d
        for n, d in decided.items()
    }


def _act(actor: UUID, wish: Wish, full: FullItem, before: Mapping[UUID, FullItem]) -> Act:
    action = "item.update" if full.item.id in before else "item.create"
    details = {"code": full.item.code, "revision": full.item.revision, "input": wish.input()}
    return Act(actor, action, "item", full.item.id, details)
