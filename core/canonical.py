"""One spelling of a value: the same input gives the same bytes, whoever wrote it down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID


def plain_decimal(number: Decimal) -> str:
    """A decimal without exponent, trailing zeros or negative zero: ``1.50`` and ``1.5`` agree."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


_PLAIN = frozenset({type(None), bool, int, str})


@lru_cache(maxsize=1024)
def _names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def plain(value: Any) -> Any:
    """``value`` as JSON knows it; decimals become strings, absent (None) fields are left out.

    Raises TypeError for a float: it has no one decimal spelling.
    """
    if type(value) in _PLAIN:  # most values are, and the match below takes them one by one
        return value
    match value:
        case Enum():
            return plain(value.value)
        case int() | str():
            return value
        case Decimal():
            return plain_decimal(value)
        case UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(k): plain(v) for k, v in value.items() if v is not None}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return plain({name: getattr(value, name) for name in _names(type(value))})
        case list() | tuple():
            return [plain(v) for v in value]
        case set() | frozenset():
            return sorted(plain(v) for v in value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def canonical(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no blanks, UTF-8.

    Lone surrogates pass here because the raw input is hashed before it is cleaned.
    """
    text = json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")
