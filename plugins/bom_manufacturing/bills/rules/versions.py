"""Versions of bills over time: which of them is in force on a day."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from plugins.bom_manufacturing.bills.rules.bom import effective
from plugins.bom_manufacturing.bills.rules.records import Bom, Boms, Item


class Versions:
    """Versions of how items are made. An item's are put in order of days once, when it is first asked for:
    a plan asks for each of its orders."""

    def __init__(self, boms: Iterable[Bom] = ()) -> None:
        self._versions: dict[Item, list[Bom]] = defaultdict(list)
        for bom in boms:
            self._versions[bom.item].append(bom)
        self._spans: dict[Item, tuple[list[date], list[Bom | None]]] = {}

    def __iter__(self) -> Iterator[Item]:
        """Items that are made, by any version."""
        return iter(self._versions)

    def of(self, item: Item) -> Sequence[Bom]:
        """All versions of an item."""
        return self._versions.get(item, ())

    def in_force(self, item: Item, day: date | None) -> Bom | None:
        """The version of an item in force on a day; without a day, the one that comes into force last."""
        if item not in self._versions:
            return None
        if day is None:
            return effective(self._versions[item], None)
        if item not in self._spans:
            self._spans[item] = _spans(self._versions[item])
        starts, found = self._spans[item]
        return found[bisect_right(starts, day) - 1]

    def on(self, day: date | None) -> Boms:
        """The versions in force on a day."""
        return _OnDay(self, day)


def _spans(versions: Sequence[Bom]) -> tuple[list[date], list[Bom | None]]:
    """The days on which the version in force may change, and which it is from then on."""
    starts = {date.min, *(bom.valid_from for bom in versions if bom.valid_from)}
    ends = (bom.valid_until for bom in versions if bom.valid_until)
    starts.update(day + timedelta(1) for day in ends if day < date.max)
    days = sorted(starts)
    return days, [effective(versions, day) for day in days]


class _OnDay(Mapping[Item, Bom]):
    """Versions as they are on one day, looked up as they are asked for."""

    def __init__(self, versions: Versions, day: date | None) -> None:
        self._versions, self._day = versions, day

    def __getitem__(self, item: Item) -> Bom:
        found = self._versions.in_force(item, self._day)
        if found is None:
            raise KeyError(item)
        return found

    def __iter__(self) -> Iterator[Item]:
        return (item for item in self._versions if item in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
