"""Ids: UUID version 7 (RFC 9562). Ids made later sort later, so indexes grow at their end."""

from __future__ import annotations

import secrets
import time
from uuid import UUID

NIL = UUID(int=0)
"""Stands for "no lot", "no document": a null cannot stand in a primary key (ledger rule 1.4)."""

_MS = 1_000_000


def uuid7() -> UUID:
    """A new id, ordered by the clock to about a quarter of a microsecond (RFC 9562, section 6.2,
    method 3: the twelve bits after the milliseconds carry their fraction)."""
    milliseconds, nanoseconds = divmod(time.time_ns(), _MS)
    fraction = nanoseconds * 4096 // _MS
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76 | fraction << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)
