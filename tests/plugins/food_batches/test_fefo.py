"""First expired, first out: what is offered, and in which order."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from core.documents.types import TYPES
from core.extension.records import Offer
from core.ids import uuid7
from plugins.food_batches.rules.dates import expired
from plugins.food_batches.rules.fefo import ANYTHING, NOTHING_ELSE, Allowed, Wanted, allowed, fefo
from plugins.food_batches.rules.records import Batch, MinimumLife, Status

TODAY = date(2026, 3, 1)
PLACES = [uuid7() for _ in range(3)]
LOTS = [uuid7() for _ in range(6)]
ITEM = uuid7()

days = st.integers(-5, 30).map(lambda n: TODAY + timedelta(days=n))
batches = st.builds(
    Batch,
    st.sampled_from(LOTS),
    st.just(ITEM),
    st.none(),
    st.none() | days,
    status=st.sampled_from(Status),
)
offers = st.lists(
    st.builds(
        Offer, st.sampled_from(PLACES), st.sampled_from(LOTS), st.integers(1, 9).map(Decimal)
    ),
    unique_by=lambda offer: (offer.place_id, offer.lot_id),
)
receipts = st.dictionaries(st.sampled_from(LOTS), days)
known = st.lists(batches, unique_by=lambda batch: batch.lot_id).map(
    lambda found: {batch.lot_id: batch for batch in found}
)


@given(offers, known, receipts, st.none() | st.integers(0, 20))
def test_only_what_will_do_and_first_expired_first(
    offered: list[Offer],
    by_lot: dict[UUID, Batch],
    received: dict[UUID, date],
    minimum: int | None,
) -> None:
    life = None if minimum is None else MinimumLife(days=minimum)
    taken = fefo(offered, by_lot, Wanted(TODAY, minimum=life), received.get)
    assert len(set(taken)) == len(taken)
    assert set(taken) <= set(offered)
    for offer in offered:
        batch = by_lot.get(offer.lot_id)
        will_do = (
            batch is not None
            and batch.status is Status.RELEASED
            and not expired(batch.expires_on, TODAY)
            and (
                not minimum
                or batch.expires_on is None
                or batch.expires_on >= TODAY + timedelta(days=minimum)
            )
        )
        assert (offer in taken) == will_do
    order = [
        (
            by_lot[o.lot_id].expires_on or date.max,
            received.get(o.lot_id) or date.min,
            offered.index(o),
        )
        for o in taken
    ]
    assert order == sorted(order)


@given(offers, known, receipts)
def test_who_may_take_anything_is_offered_everything(
    offered: list[Offer], by_lot: dict[UUID, Batch], received: dict[UUID, date]
) -> None:
    taken = fefo(offered, by_lot, Wanted(TODAY, ANYTHING), received.get)
    assert sorted(taken, key=str) == sorted(offered, key=str)


def test_what_documents_may_take() -> None:
    for code in ("issue", "dispatch", "internal_use", "other_out", "conversion"):
        assert allowed(TYPES[code]) == NOTHING_ELSE, code
    for code in ("scrap", "return_to_supplier", "count", "loss", "arrival"):
        assert allowed(TYPES[code]) == ANYTHING, code
    assert allowed(TYPES["transfer"]) == Allowed(held=True)
    assert allowed(TYPES["transfer"], to_disposal=True) == ANYTHING
    assert allowed(TYPES["issue"], to_disposal=True) == NOTHING_ELSE
