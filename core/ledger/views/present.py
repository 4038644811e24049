"""The present, as postings see it: which day it is, and what a tenant decided for a module."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from core.db.database import Transaction
from core.db.questions import ask
from core.ledger import loading, reading


async def today(tx: Transaction) -> date:
    """Today in the tenant's accounting zone, by the database's clock (ledger rule 6.1)."""
    version, _, _, now = await ask(tx, reading.sequence_row())
    settings = (await loading.rules(tx, version)).settings
    return now.astimezone(ZoneInfo(settings.accounting_zone)).date()


async def module_settings(tx: Transaction, module: str) -> Any:
    """The tenant's settings for a module that is switched on, an instance of its manifest's model.
    KeyError where it is off."""
    version, *_ = await ask(tx, reading.sequence_row())
    return (await loading.rules(tx, version)).modules.on[module].settings
