"""What a decision reads: the locked state of the items concerned, as plain records.

It is loaded after the guards are locked (rule 3.2) and belongs to the decision, which changes it while
it goes through a batch, so that each document sees what the one before it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from core.documents.facts import ItemFacts, PlaceFacts
from core.documents.records import Source
from core.ledger.records import (
    PENDING,
    ZERO,
    BalanceKey,
    Method,
    PoolKey,
    Position,
    Scope,
    pool_key,
)
from core.ledger.valuation import Accounts, Books, Policy
from core.places.rules import WAITING
from core.tenancy.settings import Settings

if TYPE_CHECKING:
    from core.ledger.plugged import Plugged

_METHODS = {method.value: method for method in Method}
_SCOPES = {scope.value: scope for scope in Scope}
_BEFORE_ALL = Position(date.min, 0, 0)


class Places:
    """The tenant's location tree with its virtual accounts."""

    def __init__(self, places: Iterable[PlaceFacts]) -> None:
        self.by_id = {place.id: place for place in places}
        self._accounts = {p.account: p.id for p in self.by_id.values() if p.account}

    def account(self, name: str) -> UUID:
        """The id of a virtual place, or of one where goods wait, by its account name."""
        return self._accounts[name]

    def path(self, place: UUID) -> tuple[UUID, ...]:
        return self.by_id[place].path

    def under(self, place: UUID, top: UUID) -> bool:
        """Whether a place is ``top`` itself or lies below it."""
        return top in self.by_id[place].path

    def waiting(self, place: UUID) -> bool:
        """Whether goods wait there, in transit or in work."""
        return self.by_id[place].account in WAITING

    def today_at(self, place: UUID, now: datetime, zone: str) -> date:
        """The day it is at a place: in the nearest zone on the way to the root, else in ``zone``."""
        for ancestor in reversed(self.path(place)):
            if found := self.by_id[ancestor].zone:
                return now.astimezone(ZoneInfo(found)).date()
        return now.astimezone(ZoneInfo(zone)).date()

    def accounts(self) -> Accounts:
        return Accounts(
            true_up=self.account("true_up"),
            price_difference=self.account("price_difference"),
            standard_variance=self.account("standard_variance"),
        )


@dataclass(frozen=True, slots=True)
class LotFacts:
    """A lot as the decision sees it; ``root`` is its parent, or itself."""

    id: UUID
    item_id: UUID
    code: str
    parent_id: UUID | None
    is_unit: bool
    received_on: date

    @property
    def root(self) -> UUID:
        return self.parent_id or self.id


@dataclass(slots=True)
class Promised:
    """A promise on stock at a place of any level; ``quantity`` is what is still open of it. The lower
    ``since``, the earlier it was made."""

    document_id: UUID
    line: int
    item_id: UUID
    place_id: UUID
    lot_id: UUID
    incoming: bool
    quantity: Decimal
    due_on: date | None = None
    expires_at: datetime | None = None
    since: int = PENDING

    @property
    def key(self) -> tuple[UUID, int]:
        """The order's line that it was made for."""
        return (self.document_id, self.line)


@dataclass(frozen=True, slots=True)
class Held:
    """A hold on an item, a lot or a place; None means all of them (rule 1.5)."""

    item_id: UUID
    place_id: UUID | None
    lot_id: UUID | None
    reason: str


def method_of(rules: Settings, item: ItemFacts) -> Method:
    """The item's valuation method, else the tenant's."""
    return _METHODS[item.costing_method or rules.costing_method]


def scope_of(rules: Settings, item: ItemFacts) -> Scope:
    """The cost scope; specific identification needs one that tells lots apart."""
    scope = _SCOPES[item.cost_scope or rules.cost_scope]
    apart = (Scope.ITEM_LOT, Scope.ITEM_LOT_PLACE, Scope.SERIAL)
    if method_of(rules, item) is Method.SPECIFIC and scope not in apart:
        return Scope.ITEM_LOT
    return scope


@dataclass(slots=True)
class State:
    """Everything a decision knows. ``now`` is the database's clock, ``today`` the tenant's date in its
    accounting zone."""

    rules: Settings
    rules_version: int
    now: datetime
    today: date
    closed_through: date | None
    halted: bool
    places: Places
    items: Mapping[UUID, ItemFacts]
    books: Books
    lots: dict[UUID, LotFacts] = field(default_factory=dict)
    promises: dict[UUID, list[Promised]] = field(default_factory=dict)
    """By item."""
    holds: list[Held] = field(default_factory=list)
    sources: dict[UUID, Source] = field(default_factory=dict)
    standards: dict[UUID, list[tuple[Position, Decimal]]] = field(default_factory=dict)
    moved_through: dict[UUID, date] = field(default_factory=dict)
    plugged: Plugged | None = None
    """The modules' side of it; None where the tenant has none switched on."""

    @property
    def cent(self) -> Decimal:
        """The smallest amount of money, by the tenant's amount decimals."""
        return Decimal(1).scaleb(-self.rules.amount_dp)

    def method(self, item: UUID) -> Method:
        return method_of(self.rules, self.items[item])

    def scope(self, item: UUID) -> Scope:
        return scope_of(self.rules, self.items[item])

    def within(self, lot: UUID, whole: UUID) -> bool:
        """Whether a lot is another one, or a part of it."""
        known = self.lots.get(lot)
        return lot == whole or (known is not None and known.parent_id == whole)

    def pool_of(self, item: UUID, place: UUID, lot: UUID) -> PoolKey:
        """The pool that goods at a place of ours belong to."""
        known = self.lots.get(lot)
        return pool_key(self.scope(item), item, place, lot, known.root if known else lot)

    def waiting_pool(self, item: UUID, place: UUID, lot: UUID, document: UUID) -> PoolKey:
        """Goods in transit or in work are valued by the dispatch or the order they belong to, never
        pooled (rule 5.2); each of its lots apart, so that the pool tells how much of which lot is there.
        """
        return PoolKey(item, place, lot, document)

    def may_go_negative(self, item: UUID, place: UUID) -> bool:
        """The negative policy: the item's, else that of the nearest place, else the tenant's (4.3).
        What waits was put there by documents, and no more can leave than they put there."""
        if self.places.waiting(place):
            return False
        policy = self.items[item].negative_stock
        for ancestor in reversed(self.places.path(place)):
            policy = policy or self.places.by_id[ancestor].negative_stock
        return (policy or self.rules.negative_stock) == "allow"

    def policy(self, item: UUID) -> Policy:
        """How the item is valued, with all its standard costs since the first."""
        facts = self.items[item]
        first = (_BEFORE_ALL, facts.standard_cost or ZERO)
        return Policy(
            method=self.method(item),
            cent=self.cent,
            last_price=facts.purchase_price or ZERO,
            standards=[first, *sorted(self.standards.get(item, []))],
        )

    def on_hand(self, item: UUID) -> dict[BalanceKey, Decimal]:
        """The item's balances that are not zero."""
        return {k: q for k, q in self.books.balances.of(item).items() if q}
