"""Figures mean what the table says: ratios, levels, percentiles, and whose time is whose."""

from __future__ import annotations

import random
import time

import pytest

from benchmarks import pgbench, spans
from benchmarks.goals import GOALS
from benchmarks.requests import maker
from benchmarks.spans import REST, Spans
from benchmarks.traced import step_of
from benchmarks.turns import Turn, ratio
from benchmarks.world import Shop

SHOP = Shop("t", "tb_token", "place", "party", ["a", "b", "c", "d"], "2026-03-02")


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    product = [Turn(rate, 0.1, 0.2, 1) for rate in (10, 30, 20)]
    floor = [Turn(rate, 0.2, 0.1, 1) for rate in (100, 100, 50)]
    assert ratio(product, floor, "rate") == pytest.approx(0.3)
    assert ratio(product, floor, "p99") == pytest.approx(2)


def test_no_answer_is_not_a_quick_answer() -> None:
    assert ratio([Turn(0, 0, 0, 0)], [Turn(5, 0.1, 0.1, 5)], "p99") is None


def test_processor_time_is_everybodys_but_the_clocks() -> None:
    turn = Turn(10, 0.1, 0.2, 4, {"API": 1.0, "client": 3.0, "clock": 60.0})
    assert turn.of("cpu") == pytest.approx(1)


def test_levels_of_a_goal() -> None:
    most = next(goal for goal in GOALS if goal.id == "B1")
    assert [most.level(figure) for figure in (0.4, 0.5, 1.0, 1.5)] == [
        *("no", "first", "yes", "stretch")
    ]
    least = next(goal for goal in GOALS if goal.id == "B5")
    assert [least.level(figure) for figure in (3.1, 3.0, 1.5)] == ["no", "yes", "stretch"]


def test_a_goal_without_processes_is_measured_with_each() -> None:
    goal = next(goal for goal in GOALS if goal.id == "B2")
    assert goal.names(2) == ("product hot, 2", "product uniform, 2")
    turns = {"product hot, 2": [Turn(9, 0, 0, 9)], "product uniform, 2": [Turn(10, 0, 0, 10)]}
    assert goal.figure(turns, 2) == pytest.approx(0.9)
    assert goal.figure(turns, 1) is None


def test_the_log_of_pgbench_is_read_behind_the_warm_up() -> None:
    log = "0 1 500000 0 100 500000\n0 2 1000000 0 101 500000\n1 1 2000000 0 102 500000\n"
    turn = pgbench.read(log, warm_up=1, seconds=2)
    assert turn.total == 3
    assert turn.rate == pytest.approx(1)
    assert turn.p99 == pytest.approx(2)


@pytest.mark.parametrize("kind", ["uniform", "hot"])
def test_requests_name_three_different_items(kind: str) -> None:
    make = maker(
        "hot" if kind == "hot" else "uniform", "http://h:1/graphql", SHOP, random.Random(7)
    )
    for _ in range(50):
        head, _, body = make().partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}\r\n".encode() in head + b"\r\n"
        named = [item for item in SHOP.items if f'"itemId":"{item}"'.encode() in body]
        assert len(named) == 3
        assert kind != "hot" or "a" in named


def test_a_step_is_booked_without_the_steps_inside_it() -> None:
    found = Spans()
    with found.span(REST):
        with found.span("inner"):
            with found.span("inner", waiting=True):
                time.sleep(0.02)
    told = found.take()
    assert told["database"]["inner"] >= 0.02
    assert told["python"]["inner"] < 0.02
    assert told["python"][REST] < 0.02
    assert found.take()["python"] == {}


async def test_the_background_is_nobodys_request() -> None:
    found = Spans()

    async def work() -> None:
        with found.span("sealing"):
            assert found.step is None

    with found.span(REST):
        await spans.in_background(work)()
        spans.BACKGROUND.set(False)
    assert "sealing" not in found.take()["python"]


@pytest.mark.parametrize(
    ("query", "step"),
    [
        ("select set_config('app.tenant', %s, true)", spans.BEGIN),
        (";", spans.BEGIN),
        ("SELECT item_id FROM item_guard WHERE x ORDER BY item_id FOR UPDATE", spans.LOCKS),
        ("SELECT 1", spans.READS),
        ("COMMIT", spans.COMMIT),
        ("INSERT INTO entry VALUES (1)", spans.WRITES),
    ],
)
def test_statements_are_booked_by_what_they_are_for(query: str, step: str) -> None:
    assert step_of(query, spans.DOOR) == step
    assert step_of(query, None) is None
    assert step_of(query, spans.ANSWER) == spans.ANSWER
