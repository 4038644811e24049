"""A tenant whose documents go straight through the posting door, without HTTP in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from core.catalogue import service as catalogue
from core.catalogue.records import ItemDraft
from core.commands import Asked
from core.db.database import Database, rows
from core.documents.records import DocumentDraft, LineDraft
from core.ids import uuid7
from core.ledger.posting import post, post_many
from core.ledger.requests import Post, Request, Reverse, Verdict
from core.ledger.verify import verify
from core.places import service as places
from core.places.rules import PlaceDraft
from core.tenancy import service as tenancy
from core.tenancy.rules import Principal, permissions_of

YEAR, MONTH = 2026, 3
"""Days of documents are days of this month, so that tests read as a calendar."""


def day(number: int) -> date:
    return date(YEAR, MONTH, number)


@dataclass
class World:
    """Items and places by code; everything else by the ids that the door answers with."""

    db: Database
    principal: Principal
    items: dict[str, UUID] = field(default_factory=dict)
    places: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    async def open(cls, db: Database, **settings: Any) -> World:
        """A new tenant with these settings, one warehouse (MAIN) and no goods."""
        tenant = await tenancy.create_tenant(db, f"world {uuid4()}")
        member = await tenancy.add_user(db, tenant.id, f"{uuid4()}@example.com")
        roles = ("administrator",)
        principal = Principal(
            member.user_id, member.email, tenant.id, tenant.name, roles, permissions_of(roles)
        )
        world = cls(db, principal)
        if settings:
            await world.set(**settings)
        for code, id_ in await world.rows("SELECT code, id FROM place"):
            world.places[code] = id_
        return world

    async def set(self, **settings: Any) -> None:
        await tenancy.update_settings(self.db, self.principal, uuid7(), settings)

    async def item(self, code: str, **facts: Any) -> UUID:
        draft = ItemDraft(code=code, name=f"item {code}", **facts)
        made = await catalogue.create_item(self.db, self.principal, uuid7(), draft)
        self.items[code] = made.id
        return made.id

    async def place(self, code: str, kind: Any = "warehouse", parent: str | None = None) -> UUID:
        parent_id = self.places[parent] if parent else None
        draft = PlaceDraft(code=code, name=code, kind=kind, parent_id=parent_id)
        made = await places.create_place(self.db, self.principal, uuid7(), draft)
        self.places[code] = made.id
        return made.id

    def line(self, item: str, quantity: Any = None, price: Any = None, **more: Any) -> LineDraft:
        """A line; places by code (``at``, ``to``), numbers as they are written."""
        for key, name in (("at", "place_id"), ("to", "to_place_id")):
            if key in more:
                more[name] = self.places[more.pop(key)]
        for key in ("amount", "share"):
            if key in more:
                more[key] = Decimal(str(more[key]))
        return LineDraft(
            item_id=self.items[item],
            quantity=None if quantity is None else Decimal(str(quantity)),
            unit_price=None if price is None else Decimal(str(price)),
            **more,
        )

    def draft(
        self, type_: str, *lines: LineDraft, on: int | date = 1, **head: Any
    ) -> DocumentDraft:
        """A document in the main warehouse on a day of March 2026."""
        for key, name in (("at", "place_id"), ("to", "to_place_id")):
            if key in head:
                head[name] = self.places[head.pop(key)]
        if "extra_cost" in head:
            head["extra_cost"] = Decimal(str(head["extra_cost"]))
        head.setdefault("place_id", self.places["MAIN"])
        return DocumentDraft(
            id=uuid7(),
            type=type_,
            business_date=on if isinstance(on, date) else day(on),
            lines=lines,
            **head,
        )

    def asked(self, draft: DocumentDraft) -> Post:
        return Post(Asked.of(uuid7(), "postDocument", {"id": draft.id}), draft)

    async def try_(self, type_: str, *lines: LineDraft, **head: Any) -> Verdict:
        """Post a document and return the verdict."""
        return await post(self.db, self.principal, self.asked(self.draft(type_, *lines, **head)))

    async def posted(self, type_: str, *lines: LineDraft, **head: Any) -> UUID:
        """Post a document that must not be refused; its id."""
        return _id(await self.try_(type_, *lines, **head))

    async def refused(self, type_: str, *lines: LineDraft, **head: Any) -> list[str]:
        """Post a document that must be refused; the codes."""
        return codes(await self.try_(type_, *lines, **head))

    async def many(self, *drafts: DocumentDraft) -> list[Verdict]:
        return await post_many(self.db, self.principal, [self.asked(draft) for draft in drafts])

    async def undo(self, document: UUID, on: int | None = None) -> Verdict:
        """Reverse a document on its own date, or on another day."""
        on_ = None if on is None else day(on)
        request = self.reversal(document, on_)
        return await post(self.db, self.principal, request)

    def reversal(self, document: UUID, on: date | None = None) -> Request:
        command = Asked.of(uuid7(), "reverseDocument", {"id": document, "on": on})
        return Reverse(command, uuid7(), document, on)

    async def undone(self, document: UUID, on: int | None = None) -> UUID:
        return _id(await self.undo(document, on))

    async def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the database in this tenant's name."""
        async with self.db.snapshot(self.principal.tenant_id) as tx:
            return await rows(tx, query, *parameters)

    async def on_hand(self, item: str, place: str | None = None) -> Decimal:
        ((found,),) = await self.rows(
            "SELECT coalesce(sum(on_hand), 0) FROM balance WHERE item_id = %s"
            " AND (%s::uuid IS NULL OR place_id = %s)",
            self.items[item],
            *(self.places.get(place or ""),) * 2,
        )
        return Decimal(found)

    async def stock(self, item: str) -> tuple[Decimal, Decimal]:
        """Quantity and value of all that is ours of an item."""
        ((quantity, value),) = await self.rows(
            "SELECT coalesce(sum(quantity), 0), coalesce(sum(value), 0) FROM pool"
            " WHERE item_id = %s",
            self.items[item],
        )
        return quantity, value

    async def account(self, name: str) -> Decimal:
        """The value that lies on a virtual place."""
        ((value,),) = await self.rows(
            "SELECT coalesce(sum(e.value), 0) FROM entry e JOIN place p ON p.id = e.place_id"
            " WHERE p.account = %s",
            name,
        )
        return Decimal(value)

    async def accounts(self) -> Mapping[str, Decimal]:
        """All virtual places that hold a value."""
        found = await self.rows(
            "SELECT p.account, sum(e.value) FROM entry e JOIN place p ON p.id = e.place_id"
            " WHERE e.pool_id IS NULL GROUP BY 1 HAVING sum(e.value) <> 0"
        )
        return dict(found)

    async def tallies(self) -> None:
        """All invariants hold, the chain too, and history comes out the same when played again."""
        assert await verify(self.db, self.principal.tenant_id, deep=True) == []


def codes(verdict: Verdict) -> list[str]:
    assert verdict.refusals, verdict.outcome
    return [refusal.code for refusal in verdict.refusals]


def _id(verdict: Verdict) -> UUID:
    assert verdict.outcome is not None, [r.message() for r in verdict.refusals]
    return UUID(verdict.outcome["id"])
