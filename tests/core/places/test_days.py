"""The day it is at a place: the nearest zone on the way to the root decides, else the tenant's."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from core.documents.facts import PlaceFacts
from core.ids import uuid7
from core.ledger.state import Places

ROOT, STORE, BIN, OTHER = (uuid7() for _ in range(4))
PLACES = Places(
    [
        PlaceFacts(ROOT, "ROOT", (ROOT,), False, True),
        PlaceFacts(STORE, "LA", (ROOT, STORE), True, True, zone="America/Los_Angeles"),
        PlaceFacts(BIN, "LA-1", (ROOT, STORE, BIN), True, True),
        PlaceFacts(OTHER, "MAIN", (ROOT, OTHER), True, True),
    ]
)


@pytest.mark.parametrize(
    ("now", "shanghai", "los_angeles"),
    [
        (datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC), date(2026, 3, 1), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 16, 0, 0, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 7, 59, 59, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC), date(2026, 3, 2), date(2026, 3, 2)),
        # Summer time from 8 March: midnight there comes an hour sooner.
        (datetime(2026, 3, 9, 6, 59, 59, tzinfo=UTC), date(2026, 3, 9), date(2026, 3, 8)),
        (datetime(2026, 3, 9, 7, 0, 0, tzinfo=UTC), date(2026, 3, 9), date(2026, 3, 9)),
    ],
)
def test_days_change_at_midnight_of_the_place(
    now: datetime, shanghai: date, los_angeles: date
) -> None:
    for place, day in ((OTHER, shanghai), (STORE, los_angeles), (BIN, los_angeles)):
        assert PLACES.today_at(place, now, "Asia/Shanghai") == day
