"""The form of the UCI file "Online Retail": lines, and the invoices they make.

Everything here streams: what is kept never grows with the number of lines.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from pathlib import Path

SERVICES = {
    "AMAZONFEE": "fees of the marketplace",
    "B": "bad debt, written up and down",
    "BANK CHARGES": "charges of the bank",
    "C2": "carriage",
    "C3": "carriage",
    "CRUK": "commission for a charity",
    "D": "discount as a line of its own",
    "DOT": "postage of the web shop",
    "M": "entered by hand: corrections without goods",
    "POST": "postage",
    "S": "samples: the charge, the goods have their own lines",
}
"""Codes behind which no goods lie, in any case of letters. A rule over the form of a code does not
do: ``PADS`` and ``DCGSSBOY`` are goods without a digit, ``C2`` is a service with one."""

MAX_LINES = 1000
"""Lines of one document; a longer invoice becomes several."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file. ``customer`` is empty where the file names none."""

    invoice: str
    code: str
    description: str
    quantity: int
    day: date
    unit_price: Decimal
    customer: str
    country: str

    @property
    def amount(self) -> Decimal:
        """Quantity times price, exact, with the sign of the file."""
        return self.quantity * self.unit_price

    @property
    def cancels(self) -> bool:
        """Whether it stands on a cancellation."""
        return self.invoice.startswith("C")


class Kind(StrEnum):
    """What a line is in our books: the code of a document type."""

    SALE = "issue"
    RETURN = "return_from_customer"
    LOSS = "loss"


@dataclass(frozen=True, slots=True)
class Document:
    """Lines of one invoice that go into one document. ``part`` tells the documents of an invoice
    apart, and stays the same from run to run."""

    invoice: str
    kind: Kind
    part: int
    lines: tuple[Line, ...]

    @property
    def key(self) -> str:
        """What its ids are made from."""
        return f"{self.invoice}/{self.kind}/{self.part}"


def read(path: Path) -> Iterator[Line]:
    """The lines of a file, plain or gzipped, in its order.

    Raises ValueError with the line's number where one cannot be read.
    """
    with path.open("rb") as raw:
        packed = path.suffix == ".gz"
        stream = gzip.GzipFile(fileobj=raw) if packed else raw
        rows = csv.DictReader(io.TextIOWrapper(stream, "utf-8-sig", newline=""))
        for number, row in enumerate(rows, 2):
            try:
                yield _line(row)
            except (ArithmeticError, KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {number}: {error!r}") from error


def _line(row: dict[str, str]) -> Line:
    return Line(
        invoice=row["InvoiceNo"].strip(),
        code=row["StockCode"].strip(),
        description=row["Description"].strip(),
        quantity=int(row["Quantity"]),
        day=date.fromisoformat(row["InvoiceDate"][:10]),
        unit_price=Decimal(row["UnitPrice"]),
        customer=row["CustomerID"].strip().removesuffix(".0"),
        country=row["Country"].strip(),
    )


def is_service(code: str) -> bool:
    """Whether no goods lie behind the code."""
    return code.upper() in SERVICES


def kind_of(line: Line) -> Kind | None:
    """What the line is; None if it moves nothing.

    Negative is a return where a customer or money is concerned, and otherwise goods written off.
    """
    if line.quantity == 0:
        return None
    if line.quantity > 0:
        return Kind.SALE
    concerns_customer = line.cancels or line.customer or line.amount or is_service(line.code)
    return Kind.RETURN if concerns_customer else Kind.LOSS


def documents(lines: Iterable[Line]) -> Iterator[Document]:
    """The documents that the lines make, in order: one per invoice, unless it mixes sales with
    returns, or customers, or is too long."""
    for _, of_day in groupby(lines, key=lambda line: line.day):
        parts: dict[tuple[str, Kind], int] = {}
        for invoice, together in groupby(of_day, key=lambda line: line.invoice):
            alike: dict[tuple[Kind, str, str], list[Line]] = {}
            for line in together:
                if (kind := kind_of(line)) is not None:
                    alike.setdefault((kind, line.customer, line.country), []).append(line)
            for (kind, _customer, _country), found in alike.items():
                for start in range(0, len(found), MAX_LINES):
                    part = parts[invoice, kind] = parts.get((invoice, kind), 0) + 1
                    chunk = tuple(found[start : start + MAX_LINES])
                    yield Document(invoice, kind, part, chunk)
