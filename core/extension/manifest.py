"""What a plugin says of itself: checked at start, so that a bad one is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel

from core.extension.plugin_tables import Tables


class NoSettings(BaseModel, frozen=True, extra="forbid"):
    """The settings of a plugin that has none."""


@dataclass(frozen=True, slots=True)
class Refers:
    """What ids in settings are ids of: ``item``, ``party`` or ``place``. Written as ``ItemId``, ``PartyId``
    and ``PlaceId``."""

    kind: str


ItemId = Annotated[UUID, Refers("item")]
PartyId = Annotated[UUID, Refers("party")]
PlaceId = Annotated[UUID, Refers("place")]


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that exists where its module is on. ``code`` begins with the plugin's name and a
    dot; ``roles`` are the codes of core's roles that carry it, the administrator always does."""

    code: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """One plugin. ``name`` is also its folder, its entry point, the label of its migrations and the
    prefix of its tables, permissions and GraphQL names.

    ``core`` is the range of core versions it works with, as in ``>=0.1,<0.2`` (PEP 440). ``requires``
    and ``conflicts`` name other plugins. ``title`` and ``summary`` are for the people who switch it on,
    in both languages. ``migrations`` is the folder of its Alembic revisions, whose ids begin with its
    name. ``settings`` is the model of what each tenant decides for it, each with a default and a
    description; GraphQL has a query and a mutation for it, made from the model. ``refusals`` names, per
    database constraint of its tables, the refusal code that a violation stands for. ``editions`` names
    the editions it belongs to (``core.tenancy.editions``): True where it is on from the start, False
    where it is off until somebody switches it on. One that names none is left as it is, whatever the
    edition.
    """

    name: str
    version: str
    core: str
    title: str
    title_zh: str
    summary: str
    summary_zh: str
    requires: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    settings: type[BaseModel] = NoSettings
    tables: Tables | None = None
    migrations: Path | None = None
    refusals: Mapping[str, str] = field(default_factory=dict)
    editions: Mapping[str, bool] = field(default_factory=dict)
