"""Posting what a work order's documents are reckoned to be, anew where others were quicker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from core.plugin_api import (
    Asked,
    Database,
    DocumentDraft,
    Post,
    Principal,
    Refusal,
    Refused,
    Transaction,
    known_command,
    post_many,
)
from plugins.bom_manufacturing.origins import distinct

_TRIES = 8
"""Others report of the same order at the same moment: each time one of them is through."""

_FIELDS: dict[str | int, tuple[str, ...]] = {
    "businessDate": ("on",),
    "sourceId": ("orderId",),
    "extraCost": (),
}


def of_step(refusals: Iterable[Refusal]) -> Refused:
    """Core's paths lead into the document; the caller sent a step of an order."""
    return distinct(
        Refusal(one.code, _FIELDS[one.path[0]], one.details)
        if one.path and one.path[0] in _FIELDS
        else one
        for one in refusals
    )


async def carry_out(
    db: Database,
    principal: Principal,
    command_id: UUID,
    asked: Mapping[str, Any],
    draft_of: Callable[[Transaction], Awaitable[DocumentDraft | None]],
) -> UUID | None:
    """Post what ``draft_of`` reckons from a snapshot; None where it finds nothing to post. What was
    carried out before is answered as then; what is refused is reckoned once more, in case that somebody was
    quicker. Raises Refused."""
    refused: Refused | None = None
    last: DocumentDraft | None = None
    for _ in range(_TRIES):
        async with db.snapshot(principal.tenant_id) as tx:
            known = await known_command(tx, command_id, "postDocument", asked)
            if known is not None:
                return UUID(known["id"])
            draft = await draft_of(tx)
        if draft is None:
            return None
        if draft == last:  # nobody was quicker: it is refused for what it is
            break
        command = Asked.of(command_id, "postDocument", asked)
        (verdict,) = await post_many(db, principal, [Post(command, draft)])
        if verdict.outcome is not None:
            return UUID(verdict.outcome["id"])
        refused, last = Refused(*verdict.refusals), draft
    assert refused is not None
    raise of_step(refused.refusals)
