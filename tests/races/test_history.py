"""What many clients are told while they all trade is what one shelf would have shown them (G13)."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.races.crowd import Crowd
from tests.races.history import anomalies
from tests.races.witnesses import Witnesses

CLIENTS = 16
OPERATIONS = 600
FULL_OPERATIONS = 20_000


async def test_a_history_has_no_anomaly(crowd: Crowd) -> None:
    await judge(crowd, OPERATIONS)


@pytest.mark.slow
async def test_a_long_history_has_no_anomaly(crowd: Crowd) -> None:
    await judge(crowd, FULL_OPERATIONS)


async def judge(crowd: Crowd, operations: int) -> None:
    witnesses = await Witnesses(crowd).open()
    await witnesses.witness(operations, CLIENTS)
    history = await witnesses.history()
    kinds = Counter("posted" if write.sequence else "refused" for write in history.writes)
    told = sum(bool(write.told) for write in history.writes)
    print(f"{kinds}, {told} of them told what is there, {len(history.reads)} reads")
    assert anomalies(history)[:10] == []
    assert len(history.writes) + len(history.reads) >= operations
    assert min(kinds["posted"], len(history.reads)) > operations / 10
    assert told > 0
