"""What shall become of goods, by pieces: which are where, of which batch, expired or recalled. Those without
a number are told apart only by batch and place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

MAIN, SHOP = "MAIN", "SHOP"
PLACES = (MAIN, SHOP)
SOLD, LOST, SCRAPPED, UNDONE = "sold", "lost", "scrapped", "inactive"
EXPIRY = {"B1": 6, "B2": 16, "B3": 26}
"""The last good day of each batch."""
LAST_DAY = 28


@dataclass(eq=False)
class Piece:
    """One piece: its number, where there are such; ``came`` is the day it first came, ``moves`` how often
    it has moved."""

    number: str
    batch: str | None
    came: int
    at: str
    moves: int = 1

    def go(self, where: str) -> None:
        self.at = where
        self.moves += 1


@dataclass
class Deed:
    """A posted document: where each of its pieces came from and went, and how often each had moved then."""

    document: UUID
    came_in: bool
    pieces: list[Piece]
    source: str
    target: str
    day: int
    counts: int
    """How often something had been counted by then."""
    moved: list[int] = field(init=False)
    undone: bool = False

    def __post_init__(self) -> None:
        self.moved = [piece.moves for piece in self.pieces]


@dataclass
class Goods:
    """The pieces of one item. ``batches`` and ``numbers`` say which modules keep it."""

    batches: bool
    numbers: bool
    day: int = 2
    pieces: list[Piece] = field(default_factory=list)
    recalled: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    """Batches that have come."""
    deeds: list[Deed] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)
    """The places that were counted, one after the other."""

    def expired(self, batch: str | None) -> bool:
        return batch is not None and EXPIRY[batch] < self.day

    def stopped(self, batch: str | None) -> bool:
        return batch in self.recalled

    def at(self, where: str, batch: str | None = None) -> list[Piece]:
        """What is there, in the order in which it came."""
        return [one for one in self.pieces if one.at == where and batch in (None, one.batch)]

    def fit(self, place: str, *, sold: bool) -> list[Piece]:
        """What may leave a place, first expired first: nothing expired; nothing recalled is sold."""
        good = [
            one
            for one in self.at(place)
            if not self.expired(one.batch) and not (sold and self.stopped(one.batch))
        ]
        return sorted(good, key=self.rank)

    def rank(self, piece: Piece) -> tuple[int, int]:
        """What goes first. Of pieces without a number, all of a batch are as old as its first."""
        return EXPIRY[piece.batch] if piece.batch else 0, piece.came if self.numbers else 0

    def forbids_number(self, piece: Piece, place: str) -> set[str]:
        """The codes with which a sale of a number may be refused; none where it is good."""
        if piece.at not in PLACES:
            return {"SERIAL_NUMBERS_NOT_ALLOWED"}
        if piece.at != place:
            return {"SERIAL_NUMBERS_WRONG_PLACE"}
        return self._forbids(piece.batch)

    def forbids_batch(self, batch: str, place: str, count: int) -> set[str]:
        """The same for a sale of so many of a batch."""
        if batch not in self.known:
            return {"NOT_FOUND"}
        short = {"OUT_OF_STOCK"} if len(self.at(place, batch)) < count else set()
        return short | self._forbids(batch)

    def _forbids(self, batch: str | None) -> set[str]:
        found = {"FOOD_BATCHES_EXPIRED"} if self.expired(batch) else set()
        if self.stopped(batch):
            found |= {"ON_HOLD", "OUT_OF_STOCK", "FOOD_BATCHES_NOT_RELEASED"}
        return found

    def undoing(self, deed: Deed) -> bool | None:
        """Whether a document can be undone; None where pieces went and came back, and either is right. On
        its own day nothing is undone that a count has found since."""
        if not self.numbers:
            if deed.target not in PLACES:
                return True
            wanted = Counter(piece.batch for piece in deed.pieces)
            return all(len(self.at(deed.target, batch)) >= n for batch, n in wanted.items())
        counted = self.day == deed.day and deed.target in self.counts[deed.counts :]
        if counted or any(piece.at != deed.target for piece in deed.pieces):
            return False
        still = [piece.moves for piece in deed.pieces] == deed.moved
        return True if still else None

    def undo(self, deed: Deed) -> None:
        """Take the pieces back; those without a number are any of their batch."""
        deed.undone = True
        back = UNDONE if deed.came_in and deed.source == "supplier" else deed.source
        if self.numbers:
            for piece in deed.pieces:
                piece.go(back)
            return
        for batch, n in Counter(piece.batch for piece in deed.pieces).items():
            there = self.at(deed.target, batch)[:n]
            for piece in there:
                piece.go(back)
            for _ in range(n - len(there)):  # brought back already by somebody, as nobody can tell
                self.pieces.append(Piece("", batch, self.day, back))

    def stock(self) -> Counter[tuple[str, str | None, str]]:
        """What is where: by number, batch and place."""
        return Counter(
            (one.number if self.numbers else "", one.batch, one.at)
            for one in self.pieces
            if one.at in PLACES
        )

    def states(self) -> dict[str, str]:
        """What became of each number."""
        return {one.number: "in_stock" if one.at in PLACES else one.at for one in self.pieces}


def alike(pieces: Iterable[Piece], goods: Goods) -> Counter[tuple[str | None, tuple[int, int]]]:
    """Pieces as far as it matters which were taken."""
    return Counter((one.batch, goods.rank(one)) for one in pieces)


def chosen(there: Sequence[Piece], bits: int) -> list[Piece]:
    """Some of these."""
    return [piece for n, piece in enumerate(there) if bits >> n & 1]
