"""What plugins may read of core's tables by SQL of their own.

A list or a trace over a hundred thousand rows is one statement that joins a plugin's tables with core's, not
a call of the door for each row. For that the tables named here are part of the door: a column keeps its name
and its meaning from version to version. Nobody but core writes them, and the others are nobody's to read.
"""

from __future__ import annotations

from collections.abc import Mapping

READABLE: Mapping[str, str] = {
    "item": "Items. `code_key` is the code as it is compared; `changed` grows with every change of any item.",
    "category": "Categories of items; `path` leads from the root to the category itself.",
    "unit": "Units of measure.",
    "item_unit": "Further units of an item, with their exact ratio to its base unit.",
    "barcode": "Barcodes of items and their units.",
    "party": "Suppliers and customers; one may be both.",
    "place": "Places: organisations, stores, warehouses, bins, and the accounts that value comes from and"
    " goes to. `path` leads from the root to the place itself.",
    "document": "Documents: drafts, orders, and what is in the books (`state`, `sequence`). A mirror names"
    " what it reverses.",
    "document_line": "Their lines; `quantity` is in base units.",
    "line_progress": "How far a line was carried out by documents that go back to it; no row, nothing yet.",
    "lot": "Lots of items: goods of one identity.",
    "balance": "What is there, by item, place and lot, the nil id where goods have no lot. Rows may be zero:"
    " `there` says whether anything is.",
    "pool": "What stock is worth, by the scope in which costs are pooled.",
    "standard_cost": "Standard costs, by the day since which they hold.",
    "entry": "The journal: what each document moved from place to place, and its value. Never changed;"
    " corrections are entries of their own that name the event they correct.",
    "promise": "What orders promise of stock, and what is on its way in (`incoming`), as far as it is open.",
    "hold": "Goods on hold: an item, narrowed by place and lot where these are named.",
}
"""Tables by name, with what a row is. ``tenant_id`` comes first in each, and every statement names it."""
