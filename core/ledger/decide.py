"""The decision: state and documents in, entries or refusals out. This is the trade itself.

Pure: no database, no clock, no I/O (rule 3.3). A document is checked in full before it touches the
state, so that a refused one leaves nothing behind for those after it in the batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from core.documents.progress import Ordered
from core.documents.records import Document, Line, Source
from core.documents.types import Effect
from core.errors import NOT_FOUND, Refusal, Refused, define, raise_any
from core.ids import NIL
from core.ledger.counting import count_line, needs_approval
from core.ledger.flows import Builder
from core.ledger.plugged import movements
from core.ledger.records import (
    PENDING,
    ZERO,
    BalanceKey,
    Basis,
    Flow,
    LayerKey,
    Leg,
    LegKey,
    Position,
    lot_id,
)
from core.ledger.state import LotFacts, Promised, State
from core.ledger.stock import available, check_leaving, check_units

FUTURE_DATE = define(
    "FUTURE_DATE",
    en="The business date {date} lies after today ({today}).",
    zh="单据日期 {date} 晚于今天({today})。",
)
PERIOD_CLOSED = define(
    "PERIOD_CLOSED",
    en="The books are closed through {closed}. Use a later date, or reopen the period.",
    zh="账期已结至 {closed}。请使用之后的日期,或先反结账。",
)
HALTED = define(
    "HALTED",
    en="Posting is stopped: the books of this tenant failed verification.",
    zh="账套校验未通过,已停止记账。",
)
SOURCE_NOT_READY = define(
    "SOURCE_NOT_READY",
    en="The source document cannot be used: it is {state}, of type {type}.",
    zh="来源单据不可用:状态 {state},类型 {type}。",
)
SOURCE_MISMATCH = define(
    "SOURCE_MISMATCH",
    en="Line {line} of the source has another item.",
    zh="来源单据第 {line} 行是其他商品。",
)
SOURCE_ROLE = define(
    "SOURCE_ROLE",
    en="This line cannot carry out line {line} of the order. What an order consumes is dispatched or"
    " consumed, and what it produces comes in; what comes out of work names no line of the order.",
    zh="本行不能执行订单第 {line} 行:投入行只能发出或耗用,产出行只能入库;取自在制品的行不指定订单行。",
)
NOT_RESERVABLE = define(
    "NOT_RESERVABLE",
    en="{item}: {wanted} to be reserved at {place}, {available} available.",
    zh="{item}:在 {place} 需预留 {wanted},可用 {available}。",
)
COUNT_NEEDS_APPROVAL = define(
    "COUNT_NEEDS_APPROVAL",
    en="Counted {counted} against {book} in the books: a difference above {threshold} % needs approval.",
    zh="盘点 {counted},账面 {book}:差异超过 {threshold} %,须先审核。",
)
NEGATIVE_COST = define(
    "NEGATIVE_COST",
    en="The value of {item} would fall below zero.",
    zh="{item} 的库存价值将低于零。",
)


@dataclass(frozen=True, slots=True)
class Progressed:
    """How a line of a source document got further: both figures are signed changes."""

    document_id: UUID
    line: int
    executed: Decimal = ZERO
    returned: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Posted:
    """One event of the journal with the entries and layer changes to be written for it.

    For a correction the flow is the corrected one, legs and layers are the differences, and ``given``
    is what it adds to what the flow was given (a landed cost adds to its receipt).
    """

    flow: Flow
    legs: dict[LegKey, Leg]
    layers: dict[LayerKey, Leg]
    given: Decimal | None = None


@dataclass(slots=True)
class Decision:
    """What posting a document does. ``state`` is the document's state afterwards."""

    document: Document
    state: str
    entries: list[Posted] = field(default_factory=list)
    corrections: list[Posted] = field(default_factory=list)
    lots: dict[UUID, LotFacts] = field(default_factory=dict)
    progress: list[Progressed] = field(default_factory=list)
    promises: list[Promised] = field(default_factory=list)
    standards: list[tuple[UUID, Decimal]] = field(default_factory=list)


def decide(state: State, document: Document, index: int, *, approved: bool = False) -> Decision:
    """Decide one document on top of everything before it. Raises Refused, having changed nothing.

    ``index`` is its place in the batch, which gives it a provisional posting number; ``approved`` says
    that a person approved it beforehand.
    """
    check(state, document)
    if document.type.effect is Effect.ORDER:
        return _order(state, document, PENDING + index)
    builder = Builder(state, document, PENDING + index)
    if not approved:
        raise_any(check_count(state, builder))
    try:
        flows = builder.build()
        progress = list(progressed(state, document))
        own = fulfilled(state, document)
        leaving = list(_changes(flows))
        raise_any(check_leaving(state, leaving, respect_holds=document.type.holds, own=own))
        raise_any(check_units(state, flows))
        check_value(state, flows)
        if state.plugged is not None:
            goods = movements(state, flows)
            state.plugged.check(state, document, goods)
            state.plugged.conclude(state, document, goods)
    except Refused:
        for lot in builder.lots:
            del state.lots[lot]
        raise
    decision = Decision(document, "posted", lots=builder.lots, progress=progress)
    restandard(state, document, PENDING + index, decision)
    for flow in flows:
        outcome = state.books.apply(flow)
        decision.entries.append(Posted(flow, outcome.legs, outcome.layers, flow.given))
    settle_promises(state, decision, own)
    moved(state, document, flows)
    return decision


def moved(state: State, document: Document, flows: Iterable[Flow]) -> None:
    """Through which day the items have moved: what comes later but is dated earlier is late news."""
    on = document.business_date
    named = {line.item_id for line in document.lines if line.stocked}
    for item in named | {flow.item for flow in flows}:
        state.moved_through[item] = max(state.moved_through.get(item, on), on)


def check(state: State, document: Document) -> None:
    """What can be said before any figure: dates, the halt flag, the source. Raises Refused."""
    if state.halted:
        raise Refused(Refusal(HALTED))
    on = document.business_date
    if on > state.today:
        details = {"date": on.isoformat(), "today": state.today.isoformat()}
        raise Refused(Refusal(FUTURE_DATE, ("businessDate",), details))
    if state.closed_through is not None and on <= state.closed_through:
        closed = {"closed": state.closed_through.isoformat()}
        raise Refused(Refusal(PERIOD_CLOSED, ("businessDate",), closed))
    if document.source_id is not None:
        raise_any(_check_source(state, document))


def _check_source(state: State, document: Document) -> Iterator[Refusal]:
    source = state.sources.get(document.source_id or NIL)
    if source is None:
        yield Refusal(NOT_FOUND, ("sourceId",), {"id": str(document.source_id)})
        return
    ready = "approved" if source.type.effect is Effect.ORDER else "posted"
    if (
        source.type_code not in document.type.sources
        or source.state != ready
        or source.reversed
        or source.business_date > document.business_date
    ):
        shown = "reversed" if source.reversed else source.state
        details = {"state": shown, "type": source.type_code}
        yield Refusal(SOURCE_NOT_READY, ("sourceId",), details)
        return
    for index, line in enumerate(document.lines):
        if line.source_line is None:
            continue
        known = source.lines.get(line.source_line)
        where = ("lines", index, "sourceLine")
        if known is None:
            yield Refusal(NOT_FOUND, where, {"id": line.source_line})
        elif known.line.item_id != line.item_id:
            yield Refusal(SOURCE_MISMATCH, where, {"line": line.source_line})
        elif source.type.roles and _role(document, line) != known.line.role:
            yield Refusal(SOURCE_ROLE, where, {"line": line.source_line})


def _role(document: Document, line: Line) -> str | None:
    """Which lines of an order with roles a line carries out. What was issued to the order carried it out
    then: it does not do so again when it is used or written off, but may come back."""
    effect = document.type.effect
    if effect is Effect.CONVERT:
        return None if line.from_work else line.role
    if effect is Effect.ARRIVE:
        return "consume" if document.type.returns else None
    return "produce" if effect is Effect.RECEIVE else "consume"


def progressed(state: State, document: Document) -> Iterator[Progressed]:
    """How far the document carries its source, within the tolerance (design: over-receipt). Two lines
    that go back to one source line are summed. Raises Refused."""
    source = state.sources.get(document.source_id or NIL)
    if source is None or document.type.effect is Effect.LANDED:
        return
    done: dict[int, list[tuple[int, Line]]] = defaultdict(list)
    for index, line in enumerate(document.lines):
        if line.source_line is not None:
            done[line.source_line].append((index, line))
    for no, lines in sorted(done.items()):
        known = source.lines[no]
        if document.type.returns:
            order = source.type.effect is Effect.ORDER
            there = known.executed if order else known.line.base_quantity
            so_far = Ordered(there, ZERO, known.returned)
        else:
            over = _tolerance(state, source, known.line)
            so_far = Ordered(known.line.base_quantity, over, known.done)
        total = ZERO
        for index, line in lines:
            try:
                so_far = so_far.take(line.base_quantity)
            except Refused as refused:
                raise Refused(*(r.under("lines", index) for r in refused.refusals)) from None
            total += line.base_quantity
        if document.type.returns:
            yield Progressed(source.id, no, returned=total)
        else:
            yield Progressed(source.id, no, executed=total)


def _tolerance(state: State, order: Source, line: Line) -> Decimal:
    """How much more than ordered may be done, in percent: the line's own, else the tenant's."""
    if line.over_pct is not None:
        return line.over_pct
    return state.rules.over_receipt_pct if order.type_code == "purchase_order" else ZERO


def fulfilled(state: State, document: Document) -> list[tuple[Promised, Decimal]]:
    """The promises of its order that a document fulfils, with how much of each."""
    wanted: dict[int, Decimal] = defaultdict(Decimal)
    for line in document.lines:
        if line.source_line is not None and line.stocked and not document.type.returns:
            wanted[line.source_line] += line.base_quantity
    return [
        (promise, min(promise.quantity, wanted[promise.line]))
        for item in {line.item_id for line in document.lines}
        for promise in state.promises.get(item, ())
        if promise.document_id == document.source_id and promise.line in wanted
    ]


def settle_promises(state: State, decision: Decision, own: list[tuple[Promised, Decimal]]) -> None:
    """Promises shrink by what was delivered; the source's progress grows in the state too."""
    for promise, quantity in own:
        promise.quantity -= quantity
        decision.promises.append(promise)
    live = {promise.key for promise, _ in own}
    for step in decision.progress:
        source = state.sources[step.document_id]
        line = source.lines[step.line]
        line.executed += step.executed
        line.returned += step.returned
        # One past its expiry was not read, but may not exceed what is open either, whatever orders do by now.
        if (source.id, step.line) not in live and _may_promise(source, line.line):
            decision.promises.append(promise_of(source, line.line, ZERO))


def restandard(state: State, document: Document, sequence: int, decision: Decision) -> None:
    """Put the new standard costs in force from this document's position on."""
    if document.type.effect is not Effect.STANDARD:
        return
    for line in document.lines:
        assert line.base_cost is not None
        position = Position(document.business_date, sequence, 0)
        state.books.policies[line.item_id].standards.append((position, line.base_cost))
        state.books.policies[line.item_id].standards.sort()
        decision.standards.append((line.item_id, line.base_cost))


def check_count(state: State, builder: Builder) -> Iterator[Refusal]:
    """A count that differs from the book by more than the tenant allows needs approval (A3)."""
    threshold, document = state.rules.count_approval_pct, builder.document
    if document.type.effect is not Effect.COUNT or threshold is None:
        return
    for index, line in enumerate(document.lines):
        if line.quantity is None or line.place_id is None:
            continue
        parts = builder.parts.get(line.no, ())
        codes = [part.lot_code for part in parts] or [line.lot_code or ""]
        lots = [lot_id(line.item_id, code) if code else NIL for code in codes]
        keys = [BalanceKey(line.item_id, line.place_id, lot) for lot in lots]
        book = sum((state.books.balances.get(key, ZERO) for key in keys), ZERO)
        counted = count_line(book, line.quantity)
        if needs_approval(counted, threshold):
            details = {"book": book, "counted": line.quantity, "threshold": threshold}
            yield Refusal(COUNT_NEEDS_APPROVAL, ("lines", index, "quantity"), details)


def _order(state: State, document: Document, since: int) -> Decision:
    """Approving an order writes its promises: reserves stock, or expects it (rule 2.2); and it carries out
    what it goes back to, as a purchase order does a requisition."""
    decision = Decision(document, "approved", progress=list(progressed(state, document)))
    if state.plugged is not None:
        state.plugged.check(state, document)
    require = state.rules.reserve_on_order == "require"
    for index, line in enumerate(document.lines):
        if not promises(state, document, line):
            continue
        promise = promise_of(document, line, line.base_quantity, since)
        # Past its expiry it counts for nothing, in its own batch, too (rule 4.2).
        lasts = promise.expires_at is None or promise.expires_at > state.now
        if lasts and require and not promise.incoming:
            _check_reservable(state, promise, index, decision)
        decision.promises.append(promise)
        if lasts:
            state.promises.setdefault(promise.item_id, []).append(promise)
    if state.plugged is not None:
        try:
            state.plugged.conclude(state, document)
        except Refused:
            _withdraw(state, decision)
            raise
    settle_promises(state, decision, [])
    return decision


def promises(state: State, order: Document | Source, line: Line) -> bool:
    """Whether an order's line promises something, by the policy for orders (rule 2.2)."""
    promised = _incoming(order, line) or state.rules.reserve_on_order != "off"
    return promised and _may_promise(order, line)


def _may_promise(order: Document | Source, line: Line) -> bool:
    """Whether an order's line promises something under any policy."""
    orders = order.type.effect is Effect.ORDER and not order.type.asks
    stands = isinstance(order, Document) or order.state == "approved"
    return orders and stands and line.stocked and line.place_id is not None


def _incoming(order: Document | Source, line: Line) -> bool:
    """Whether an order expects this line to come in, or stock to leave for it."""
    if order.type.roles:
        return line.role == "produce"
    return order.type.party == "supplier"


def promise_of(
    order: Document | Source, line: Line, quantity: Decimal, since: int = PENDING
) -> Promised:
    """What an order's line promises: stock that will leave its place, or come to it."""
    assert line.place_id is not None
    return Promised(
        document_id=order.id,
        line=line.no,
        item_id=line.item_id,
        place_id=line.place_id,
        lot_id=NIL,
        incoming=_incoming(order, line),
        quantity=quantity,
        due_on=line.due_on,
        expires_at=line.expires_at,
        since=since,
    )


def _check_reservable(state: State, promise: Promised, index: int, decision: Decision) -> None:
    for place in reversed(state.places.path(promise.place_id)):
        there = available(state, promise.item_id, place)
        if promise.quantity > there and not state.may_go_negative(promise.item_id, place):
            _withdraw(state, decision)
            details = {
                "item": state.items[promise.item_id].code,
                "place": state.places.by_id[place].code,
                "wanted": promise.quantity,
                "available": max(there, ZERO),
            }
            raise Refused(Refusal(NOT_RESERVABLE, ("lines", index), details))


def _withdraw(state: State, decision: Decision) -> None:
    """Take the promises of a refused order out of the state: it leaves nothing behind."""
    for made in decision.promises:
        known = state.promises.get(made.item_id, [])
        known[:] = [one for one in known if one is not made]


def _changes(flows: list[Flow]) -> Iterator[tuple[BalanceKey, Decimal]]:
    for flow in flows:
        if flow.source.pool is not None:
            yield BalanceKey(flow.item, flow.source.place, flow.lot), -flow.quantity
        if flow.target.pool is not None:
            yield BalanceKey(flow.item, flow.target.place, flow.lot), flow.quantity


def check_value(state: State, flows: list[Flow]) -> None:
    """A cost adjustment may not take more value than there is."""
    for flow in flows:
        if flow.basis is not Basis.ADJUST or flow.target.pool is None:
            continue
        if state.books.pool(flow.target.pool).value + (flow.given or ZERO) < 0:
            details = {"item": state.items[flow.item].code}
            raise Refused(Refusal(NEGATIVE_COST, ("lines", flow.line - 1), details))
