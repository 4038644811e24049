"""How every service that writes the ledger is asked over GraphQL, and which locks it must take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from core.documents.lifecycle import Event
from core.documents.types import TYPES
from core.ids import uuid7
from tests.races import mutations
from tests.races.crowd import Crowd, Json, line
from tests.races.locking import DOCUMENTS, GUARDS, SEQUENCE

CLOSED, CLOSED_LATER = "2026-01-31", "2026-02-28"
EARLIER = "2026-03-01"

Prepare = Callable[[Crowd, str], Awaitable[Json]]
"""Makes the input of a mutation, but for its command id, about an item of which there are 100."""


@dataclass(frozen=True, slots=True)
class Play:
    """A mutation with what comes before it. ``read_before``: see :func:`tests.races.locking.faults`."""

    mutation: str
    prepare: Prepare
    locks: frozenset[str]
    read_before: frozenset[str] = frozenset()

    async def input(self, crowd: Crowd, item: str) -> tuple[Json, str]:
        """The whole input, and the command id in it; of a bulk each document has its own."""
        made = await self.prepare(crowd, item)
        if "documents" in made:
            return made, made["documents"][0]["commandId"]
        command = str(uuid7())
        return {"commandId": command, **made}, command


async def stocked(crowd: Crowd, code: str) -> str:
    """A new item of which there are 100."""
    item = await crowd.item(code)
    await crowd.posted("receipt", line(item, 100, 3))
    return item


async def _done(crowd: Crowd, mutation: str, **input_: Any) -> Json:
    payload = await crowd.first.does(mutation, {"commandId": str(uuid7()), **input_})
    assert payload["errors"] == [], payload
    return payload


def _step(payload: Json) -> Json:
    return {"id": payload["document"]["id"], "revision": payload["document"]["revision"]}


async def _content(crowd: Crowd, item: str) -> Json:
    made: Json = crowd.document("issue", line(item, 1, 5))["document"]
    return made


async def _draft(crowd: Crowd, item: str) -> Json:
    return {"document": await _content(crowd, item)}


async def _changed(crowd: Crowd, item: str) -> Json:
    content = await _content(crowd, item)
    saved = await _done(crowd, mutations.SAVE_DRAFT, document=content)
    lines = [line(item, 2, 5)]
    return {"document": {**content, "lines": lines}, "revision": saved["document"]["revision"]}


async def _saved(crowd: Crowd, item: str) -> Json:
    return _step(await _done(crowd, mutations.SAVE_DRAFT, document=await _content(crowd, item)))


async def _saved_order(crowd: Crowd, item: str) -> Json:
    content = crowd.document("sales_order", line(item, 1, 5))["document"]
    return _step(await _done(crowd, mutations.SAVE_DRAFT, document=content))


async def _submitted(crowd: Crowd, item: str) -> Json:
    return _step(await _done(crowd, mutations.SUBMIT, **await _saved(crowd, item)))


async def _order(crowd: Crowd, item: str) -> Json:
    return _step({"document": await crowd.posted("sales_order", line(item, 1, 5))})


async def _closed_order(crowd: Crowd, item: str) -> Json:
    return _step(await _done(crowd, mutations.CLOSE, **await _order(crowd, item)))


async def _posted(crowd: Crowd, item: str) -> Json:
    made = await crowd.posted("receipt", line(item, 1, 3))
    return {"id": made["id"], "reversalId": str(uuid7())}


async def _new(crowd: Crowd, item: str) -> Json:
    return {"document": await _content(crowd, item)}


async def _late(crowd: Crowd, item: str) -> Json:
    return {"document": crowd.document("receipt", line(item, 1, 7), on=EARLIER)["document"]}


async def _many(crowd: Crowd, item: str) -> Json:
    return {"documents": [crowd.document("issue", line(item, 1, 5)) for _ in range(2)]}


async def _hold(crowd: Crowd, item: str) -> Json:
    return {"itemId": item, "reason": "recalled", "id": str(uuid7())}


async def _held(crowd: Crowd, item: str) -> Json:
    made = await _done(crowd, mutations.PLACE_HOLD, **await _hold(crowd, item))
    return {"id": made["hold"]["id"]}


async def _period(crowd: Crowd, item: str) -> Json:
    return {"through": CLOSED}


async def _closed_period(crowd: Crowd, item: str) -> Json:
    await _done(crowd, mutations.CLOSE_PERIOD, through=CLOSED_LATER)
    return {}


async def _changed_item(crowd: Crowd, item: str) -> Json:
    return {"id": item, "revision": 1, "name": "another name", "negativeStock": "ALLOW"}


_POSTING = frozenset({GUARDS, SEQUENCE})
_STORED = frozenset({DOCUMENTS, GUARDS, SEQUENCE})
_STEP = frozenset({DOCUMENTS, SEQUENCE})
_GUARDED = frozenset({GUARDS})
_PERIOD = frozenset({SEQUENCE})

PLAYS = {
    "postDocument": Play(mutations.POST, _new, _POSTING),
    "postDocument, late": Play(mutations.POST, _late, _POSTING),
    "postDocuments": Play(mutations.POST_MANY, _many, _POSTING),
    "postDraft": Play(mutations.POST_DRAFT, _saved, _STORED),
    "reverseDocument": Play(mutations.REVERSE, _posted, _STORED),
    "approveDocument": Play(mutations.APPROVE, _saved_order, _STORED),
    "approveDocument, not an order": Play(mutations.APPROVE, _submitted, _STEP),
    "unapproveDocument": Play(mutations.UNAPPROVE, _order, _STORED),
    "closeOrder": Play(mutations.CLOSE, _order, _STORED),
    "reopenOrder": Play(mutations.REOPEN, _closed_order, _STORED),
    "saveDraft": Play(mutations.SAVE_DRAFT, _draft, _STEP),
    "saveDraft, again": Play(mutations.SAVE_DRAFT, _changed, _STEP),
    "deleteDraft": Play(mutations.DELETE_DRAFT, _saved, _STEP),
    "submitDocument": Play(mutations.SUBMIT, _saved, _STEP),
    "rejectDocument": Play(mutations.REJECT, _submitted, _STEP),
    # It looks whether the hold's id is taken; the primary key has the last word.
    "placeHold": Play(mutations.PLACE_HOLD, _hold, _GUARDED, frozenset({"hold"})),
    # It reads the hold to learn its item, and releases it by an update that sees whether it stands.
    "releaseHold": Play(mutations.RELEASE_HOLD, _held, _GUARDED, frozenset({"hold"})),
    # It reads which keys there are, and writes their periods behind the sequence row.
    "closePeriod": Play(mutations.CLOSE_PERIOD, _period, _PERIOD, frozenset({"balance", "pool"})),
    "reopenPeriod": Play(mutations.REOPEN_PERIOD, _closed_period, _PERIOD),
    "updateItem": Play(mutations.UPDATE_ITEM, _changed_item, _POSTING),
}
"""By the name of the mutation and, where it has several ways, which."""

EVENTS = {
    Event.EDIT: "saveDraft, again",
    Event.DELETE: "deleteDraft",
    Event.SUBMIT: "submitDocument",
    Event.REJECT: "rejectDocument",
    Event.APPROVE: "approveDocument",
    Event.UNAPPROVE: "unapproveDocument",
    Event.POST: "postDraft",
    Event.EXECUTE: "issue",  # by a document that goes back to the order
    Event.CLOSE: "closeOrder",
    Event.REOPEN: "reopenOrder",
    Event.REVERSE: "reverseDocument",
}
"""Which play, or which type of document, takes this step of a document's life."""

_SOURCES = {
    "receipt": "purchase_order",
    "return_to_supplier": "receipt",
    "issue": "sales_order",
    "return_from_customer": "issue",
    "arrival": "dispatch",
    "landed_cost": "receipt",
}
"""What a document goes back to here; its own lock is one more to take."""
_CONVERTS = ("conversion", "assembly", "disassembly")


async def of_type(crowd: Crowd, type_: str, item: str) -> tuple[Json, frozenset[str]]:
    """The input of ``postDocument`` for a document of this type, and the locks it must take."""
    head: Json = {}
    one = line(item, 1, 3)
    if type_ in ("transfer", "dispatch", "arrival"):
        head["toPlaceId"] = crowd.places.get("SHOP") or await crowd.place("SHOP")
    if type_ in _CONVERTS:
        other = await crowd.item(f"{type_}-made")
        one = line(item, 1, role="CONSUME")
        return crowd.document(type_, one, line(other, 1, role="PRODUCE")), _POSTING
    if type_ in _SOURCES:
        source = await crowd.posted(_SOURCES[type_], line(item, 2, 3), **head)
        if type_ == "landed_cost":
            landed = crowd.document(type_, sourceId=source["id"], extraCost="2", placeId=None)
            return landed, _STORED
        one = line(item, 1, 3, sourceLine=1)
        return crowd.document(type_, one, sourceId=source["id"], **head), _STORED
    if type_ == "cost_adjustment":
        one, head = line(item, amount="2"), {"placeId": None}
    if type_ == "standard_cost":
        valued = {"costingMethod": "STANDARD", "standardCost": "3"}
        one, head = line(await crowd.item(f"{type_}-std", **valued), None, 4), {"placeId": None}
    return crowd.document(type_, one, **head), _POSTING


OWN_TYPES = sorted(c for c, type_ in TYPES.items() if not type_.system and type_.module is None)
"""The types that people post."""
