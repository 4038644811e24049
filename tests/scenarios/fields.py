"""Reads the fields of a step or of a row, by type, and knows which were never read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from tests.scenarios.model import Broken, NotYet

T = TypeVar("T")
K = TypeVar("K")
REQUIRED: Any = object()


class Fields:
    """Typed access. A field that no one read was not understood, so :meth:`finish` says "not
    yet".
    """

    def __init__(self, where: str, raw: Mapping[str, Any]) -> None:
        self._where = where
        self._raw = raw
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def number(self, name: str, default: T = REQUIRED) -> Decimal | T:
        """An exact number."""
        value = self._get(name, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        return self._checked(value, Decimal, default, f"{name} is not a number")

    def whole(self, name: str, default: T = REQUIRED) -> int | T:
        """A whole number."""
        return self._checked(
            self._get(name, default), int, default, f"{name} is not a whole number"
        )

    def text(self, name: str, default: T = REQUIRED) -> str | T:
        """A text; numbers are taken as they were written, for codes such as 1001."""
        value = self._get(name, default)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return str(value)
        return self._checked(value, str, default, f"{name} is not a text")

    def flag(self, name: str) -> bool:
        """True or false; false if not said."""
        return self._checked(self._get(name, False), bool, False, f"{name} is not true or false")

    def day(self, name: str, default: T = REQUIRED) -> date | T:
        """A date."""
        value = self.text(name, default)
        if not isinstance(value, str):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise Broken(f"{self._where}: {name} is not a date") from error

    def texts(self, name: str) -> list[str] | None:
        """A list of texts, or one text, or None if not said."""
        value = self._get(name, None)
        if value is None:
            return None
        return [str(part) for part in (value if isinstance(value, list) else [value])]

    def raw(self, name: str, default: Any = REQUIRED) -> Any:
        """The value as written."""
        return self._get(name, default)

    def finish(self) -> None:
        """Not yet, if a field was given that the product has no use for."""
        if unread := sorted(self._raw.keys() - self._read):
            raise NotYet(f"{self._where}: {', '.join(unread)}")

    def _get(self, name: str, default: Any) -> Any:
        self._read.add(name)
        value = self._raw.get(name, default)
        if value is REQUIRED:
            raise Broken(f"{self._where}: {name} is missing")
        return value

    def _checked(self, value: Any, kind: type[K], default: T, otherwise: str) -> K | T:
        if isinstance(value, kind):
            return value
        if value is default:
            return default
        raise Broken(f"{self._where}: {otherwise}")
