"""The connection breaks between COMMIT and its answer (G6): the client is told so, and learns by sending
the same command again whether it was carried out."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from tests.faults.conftest import Behind
from tests.faults.load import WRITERS
from tests.faults.proxy import Cut


@pytest.mark.parametrize(("cut", "carried_out"), [(Cut.BEFORE, False), (Cut.ANSWERED, True)])
async def test_the_unknown_outcome_is_either_and_sending_again_tells(
    behind: Behind, cut: Cut, carried_out: bool
) -> None:
    load = await behind.load(20261205)
    cuts = [cut]
    async with load.client() as client:
        paper = load.paper()
        behind.proxy.on_commit = lambda: cuts.pop() if cuts else None
        assert (await load.once(client, paper))[1] == "OUTCOME_UNKNOWN"
        found = await load.world.rows("SELECT number FROM document WHERE id = %s", paper.document)
        assert bool(found) is carried_out
        assert await load.once(client, paper) == (200, "posted")
        assert not carried_out or found == [(paper.number,)]
    behind.proxy.heal()
    await behind.judge(load)


@pytest.mark.parametrize("wanted", [15, pytest.param(200, marks=pytest.mark.slow)])
async def test_every_command_cut_at_commit_comes_to_one_document(
    behind: Behind, wanted: int
) -> None:
    load = await behind.load(20261204)
    modes = list(Cut) * (wanted // len(Cut) + 1)
    random = Random(load.seed)
    random.shuffle(modes)
    del modes[wanted:]

    def cut() -> Cut | None:
        return modes.pop() if modes and random.random() < 0.3 else None

    behind.proxy.cuts.clear()
    behind.proxy.on_commit = cut
    while modes:
        await load.run(WRITERS * 4)
    behind.proxy.heal()
    await load.run(WRITERS)
    tried = Counter(behind.proxy.cuts)
    print(f"{wanted} cuts {tried}; {len(load.papers)} documents, {load.codes()}")
    await behind.judge(load)
    assert sum(tried.values()) == wanted
    codes = load.codes()
    assert codes["OUTCOME_UNKNOWN"] + codes["DEADLINE_EXCEEDED"] >= wanted
    assert codes["OUTCOME_UNKNOWN"] >= wanted * 0.9, "a cut must not look like anything else"
