"""One up and one down: through production, splitting, merging, and what was reversed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from core.ids import NIL, uuid7
from plugins.food_batches.rules.recall import recovery_rate, shares
from plugins.food_batches.trace import (
    Direction,
    Genealogy,
    Moved,
    came_in,
    delivered,
    follow,
    on_hand,
    receipts,
)

SPACE, ITEM, DAY = uuid7(), uuid7(), date(2026, 3, 1)
ACCOUNTS = {"supplier", "customer", "production", "in_transit", "scrap"}


def named(name: str) -> UUID:
    return uuid5(SPACE, name)


def moved(
    document: str,
    lot: str,
    quantity: int,
    source: str,
    target: str,
    *,
    party: str | None = None,
    reverses: str | None = None,
) -> Moved:
    accounts = [name if name in ACCOUNTS else None for name in (source, target)]
    return Moved(
        *(named(document), "type", document, DAY, 1, ITEM, named(lot), Decimal(quantity)),
        *(named(source), named(target), accounts[0], accounts[1]),
        named(party) if party else None,
        named(reverses) if reverses else None,
    )


MILK = [
    moved("R1", "milk", 100, "supplier", "STORE", party="dairy"),
    moved("R2", "sugar", 10, "supplier", "STORE", party="mill"),
    moved("P1", "milk", 60, "STORE", "production"),
    moved("P1", "sugar", 5, "STORE", "production"),
    moved("P1", "yoghurt", 50, "production", "STORE"),
    moved("P2", "yoghurt", 20, "STORE", "production"),
    moved("P2", "cups", 20, "production", "STORE"),
    moved("P3", "sugar", 5, "STORE", "production"),
    moved("P3", "jam", 5, "production", "STORE"),
    moved("P4", "jam", 5, "STORE", "production"),
    moved("P4", "milk", 5, "STORE", "production"),
    moved("P4", "wrong", 5, "production", "STORE"),
    moved("P4X", "jam", 5, "production", "STORE", reverses="P4"),
    moved("P4X", "milk", 5, "production", "STORE", reverses="P4"),
    moved("P4X", "wrong", 5, "STORE", "production", reverses="P4"),
    moved("D1", "yoghurt", 20, "STORE", "in_transit"),
    moved("S1", "yoghurt", 8, "STORE", "customer", party="ann"),
    moved("S2", "cups", 12, "STORE", "customer", party="bob"),
    moved("S3", "cups", 5, "STORE", "customer", party="bob"),
    moved("S3X", "cups", 5, "customer", "STORE", party="bob", reverses="S3"),
    moved("C1", "cups", 3, "customer", "STORE", party="bob"),
    moved("S4", "jam", 2, "STORE", "customer", party="eve"),
]


class Books:
    """Answers like core: the movements of the lots, and all of those documents that convert them."""

    def __init__(self, movements: Sequence[Moved]) -> None:
        self.movements = movements
        self.asked = 0

    async def read(self, lots: Collection[UUID]) -> list[Moved]:
        self.asked += 1
        converting = {
            one.document_id
            for one in self.movements
            if one.lot_id in lots and "production" in (one.source_account, one.target_account)
        }
        return [
            one for one in self.movements if one.lot_id in lots or one.document_id in converting
        ]


async def reached(start: str, direction: Direction) -> set[UUID]:
    lots, movements = await follow(Books(MILK).read, [named(start)], direction)
    assert {one.lot_id for one in movements} <= lots
    return lots


async def test_down_and_up() -> None:
    def lots(*names: str) -> set[UUID]:
        return {named(name) for name in names}

    assert await reached("milk", "down") == lots("milk", "yoghurt", "cups")
    assert await reached("sugar", "down") == lots("sugar", "yoghurt", "cups", "jam")
    assert await reached("cups", "up") == lots("cups", "yoghurt", "milk", "sugar")
    assert await reached("jam", "up") == lots("jam", "sugar")
    assert await reached("wrong", "up") == lots("wrong")


async def test_one_question_per_generation() -> None:
    books = Books(MILK)
    await follow(books.read, [named("milk")], "down")
    assert books.asked <= 3


async def test_where_it_is_and_who_got_it() -> None:
    lots, movements = await follow(Books(MILK).read, [named("milk")], "down")
    left = on_hand(movements)
    assert left == {
        (named("STORE"), named("milk")): 40,
        (named("STORE"), named("yoghurt")): 2,
        (named("in_transit"), named("yoghurt")): 20,
        (named("STORE"), named("cups")): 11,
    }
    found = {one.party_id: (one.delivered, one.returned) for one in shares(delivered(movements))}
    assert found[named("ann")] == (Decimal(8), Decimal(0))
    assert found[named("bob")] == (Decimal(17), Decimal(8))
    assert len(found) == 2
    made = came_in(movements)
    assert made == {named("milk"): 100, named("yoghurt"): 50, named("cups"): 20}
    cups = sum((q for (_, lot), q in left.items() if lot == named("cups")), Decimal(0))
    assert recovery_rate(made[named("cups")], cups, Decimal(0)) == Decimal(11) / 20
    assert lots


async def test_where_it_came_from() -> None:
    _, movements = await follow(Books(MILK).read, [named("cups")], "up")
    assert [(one.number, one.party_id) for one in receipts(movements)] == [
        ("R1", named("dairy")),
        ("R2", named("mill")),
    ]
    undone = [*MILK, moved("R2X", "sugar", 10, "STORE", "supplier", reverses="R2")]
    assert [one.number for one in receipts(undone)] == ["R1"]


conversions = st.lists(
    st.tuples(
        st.sets(st.integers(0, 9), min_size=1, max_size=3),
        st.sets(st.integers(0, 9), min_size=1, max_size=3),
        st.booleans(),
    ),
    max_size=12,
)


def made(told: list[tuple[set[int], set[int], bool]]) -> Iterator[Moved]:
    for no, (consumed, produced, undone) in enumerate(told):
        for lot in consumed:
            yield moved(f"P{no}", str(lot), 1, "STORE", "production")
        for lot in produced:
            yield moved(f"P{no}", str(lot), 1, "production", "STORE")
        for lot in produced if undone else ():
            yield moved(f"X{no}", str(lot), 1, "STORE", "production", reverses=f"P{no}")
        for lot in consumed if undone else ():
            yield moved(f"X{no}", str(lot), 1, "production", "STORE", reverses=f"P{no}")


@given(conversions, st.integers(0, 9))
async def test_every_generation_is_found(
    told: list[tuple[set[int], set[int], bool]], start: int
) -> None:
    """Against the plain definition: whatever was made of something that was reached is reached."""
    movements = list(made(told))
    for direction in ("down", "up"):
        expected, before = {start}, set[int]()
        while expected != before:
            before = set(expected)
            for consumed, produced, undone in told:
                one, other = (consumed, produced) if direction == "down" else (produced, consumed)
                if not undone and one & expected:
                    expected |= other
        wanted = {named(str(lot)) for lot in expected}
        lots, _ = await follow(Books(movements).read, [named(str(start))], direction)
        assert lots == wanted
        assert Genealogy(movements).closure([named(str(start))], direction) == wanted


@given(conversions)
def test_up_is_down_backwards(told: list[tuple[set[int], set[int], bool]]) -> None:
    genealogy = Genealogy(made(told))
    for link in genealogy.links():
        assert link.produced in genealogy.closure([link.consumed], "down")
        assert link.consumed in genealogy.closure([link.produced], "up")


def test_goods_without_a_lot_lead_nowhere() -> None:
    nothing = moved("P1", "x", 1, "STORE", "production")
    nobody = Moved(**{name: getattr(nothing, name) for name in Moved.__slots__} | {"lot_id": NIL})
    genealogy = Genealogy([nobody, moved("P1", "y", 1, "production", "STORE")])
    assert list(genealogy.links()) == []
    assert genealogy.closure([NIL], "down") == {NIL}
