"""Brings the locked state together for a decision."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from core.commands import Asked, Outcome, carried_out
from core.db.database import RawTransaction
from core.db.questions import Answer, Asking, ask, asking
from core.documents import reading as stored_documents
from core.documents.facts import PartyFacts, Reference
from core.documents.records import Document, DocumentDraft, Source
from core.documents.types import Effect
from core.extension.records import Modules
from core.extension.registry import registry
from core.ledger import history, reading
from core.ledger.plugged import Concerned, Plugged
from core.ledger.pools import Pool
from core.ledger.reading import Goods, PoolRow
from core.ledger.records import BalanceKey, Balances, Leg, Origin, PoolKey, lot_id
from core.ledger.state import Held, LotFacts, Places, Promised, State
from core.ledger.valuation import Books
from core.ledger.writing import Kept, kept
from core.tenancy.modules import modules_of
from core.tenancy.settings import Settings

_CACHED_TENANTS = 256


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tenant decided for itself: its settings, its place tree, the modules it switched on."""

    settings: Settings
    places: Places
    modules: Modules


_rules: OrderedDict[tuple[UUID, int], Rules] = OrderedDict()
"""Per tenant and version: the sequence row refuses a posting that was decided by an older version than the
one in force, so a stale copy can never be used (rule 3.5)."""


@dataclass(slots=True)
class Loaded:
    """The state, the parties, and what was read, to write only what changed."""

    state: State
    parties: dict[UUID, PartyFacts]
    now: datetime
    pools: Kept
    balances: dict[BalanceKey, Decimal] = field(default_factory=dict)
    moved_through: dict[UUID, date] = field(default_factory=dict)
    commands: dict[UUID, tuple[Asked, Outcome]] = field(default_factory=dict)
    """Those of the commands asked about that were carried out before."""
    modules: frozenset[str] = frozenset()
    """The names of the modules that the tenant has switched on."""

    def reference(self) -> Reference:
        """What drafts are resolved against."""
        return Reference(
            items=self.state.items,
            places=self.state.places.by_id,
            parties=self.parties,
            amount_dp=self.state.rules.amount_dp,
            prices_include_tax=self.state.rules.prices_include_tax,
            modules=self.modules,
        )


async def rules(tx: RawTransaction, version: int) -> Rules:
    """What is in force in this version."""
    key = (tx.tenant_id, version)
    known = _rules.get(key)
    if known is None:
        known = _rules[key] = Rules(
            Settings.model_validate(await ask(tx, reading.settings())),
            await ask(tx, reading.places()),
            modules_of(await ask(tx, reading.modules())),
        )
        if len(_rules) > _CACHED_TENANTS:
            _rules.popitem(last=False)
    _rules.move_to_end(key)
    return known


async def load(
    tx: RawTransaction,
    items: Collection[UUID],
    sources: Collection[UUID] = (),
    parties: Collection[UUID] = (),
    commands: Collection[UUID] = (),
    documents: Collection[DocumentDraft | Document] = (),
    *,
    named: Collection[tuple[UUID, str]] | None = None,
) -> Loaded:
    """Lock these items, then read their state in later statements (rule 3.2), on one way. ``documents``
    are those to be posted. With ``named``, the lots that their sources name, lots and pools that are empty
    and named by nobody are left out: only late news needs them. Without, all there ever were are read.
    """
    goods = None
    if named is not None:
        lots = {lot_id(item, code) for item, code in named} | lots_of(documents)
        waiting = {*sources, *(document.id for document in documents)}
        goods = Goods(list(items), list(lots), list(waiting), list(items))
    return await _read(tx, items, sources, parties, commands, documents, goods, lock=True)


async def read(tx: RawTransaction, items: Collection[UUID]) -> Loaded:
    """The state of these items as this transaction sees it; on its own, only for who writes nothing."""
    return await _read(tx, items, lock=False)


async def _read(
    tx: RawTransaction,
    items: Collection[UUID],
    sources: Collection[UUID] = (),
    parties: Collection[UUID] = (),
    commands: Collection[UUID] = (),
    documents: Collection[DocumentDraft | Document] = (),
    goods: Goods | None = None,
    *,
    lock: bool,
) -> Loaded:
    async with asking(tx) as put:
        guards = await put(reading.lock_items(items)) if lock else None
        known = await put(carried_out(commands))
        sequence = await put(reading.sequence_row())
        facts = await put(reading.items(items))
        asked = await _ask(put, items, goods)
        promises = await put(reading.promises(items))
        standards = await put(reading.standards(items))
        balances = await put(reading.balances(items))
        layers = await put(reading.layers(items))
        partners = await put(reading.parties(parties))
    version, closed, halted, now = sequence.value
    known_rules = await rules(tx, version)
    settings, places, modules = known_rules.settings, known_rules.places, known_rules.modules
    moved_through = guards.value if guards is not None else {}
    stock = asked.stock
    state = State(
        rules=settings,
        rules_version=version,
        now=now,
        today=now.astimezone(ZoneInfo(settings.accounting_zone)).date(),
        closed_through=closed,
        halted=halted,
        places=places,
        items=facts.value,
        books=Books(places.accounts(), {}),
        lots=stock.lots,
        promises=_by_item(promises.value),
        sources=await stored_documents.sources(tx, sources),
        standards=standards.value,
        moved_through={item: day for item, day in moved_through.items() if day is not None},
    )
    if lock and modules.on:
        state.plugged = Plugged(registry(), modules)
        ids = {*sources, *(document.id for document in documents)}
        await _ask_modules(
            tx, state.plugged, stock, goods, documents, Concerned(items, parties, ids)
        )
    books = state.books
    books.policies = {item: state.policy(item) for item in state.items}
    books.balances = Balances(balances.value)
    books.pools = _pools(state, stock.pools, layers.value)
    state.holds = list(dict.fromkeys(stock.holds))
    await history.trace(tx, state, _links(state.sources.values()))
    return Loaded(
        state,
        partners.value,
        now,
        kept(books.pools),
        dict(books.balances),
        dict(state.moved_through),
        known.value,
        modules.names,
    )


@dataclass(slots=True)
class _Stock:
    """Lots, holds and pools that were read."""

    lots: dict[UUID, LotFacts]
    holds: list[Held]
    pools: list[PoolRow]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The same while they are on their way."""

    lots: Answer[dict[UUID, LotFacts]]
    holds: Answer[list[Held]]
    pools: Answer[list[PoolRow]]

    @property
    def stock(self) -> _Stock:
        return _Stock(self.lots.value, self.holds.value, self.pools.value)


async def _ask(put: Asking, items: Collection[UUID], goods: Goods | None) -> _Asked:
    if goods is None:
        return _Asked(
            await put(reading.lots(items)),
            await put(reading.holds(items)),
            await put(reading.pools(items)),
        )
    return _Asked(
        await put(reading.lots_of(goods)),
        await put(reading.holds_of(goods)),
        await put(reading.pools_of(goods)),
    )


async def _ask_modules(
    tx: RawTransaction,
    plugged: Plugged,
    stock: _Stock,
    goods: Goods | None,
    documents: Collection[DocumentDraft | Document],
    concerned: Concerned,
) -> None:
    """Read what modules want to know, and the lots that they find named in their own fields, on one way."""
    more = frozenset[UUID]()
    if goods is not None:
        more = plugged.named(documents) - stock.lots.keys()
    async with asking(tx) as put:
        rows = await plugged.ask(put, replace(concerned, lots=frozenset(stock.lots), named=more))
        further = None
        if goods is not None and more:
            further = await _ask(put, goods.items, replace(goods, named=list(more), there=[]))
    plugged.learn(rows)
    if further is not None:
        found = further.stock
        stock.lots |= found.lots
        stock.holds += found.holds
        stock.pools += found.pools


def _pools(
    state: State, pools: Iterable[PoolRow], layers: Iterable[tuple[UUID, Origin, Leg]]
) -> dict[PoolKey, Pool]:
    found = {
        key.id: Pool(key, state.method(key.item), state.cent, quantity, value, last, first)
        for key, quantity, value, last, first in pools
    }
    for pool_id, origin, left in layers:
        found[pool_id].layers[origin] = left
    return {pool.key: pool for pool in found.values()}


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


def lots_of(documents: Iterable[DocumentDraft | Document]) -> set[UUID]:
    """The lots that lines of documents name."""
    return {
        lot_id(line.item_id, line.lot_code)
        for document in documents
        for line in document.lines
        if line.lot_code is not None
    }


def items_of(draft: DocumentDraft | Document) -> set[UUID]:
    """The items a document names."""
    return {line.item_id for line in draft.lines}
