"""The checker of histories finds each anomaly when it is planted in a good history, and nothing in that."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from tests.races.history import Element, History, Part, Read, Write, anomalies
from tests.races.order import Edge, Graph, cycle, real_time

SEED = 5
SIZE = 200
PLACES = ("A@1", "A@2", "B@1", "B@2")
OPENING = Decimal(50)
BANK = frozenset({"B@1", "B@2"})


@dataclass
class Shelf:
    """A ledger of one clerk: whatever is asked happens at one moment between question and answer."""

    chosen: random.Random
    now: int = 0
    writes: list[Write] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    lists: dict[str, list[Element]] = field(default_factory=lambda: defaultdict(list))
    balances: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(PLACES, Decimal(0)))

    def _span(self) -> tuple[int, int]:
        self.now += 10
        return self.now - self.chosen.randint(1, 40), self.now + self.chosen.randint(1, 40)

    def write(self, moves: dict[str, Decimal], *, forced: bool = False) -> Write:
        document, (started, ended) = f"D{len(self.writes):03}", self._span()
        short = {key: self.balances[key] for key, q in moves.items() if self.balances[key] + q < 0}
        if short and not forced:
            made = Write(document, started, ended, moves, told=short)
        else:
            self.journal.append(document)
            for key, quantity in moves.items():
                self.balances[key] += quantity
                self.lists[key].append(Element(document, quantity, self.balances[key]))
            made = Write(document, started, ended, moves, len(self.journal))
        self.writes.append(made)
        return made

    def look(self) -> Read:
        started, ended = self._span()
        lists = {key: Part(0, tuple(elements)) for key, elements in self.lists.items()}
        start = len(self.lists["A@1"]) // 2
        lists["A@1"] = Part(start, tuple(self.lists["A@1"][start:]))
        newest = tuple(self.journal[-7:])
        return Read(started, ended, len(self.journal), newest, dict(self.balances), lists)

    def read(self) -> None:
        self.reads.append(self.look())

    def history(self) -> History:
        """All of it, with everything read in the end."""
        self.now += 100
        lists = {key: Part(0, tuple(elements)) for key, elements in self.lists.items()}
        final = replace(self.look(), newest=tuple(self.journal), lists=lists)
        closed = [(BANK, 2 * OPENING)]
        return History(list(self.writes), list(self.reads), final, closed, opened=4)

    def trade(self, count: int) -> None:
        for _ in range(count):
            key = self.chosen.choice(PLACES)
            quantity = Decimal(self.chosen.randint(1, 30))
            if self.chosen.random() < 0.4:
                self.read()
            elif key in BANK or self.chosen.random() < 0.3:
                other = key[:2] + ("2" if key.endswith("1") else "1")
                self.write({key: -quantity, other: quantity})
            else:
                self.write({key: self.chosen.choice([-quantity, quantity])})


def shelf(seed: int = SEED) -> Shelf:
    made = Shelf(random.Random(seed))
    for key in PLACES:
        made.write({key: OPENING})
    made.trade(SIZE)
    return made


@pytest.mark.parametrize("seed", range(20))
def test_a_good_history_has_no_anomaly(seed: int) -> None:
    history = shelf(seed).history()
    assert any(w.told for w in history.writes)
    assert anomalies(history) == []


def lost_update() -> History:
    """The 30th document begins from a balance that the one before it had changed already."""
    made = shelf()
    key, lost = "A@1", made.lists["A@1"][10].quantity

    def without(elements: tuple[Element, ...], start: int) -> tuple[Element, ...]:
        return tuple(
            e._replace(after=e.after - lost) if start + n > 10 else e
            for n, e in enumerate(elements)
        )

    history = made.history()
    part = history.final.lists[key]
    changed = {**history.final.lists, key: Part(0, without(part.elements, 0))}
    balances = {**history.final.balances, key: history.final.balances[key] - lost}
    return replace(history, final=replace(history.final, lists=changed, balances=balances))


def dirty_read() -> History:
    """A read sees goods leave one place that have not come to the other."""
    made = shelf()
    made.read()
    half = dict(made.reads[-1].balances)
    half["B@1"] -= 3
    made.reads[-1] = replace(made.reads[-1], balances=half)
    made.trade(20)
    return made.history()


def aborted_read() -> History:
    """A read sees the entry of a document that was refused."""
    made = shelf()
    refused = made.write({"A@1": Decimal(-10_000)})
    made.read()
    part = made.reads[-1].lists["A@1"]
    seen = Element(refused.document, Decimal(-10_000), made.balances["A@1"] - 10_000)
    lists = {**made.reads[-1].lists, "A@1": Part(part.start, (*part.elements, seen))}
    made.reads[-1] = replace(made.reads[-1], lists=lists)
    return made.history()


def write_skew() -> History:
    """Two documents at once, each decided by a list to which the other added."""
    made = shelf()
    lengths = {key: len(made.lists[key]) for key in PLACES}
    one, other = made.write({"A@1": Decimal(1)}), made.write({"A@2": Decimal(1)})
    made.writes[-2] = replace(one, saw={"A@2": lengths["A@2"]}, ended=made.now + 50)
    made.writes[-1] = replace(other, saw={"A@1": lengths["A@1"]}, started=one.started)
    return made.history()


def skewed_promise() -> History:
    """A read sees more promised than there is, which each sale alone would have left."""
    made = shelf()
    made.read()
    made.reads[-1] = replace(made.reads[-1], free={"A": Decimal(-3)})
    return made.history()


def stale_read() -> History:
    """A read shows a moment, all of it right, that was over before it began."""
    made = shelf()
    old = made.look()
    made.trade(30)
    made.now += 100
    made.reads.append(replace(old, started=made.now, ended=made.now + 5))
    return made.history()


def stale_refusal() -> History:
    """A refusal tells of a quantity that was there long ago."""
    made = shelf()
    made.now += 100
    refused = made.write({"A@1": Decimal(-10_000)})
    made.writes[-1] = replace(refused, told={"A@1": Decimal(9_999)})
    return made.history()


def double_append() -> History:
    """One document stands twice in the list of a balance."""
    made = shelf()
    twice = made.write({"A@1": Decimal(5)})
    made.balances["A@1"] += 5
    made.lists["A@1"].append(Element(twice.document, Decimal(5), made.balances["A@1"]))
    return made.history()


def lost_ack() -> History:
    """A document is acknowledged and nowhere to be found."""
    made = shelf()
    lost = made.write({"A@1": Decimal(5)})
    made.journal.pop()
    made.lists["A@1"].pop()
    made.balances["A@1"] -= 5
    assert lost.sequence
    return made.history()


def negative_read() -> History:
    """More is sold than there is, and everything else adds up."""
    made = shelf()
    made.write({"A@1": -made.balances["A@1"] - 1}, forced=True)
    made.read()
    return made.history()


PLANTED: dict[str, tuple[Callable[[], History], str]] = {
    "lost update": (lost_update, "lost update"),
    "dirty read": (dirty_read, "dirty read"),
    "aborted read": (aborted_read, "aborted read"),
    "write skew": (write_skew, "write skew"),
    "write skew of a promise": (skewed_promise, "write skew"),
    "stale read": (stale_read, "stale read"),
    "stale refusal": (stale_refusal, "stale read"),
    "double append": (double_append, "double append"),
    "lost ack": (lost_ack, "lost ack"),
    "negative read": (negative_read, "negative read"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_anomaly_is_found(name: str) -> None:
    plant, kind = PLANTED[name]
    assert kind in {anomaly.kind for anomaly in anomalies(plant())}


@pytest.mark.parametrize(
    "name",
    ["dirty read", "write skew", "write skew of a promise", "stale refusal", "negative read"],
)
def test_only_what_was_planted_is_found(name: str) -> None:
    plant, kind = PLANTED[name]
    assert {anomaly.kind for anomaly in anomalies(plant())} == {kind}


def test_a_list_seen_in_two_orders_is_found() -> None:
    made = shelf()
    made.read()
    part = made.reads[-1].lists["A@2"]
    swapped = (*part.elements[:-2], part.elements[-1], part.elements[-2])
    lists = {**made.reads[-1].lists, "A@2": Part(part.start, swapped)}
    made.reads[-1] = replace(made.reads[-1], lists=lists)
    assert "fork" in {anomaly.kind for anomaly in anomalies(made.history())}


def test_an_order_against_the_clock_is_a_cycle() -> None:
    made = shelf()
    first = made.write({"A@1": Decimal(1)})
    made.now += 200
    made.write({"A@1": Decimal(1)})
    made.writes[-2] = replace(first, started=made.now + 100, ended=made.now + 110)
    made.now += 200
    assert "cycle" in {anomaly.kind for anomaly in anomalies(made.history())}


def test_a_cycle_is_found_and_nothing_else() -> None:
    graph: Graph = defaultdict(list)
    graph["a"] += [Edge("b", "then")]
    graph["b"] += [Edge("c", "then"), Edge("e", "then")]
    graph["c"] += [Edge("d", "then")]
    assert cycle(graph) == []
    graph["d"] += [Edge("b", "unseen")]
    assert {edge.to for edge in cycle(graph)} == {"b", "c", "d"}


def test_real_time_orders_exactly_who_did_not_overlap() -> None:
    chosen = random.Random(SEED)
    spans = {}
    for n in range(60):
        started = chosen.randrange(100)
        spans[f"o{n}"] = (started, started + chosen.randrange(1, 20))
    graph: Graph = defaultdict(list)
    real_time(graph, spans)
    assert cycle(graph) == []
    for one in spans:
        assert _behind(graph, one) == {o for o in spans if spans[o][0] > spans[one][1]}


def _behind(graph: Graph, node: str) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        for edge in graph.get(waiting.pop(), ()):
            if edge.to not in found:
                found.add(edge.to)
                waiting.append(edge.to)
    return {name for name in found if name.startswith("o")}
