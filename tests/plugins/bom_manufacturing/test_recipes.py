"""Recipes: what dishes take of ingredients, and that rounding loses nothing over days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from core.ids import uuid7
from plugins.bom_manufacturing.bills.rules.records import Bom, Boms, Line, Supply, Variant
from plugins.bom_manufacturing.recipes import closing
from plugins.bom_manufacturing.recipes.rules.recipes import Use, ingredients, more, use
from plugins.bom_manufacturing.recipes.rules.usage import Usage

D = Decimal

NOODLES = Bom(
    "noodles",
    (
        Line("flour", D("1.5")),
        Line("broth", D("2"), phantom=True),
        Line("sauce", D("0.3")),
        Line("gas", D("1"), supply=Supply.CONSUMABLE),
    ),
    output_quantity=D(10),
)
BROTH = Bom("broth", (Line("bone", D("0.25"), scrap_pct=D(20)), Line("water", D(1))))
SAUCE = Bom("sauce", (Line("soy", D(2)),))
BOMS: Boms = {"noodles": NOODLES, "broth": BROTH, "sauce": SAUCE}


def test_a_recipe_is_for_its_portions_and_its_yield_counts() -> None:
    found = ingredients(BOMS, {"noodles": 20}, {"flour", "bone", "sauce", "broth", "gas"})
    # 20 portions: 3 of flour, 4 of broth with 0.25 bone each and a fifth lost, 0.6 of sauce as it is kept.
    assert found == {"flour": 3, "bone": Fraction(6, 5), "sauce": Fraction(3, 5)}


def test_a_preparation_that_is_not_kept_is_passed_through() -> None:
    found = ingredients(BOMS, {"noodles": 10}, {"flour", "soy"})
    assert found == {"flour": Fraction(3, 2), "soy": Fraction(3, 5)}


def test_what_came_back_gives_back_as_much() -> None:
    stocked = {"flour", "bone", "sauce"}
    sold, back = (ingredients(BOMS, {"noodles": n}, stocked) for n in (7, -7))
    assert back == {item: -quantity for item, quantity in sold.items()}
    assert ingredients(BOMS, {"noodles": 0, "tea": 3}, stocked) == {}


def test_lines_of_another_day_or_taste_are_left_out() -> None:
    hot = Line("chili", D(1), conditions={"taste": frozenset({"hot"})})
    old = Line("lard", D(1), valid_until=date(2026, 3, 1))
    boms: Boms = {"dish": Bom("dish", (Line("rice", D(1)), hot, old))}
    stocked = {"rice", "chili", "lard"}

    def of(taste: str, day: date) -> set[object]:
        return {*ingredients(boms, {"dish": 1}, stocked, {"dish": Variant({"taste": taste}, day)})}

    assert of("hot", date(2026, 3, 2)) == {"rice", "chili"}
    assert of("mild", date(2026, 3, 1)) == {"rice", "lard"}


def test_a_need_is_rounded_to_the_unit_and_the_rest_is_carried() -> None:
    first = use(D("0.4"), 0, 0)
    assert (first.taken, first.rest) == (D(0), D("0.4"))
    second = use(D("0.4"), first.rest, 0)
    assert (second.taken, second.rest) == (D(1), D("-0.2"))
    back = use(D("-1"), second.rest, 0)
    assert (back.taken, back.rest) == (D(-1), D("-0.2"))


portions = st.integers(-50, 400)
amounts = st.decimals("0.0001", "99", places=4)


@given(st.lists(portions, min_size=1, max_size=40), amounts, st.integers(1, 97), st.integers(0, 4))
def test_no_split_of_days_takes_more_than_one_rounding_in_all(
    days: list[int], quantity: Decimal, output: int, decimals: int
) -> None:
    boms: Boms = {"dish": Bom("dish", (Line("rice", quantity, D("3.7")),), D(output))}
    taken, rest = D(0), D(0)
    for sold in days:
        done = use(ingredients(boms, {"dish": sold}, {"rice"}).get("rice", 0), rest, decimals)
        taken, rest = taken + done.taken, done.rest
    total = sum(days) * Fraction(quantity) * Fraction("1.037") / output
    half = Fraction(1, 2 * 10**decimals)
    assert abs(Fraction(taken) - total) <= half + len(days) * Fraction(1, 10**12)
    assert abs(Fraction(rest)) <= half


@given(st.lists(st.integers(0, 90), min_size=1, max_size=20), amounts, st.integers(1, 97))
def test_a_day_closed_many_times_needs_what_it_needs_closed_once(
    sales: list[int], quantity: Decimal, output: int
) -> None:
    loss = Line("rice", quantity, setup_loss=D("0.2"), multiple=D("0.5"))
    boms: Boms = {"dish": Bom("dish", (loss,), D(output))}
    kept, sold = D(0), 0
    for late in sales:
        sold += late
        kept += more(ingredients(boms, {"dish": sold}, {"rice"}).get("rice", 0), kept)
    assert kept == more(ingredients(boms, {"dish": sold}, {"rice"}).get("rice", 0), 0)


quantities = st.decimals("-500", "500", places=3)


@given(quantities, quantities, quantities, quantities, quantities, quantities, quantities)
def test_actual_use_is_all_that_went(
    opening: Decimal,
    received: Decimal,
    theoretical: Decimal,
    by_recipe: Decimal,
    waste: Decimal,
    internal: Decimal,
    missing: Decimal,
) -> None:
    moved = received - by_recipe - waste - internal - missing
    closing = opening + moved
    found = Usage(uuid7(), closing, moved, theoretical, by_recipe, waste, internal, missing, D(0))
    assert (found.opening, found.received) == (opening, received)
    assert found.actual == opening + received - closing
    assert found.variance == missing + by_recipe - theoretical
    share = found.variance_percent
    assert (share is None) == (theoretical == 0)
    assert (
        share is None
        or abs(share * theoretical / 100 - found.variance) <= abs(theoretical) / 10_000
    )


@given(st.lists(st.integers(-3, 3), max_size=12), st.integers(1, 4), st.booleans())
def test_a_closing_in_parts_leaves_the_day_open_until_the_last(
    moved: list[int], most: int, sold: bool
) -> None:
    uses = {uuid7(): Use(D(one or 1), D(one), D(0)) for one in moved}
    dishes = {uuid7(): D(1)} if sold else {}
    place, day = uuid7(), date(2026, 3, 2)
    with patch.object(closing, "MOST_LINES", most):
        found = list(closing.parts(place, day, 6, dishes, uses))
    assert [one.number for one in found] == [7 + n for n in range(len(found))]
    assert [one.dishes for one in found[:-1]] == [{}] * len(found[:-1])
    assert found == [] or found[-1].dishes == dishes
    assert bool(found) == bool(uses or dishes)
    assert sorted(item for one in found for item in one.uses) == sorted(uses)
    drafts = [draft for one in found if (draft := one.draft()) is not None]
    assert [len(draft.lines) <= most for draft in drafts] == [True] * len(drafts)
    types = [draft.type for draft in drafts]
    assert types == sorted(types)  # what comes back is first
