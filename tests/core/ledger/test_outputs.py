"""What the outputs of a conversion are worth: shares, worths of their own, and the rest. After each test the
books must tally, by every invariant and played again from nothing (``conftest``)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.db.database import Database
from tests.core.ledger.acting import ways
from tests.core.ledger.conftest import OpenWorld
from tests.ledger_world import World

D = Decimal


@pytest.fixture
async def works(open_world: OpenWorld) -> World:
    """Ten of A at 10, to become F, G and H."""
    world = await open_world()
    for code in "AFGH":
        await world.item(code)
    await world.posted("receipt", world.line("A", 10, 10))
    return world


async def worth(world: World, *codes: str) -> list[Decimal]:
    return [(await world.stock(code))[1] for code in codes]


async def test_an_output_comes_in_at_its_price_and_the_first_takes_the_rest(works: World) -> None:
    made = await works.posted(
        "conversion",
        works.line("F", 1, role="produce"),
        works.line("G", 3, "3.335", role="produce"),
        works.line("H", 1, role="produce", share=10),
        works.line("A", 5, role="consume"),
        extra_cost="0.5",
        on=2,
    )
    # 50.50, of which 3 x 3.335 and a tenth
    assert await worth(works, "F", "G", "H") == [D("35.44"), D("10.01"), D("5.05")]
    assert await works.account("production") == D("-0.5")
    await works.undone(made, 3)
    assert await worth(works, "A", "F", "G", "H") == [100, 0, 0, 0]


async def test_no_more_is_given_than_there_is(works: World) -> None:
    await works.posted(
        "conversion",
        works.line("F", 1, role="produce"),
        works.line("H", 1, role="produce", share=50),
        works.line("G", 1, amount=8, role="produce"),
        works.line("A", 1, role="consume"),
    )
    assert await worth(works, "F", "G", "H") == [0, 8, 2]  # what is told goes before shares
    await works.posted(
        "conversion",
        works.line("F", 1, role="produce"),
        works.line("G", 1, amount=12, role="produce"),
        works.line("A", 1, role="consume"),
    )
    assert await worth(works, "F", "G") == [0, 18]


async def test_late_news_of_what_went_in_reaches_the_rest_alone(works: World) -> None:
    bought = await works.posted("receipt", works.line("A", 2, 1, lot_code="L"), on=2)
    await works.posted("issue", works.line("A", 10), on=2)  # the first that came
    await works.posted(
        "conversion",
        works.line("F", 1, role="produce"),
        works.line("G", 1, 12, role="produce"),
        works.line("A", 1, role="consume"),
        on=3,
    )
    average = D("8.5")  # 102 for twelve
    assert await worth(works, "F", "G") == [0, average]
    await works.posted("landed_cost", source_id=bought, extra_cost=120, on=4, place_id=None)
    assert await worth(works, "F", "G") == [D("6.5"), 12]  # 222 for twelve
    await works.posted("landed_cost", source_id=bought, extra_cost=12, on=5, place_id=None)
    assert await worth(works, "F", "G") == [D("7.5"), 12]


async def test_a_worth_that_cannot_be_is_refused(works: World) -> None:
    def refused(*lines: Any) -> Any:
        return works.refused("conversion", works.line("A", 1, role="consume"), *lines)

    first = works.line("F", 1, role="produce")
    both = works.line("G", 1, 3, role="produce", share=10)
    assert await refused(first, both) == ["BAD_WORTH"]
    assert await refused(works.line("F", 1, 3, role="produce")) == ["BAD_WORTH"]
    below = works.line("G", 1, amount=-1, role="produce")
    assert await refused(first, below) == ["NEGATIVE_PRICE"]


outputs = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(
            [("price", "0.01"), ("price", "3.335"), ("price", "40"), ("share", "33.3")]
        ),
    ),
    max_size=3,
)


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(ways, outputs, st.sampled_from([0, 1, 30]), st.sampled_from(["repost", "remaining"]))
async def test_value_in_is_value_out(
    db: Database,
    way: tuple[str, str],
    plan: list[tuple[int, tuple[str, str]]],
    late: int,
    landed: str,
) -> None:
    """Whatever outputs are said to be worth, what went in comes out, none is worth less than nothing, and
    those that are worth something get it as long as there is so much."""
    world = await World.open(db, costing_method=way[0], cost_scope=way[1], landed_cost=landed)
    for code in "AF":
        await world.item(code)
    bought = await world.posted("receipt", world.line("A", 6, "3.33", lot_code="L"))
    lines = [world.line("A", 4, role="consume"), world.line("F", 2, role="produce", lot_code="F")]
    wanted = D(0)
    for n, (quantity, (how, figure)) in enumerate(plan):
        await world.item(f"G{n}")
        price, share = (figure, {}) if how == "price" else (None, {"share": figure})
        lines.append(world.line(f"G{n}", quantity, price, role="produce", lot_code="G", **share))
        wanted += (quantity * D(price)).quantize(D("0.01"), "ROUND_HALF_UP") if price else 0
    made = await world.posted("conversion", *lines, extra_cost="0.07", on=2)
    if late:
        await world.posted("landed_cost", source_id=bought, extra_cost=late, on=3, place_id=None)
    await world.tallies()
    found = await world.rows(
        "SELECT i.code, sum(p.value) FROM pool p JOIN item i ON i.id = p.item_id GROUP BY 1"
    )
    values = dict(found)
    taken = await world.rows(
        "SELECT -sum(e.value) FROM entry e JOIN document d ON d.sequence = e.event_sequence"
        " JOIN place p ON p.id = e.place_id WHERE d.id = %s AND p.account IS NULL AND e.quantity < 0"
        " OR d.id = %s AND p.account IS NULL AND e.quantity = 0 AND e.event_line = 1",
        *(made, made),
    )
    if way[0] != "standard":
        came = sum(value for code, value in values.items() if code != "A")
        assert came == taken[0][0] + D("0.07")
        priced = [f"G{n}" for n, (_, (how, _)) in enumerate(plan) if how == "price"]
        assert sum(values[code] for code in priced) == min(wanted, came)
    assert min(values.values()) >= 0
    await world.undone(made, 4)
    await world.tallies()
