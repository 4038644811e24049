"""The present, as postings see it: which day it is, and what a tenant decided for a module."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core.db.database import Transaction
from core.db.questions import ask
from core.extension.registry import registry
from core.ledger import loading, reading


async def today(tx: Transaction) -> date:
    """Today in the tenant's accounting zone, by the database's clock (ledger rule 6.1)."""
    version, _, _, now = await ask(tx, reading.sequence_row())
    settings = (await loading.rules(tx, version)).settings
    return now.astimezone(ZoneInfo(settings.accounting_zone)).date()


async def amount_decimals(tx: Transaction) -> int:
    """The decimals that amounts of money have with this tenant."""
    version, *_ = await ask(tx, reading.sequence_row())
    return (await loading.rules(tx, version)).settings.amount_dp


async def accounting_zone(tx: Transaction) -> str:
    """The IANA zone in which the tenant's business dates are counted."""
    version, *_ = await ask(tx, reading.sequence_row())
    return (await loading.rules(tx, version)).settings.accounting_zone


async def today_by_place(tx: Transaction) -> dict[UUID, date]:
    """Today at every place of the tenant: in its own time zone, that of the nearest place above it, or the
    accounting zone."""
    version, _, _, now = await ask(tx, reading.sequence_row())
    known = await loading.rules(tx, version)
    zone, places = known.settings.accounting_zone, known.places
    return {place: places.today_at(place, now, zone) for place in places.by_id}


async def module_settings(tx: Transaction, module: str) -> Any:
    """The tenant's settings for an installed module, an instance of its manifest's model; the defaults
    where it was switched off meanwhile."""
    version, *_ = await ask(tx, reading.sequence_row())
    known = (await loading.rules(tx, version)).modules.on.get(module)
    if known is not None:
        return known.settings
    plugin = registry().get(module)
    assert plugin is not None, f"{module} is not installed"
    return plugin.manifest.settings()
