"""The same command sent many times at once, as impatient clients do, is carried out once (G10)."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from core.db.database import Database
from tests.races.crowd import CLIENTS, Client, Crowd, Json, codes, line, posting
from tests.races.plays import PLAYS, stocked
from tests.serving import RunningServer

COMMANDS = 60
FULL_COMMANDS = 1_000
SENDS = 16
MIXED = 10
"""Commands that are sent with two contents at once."""


async def test_a_command_sent_sixteen_times_at_once_has_one_effect(crowd: Crowd) -> None:
    await storm(crowd, COMMANDS)


@pytest.mark.slow
async def test_a_thousand_commands_sent_sixteen_times_at_once(crowd: Crowd) -> None:
    await storm(crowd, FULL_COMMANDS)


async def storm(crowd: Crowd, commands: int) -> None:
    """Each command is sent by sixteen clients at once, two commands at a time."""
    item = await crowd.item("STORM")
    for _ in range(0, commands, len(crowd.clients) // SENDS):
        inputs = [
            crowd.document("receipt", line(item, 1, 3)) for _ in range(len(crowd.clients) // SENDS)
        ]
        payloads = await crowd.at_once(
            [posting(inputs[n % len(inputs)]) for n in range(SENDS * len(inputs))]
        )
        assert set(codes(payloads)) == {"done"}
        for n in range(len(inputs)):
            answers = {str(payload["document"]) for payload in payloads[n :: len(inputs)]}
            assert len(answers) == 1, answers
    assert await crowd.on_hand(item) == commands


async def test_a_command_with_two_contents_is_one_of_them(crowd: Crowd) -> None:
    item = await crowd.item("TWO")
    quantity = Decimal(0)
    for _ in range(MIXED):
        one, other = (crowd.document("receipt", line(item, n, 3)) for n in (1, 2))
        other["commandId"] = one["commandId"]
        payloads = await crowd.at_once([posting(one), posting(one), posting(other), posting(other)])
        # The first one wins; whichever it was, the others with its content are answered as it was.
        assert codes(payloads) == {"done": 2, "COMMAND_REUSED": 2}
        first_wins = not payloads[0]["errors"]
        assert bool(payloads[1]["errors"]) != first_wins
        quantity += 1 if first_wins else 2
        later = [await client.post(one) for client in crowd.clients[:2]]
        later += [await client.post(other) for client in crowd.clients[:2]]
        assert [bool(p["errors"]) for p in later] == [not first_wins] * 2 + [first_wins] * 2
    assert await crowd.on_hand(item) == quantity


async def test_a_command_of_another_tenant_is_another_command(
    crowd: Crowd, served: RunningServer, books: Database
) -> None:
    stranger = await Crowd.open(served, books, CLIENTS // 2)
    try:
        mine, theirs = await crowd.item("MINE"), await stranger.item("THEIRS")
        one = crowd.document("receipt", line(mine, 1, 3))
        other = stranger.document("receipt", line(theirs, 2, 4))
        other["commandId"] = one["commandId"]
        other["document"]["id"] = one["document"]["id"]
        both = await crowd.at_once([posting(one)] * (CLIENTS // 2))
        both += await stranger.at_once([posting(other)] * (CLIENTS // 2))
        assert codes(both) == {"done": CLIENTS}
        assert await crowd.on_hand(mine) == 1
        assert await stranger.on_hand(theirs) == 2
    finally:
        await stranger.hang_up()
    await stranger.finish()


@pytest.mark.parametrize("name", PLAYS)
async def test_every_service_carries_a_command_out_once(crowd: Crowd, name: str) -> None:
    play = PLAYS[name]
    item = await stocked(crowd, "ONCE")
    input_, _ = await play.input(crowd, item)

    async def send(client: Client) -> Json:
        return await client.raw(play.mutation, input=input_)

    answers = Counter(str(answer) for answer in await crowd.at_once([send] * SENDS))
    assert len(answers) == 1, answers
    (answer,) = answers
    assert "'code'" not in answer, answer
