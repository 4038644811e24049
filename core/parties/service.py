"""Making, changing and archiving parties, one at a time or a thousand at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core import commands
from core.audit.tables import Act, record_many
from core.commands import Answer, Asked
from core.db.database import Database, Transaction
from core.errors import DUPLICATE, LIMIT_EXCEEDED, Refusal, Refused, refuse
from core.extension import attributes
from core.ids import uuid7
from core.masterdata.rules import (
    Extensions,
    Verdict,
    change_payload,
    columns_of,
    not_found,
    numbered,
    payload,
    sent_with,
    stale,
)
from core.masterdata.service import get
from core.parties.rules import (
    Party,
    PartyChanges,
    PartyDraft,
    PartySave,
    changed_party,
    changes_of,
    checked_party,
    new_party,
)
from core.parties.tables import parties_by_code, parties_by_id, put_parties, register
from core.tenancy.rules import Principal
from core.tenancy.service import load_settings
from core.tenancy.tables import next_change
from core.text import clean_code, code_key

BULK_LIMIT = 1000

Decision = Party | list[Refusal]
Key = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Wish:
    """One write that was asked for. ``draft`` makes a party, ``changes`` are for one that is there;
    with both, the party may or may not be there."""

    draft: PartyDraft | None
    changes: PartyChanges | None
    party_id: UUID | None
    revision: int | None

    def code_to_find(self) -> str | None:
        """The code by which to look for the party, where no id says which one is meant."""
        if self.party_id is not None or self.draft is None or self.changes is None:
            return None
        try:
            return clean_code(self.draft.code)
        except Refused:
            return None

    def extensions(self) -> Extensions:
        """What was sent for plugins."""
        if self.draft is not None:
            return sent_with(self.draft.extensions)
        return (self.changes or {}).get("extensions", {})


async def create_party(
    db: Database, principal: Principal, command_id: UUID, draft: PartyDraft
) -> Party:
    """Make a supplier, a customer, or someone who is both."""
    asked = Asked.of(command_id, "createParty", payload(draft))
    return await _one(db, principal, asked, _Wish(draft, None, draft.id, None))


async def update_party(
    db: Database,
    principal: Principal,
    command_id: UUID,
    party_id: UUID,
    revision: int,
    changes: PartyChanges,
) -> Party:
    """Change a party, if it is still at ``revision``."""
    asked = Asked.of(command_id, "updateParty", change_payload(party_id, revision, changes))
    return await _one(db, principal, asked, _Wish(None, changes, party_id, revision))


async def archive_party(
    db: Database, principal: Principal, command_id: UUID, party_id: UUID, revision: int
) -> Party:
    """Take a party out of use; its documents stay."""
    return await update_party(db, principal, command_id, party_id, revision, {"active": False})


async def save_parties(
    db: Database,
    principal: Principal,
    saves: Sequence[PartySave],
    *,
    undo: Callable[[Iterable[Answer]], bool] = commands.never,
) -> list[Verdict]:
    """Make or change up to 1,000 parties in one transaction, with a verdict for each. Where ``undo`` holds
    of the answers, nothing is saved."""
    if len(saves) > BULK_LIMIT:
        raise refuse(LIMIT_EXCEEDED, "parties", field="parties", limit=BULK_LIMIT)
    asked = [
        Asked.of(s.command_id, "saveParty", payload(s.draft, revision=s.revision)) for s in saves
    ]
    wishes = [_Wish(s.draft, changes_of(s.draft), s.draft.id, s.revision) for s in saves]
    answers = await _carry_out(db, principal, asked, wishes, undo)
    return [Verdict(None, a) if isinstance(a, tuple) else Verdict(UUID(a["id"])) for a in answers]


async def _one(db: Database, principal: Principal, asked: Asked, wish: _Wish) -> Party:
    (answer,) = await _carry_out(db, principal, [asked], [wish])
    if isinstance(answer, tuple):
        raise Refused(*answer)
    async with db.snapshot(principal.tenant_id) as tx:
        return await get(tx, register, UUID(answer["id"]))


async def _carry_out(
    db: Database,
    principal: Principal,
    asked: Sequence[Asked],
    wishes: Sequence[_Wish],
    undo: Callable[[Iterable[Answer]], bool] = commands.never,
) -> list[Answer]:
    async def work(tx: Transaction, fresh: list[int]) -> dict[int, Answer]:
        return await _write(tx, principal, {n: wishes[n] for n in fresh})

    return await commands.run_many(db, principal.tenant_id, asked, work, undo=undo)


async def _write(
    tx: Transaction, principal: Principal, wishes: dict[int, _Wish]
) -> dict[int, Answer]:
    # The mark's lock comes first: no other write of master data runs beside what is checked here.
    first_mark = await next_change(tx, len(wishes))
    case_sensitive = (await load_settings(tx)).codes_case_sensitive

    def key(code: str) -> str:
        return code_key(code, case_sensitive=case_sensitive)

    before = await _present(tx, wishes, key)
    decided = {n: _decide(wish, before.get(n)) for n, wish in wishes.items()}
    decided = await _unique(tx, decided, key)
    accepted = {n: party for n, party in decided.items() if isinstance(party, Party)}

    async def put(chosen: Collection[int]) -> None:
        await put_parties(tx, numbered([accepted[n] for n in chosen], first_mark), key)
        actor = principal.user_id
        acts = [_act(actor, wishes[n], accepted[n], before.get(n)) for n in chosen]
        await record_many(tx, acts)

    ids = {n: party.id for n, party in accepted.items()}
    sent = {n: wishes[n].extensions() for n in accepted}
    refused = await attributes.save_many(tx, principal.modules, "party", ids, sent, put)
    return {
        n: {"id": str(d.id)} if isinstance(d, Party) else tuple(d)
        for n, d in (decided | refused).items()
    }


async def _present(tx: Transaction, wishes: Mapping[int, _Wish], key: Key) -> dict[int, Party]:
    """The party that is there, by wish: found by id, or by code where a save names no id."""
    named = {n: w.party_id for n, w in wishes.items() if w.party_id is not None}
    coded = {n: key(c) for n, w in wishes.items() if (c := w.code_to_find()) is not None}
    by_id = await parties_by_id(tx, named.values())
    by_code = await parties_by_code(tx, coded.values())
    found = {n: by_id[i] for n, i in named.items() if i in by_id}
    return found | {n: by_code[k] for n, k in coded.items() if k in by_code}


def _decide(wish: _Wish, before: Party | None) -> Decision:
    if before is None:
        if wish.draft is None:
            assert wish.party_id is not None
            return [not_found(wish.party_id, "id")]
        return checked_party(new_party(wish.party_id or uuid7(), wish.draft))
    if wish.changes is None:
        return [Refusal(DUPLICATE, ("id",), {"field": "id", "value": str(before.id)})]
    if wish.revision is not None and (problems := stale(wish.revision, before.revision)):
        return problems
    return checked_party(changed_party(before, wish.changes))


async def _unique(tx: Transaction, decided: dict[int, Decision], key: Key) -> dict[int, Decision]:
    """Refuse codes that another party has, in the books or earlier in the batch."""
    keys = {key(p.code) for p in decided.values() if isinstance(p, Party)}
    owners = {k: p.id for k, p in (await parties_by_code(tx, keys)).items()}
    seen: set[UUID] = set()
    unique: dict[int, Decision] = {}
    for n, party in decided.items():
        unique[n] = party
        if not isinstance(party, Party):
            continue
        if owners.setdefault(key(party.code), party.id) != party.id:
            unique[n] = [_taken("code", party.code)]
        elif party.id in seen:
            unique[n] = [_taken("id", str(party.id))]
        seen.add(party.id)
    return unique


def _taken(field: str, value: str) -> Refusal:
    return Refusal(DUPLICATE, (field,), {"field": field, "value": value})


def _act(actor: UUID, wish: _Wish, party: Party, before: Party | None) -> Act:
    asked: dict[str, Any] = columns_of(wish.draft) if wish.draft else dict(wish.changes or {})
    details = {"code": party.code, "revision": party.revision, "input": asked}
    action = f"party.{'create' if before is None else 'update'}"
    return Act(actor, action, "party", party.id, details)
