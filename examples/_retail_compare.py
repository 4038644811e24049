"""What the server says at the end, beside the straight sums over the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from examples._graphql import Client
from examples._retail_file import Kind
from examples._retail_sums import Sums

_SALES = """
query Sales($group: SalesGroup!, $first: Int, $after: String) {
  sales(groupBy: $group, first: $first, after: $after) {
    nodes { key soldNet returnedNet party { code } }
    pageInfo { hasNextPage endCursor }
  }
}"""
_STOCK = """
query Stock($first: Int, $after: String) {
  stock(first: $first, after: $after) {
    nodes { quantity item { code } }
    pageInfo { hasNextPage endCursor }
  }
}"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure, or many of one kind: how many agree, and those that do not, as (key, in the file,
    in the books)."""

    what: str
    total: Decimal
    agreeing: int
    differences: list[tuple[str, Decimal, Decimal]]


async def compare(api: Client, sums: Sums) -> list[Comparison]:
    """Every figure of the file against the API."""
    sold, returned, days = Decimal(0), Decimal(0), {}
    async for row in api.nodes(_SALES, group="DAY"):
        sold += Decimal(row["soldNet"])
        returned += Decimal(row["returnedNet"])
        days[row["key"]] = _net(row)
    countries = {row["key"] or "": _net(row) async for row in api.nodes(_SALES, group="COUNTRY")}
    customers = {
        row["party"]["code"] if row["party"] else "": _net(row)
        async for row in api.nodes(_SALES, group="PARTY")
    }
    # In files of this form a few lines may sell on a cancellation, or take back on an invoice.
    misplaced = sums.by_kind[Kind.SALE] - sums.without_cancellations
    on_hand = {code: Decimal(units) for code, units in sums.on_hand().items()}
    return [
        _one("sales without cancellations", sums.without_cancellations, sold - misplaced),
        _one("cancellations", sums.cancellations, misplaced - returned),
        _many("revenue per day", sums.by_day, days),
        _many("revenue per country", sums.by_country, countries),
        _many("revenue per customer", sums.by_customer, customers),
        _many("units on hand per code", on_hand, await _stock(api)),
    ]


def _net(row: Mapping[str, str]) -> Decimal:
    return Decimal(row["soldNet"]) - Decimal(row["returnedNet"])


async def _stock(api: Client) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    async for row in api.nodes(_STOCK):
        code = row["item"]["code"]
        found[code] = found.get(code, Decimal(0)) + Decimal(row["quantity"])
    return found


def _one(what: str, in_file: Decimal, in_books: Decimal) -> Comparison:
    return _many(what, {what: in_file}, {what: in_books})


def _many(what: str, in_file: Mapping[str, Decimal], in_books: Mapping[str, Decimal]) -> Comparison:
    differences = []
    keys = in_file.keys() | in_books.keys()
    for key in sorted(keys):
        pair = in_file.get(key, Decimal(0)), in_books.get(key, Decimal(0))
        if pair[0] != pair[1]:
            differences.append((key, *pair))
    total = sum(in_books.values(), Decimal(0))
    return Comparison(what, total, len(keys) - len(differences), differences)
