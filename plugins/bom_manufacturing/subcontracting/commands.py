"""What was asked for once is answered as then, whatever has become of the order since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.plugin_api import Asked, Transaction, known_command

_OPERATION = "postDocument"
"""By which the ledger knows all that is posted."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it arrived."""

    id: UUID
    asked: Mapping[str, Any]

    @property
    def posting(self) -> Asked:
        """What is asked of the ledger."""
        return Asked.of(self.id, _OPERATION, self.asked)

    async def done(self, tx: Transaction) -> UUID | None:
        """The document it made when it was carried out before. Raises Refused where it was another."""
        known = await known_command(tx, self.id, _OPERATION, self.asked)
        return None if known is None else UUID(known["id"])
