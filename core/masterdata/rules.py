"""Rules that every master-data record keeps, and the verdict on one of many. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from uuid import UUID

from core.errors import NOT_FOUND, STALE_REVISION, Refusal, Refused, define

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound="DataclassInstance")
Path = tuple[UUID, ...]
Extensions = Mapping[str, Mapping[str, Any] | None]
"""What was sent with an object for plugins, by their names; None clears what a plugin keeps."""


BAD_NUMBER = define(
    "BAD_NUMBER",
    en="{field} must be a number from {least} with at most 15 digits before the point and"
    " {decimals} after it.",
    zh="{field} 必须是不小于 {least} 的数字,整数部分最多 15 位,小数部分最多 {decimals} 位。",
)
CYCLE = define(
    "CYCLE",
    en="{code} cannot lie below itself.",
    zh="{code} 不能移到自己的下级。",
)
ARCHIVED = define(
    "ARCHIVED",
    en="{field} {value} is archived.",
    zh="{field} {value} 已归档。",
)

_WHOLE_DIGITS = 15
_MOST = Decimal(10) ** _WHOLE_DIGITS


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one of many: the record's id, or why it was refused."""

    id: UUID | None
    refusals: tuple[Refusal, ...] = ()


class Problems:
    """Collects refusals, so that the caller sees everything that is wrong at once."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []

    def add(self, code: str, /, *path: str | int, **details: Any) -> None:
        self.found.append(Refusal(code, path, details))

    def take(self, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What ``make`` returns, or None where it refuses."""
        try:
            return make(*args, **kwargs)
        except Refused as refused:
            self.found.extend(refused.refusals)
            return None

    def number(
        self, value: Decimal | None, field: str, *, least: int = 0, decimals: int = 6
    ) -> None:
        """Refuse what is not a plain number (NaN, 1e99) or is out of range."""
        if value is None:
            return
        exponent = value.as_tuple().exponent
        plain = isinstance(exponent, int) and -exponent <= decimals
        if not plain or not least <= value < _MOST:
            self.add(BAD_NUMBER, field, field=field, least=least, decimals=decimals)


def sent_with(draft: Extensions | None) -> Extensions:
    """What a draft says to plugins: None leaves what is there, as everywhere in a draft."""
    return {plugin: value for plugin, value in (draft or {}).items() if value is not None}


def columns_of(record: DataclassInstance) -> dict[str, Any]:
    """A record's fields by name. Unlike ``asdict`` it copies nothing: records are frozen."""
    return {f.name: getattr(record, f.name) for f in fields(record)}


def payload(draft: DataclassInstance, **more: Any) -> dict[str, Any]:
    """A draft as the input of a command."""
    return {**columns_of(draft), **more}


def change_payload(object_id: UUID, revision: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes of one record as the input of a command."""
    return {"id": object_id, "revision": revision, **changed_fields(changes)}


def changed_fields(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes in a form in which clearing a field is not the same as leaving it out."""
    sent: Extensions = changes.get("extensions", {})
    own = {name: value for name, value in changes.items() if name != "extensions"}
    given = own | {f"extensions.{plugin}": value for plugin, value in sent.items()}
    return {
        "set": {name: value for name, value in given.items() if value is not None},
        "clear": sorted(name for name, value in given.items() if value is None),
    }


def numbered(records: Iterable[M], first: int) -> list[M]:
    """The records with consecutive change marks."""
    return [replace(record, changed=mark) for mark, record in enumerate(records, first)]


def moved_below(records: Iterable[M], before: Path, after: Path) -> list[M]:
    """Tree records with their new paths, after what they lie below moved from one to the other."""
    return [
        replace(r, path=(*after, *r.path[len(before) :]), revision=r.revision + 1)  # type: ignore[attr-defined]  # records of the tree have a path
        for r in records
    ]


def accepted(decision: T | list[Refusal]) -> T:
    """What was decided. Raises Refused where it was refused."""
    if isinstance(decision, list):
        raise Refused(*decision)
    return decision


def not_found(object_id: UUID, *path: str | int) -> Refusal:
    """The refusal of an id that names nothing."""
    return Refusal(NOT_FOUND, path, {"id": str(object_id)})


def stale(seen: int, actual: int) -> list[Refusal]:
    """A refusal if someone else wrote since the caller read."""
    if seen == actual:
        return []
    return [Refusal(STALE_REVISION, ("revision",), {"seen": seen, "actual": actual})]
