"""Judges what many clients were told while they all wrote and read (G13). Pure: it knows nothing of HTTP.

Three checks in one. *Set*: a document that was acknowledged is in every later read. *Bank*: what a read
shows is the sum of the documents up to the posting number it saw, and what is only moved about keeps its
sum. *List append*: the entries of a balance, and the journal of all documents, are lists that only grow, so
that every read tells how far it saw; put together with who was finished before whom began, the order of all
operations must have no cycle.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import NamedTuple

from tests.races.order import Edge, Graph, cycle, real_time

ZERO = Decimal(0)
JOURNAL = "journal"
"""The list of all documents by posting number; the other lists are balances."""


class Anomaly(NamedTuple):
    """Something that must not be; ``kind`` is its name in the literature, where it has one."""

    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Write:
    """A document that somebody sent, in nanoseconds of one clock from the sending to the answer.

    ``moves`` are its quantities by balance; ``sequence`` is the posting number it was answered with, None
    if it was refused. ``saw``: how much of other lists it was decided by, where that is known; ``told``:
    what a refusal said is there.
    """

    document: str
    started: int
    ended: int
    moves: Mapping[str, Decimal]
    sequence: int | None = None
    saw: Mapping[str, int] = field(default_factory=dict)
    told: Mapping[str, Decimal] = field(default_factory=dict)


class Element(NamedTuple):
    """An entry in the list of a balance: whose, how much, and the balance shown behind it."""

    document: str
    quantity: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """The end of a list, from a position on."""

    start: int
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What one request showed of one moment: how many postings there were, the newest of them (the last
    is the newest), balances, ends of lists, and what is still free of an item."""

    started: int
    ended: int
    postings: int
    newest: tuple[str, ...] = ()
    balances: Mapping[str, Decimal] = field(default_factory=dict)
    lists: Mapping[str, Part] = field(default_factory=dict)
    free: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """All of it. ``final`` was read when everything was over, and shows every list from its beginning;
    its ``newest`` is the whole journal. ``closed``: balances among which goods are only moved, with
    their sum, in reads from posting number ``opened`` on."""

    writes: Sequence[Write]
    reads: Sequence[Read]
    final: Read
    closed: Sequence[tuple[frozenset[str], Decimal]] = ()
    opened: int = 0


def anomalies(history: History) -> list[Anomaly]:
    """Everything that must not be; empty for a history that one shelf and one clerk could have made."""
    return [*_Judge(history).found()]


class _Judge:
    def __init__(self, history: History) -> None:
        self.history = history
        self.writes = {w.document: w for w in history.writes}
        self.acked = [w for w in history.writes if w.sequence is not None]
        self.journal = history.final.newest
        self.number = {document: n for n, document in enumerate(self.journal, 1)}
        self.lists = {key: part.elements for key, part in history.final.lists.items()}
        self.place = {
            key: {e.document: n for n, e in enumerate(elements)}
            for key, elements in self.lists.items()
        }
        self.numbers = {
            key: [self.number.get(e.document, 0) for e in elements]
            for key, elements in self.lists.items()
        }
        self.sums = {key: self._sums(key) for key in self.lists}

    def found(self) -> Iterator[Anomaly]:
        yield from self._final()
        yield from self._visible()
        for read in [*self.history.reads, self.history.final]:
            yield from self._strangers(read)
            yield from self._bank(read)
            yield from self._prefixes(read)
        yield from self._refusals()
        yield from self._order()

    def _sums(self, key: str) -> list[Decimal]:
        """The balance behind each posting number, beginning with none."""
        moved = (
            self.writes[d].moves.get(key, ZERO) if d in self.writes else ZERO for d in self.journal
        )
        return [*accumulate(moved, initial=ZERO)]

    def _final(self) -> Iterator[Anomaly]:
        """What is in the books in the end: what was acknowledged, once, and nothing else."""
        for document, times in Counter(self.journal).items():
            if times > 1:
                yield Anomaly("double append", f"{document} is {times} times in the journal")
        for key, elements in self.lists.items():
            for document, times in Counter(e.document for e in elements).items():
                if times > 1:
                    yield Anomaly("double append", f"{document} is {times} times in {key}")
            running = ZERO
            for element in elements:
                running += element.quantity
                if element.after != running:
                    what = f"{key} is {element.after} behind {element.document}, not {running}"
                    yield Anomaly("lost update", what)
                    break
            if self.history.final.balances.get(key, ZERO) != running:
                yield Anomaly("lost update", f"{key} is not the sum of its entries, {running}")
        for write in self.acked:
            if write.document not in self.number:
                yield Anomaly("lost ack", f"{write.document} is not in the journal")
            elif self.number[write.document] != write.sequence:
                yield Anomaly("lost ack", f"{write.document} was {write.sequence}, but is not")
            for key, quantity in write.moves.items():
                at = self.place.get(key, {}).get(write.document)
                if at is None:
                    yield Anomaly("lost ack", f"{write.document} is not in {key}")
                elif self.lists[key][at].quantity != quantity:
                    yield Anomaly("lost update", f"{write.document} moved other than {quantity}")

    def _visible(self) -> Iterator[Anomaly]:
        """What was acknowledged before a read began is in it."""
        by_end = sorted(self.acked, key=lambda w: w.ended)
        ends = [w.ended for w in by_end]
        newest = [*accumulate((w.sequence or 0 for w in by_end), max, initial=0)]
        last: dict[str, tuple[list[int], list[int]]] = {}
        for key, places in self.place.items():
            own = [w for w in by_end if w.document in places]
            seen = accumulate((places[w.document] + 1 for w in own), max, initial=0)
            last[key] = ([w.ended for w in own], [*seen])
        for read in self.history.reads:
            known = newest[bisect_left(ends, read.started)]
            if read.postings < known:
                what = f"a read saw {read.postings} postings, {known} were acknowledged"
                yield Anomaly("stale read", what)
            for key, part in read.lists.items():
                ended, lengths = last.get(key, ([], [0]))
                length = lengths[bisect_left(ended, read.started)]
                if part.start + len(part.elements) < length:
                    yield Anomaly("stale read", f"a read saw less of {key} than {length} entries")

    def _strangers(self, read: Read) -> Iterator[Anomaly]:
        """Nobody sees what was refused, what nobody sent, or what was not sent yet."""
        seen = {e.document for part in read.lists.values() for e in part.elements}
        for document in sorted(seen | set(read.newest)):
            write = self.writes.get(document)
            if write is None or write.sequence is None:
                yield Anomaly("aborted read", f"{document} was seen, but never acknowledged")
            elif write.started > read.ended:
                yield Anomaly("dirty read", f"{document} was seen before it was sent")

    def _bank(self, read: Read) -> Iterator[Anomaly]:
        """A read shows one moment, and that moment adds up."""
        for key, quantity in read.balances.items():
            if quantity < 0:
                yield Anomaly("negative read", f"{key} was seen at {quantity}")
            sums = self.sums.get(key, [ZERO])
            expected = sums[min(read.postings, len(sums) - 1)]
            if quantity != expected:
                what = f"{key} was seen at {quantity}, not {expected}, at {read.postings}"
                yield Anomaly("dirty read", what)
        for keys, total in self.history.closed:
            if read.postings >= self.history.opened and keys <= read.balances.keys():
                there = sum((read.balances[key] for key in keys), ZERO)
                if there != total:
                    yield Anomaly(
                        "dirty read", f"{there} of {total} were seen among {sorted(keys)}"
                    )
        for item, free in read.free.items():
            if free < 0:
                yield Anomaly(
                    "write skew", f"{free} of {item} were free: each sale alone left enough"
                )

    def _prefixes(self, read: Read) -> Iterator[Anomaly]:
        """All readers of a list saw the same one, each as far as it went at the read's moment."""
        for key, part in read.lists.items():
            known = self.lists.get(key, ())
            end = part.start + len(part.elements)
            if known[part.start : end] != part.elements:
                yield Anomaly("fork", f"two readers saw {key} in different order")
            expected = bisect_right(self.numbers.get(key, ()), read.postings)
            if end != expected:
                yield Anomaly("dirty read", f"{end} entries of {key} were seen, not {expected}")
        first = read.postings - len(read.newest)
        if self.journal[first : read.postings] != read.newest:
            yield Anomaly("fork", f"the journal was seen in another order at {read.postings}")

    def _refusals(self) -> Iterator[Anomaly]:
        """What a refusal says is there was there at some moment between the sending and the answer."""
        by_end = sorted(self.acked, key=lambda w: w.ended)
        by_start = sorted(self.acked, key=lambda w: w.started)
        ends, starts = [w.ended for w in by_end], [w.started for w in by_start]
        done = [*accumulate((w.sequence or 0 for w in by_end), max, initial=0)]
        all_ = len(self.journal)
        ahead = accumulate(((w.sequence or 1) - 1 for w in reversed(by_start)), min, initial=all_)
        first = [*ahead][::-1]
        for write in self.history.writes:
            low = done[bisect_left(ends, write.started)]
            high = first[bisect_left(starts, write.ended)]
            for key, quantity in write.told.items():
                if quantity not in self.sums.get(key, [ZERO])[low : high + 1]:
                    what = f"{write.document} was told of {quantity} in {key}, which it never was"
                    yield Anomaly("stale read", what)

    def _order(self) -> Iterator[Anomaly]:
        """Whoever saw something comes behind it and before what it did not see."""
        graph: Graph = defaultdict(list)
        spans = {d: (w.started, w.ended) for d, w in self.writes.items() if d in self.number}
        lists = {JOURNAL: self.journal} | {
            key: tuple(e.document for e in elements) for key, elements in self.lists.items()
        }
        for elements in lists.values():
            for one, next_ in pairwise(elements):
                graph[one].append(Edge(next_, "then"))
        for n, read in enumerate(self.history.reads):
            name = f"read {n}"
            spans[name] = (read.started, read.ended)
            lengths = {key: p.start + len(p.elements) for key, p in read.lists.items()}
            _sees(graph, name, lists, {**lengths, JOURNAL: read.postings})
        for write in self.acked:
            _sees(graph, write.document, lists, write.saw)
        real_time(graph, spans)
        if found := cycle(graph):
            unseen = sum(edge.why == "unseen" for edge in found)
            why = " ".join(f"{edge.why} {edge.to};" for edge in found)
            yield Anomaly("write skew" if unseen > 1 else "cycle", why)


def _sees(
    graph: Graph, name: str, lists: Mapping[str, tuple[str, ...]], lengths: Mapping[str, int]
) -> None:
    """The edges of an operation that saw so much of these lists."""
    for key, length in lengths.items():
        elements = lists.get(key, ())
        if 0 < length <= len(elements) and elements[length - 1] != name:
            graph[elements[length - 1]].append(Edge(name, "seen by"))
        if length < len(elements) and elements[length] != name:
            graph[name].append(Edge(elements[length], "unseen"))
