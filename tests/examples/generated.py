"""Files of the form of the real one, as long as a test wants them."""

from __future__ import annotations

import csv
import gzip
from datetime import date, timedelta
from pathlib import Path

DAY = date(2010, 12, 1)
COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)


def generated(folder: Path, invoices: int) -> Path:
    """A file of the same form with three lines an invoice and prices to three decimals."""
    path = folder / f"{invoices}.csv.gz"
    with gzip.open(path, "wt", newline="", encoding="utf-8") as packed:
        rows = csv.writer(packed, lineterminator="\n")
        rows.writerow(COLUMNS)
        for number in range(invoices):
            day = DAY + timedelta(days=number * 60 // invoices)
            for n in range(3):
                code, price = f"{20000 + (number + n) % 300}", f"{(number + n) % 7}.{n:03}"
                head = (str(600000 + number), code, "A", str(1 + n))
                rows.writerow((*head, f"{day} 09:00:00", price, f"{12000 + number % 50}.0", "UK"))
    return path
