"""Who listens hears what he asked for, in order, and is told where something is missing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db.database import Database
from core.ids import uuid7
from core.outbox.hub import MAX_WAITING, MAX_WORD, Heard, Hub, word_of

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
HERE, THERE = uuid7(), uuid7()


@pytest.fixture
def hub(db: Database) -> Hub:
    return Hub(db)


def say(hub: Hub, topic: str, n: int = 0, tenant: Any = HERE) -> None:
    hub.heard(word_of(tenant, uuid7(), topic, {"n": n}, NOW))


async def test_topics_and_tenants_are_kept_apart(hub: Hub) -> None:
    one, other = hub.listen(HERE, ["a", "b"]), hub.listen(THERE, ["a"])
    say(hub, "a", 1)
    say(hub, "c", 2)
    say(hub, "a", 3, THERE)
    say(hub, "b", 4)
    first = await anext(one)
    assert (first.topic, first.payload, first.at) == ("a", {"n": 1}, NOW)
    assert (await anext(one)).payload == {"n": 4}
    assert (await anext(other)).payload == {"n": 3}
    for listener in (one, other):
        listener.close()
        assert [heard async for heard in listener] == []


async def test_who_is_too_slow_is_told_of_a_gap_and_goes_on_after_it(hub: Hub) -> None:
    slow, quick = hub.listen(HERE, ["a"]), hub.listen(HERE, ["a"])
    heard = []
    for n in range(MAX_WAITING + 1):
        say(hub, "a", n)
        heard.append((await anext(quick)).payload["n"])
    say(hub, "a", -1)
    assert heard == [*range(MAX_WAITING + 1)], "one that is slow costs nobody else anything"
    gap, after = await anext(slow), await anext(slow)
    assert (gap.missed, gap.topic, gap.payload) == (True, "", {})
    assert (after.missed, after.payload) == (False, {"n": -1})


async def test_what_was_not_heard_is_a_gap(hub: Hub) -> None:
    listener = hub.listen(HERE, ["a"])
    hub.listening(False)
    waiting = asyncio.ensure_future(anext(listener))
    hub.listening(True)
    assert (await waiting).missed


async def test_nonsense_is_passed_over(hub: Hub) -> None:
    listener = hub.listen(HERE, ["a"])
    for word in ("", "{}", "[1]", "[]", '["x", "y", "a", "b", {}]'):
        hub.heard(word)
    say(hub, "a", 1)
    assert (await anext(listener)).payload == {"n": 1}


async def test_a_hub_that_closes_ends_its_listeners(hub: Hub) -> None:
    listener = hub.listen(HERE, ["a"])
    waiting = asyncio.ensure_future(anext(listener, None))
    await asyncio.sleep(0)
    await hub.close()
    assert await waiting is None


_JSON = st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=5), max_size=5)


@given(
    st.dictionaries(st.sampled_from(["id", "item_id", "note", "lines"]), _JSON),
    st.integers(0, 9_000),
)
def test_no_word_is_too_long_and_each_keeps_what_fits(payload: dict[str, Any], more: int) -> None:
    payload = {**payload, "more": "值" * more}
    word = word_of(HERE, uuid7(), "a" * 100, payload, NOW)
    assert len(word.encode()) <= MAX_WORD
    hub = Hub(None)  # type: ignore[arg-type]  # a hub asks no database
    told: list[Heard] = []
    listener = hub.listen(HERE, ["a" * 100])
    listener.tell = told.append  # type: ignore[assignment, method-assign]  # no loop
    hub.heard(word)
    (heard,) = told
    ids = {name: payload[name] for name in ("id", "item_id") if name in payload}
    assert heard.payload in (payload, ids, {})
    if more < 100 and len(str(payload).encode()) < 5_000:
        assert heard.payload == payload
