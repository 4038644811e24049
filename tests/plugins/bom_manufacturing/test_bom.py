"""Bills of material by example, and against an independent recursion."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from plugins.bom_manufacturing.bills.rules.bom import (
    can_build,
    choose,
    components,
    effective,
    explode,
    find_cycle,
    indented,
    levels,
    line_need,
    shortages,
    where_used,
)
from plugins.bom_manufacturing.bills.rules.compare import compare
from plugins.bom_manufacturing.bills.rules.records import (
    Alternate,
    Bom,
    Boms,
    Item,
    Line,
    Operation,
    Output,
    Supply,
    Variant,
)

D = Decimal


def line(item: str, quantity: str = "1", **more: object) -> Line:
    return Line(item, D(quantity), **more)  # type: ignore[arg-type]


def bills(*boms: Bom) -> dict[Item, Bom]:
    return {bom.item: bom for bom in boms}


@pytest.mark.parametrize(
    ("one", "quantity", "need"),
    [
        (line("A", "3", scrap_pct=D(5)), 1000, 3150),  # inventree: scrap adds
        (line("A", "1", setup_loss=D("0.5")), 10, D("10.5")),
        (line("A", "1", setup_loss=D("0.5"), multiple=D(6)), 10, 12),
        (line("A", "2", scrap_pct=D(10), setup_loss=D(1), multiple=D(25)), 100, 225),
        (line("A", "1", setup_loss=D(5), multiple=D(10)), 0, 0),  # nothing made, nothing lost
    ],
)
def test_need_of_a_line(one: Line, quantity: int, need: Decimal) -> None:
    assert line_need(one, Bom("P", (one,)), quantity) == need


def test_the_need_is_of_the_output_quantity() -> None:
    one = line("A", "1")
    assert line_need(one, Bom("P", (one,), D(3)), 1) == Fraction(1, 3)


def test_an_item_is_made_in_one_go_whatever_asks_for_it() -> None:
    boms = bills(
        Bom("P", (line("L"), line("R"))),
        Bom("L", (line("X", "2"),)),
        Bom("R", (line("X", "3"),)),
        Bom("X", (line("M", "1", setup_loss=D(1), multiple=D(4)),)),
    )
    found = explode(boms, "P", 2)
    assert found.made == {"L": 2, "R": 2, "X": 10}
    assert found.bought == {"M": 12}  # 10 + 1, once, up to fours
    assert found.levels == {"P": 0, "L": 1, "R": 1, "X": 2, "M": 3}


def test_a_phantom_makes_room_for_what_it_is_made_of() -> None:
    boms = bills(
        Bom("P", (line("KIT", "2", phantom=True), line("A"))),
        Bom("KIT", (line("A", "3"), line("B"))),
    )
    assert explode(boms, "P", 5).made == {}
    assert explode(boms, "P", 5).bought == {"A": 35, "B": 10}
    direct = components(boms, boms["P"], 5)
    assert {(need.line.item, int(need.quantity)) for need in direct} == {
        ("A", 5),
        ("A", 30),
        ("B", 10),
    }
    shown = [(node.level, node.line.item) for node in indented(boms, "P", 5, 9)]
    assert shown == [(1, "KIT"), (2, "A"), (2, "B"), (1, "A")]


def test_an_item_that_is_a_phantom_here_and_made_there() -> None:
    boms = bills(
        Bom("P", (line("S", "2", phantom=True), line("Q"))),
        Bom("Q", (line("S", "3"),)),
        Bom("S", (line("M"),)),
    )
    found = explode(boms, "P", 1)
    assert found.made == {"Q": 1, "S": 3}
    assert found.bought == {"M": 5}
    # what lies of it serves Q alone
    assert shortages(boms, "P", 1, {"S": 9}) == {"M": 2}


def test_lines_of_a_variant_need_one_value_of_every_attribute() -> None:
    red = line("RED", "1", conditions={"colour": frozenset({"red", "pink"})})
    big = line(
        "BIG", "1", conditions={"colour": frozenset({"red"}), "size": frozenset({"L", "XL"})}
    )
    boms = bills(Bom("SHIRT", (red, big, line("THREAD"))))

    def parts(**attributes: str) -> set[Item]:
        return set(explode(boms, "SHIRT", 1, Variant(attributes)).bought)

    assert parts(colour="red", size="L") == {"RED", "BIG", "THREAD"}
    assert parts(colour="pink", size="L") == {"RED", "THREAD"}
    assert parts(colour="blue", size="L") == {"THREAD"}
    assert parts(size="L") == {"THREAD"}


def test_versions_and_lines_are_in_force_from_a_day_through_another() -> None:
    old = Bom("P", (line("A"),), version="1", valid_until=date(2025, 6, 30))
    new = Bom("P", (line("B"),), version="2", valid_from=date(2025, 6, 1))
    assert effective([old, new], date(2025, 5, 31)) is old
    assert effective([old, new], date(2025, 6, 1)) is new  # both are: the one that came last
    assert effective([old], date(2025, 6, 30)) is old
    assert effective([old], date(2025, 7, 1)) is None
    dated = bills(Bom("P", (line("A", valid_until=date(2025, 1, 31)), line("B"))))
    assert set(explode(dated, "P", 1, Variant(on=date(2025, 1, 31))).bought) == {"A", "B"}
    assert set(explode(dated, "P", 1, Variant(on=date(2025, 2, 1))).bought) == {"B"}


def test_a_cycle_is_found_wherever_it_is() -> None:
    ways = {"A": ["B", "C"], "B": ["D"], "C": ["D"], "D": ["E"], "E": ["C"], "S": ["S"]}

    def children(item: Item) -> list[str]:
        return ways.get(str(item), [])

    assert find_cycle(children, "A") == ["D", "E", "C", "D"]
    assert find_cycle(children, "S") == ["S", "S"]
    ways["E"] = []
    assert find_cycle(children, "A") is None
    ways["E"] = ["A"]
    with pytest.raises(Refused) as refused:
        levels(children, ["A"])
    assert refused.value.refusals[0].code == "BOM_MANUFACTURING_CYCLE"


def test_a_bill_of_thousands_of_levels() -> None:
    deep = bills(*(Bom(n, (line_of(n + 1),)) for n in range(5000)))
    assert explode(deep, 0, 1).bought == {5000: 1}
    assert sum(1 for _ in indented(deep, 0, 1, 4999)) == 4999


def line_of(item: int) -> Line:
    return Line(item, D(1))


def test_ways_that_double_at_each_level_are_walked_once() -> None:
    """Two ways down at each of 200 levels: 2**200 ways, 400 lines."""
    boms = bills(*(Bom(n, (line_of(n + 1), line_of(n + 1))) for n in range(200)))
    assert explode(boms, 0, 1).bought == {200: 2**200}
    first = list(islice(indented(boms, 0, 1, 200), 1000))  # a reader who has enough stops
    assert len(first) == 1000


def test_where_used_tells_the_shortest_way_up() -> None:
    boms = bills(
        Bom("P", (line("S"), line("M"))),
        Bom("S", (line("M", alternates=(Alternate("N"),)),)),
    )
    assert where_used(boms.values(), "M") == {"P": 1, "S": 1}
    assert where_used(boms.values(), "N") == {"S": 1, "P": 2}
    assert where_used(boms.values(), "P") == {}


def test_how_many_can_be_built() -> None:
    boms = bills(
        Bom("P", (line("S", "2"), line("BOLT", "3"), line("GLUE", supply=Supply.CONSUMABLE))),
        Bom("S", (line("M", "5"), line("BOX", supply=Supply.PROCESSOR))),
    )
    stock = {"S": 3, "BOLT": 100, "M": 26}
    assert can_build(boms, "P", stock) == 4  # 3 + 5 made of M
    assert can_build(boms, "P", {"BOLT": 100, "M": 26}) == 2
    assert can_build(boms, "P", {}) == 0
    assert can_build(boms, "M", stock) == 0
    assert can_build(bills(Bom("P", (line("G", supply=Supply.CONSUMABLE),))), "P", {}) is None
    through = bills(Bom("P", (line("S", supply=Supply.CONSUMABLE),)), Bom("S", (line("M"),)))
    assert can_build(through, "P", {}) is None
    assert shortages(boms, "P", 10, stock) == {"M": 59}


def test_alternates_fill_what_is_missing_by_priority() -> None:
    one = line("A", alternates=(Alternate("C", 2), Alternate("B", 1, D(2))))
    taken, missing = choose(one, 10, {"A": 4, "B": 6, "C": 1, "D": 9})
    assert taken == [("A", Fraction(4)), ("B", Fraction(6)), ("C", Fraction(1))]
    assert missing == 2  # six B stand in for three


def test_versions_are_compared_by_what_one_unit_needs() -> None:
    before = Bom("P", (line("A", "10"), line("B", "5"), line("C", "1")), D(10))
    same = Bom("P", (line("A", "100"), line("B", "50"), line("C", "10")), D(100))
    assert compare(before, same) == []
    after = Bom("P", (line("A", "1"), line("B", "0.6", scrap_pct=D(2)), line("D")))
    found = {difference.item: difference.changed for difference in compare(before, after)}
    assert found == {"B": ("quantity", "scrap_pct"), "C": ("lines",), "D": ("lines",)}


def test_versions_are_compared_by_what_comes_out_besides_and_by_the_work() -> None:
    rag, dust = Output("RAG", D(2), share_pct=D(5)), Output("DUST", D(1))
    work = (Operation(D(5), D(60)),)
    before = Bom("P", (line("A", "10"),), D(10), outputs=(rag, dust), operations=work)
    half = Output("RAG", D(1), share_pct=D(5))
    same = Bom("P", (line("A", "5"),), D(5), outputs=(half, Output("DUST", D("0.5"))))
    assert [one.changed for one in compare(before, same)] == [("operations",)]
    after = Bom("P", (line("A", "10"), line("DUST")), D(10), outputs=(half,), operations=work)
    found = {difference.item: difference.changed for difference in compare(before, after)}
    assert found == {"RAG": ("outputs",), "DUST": ("lines", "outputs")}
    same_work = Bom("P", (line("A", "10"),), D(10), outputs=(rag, dust), operations=work)
    assert compare(before, same_work) == []


@st.composite
def random_bills(draw: st.DrawFn) -> dict[Item, Bom]:
    """Items go into items of lower numbers, so there is no cycle."""
    count = draw(st.integers(2, 8))
    boms = {}
    for item in range(count - 1):
        below = draw(st.lists(st.integers(item + 1, count), max_size=4))
        if below:
            lines = tuple(
                Line(each, D(draw(st.integers(1, 5))), D(draw(st.sampled_from([0, 3, 10]))))
                for each in below
            )
            boms[item] = Bom(item, lines, D(draw(st.integers(1, 7))))
    return boms  # type: ignore[return-value]


def recursion(boms: Boms, item: Item, quantity: Fraction) -> dict[Item, Fraction]:
    """Every way down by itself."""
    if item not in boms:
        return {item: quantity}
    sums: dict[Item, Fraction] = {}
    for one in boms[item].lines:
        share = Fraction(one.quantity) * (100 + Fraction(one.scrap_pct)) / 100
        need = quantity * share / Fraction(boms[item].output_quantity)
        for each, amount in recursion(boms, one.item, need).items():
            sums[each] = sums.get(each, Fraction(0)) + amount
    return sums


@given(random_bills(), st.integers(1, 50))
def test_explosion_is_the_sum_of_all_ways(boms: dict[Item, Bom], quantity: int) -> None:
    for item in boms:
        assert explode(boms, item, quantity).bought == recursion(boms, item, Fraction(quantity))


@given(random_bills(), st.data())
def test_one_more_than_can_be_built_lacks_something(
    boms: dict[Item, Bom], data: st.DataObject
) -> None:
    stock = {item: data.draw(st.integers(0, 60)) for item in range(9)}
    for item in boms:
        most = can_build(boms, item, stock)
        assert most is not None
        assert most == 0 or not shortages(boms, item, most, stock)
        assert shortages(boms, item, most + 1, stock)


def test_items_are_looked_at_once_however_many_ways_lead_to_them() -> None:
    """Eight ways down on each of forty levels: 8⁴⁰ from the top to the bottom."""
    looked = 0

    def children(item: Item) -> list[Item]:
        nonlocal looked
        looked += 1
        level, _ = divmod(int(str(item)), 8)
        return [8 * (level + 1) + n for n in range(8)] if level < 40 else []

    codes = levels(children, [0])
    assert looked == len(codes) == 1 + 40 * 8
    assert max(codes.values()) == 40
