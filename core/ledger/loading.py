"""Brings the locked state together for a decision."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from core.db.database import Transaction
from core.documents import reading as stored_documents
from core.documents.records import Document, DocumentDraft, Source
from core.documents.rules import PartyFacts, Reference
from core.documents.types import Effect
from core.ledger import history, reading
from core.ledger.records import BalanceKey, Balances, Method
from core.ledger.state import Places, Promised, State, method_of
from core.ledger.valuation import Books
from core.ledger.writing import Kept, kept
from core.tenancy.settings import Settings

_CACHED_TENANTS = 256
_rules: OrderedDict[tuple[UUID, int], tuple[Settings, Places]] = OrderedDict()
"""Settings and place tree per tenant and version: the sequence row refuses a posting that was decided
by an older version than the one in force, so a stale copy can never be used (rule 3.5)."""


@dataclass(slots=True)
class Loaded:
    """The state, the parties, and what was read, to write only what changed."""

    state: State
    parties: dict[UUID, PartyFacts]
    now: datetime
    pools: Kept
    balances: dict[BalanceKey, Decimal] = field(default_factory=dict)

    def reference(self) -> Reference:
        """What drafts are resolved against."""
        return Reference(
            items=self.state.items,
            places=self.state.places.by_id,
            parties=self.parties,
            amount_dp=self.state.rules.amount_dp,
            prices_include_tax=self.state.rules.prices_include_tax,
        )


async def rules(tx: Transaction, version: int) -> tuple[Settings, Places]:
    """The tenant's settings and place tree."""
    key = (tx.tenant_id, version)
    known = _rules.get(key)
    if known is None:
        settings = Settings.model_validate(await reading.settings(tx))
        known = _rules[key] = (settings, await reading.places(tx))
        if len(_rules) > _CACHED_TENANTS:
            _rules.popitem(last=False)
    _rules.move_to_end(key)
    return known


async def load(
    tx: Transaction,
    items: Collection[UUID],
    sources: Collection[UUID],
    parties: Collection[UUID],
) -> Loaded:
    """Lock these items, then read their state in later statements (rule 3.2)."""
    moved_through = await reading.lock_items(tx, items)
    loaded = await read(tx, items, sources, parties)
    loaded.state.moved_through = {i: day for i, day in moved_through.items() if day is not None}
    return loaded


async def read(
    tx: Transaction,
    items: Collection[UUID],
    sources: Collection[UUID] = (),
    parties: Collection[UUID] = (),
) -> Loaded:
    """The state of these items as this transaction sees it; on its own, only for who writes nothing."""
    version, closed, halted, now = await reading.sequence_row(tx)
    settings, places = await rules(tx, version)
    facts = await reading.items(tx, items)
    state = State(
        rules=settings,
        rules_version=version,
        today=now.astimezone(ZoneInfo(settings.accounting_zone)).date(),
        closed_through=closed,
        halted=halted,
        places=places,
        items=facts,
        books=Books(places.accounts(), {}),
        lots=await reading.lots(tx, items),
        promises=_by_item(await reading.promises(tx, items)),
        holds=await reading.holds(tx, items),
        sources=await stored_documents.sources(tx, sources),
        standards=await reading.standards(
            tx, [i for i, item in facts.items() if method_of(settings, item) is Method.STANDARD]
        ),
    )
    books = state.books
    books.policies = {item: state.policy(item) for item in state.items}
    books.balances = Balances(await reading.balances(tx, items))
    methods = {item: state.method(item) for item in state.items}
    books.pools = await reading.pools(tx, items, methods, state.cent)
    await history.trace(tx, state, _links(state.sources.values()))
    return Loaded(
        state, await reading.parties(tx, parties), now, kept(books.pools), dict(books.balances)
    )


def _links(sources: Collection[Source]) -> set[tuple[int, int]]:
    """The posted lines that the batch may go back to."""
    return {
        (source.sequence, no)
        for source in sources
        if source.sequence is not None and source.type.effect is not Effect.ORDER
        for no in source.lines
    }


def _by_item(promises: Iterable[Promised]) -> dict[UUID, list[Promised]]:
    found: dict[UUID, list[Promised]] = {}
    for promise in promises:
        found.setdefault(promise.item_id, []).append(promise)
    return found


def items_of(draft: DocumentDraft | Document) -> set[UUID]:
    """The items a document names."""
    return {line.item_id for line in draft.lines}
