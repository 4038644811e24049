"""What can be asked of the posting door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from core.commands import Asked
from core.documents.records import DocumentDraft
from core.errors import Refusal


@dataclass(frozen=True, slots=True)
class Post:
    """Write a new document and post it at once; an order is approved."""

    command: Asked
    draft: DocumentDraft


@dataclass(frozen=True, slots=True)
class PostStored:
    """Post a stored draft, or approve a stored order, as its reader saw it (``revision``)."""

    command: Asked
    document_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class Reverse:
    """Mirror a posted document. ``id`` is the mirror's; ``on`` its date, the original's by default."""

    command: Asked
    id: UUID
    document_id: UUID
    on: date | None = None
    remark: str | None = None


Request = Post | PostStored | Reverse


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one request: its outcome (``{"id": …, "number": …}``) or why it was refused."""

    outcome: dict[str, Any] | None = None
    refusals: tuple[Refusal, ...] = ()
