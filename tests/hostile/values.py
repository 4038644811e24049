"""Values that no input of their type admits, with the codes they may be refused with."""

from __future__ import annotations

from typing import Any

TYPE = frozenset({"BAD_USER_INPUT"})
TEXT = frozenset({"BAD_TEXT"})
LONG = frozenset({"TOO_LONG"})
REQUIRED = frozenset({"REQUIRED"})
NOT_FOUND = frozenset({"NOT_FOUND"})
UNITS = frozenset({"NOT_FOUND", "NOT_A_UNIT_OF_ITEM", "UNIT_OF_BARCODE"})

DECIMALS: list[Any] = [
    "1e400", "1E+1000000", "NaN", "sNaN", "Infinity", "-Infinity", "", " 1", "1 ", "+1", "1.", ".5",
    "0x10", "1_000", "１２", "1,5", "--1", "9" * 19, "0." + "1" * 13, "1" * 100_000, "1;SELECT 1",
    1, 1.5, 12345678901234.567891, True, 10**30,
]  # fmt: skip

DATES: list[Any] = [
    "2026-02-30", "2026-13-01", "2026-00-10", "0000-01-01", "20260102", "2026-1-1", "10000-01-01",
    "99999-01-01", "-0001-01-01", "2026-01-01T00:00:00Z", "today", "infinity", "", "２026-01-01",
    20260101, True,
]  # fmt: skip

MOMENTS: list[Any] = [
    "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+99:00",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "now", "infinity", "", 1767225600,
]  # fmt: skip

UUIDS: list[Any] = [
    "", "x", "018f4e2a00007000800000000000000a", "{018f4e2a-0000-7000-8000-000000000000}",
    "urn:uuid:018f4e2a-0000-7000-8000-000000000000", "018f4e2a-0000-7000-8000-00000000000g",
    "018f4e2a-0000-7000-8000-000000000000 ", 1, True,
]  # fmt: skip

INTS: list[Any] = [2**31, -(2**31) - 1, 2**63, 10**30, 1.5, "1", "", True]

UNSTORABLE = ["a\0b", "\ud800", "x\udc00", "\x1b[31m", "\x7f", "\x85"]

IDS: list[Any] = [
    "", "x", "0", 5, "'; DROP TABLE item; --", "x" * 100_000, "..", "SXRlbTo=", "SXRlbTp4", "可乐",
    # Another spelling of a right id: without its padding, and with a UUID in upper case.
    "SXRlbTowMThmNGUyYS0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMEE=",
]  # fmt: skip

ENUMS: list[Any] = ["NOPE", "", 1, True, 'X"; DROP TABLE item; --', "__typename"]

HUGE = "x" * 100_000

OF_TYPE: dict[str, list[Any]] = {
    "Decimal": DECIMALS,
    "Date": DATES,
    "DateTime": MOMENTS,
    "UUID": UUIDS,
    "Int": INTS,
    "Boolean": ["true", "", 1, 0],
    "ID": [True, 1.5],
    "String": [5, True, 1.5],
}
"""Refused with BAD_USER_INPUT."""

PER_TEXT: dict[str, list[tuple[str, frozenset[str]]]] = {
    "code": [
        ("", REQUIRED),
        ("   ", REQUIRED),
        ("\u202eKEG", TEXT),
        ("KE\u200bG", TEXT),
        ("\u2066x\u2069", TEXT),
        ("x" * 65, LONG),
        ("\U0001f600" * 65, LONG),
    ],
    "name": [("", REQUIRED), ("\t", TEXT), ("x" * 256, LONG)],
}
"""What a text may not be in the fields of these names."""

TOO_LONG = {
    "type": frozenset({"UNKNOWN_DOCUMENT_TYPE"}),
    "zone": frozenset({"UNKNOWN_ZONE"}),
    "roles": frozenset({"UNKNOWN_ROLE"}),
    "currency": frozenset({"INVALID_SETTING"}),
    "accountingZone": frozenset({"INVALID_SETTING"}),
    "approvalRequired": frozenset({"INVALID_SETTING"}),
    "csv": frozenset({"IMPORT_NO_ROWS"}),
    "base64": frozenset({"INVALID"}),
}
"""Where a text is one of a few, a long one is refused as none of them."""
