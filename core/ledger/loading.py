"""Brings the locked state together for a decision."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from core.commands import Asked, Outcome, carried_out
from core.db.database import RawTransaction
from core.db.questions import ask, asking
from core.documents import reading as stored_documents
from core.documents.facts import PartyFacts, Reference
from core.documents.records import Document, DocumentDraft, Source
from core.documents.types import Effect
from core.extension.records import Modules
from core.extension.registry import registry
from core.ledger import history, reading
from core.ledger.plugged import Plugged
from core.ledger.pools import Pool
from core.ledger.reading import PoolRow
from core.ledger.records import BalanceKey, Balances, Leg, Origin, PoolKey
from core.ledger.state import Places, Promised, State
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
    documents: Collection[UUID] = (),
    *,
    history: bool = True,
) -> Loaded:
    """Lock these items, then read their state in later statements (rule 3.2), on one way. ``documents``
    are those to be posted. Without ``history`` what no longer waits for another document is left out.
    """
    known = (sources, parties, commands, documents)
    return await _read(tx, items, *known, lock=True, whole=history)


async def read(tx: RawTransaction, items: Collection[UUID]) -> Loaded:
    """The state of these items as this transaction sees it; on its own, only for who writes nothing."""
    return await _read(tx, items, lock=False)


async def _read(
    tx: RawTransaction,
    items: Collection[UUID],
    sources: Collection[UUID] = (),
    parties: Collection[UUID] = (),
    commands: Collection[UUID] = (),
    documents: Collection[UUID] = (),
    *,
    lock: bool,
    whole: bool = True,
) -> Loaded:
    async with asking(tx) as put:
        guards = await put(reading.lock_items(items)) if lock else None
        known = await put(carried_out(commands))
        sequence = await put(reading.sequence_row())
        facts = await put(reading.items(items))
        lots = await put(reading.lots(items))
        promises = await put(reading.promises(items))
        holds = await put(reading.holds(items))
        standards = await put(reading.standards(items))
        balances = await put(reading.balances(items))
        pools = await put(reading.pools(items, None if whole else sources))
        layers = await put(reading.layers(items))
        partners = await put(reading.parties(parties))
    version, closed, halted, now = sequence.value
    known_rules = await rules(tx, version)
    settings, places, modules = known_rules.settings, known_rules.places, known_rules.modules
    moved_through = guards.value if guards is not None else {}
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
        lots=lots.value,
        promises=_by_item(promises.value),
        holds=holds.value,
        sources=await stored_documents.sources(tx, sources),
        standards=standards.value,
        moved_through={item: day for item, day in moved_through.items() if day is not None},
    )
    books = state.books
    books.policies = {item: state.policy(item) for item in state.items}
    books.balances = Balances(balances.value)
    books.pools = _pools(state, pools.value, layers.value)
    await history.trace(tx, state, _links(state.sources.values()))
    if lock and modules.on:
        state.plugged = Plugged(registry(), modules)
        await state.plugged.read(tx, items, parties, state.lots, {*sources, *documents})
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


def items_of(draft: DocumentDraft | Document) -> set[UUID]:
    """The items a document names."""
    return {line.item_id for line in draft.lines}
