"""The valuation as a property: late news, replayed, gives the books that the news in time would have.

A history of receipts, issues, returns, counts and adjustments is posted in order of business date; then
again with one event held back until the end and replayed into its place. Pools, layers and every leg of
every event must agree.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.documents.facts import ItemFacts, PlaceFacts
from core.errors import Refused
from core.ids import NIL
from core.ledger.records import (
    Balances,
    Basis,
    Event,
    Flow,
    Leg,
    Method,
    PoolKey,
    Position,
    Side,
)
from core.ledger.replay import Past, replay
from core.ledger.state import Places, State
from core.ledger.valuation import Accounts, Books, Policy
from core.tenancy.settings import Settings

ITEM, STORE = UUID(int=1), UUID(int=2)
NAMES = ("supplier", "customer", "gain_loss", "true_up", "price_difference", "standard_variance")
VIRTUAL = {name: UUID(int=10 + n) for n, name in enumerate(NAMES)}
POOL = PoolKey(ITEM, NIL, NIL, NIL)
DAY = date(2026, 1, 1)

events = st.lists(
    st.tuples(
        st.sampled_from(["receive", "issue", "return", "count", "adjust"]),
        st.integers(0, 9),
        st.integers(1, 40),
        st.integers(1, 2000),
    ),
    min_size=2,
    max_size=14,
)


def flow_of(number: int, kind: str, day: int, quantity: int, cents: int) -> Flow:
    amount = Decimal(cents) / 100
    sides = {
        "receive": (Side(VIRTUAL["supplier"]), Side(STORE, POOL), Basis.GIVEN),
        "issue": (Side(STORE, POOL), Side(VIRTUAL["customer"]), Basis.COST),
        "return": (Side(VIRTUAL["customer"]), Side(STORE, POOL), Basis.CURRENT),
        "count": (Side(VIRTUAL["gain_loss"]), Side(STORE, POOL), Basis.COUNT),
        "adjust": (Side(VIRTUAL["price_difference"]), Side(STORE, POOL), Basis.ADJUST),
    }
    source, target, basis = sides[kind]
    given_ = {"receive": amount, "count": Decimal(quantity), "adjust": amount}.get(kind)
    moved = Decimal(quantity) if kind in ("receive", "issue", "return") else Decimal(0)
    return Flow(
        Event(number, 1),
        DAY + timedelta(days=day),
        UUID(int=1000 + number),
        1,
        ITEM,
        NIL,
        moved,
        source,
        target,
        basis,
        given_,
    )


def books(method: Method) -> Books:
    accounts = Accounts(*(VIRTUAL[name] for name in NAMES[3:]))
    policy = Policy(method, Decimal("0.01"), last_price=Decimal("1.23"))
    policy.standards.append((Position(date.min, 0, 0), Decimal("2.50")))
    return Books(accounts, {ITEM: policy}, balances=Balances())


def state(method: Method) -> State:
    places = [PlaceFacts(STORE, "MAIN", (STORE,), holds_stock=True, active=True)]
    places += [
        PlaceFacts(key, f"~{name}", (key,), holds_stock=False, active=True, account=name)
        for name, key in VIRTUAL.items()
    ]
    facts = ItemFacts(ITEM, "A", True, True, NIL, {}, negative_stock="allow")
    return State(
        rules=Settings(),
        rules_version=1,
        now=datetime.combine(DAY, time(), UTC),
        today=DAY,
        closed_through=None,
        halted=False,
        places=Places(places),
        items={ITEM: facts},
        books=books(method),
    )


def written(posted: list[Past]) -> dict[Event, dict[object, tuple[Decimal, Decimal]]]:
    return {
        past.flow.event: {
            key: (leg.quantity, leg.value)
            for key, leg in past.legs.items()
            if leg.quantity or leg.value
        }
        for past in posted
    }


def play(ledger: State, flows: list[Flow]) -> list[Past]:
    done = []
    for flow in sorted(flows, key=lambda f: f.position):
        if flow.basis is Basis.ADJUST and ledger.books.pool(POOL).quantity <= 0:
            continue
        outcome = ledger.books.apply(flow)
        done.append(Past(flow, outcome.legs, outcome.layers))
    return done


def standing(ledger: State) -> tuple[Decimal, Decimal, dict[object, tuple[Decimal, Decimal]]]:
    pool = ledger.books.pool(POOL)
    layers: dict[object, tuple[Decimal, Decimal]] = {
        origin: (leg.quantity, leg.value) for origin, leg in pool.layers.items()
    }
    return pool.quantity, pool.value, layers


@settings(max_examples=150, deadline=None)
@given(events, st.sampled_from([Method.MOVING_AVERAGE, Method.FIFO, Method.STANDARD]), st.data())
def test_late_news_gives_the_books_of_news_in_time(
    plan: list[tuple[str, int, int, int]], method: Method, data: st.DataObject
) -> None:
    flows = [flow_of(n + 1, *event) for n, event in enumerate(plan)]
    late = data.draw(st.sampled_from([f for f in flows if f.basis is not Basis.ADJUST] or flows))
    if late.basis is Basis.ADJUST:
        return
    # the late one is entered last, but dated as it was
    late = replace(late, event=Event(len(flows) + 1, 1))
    others = [
        f for f in flows if f.event != Event(late.event.sequence, 1) and f.document != late.document
    ]
    in_time = state(method)
    wanted = play(in_time, [*others, late])
    played = {past.flow.event for past in wanted}

    after = state(method)
    before = play(after, [f for f in others if f.event in played])
    if {p.flow.event for p in before} | {late.event} != played:
        return  # an adjustment that only the late goods made possible
    again = state(method)
    result = replay(again, before, [late])
    corrected = {past.flow.event: past for past in before}
    for posted in result.corrections:
        past = corrected[posted.flow.event]
        for key, leg in posted.legs.items():
            known = past.legs.setdefault(key, Leg())
            known.quantity += leg.quantity
            known.value += leg.value
    told = [*corrected.values(), *(Past(p.flow, p.legs, p.layers) for p in result.entries)]
    assert written(told) == written(wanted)
    assert standing(again) == standing(in_time)


@settings(max_examples=200, deadline=None)
@given(events, st.sampled_from([Method.MOVING_AVERAGE, Method.FIFO, Method.STANDARD]))
def test_value_is_conserved_and_layers_fill_their_pool(
    plan: list[tuple[str, int, int, int]], method: Method
) -> None:
    ledger = state(method)
    done = play(ledger, [flow_of(n + 1, *event) for n, event in enumerate(plan)])
    pool = ledger.books.pool(POOL)
    own = [leg for past in done for key, leg in past.legs.items() if key.pool is not None]
    assert sum(leg.value for leg in own) == pool.value
    assert sum(leg.quantity for leg in own) == pool.quantity
    for past in done:
        assert sum(leg.value for leg in past.legs.values()) == 0
        assert sum(leg.quantity for leg in past.legs.values()) == 0
    layers = pool.layers.values()
    assert sum(layer.quantity for layer in layers) == pool.quantity
    assert all(layer.quantity > 0 for layer in layers) or all(x.quantity < 0 for x in layers)
    if pool.quantity == 0:
        assert pool.value == 0
    if method is Method.FIFO or (pool.quantity < 0 and method is not Method.STANDARD):
        assert sum(layer.value for layer in layers) == pool.value
    if method is Method.STANDARD:
        assert pool.value == (pool.quantity * Decimal("2.50")).quantize(Decimal("0.01"))


def test_a_backdated_issue_must_hold_at_every_later_date() -> None:
    ledger = state(Method.FIFO)
    ledger.items = {ITEM: replace(ledger.items[ITEM], negative_stock="forbid")}
    done = play(ledger, [flow_of(1, "receive", 1, 5, 500), flow_of(2, "issue", 5, 5, 1)])
    again = state(Method.FIFO)
    again.items = ledger.items
    with pytest.raises(Refused) as caught:
        replay(again, done, [flow_of(3, "issue", 2, 1, 1)])
    assert [r.code for r in caught.value.refusals] == ["LATER_SHORT"]
