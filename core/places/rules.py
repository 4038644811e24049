"""The location tree: what may lie where, and which virtual places a tenant has. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypedDict
from uuid import UUID

from core.errors import INVALID, Refusal, define
from core.ids import uuid7
from core.masterdata.rules import CYCLE, Extensions, Problems
from core.text import NAME_LIMIT, clean, clean_code

PLACE_PARENT = define(
    "PLACE_PARENT",
    en="A {kind} cannot lie in a {parent_kind}.",
    zh="{kind} 不能设在 {parent_kind} 之下。",
)
PLACE_SYSTEM = define(
    "PLACE_SYSTEM",
    en="{code} belongs to the ledger and cannot be changed.",
    zh="{code} 是账本的系统位置,不能更改。",
)
PLACE_IN_USE = define(
    "PLACE_IN_USE",
    en="{code} cannot be archived while stock or active places are in it.",
    zh="{code} 中仍有库存或启用的下级位置,不能归档。",
)
UNKNOWN_ZONE = define(
    "UNKNOWN_ZONE",
    en="There is no time zone {zone}.",
    zh="没有时区 {zone}。",
)

PlaceKind = Literal[
    "organisation", "store", "warehouse", "bin", "transit", "work", "processor", "virtual"
]
NegativeStock = Literal["forbid", "allow"]

ACCOUNTS: Mapping[str, str] = {
    "supplier": "供应商",
    "customer": "客户",
    "production": "生产",
    "gain_loss": "盘盈盘亏",
    "price_difference": "价格差异",
    "true_up": "成本调整",
    "landed_cost_expensed": "费用化采购费用",
    "standard_variance": "标准成本差异",
    "production_variance": "生产差异",
    "opening": "期初",
    "scrap": "报废",
    "internal_use": "领用",
    "other": "其他",
}
"""The virtual places, one for each account that value comes from or goes to (ledger rule 1.2)."""

Waiting = Literal["in_transit", "in_work"]
WAITING: Mapping[Waiting, tuple[PlaceKind, str]] = {
    "in_transit": ("transit", "在途"),
    "in_work": ("work", "在制"),
}
"""Where goods wait that documents took from a place and have not brought to another yet: still ours, and
valued by the document they belong to (ledger rule 5.2). Kind and name of the place, by account."""

_PARENTS: Mapping[str, frozenset[str]] = {
    "organisation": frozenset({"organisation"}),
    "store": frozenset({"organisation"}),
    "warehouse": frozenset({"organisation", "store"}),
    "bin": frozenset({"store", "warehouse", "bin"}),
    "processor": frozenset({"organisation"}),
}
_HOLDS_STOCK = frozenset({"store", "warehouse", "bin", "transit", "work", "processor"})


@dataclass(frozen=True, slots=True)
class Place:
    """A place: somewhere goods lie, an organisation that groups places, or an account.

    ``path`` leads from the root to the place itself. ``zone`` and ``negative_stock`` are None where
    the parent's (the tenant's) hold. ``changed`` is the mark of the last write.
    """

    id: UUID
    parent_id: UUID | None
    code: str
    name: str
    kind: PlaceKind
    account: str | None
    zone: str | None
    path: tuple[UUID, ...]
    negative_stock: NegativeStock | None
    holds_stock: bool
    active: bool
    revision: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDraft:
    """A place to be made. Without a parent it lies in the tenant's root organisation."""

    code: str
    name: str
    kind: PlaceKind
    id: UUID | None = None
    parent_id: UUID | None = None
    zone: str | None = None
    negative_stock: NegativeStock | None = None
    extensions: Extensions | None = None


class PlaceChanges(TypedDict, total=False):
    """What to change: an absent field stays, None clears it. A new parent moves the subtree."""

    parent_id: UUID
    code: str
    name: str
    zone: str | None
    negative_stock: NegativeStock | None
    active: bool
    extensions: Extensions


def new_place(
    place_id: UUID, draft: PlaceDraft, parent: Place, zones: frozenset[str]
) -> Place | list[Refusal]:
    """The place that a draft describes. ``zones`` are the IANA names."""
    place = Place(
        id=place_id,
        parent_id=parent.id,
        code=draft.code,
        name=draft.name,
        kind=draft.kind,
        account=None,
        zone=draft.zone,
        path=(*parent.path, place_id),
        negative_stock=draft.negative_stock,
        holds_stock=draft.kind in _HOLDS_STOCK,
        active=True,
        revision=1,
        changed=0,
    )
    return _checked(place, parent, zones)


def changed_place(
    place: Place, changes: PlaceChanges, parent: Place | None, zones: frozenset[str]
) -> Place | list[Refusal]:
    """The place after the changes. ``parent`` is the one it will have."""
    if place.account is not None:
        return [Refusal(PLACE_SYSTEM, (), {"code": place.code})]
    own: Any = {name: value for name, value in changes.items() if name != "extensions"}
    after = replace(place, **own, revision=place.revision + 1)
    if parent is None:
        after = replace(after, parent_id=None, path=(place.id,))
    elif place.id in parent.path:
        return [Refusal(CYCLE, ("parentId",), {"code": place.code})]
    else:
        after = replace(after, path=(*parent.path, place.id))
    return _checked(after, parent, zones)


def starting_places() -> list[Place]:
    """What every tenant starts with: one organisation with one warehouse, the places of what is in
    transit and in work, and the accounts."""

    def place(
        code: str,
        name: str,
        kind: PlaceKind,
        account: str | None = None,
        parent: UUID | None = None,
    ) -> Place:
        place_id = uuid7()
        return Place(
            id=place_id,
            parent_id=parent,
            code=code,
            name=name,
            kind=kind,
            account=account,
            zone=None,
            path=(parent, place_id) if parent else (place_id,),
            negative_stock=None,
            holds_stock=kind in _HOLDS_STOCK,
            active=True,
            revision=1,
            changed=0,
        )

    root = place("ROOT", "总部", "organisation")
    return [
        root,
        place("MAIN", "主仓库", "warehouse", parent=root.id),
        *(place(f"~{account}", name, kind, account) for account, (kind, name) in WAITING.items()),
        *(place(f"~{account}", name, "virtual", account) for account, name in ACCOUNTS.items()),
    ]


def zone_of(place: Place, ancestors: Mapping[UUID, Place], default: str) -> str:
    """The zone in force: the place's own, or that of the nearest ancestor that has one."""
    for place_id in reversed(place.path):
        above = place if place_id == place.id else ancestors[place_id]
        if above.zone is not None:
            return above.zone
    return default


def _checked(place: Place, parent: Place | None, zones: frozenset[str]) -> Place | list[Refusal]:
    problems = Problems()
    code = problems.take(clean_code, place.code)
    name = problems.take(clean, place.name, "name", NAME_LIMIT)
    if code is not None and code.startswith("~"):
        problems.add(
            INVALID,
            "code",
            reason="Codes that begin with ~ belong to the ledger.",
            reason_zh="以 ~ 开头的编码保留给账本使用。",
        )
    if place.zone is not None and place.zone not in zones:
        problems.add(UNKNOWN_ZONE, "zone", zone=place.zone)
    if place.kind not in _PARENTS:
        problems.add(PLACE_SYSTEM, "kind", code=place.kind)
    elif parent is not None and parent.kind not in _PARENTS[place.kind]:
        problems.add(PLACE_PARENT, "parentId", kind=place.kind, parent_kind=parent.kind)
    if problems.found or code is None or name is None:
        return problems.found
    return replace(place, code=code, name=name)
