"""One up and one down: through production, splitting, merging, and what was reversed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from core.ids import NIL, uuid7
from plugins.food_batches.rules.recall import recovery_rate, shares
from plugins.food_batches.trace import (
    Converted,
    Direction,
    Genealogy,
    Moved,
    came_in,
    delivered,
    follow,
    on_hand,
    suppliers,
)

SPACE = uuid7()
DIRECTIONS: tuple[Direction, ...] = ("down", "up")
ACCOUNTS = {"supplier", "customer", "production", "in_transit", "scrap"}


def named(name: str) -> UUID:
    return uuid5(SPACE, name)


def moved(lot: str, quantity: int, source: str, target: str, **more: str) -> Moved:
    """Goods that moved; ``party`` by name, ``reverses`` where it was undone."""
    accounts = [name if name in ACCOUNTS else None for name in (source, target)]
    return Moved(
        *(named(lot), Decimal(quantity), named(source), named(target), accounts[0], accounts[1]),
        named(more["party"]) if "party" in more else None,
        "reverses" in more,
    )


def converted(document: str, lot: str, *, consumed: bool, reverses: str | None = None) -> Converted:
    undone = named(reverses) if reverses else None
    return Converted(named(document), named(lot), consumed, undone)


def conversions_of(
    told: list[tuple[str, tuple[str, int, str, str], dict[str, str]]],
) -> list[Converted]:
    """What the documents among these consumed and produced."""
    return [
        converted(*(document, lot), consumed=target == "production", reverses=more.get("reverses"))
        for document, (lot, _, source, target), more in told
        if "production" in (source, target)
    ]


def told(
    document: str, lot: str, quantity: int, source: str, target: str, **more: str
) -> tuple[str, tuple[str, int, str, str], dict[str, str]]:
    return document, (lot, quantity, source, target), more


TOLD = [
    told("R1", "milk", 100, "supplier", "STORE", party="dairy"),
    told("R2", "sugar", 10, "supplier", "STORE", party="mill"),
    told("P1", "milk", 60, "STORE", "production"),
    told("P1", "sugar", 5, "STORE", "production"),
    told("P1", "yoghurt", 50, "production", "STORE"),
    told("P2", "yoghurt", 20, "STORE", "production"),
    told("P2", "cups", 20, "production", "STORE"),
    told("P3", "sugar", 5, "STORE", "production"),
    told("P3", "jam", 5, "production", "STORE"),
    told("P4", "jam", 5, "STORE", "production"),
    told("P4", "milk", 5, "STORE", "production"),
    told("P4", "wrong", 5, "production", "STORE"),
    told("P4X", "jam", 5, "production", "STORE", reverses="P4"),
    told("P4X", "milk", 5, "production", "STORE", reverses="P4"),
    told("P4X", "wrong", 5, "STORE", "production", reverses="P4"),
    told("D1", "yoghurt", 20, "STORE", "in_transit"),
    told("S1", "yoghurt", 8, "STORE", "customer", party="ann"),
    told("S2", "cups", 12, "STORE", "customer", party="bob"),
    told("S3", "cups", 5, "STORE", "customer", party="bob"),
    told("S3X", "cups", 5, "customer", "STORE", party="bob", reverses="S3"),
    told("C1", "cups", 3, "customer", "STORE", party="bob"),
    told("S4", "jam", 2, "STORE", "customer", party="eve"),
]


MILK = [
    moved(lot, quantity, source, target, **more)
    for _, (lot, quantity, source, target), more in TOLD
]


class Books:
    """Answers like core: what the documents did that consumed or produced these lots."""

    def __init__(self, converted: Sequence[Converted]) -> None:
        self.converted = converted
        self.asked = 0

    async def read(self, lots: Collection[UUID]) -> list[Converted]:
        self.asked += 1
        documents = {one.document_id for one in self.converted if one.lot_id in lots}
        return [one for one in self.converted if one.document_id in documents]


def of(lots: Collection[UUID]) -> list[Moved]:
    return [one for one in MILK if one.lot_id in lots]


async def reached(start: str, direction: Direction) -> set[UUID]:
    return await follow(Books(conversions_of(TOLD)).read, [named(start)], direction)


async def test_down_and_up() -> None:
    def lots(*names: str) -> set[UUID]:
        return {named(name) for name in names}

    assert await reached("milk", "down") == lots("milk", "yoghurt", "cups")
    assert await reached("sugar", "down") == lots("sugar", "yoghurt", "cups", "jam")
    assert await reached("cups", "up") == lots("cups", "yoghurt", "milk", "sugar")
    assert await reached("jam", "up") == lots("jam", "sugar")
    assert await reached("wrong", "up") == lots("wrong")


async def test_one_question_per_generation() -> None:
    books = Books(conversions_of(TOLD))
    await follow(books.read, [named("milk")], "down")
    assert books.asked == 3


async def test_where_it_is_and_who_got_it() -> None:
    moved = of(await reached("milk", "down"))
    left = on_hand(moved)
    assert left == {
        (named("STORE"), named("milk")): 40,
        (named("STORE"), named("yoghurt")): 2,
        (named("in_transit"), named("yoghurt")): 20,
        (named("STORE"), named("cups")): 11,
    }
    found = {one.party_id: (one.delivered, one.returned) for one in shares(delivered(moved))}
    assert found[named("ann")] == (Decimal(8), Decimal(0))
    assert found[named("bob")] == (Decimal(12), Decimal(3))
    assert len(found) == 2
    made = came_in(moved)
    assert made == {named("milk"): 100, named("yoghurt"): 50, named("cups"): 20}
    cups = sum((q for (_, lot), q in left.items() if lot == named("cups")), Decimal(0))
    assert recovery_rate(made[named("cups")], cups, Decimal(0)) == Decimal(11) / 20


async def test_where_it_came_from() -> None:
    moved_up = of(await reached("cups", "up"))
    assert suppliers(moved_up) == {
        (named("dairy"), named("milk")): 100,
        (named("mill"), named("sugar")): 10,
    }
    undone = moved("sugar", 10, "STORE", "supplier", party="mill", reverses="R2")
    assert suppliers([*moved_up, undone]) == {(named("dairy"), named("milk")): 100}
    assert came_in([*moved_up, undone])[named("sugar")] == 0


conversions = st.lists(
    st.tuples(
        st.sets(st.integers(0, 9), min_size=1, max_size=3),
        st.sets(st.integers(0, 9), min_size=1, max_size=3),
        st.booleans(),
    ),
    max_size=12,
)


def made(told: list[tuple[set[int], set[int], bool]]) -> Iterator[Converted]:
    for no, (consumed, produced, undone) in enumerate(told):
        yield from (converted(f"P{no}", str(lot), consumed=True) for lot in consumed)
        yield from (converted(f"P{no}", str(lot), consumed=False) for lot in produced)
        back = f"P{no}"
        for lot in produced if undone else ():
            yield converted(f"X{no}", str(lot), consumed=True, reverses=back)
        for lot in consumed if undone else ():
            yield converted(f"X{no}", str(lot), consumed=False, reverses=back)


@given(conversions, st.integers(0, 9))
async def test_every_generation_is_found(
    told: list[tuple[set[int], set[int], bool]], start: int
) -> None:
    """Against the plain definition: whatever was made of something that was reached is reached."""
    rows = list(made(told))
    for direction in DIRECTIONS:
        expected, before = {start}, set[int]()
        while expected != before:
            before = set(expected)
            for consumed, produced, undone in told:
                one, other = (consumed, produced) if direction == "down" else (produced, consumed)
                if not undone and one & expected:
                    expected |= other
        wanted = {named(str(lot)) for lot in expected}
        assert await follow(Books(rows).read, [named(str(start))], direction) == wanted
        assert Genealogy(rows).closure([named(str(start))], direction) == wanted


@given(conversions)
def test_up_is_down_backwards(told: list[tuple[set[int], set[int], bool]]) -> None:
    genealogy = Genealogy(made(told))
    for link in genealogy.links():
        assert link.produced in genealogy.closure([link.consumed], "down")
        assert link.consumed in genealogy.closure([link.produced], "up")


def test_goods_without_a_lot_lead_nowhere() -> None:
    nobody = Converted(named("P1"), NIL, consumed=True)
    genealogy = Genealogy([nobody, converted("P1", "y", consumed=False)])
    assert list(genealogy.links()) == []
    assert genealogy.closure([NIL], "down") == {NIL}
