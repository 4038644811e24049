"""What the statements of a transaction say about its locks (rules 3.1, 3.2 and 3.4).

Stored documents are locked first, then the item guards, each in one order that all share; what they guard
is read and written afterwards; the tenant's sequence row is the last to be locked. Pure: it judges
statements as they were sent, and knows nothing of who sent them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

DOCUMENTS, GUARDS, SEQUENCE = "documents", "guards", "sequence"

GUARDED = {"balance", "pool", "layer", "promise", "hold", "standard_cost"}
"""What an item's guard guards: read and written behind it."""
WRITTEN_BEHIND_GUARDS = GUARDED | {"entry", "layer_entry", "item_guard"}
"""The journal is append-only: late news looks into it to learn which items to lock."""
PERIODS = {"period_balance", "period_pool"}
"""Written behind guards by a posting, by the close of a period behind the sequence row."""
PROGRESS = {"document", "document_line", "line_progress"}

_LOCKS = {
    GUARDS: re.compile(r"\bfrom item_guard\b.* order by (\w+\.)?item_id for update\b"),
    DOCUMENTS: re.compile(r"\bfrom document\b.* order by (\w+\.)?id for update\b"),
    SEQUENCE: re.compile(r"\bupdate tenant_sequence\b"),
}
_UNORDERED = re.compile(r"\bfrom (item_guard|document)\b.* for (no key )?update\b")
_READS = re.compile(r"\b(?:from|join) (?:only )?(?:public\.)?\"?(\w+)\"?")
_WRITES = re.compile(r"\b(insert into|update|delete from) (?:only )?(?:public\.)?\"?(\w+)\"?")


def locks(statements: Sequence[str]) -> set[str]:
    """Which of the three kinds of locks the transaction takes."""
    plain = [_plain(statement) for statement in statements]
    return {kind for kind, pattern in _LOCKS.items() if any(map(pattern.search, plain))}


def writes(statements: Sequence[str]) -> set[str]:
    """The tables it writes."""
    return {table for s in statements for _, table in _written(_plain(s))}


def faults(statements: Sequence[str], *, read_before: frozenset[str] = frozenset()) -> list[str]:
    """What a transaction that writes does in the wrong order, one sentence each. ``read_before``:
    guarded tables of which it may read before it locks."""
    held: set[str] = set()
    fresh = False  # whether a document was read behind its lock
    found: list[str] = []
    for statement in map(_plain, statements):
        taken = {kind for kind, pattern in _LOCKS.items() if pattern.search(statement)}
        read, written = set(_READS.findall(statement)), _written(statement)
        changed = {table for _, table in written}
        seen = (read & GUARDED) - (set() if held & {GUARDS} else read_before)
        if _UNORDERED.search(statement) and not taken & {GUARDS, DOCUMENTS}:
            found.append(f"locks without the common order: {statement}")
        found += _in_turn(taken, held, statement)
        if (seen or changed & WRITTEN_BEHIND_GUARDS) and GUARDS not in held:
            found.append(f"touches what the guards guard before it holds them: {statement}")
        if changed & PERIODS and not held & {GUARDS, SEQUENCE}:
            found.append(f"writes periods without a lock: {statement}")
        steps = {t for verb, t in written if t in PROGRESS and not _makes_documents(verb, t)}
        if steps and DOCUMENTS not in held:
            found.append(f"changes a document it did not lock: {statement}")
        elif steps and not fresh:
            found.append(f"changes a document it did not read behind its lock: {statement}")
        fresh |= DOCUMENTS in held and bool(read & PROGRESS)
        held |= taken
    return found


def _in_turn(taken: set[str], held: set[str], statement: str) -> list[str]:
    """Documents, guards, the sequence row: whoever takes them the other way round may deadlock."""
    order = (DOCUMENTS, GUARDS, SEQUENCE)
    return [
        f"locks {kind} behind {later}: {statement}"
        for n, kind in enumerate(order)
        for later in order[n + 1 :]
        if kind in taken and later in held
    ]


def _makes_documents(verb: str, table: str) -> bool:
    """New rows of documents have nothing to lock; progress belongs to a document that is there."""
    return verb == "insert into" and table != "line_progress"


def _written(statement: str) -> list[tuple[str, str]]:
    # ``do update set`` and ``for update`` write nothing of another name.
    return [(v, t) for v, t in _WRITES.findall(statement) if t not in ("set", "of", "nowait")]


def _plain(statement: str) -> str:
    return " ".join(statement.lower().replace('"', "").split())
