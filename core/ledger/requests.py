"""What can be asked of the posting door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from core.commands import Asked
from core.documents.records import DocumentDraft, Stored
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
class Turn:
    """A request with the one who makes it: those of many people go together."""

    actor: UUID
    request: Request

    @property
    def command(self) -> Asked:
        return self.request.command

    @property
    def lines(self) -> int:
        """How many lines it brings along; what is stored already is not counted."""
        return len(self.request.draft.lines) if isinstance(self.request, Post) else 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one request: its outcome (``{"id": …, "number": …}``) or why it was refused.

    ``stored`` is the document as it was written just now, to spare its reading; absent in the answer to
    a command that was carried out before.
    """

    outcome: dict[str, Any] | None = None
    refusals: tuple[Refusal, ...] = ()
    stored: Stored | None = None
