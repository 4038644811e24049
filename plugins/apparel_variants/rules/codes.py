"""Codes of variants, and barcodes with their check digits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count, islice

from core.plugin_api import Refusal, Refused, define

LENGTH = 13
"""Digits of the barcodes that are given, the last of them the check digit (EAN-13, GTIN-13)."""
IN_HOUSE = tuple(str(n) for n in range(20, 30))
"""Prefixes that GS1 leaves to each shop for numbers of its own."""

NUMBERS_USED_UP = define(
    "APPAREL_VARIANTS_NUMBERS_USED_UP",
    en="There are {left} barcodes left behind the prefix {prefix}, fewer than are needed ({needed}).",
    zh="前缀 {prefix} 仅剩 {left} 个条码,少于所需的 {needed} 个。",
)


def variant_code(style: str, colour: str | None, size: str | None, separator: str = "-") -> str:
    """The code of a variant: its style, colour and size, as far as it has them."""
    return separator.join(part for part in (style, colour, size) if part is not None)


def variant_name(style: str, colour: str | None, size: str | None) -> str:
    """What people call a variant."""
    return " ".join(part for part in (style, colour, size) if part is not None)


def check_digit(digits: str) -> str:
    """The check digit of GS1 behind these digits: weights 3 and 1 in turn, from the right."""
    total = sum(int(digit) * (3 if n % 2 == 0 else 1) for n, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def barcode(prefix: str, number: int) -> str:
    """The barcode of this number behind a prefix: a company's own of GS1, or an in-house one."""
    digits = f"{prefix}{number:0{LENGTH - 1 - len(prefix)}d}"
    if len(digits) != LENGTH - 1:
        raise ValueError(f"{number} does not fit behind {prefix}")
    return digits + check_digit(digits)


def capacity(prefix: str) -> int:
    """How many numbers there are behind a prefix."""
    return int(10 ** (LENGTH - 1 - len(prefix)))


def numbers(prefix: str, first: int, taken: Iterable[str], wanted: int) -> Sequence[int]:
    """The next ``wanted`` numbers from ``first`` on whose barcodes nobody has yet. Raises Refused."""
    used = set(taken)
    most = capacity(prefix)
    fresh = (n for n in count(first) if n >= most or barcode(prefix, n) not in used)
    found = list(islice(fresh, wanted))
    if found and found[-1] >= most:
        left = sum(n < most for n in found)
        details = {"prefix": prefix, "left": left, "needed": wanted}
        raise Refused(Refusal(NUMBERS_USED_UP, (), details))
    return found


def is_gtin(code: str) -> bool:
    """Whether this is a code of a length that GS1 knows, with its check digit."""
    if len(code) not in (8, 12, 13, 14) or not (code.isascii() and code.isdigit()):
        return False
    return check_digit(code[:-1]) == code[-1]
