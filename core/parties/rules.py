"""Suppliers and customers (往来单位): what may be said of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict, cast
from uuid import UUID

from core.errors import Refusal, define
from core.masterdata.rules import Extensions, Problems
from core.text import CODE_LIMIT, NAME_LIMIT, clean, clean_code, mnemonic

NO_ROLE = define(
    "NO_ROLE",
    en="{code} must be a supplier, a customer, or both.",
    zh="{code} 必须是供应商或客户(可同时是两者)。",
)

_TEXT_LIMITS: Mapping[str, int] = {"country": 64, "address": 500, "phone": 64, "tax_number": 64}


@dataclass(frozen=True, slots=True)
class Party:
    """Someone goods come from or go to. ``changed`` is the mark of the last write."""

    id: UUID
    code: str
    name: str
    mnemonic: str
    is_supplier: bool
    is_customer: bool
    country: str | None
    address: str | None
    phone: str | None
    tax_number: str | None
    active: bool
    revision: int
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyDraft:
    """A party to be made. Where a draft is saved over a party, None leaves what is there."""

    code: str
    name: str
    id: UUID | None = None
    mnemonic: str | None = None
    is_supplier: bool | None = None
    is_customer: bool | None = None
    country: str | None = None
    address: str | None = None
    phone: str | None = None
    tax_number: str | None = None
    extensions: Extensions | None = None


class PartyChanges(TypedDict, total=False):
    """What to change: an absent field stays, None clears it."""

    code: str
    name: str
    mnemonic: str | None
    is_supplier: bool
    is_customer: bool
    country: str | None
    address: str | None
    phone: str | None
    tax_number: str | None
    active: bool
    extensions: Extensions


@dataclass(frozen=True, slots=True, kw_only=True)
class PartySave:
    """One party of a bulk save: made, or written over the one with its id or, without an id, its
    code. ``revision``, where given, must be the one that is there."""

    command_id: UUID
    draft: PartyDraft
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyFilter:
    """Which parties to list; None admits all."""

    search: str | None = None
    is_supplier: bool | None = None
    is_customer: bool | None = None
    active: bool | None = True
    changed_since: int | None = None


def new_party(party_id: UUID, draft: PartyDraft) -> Party:
    """The party that a draft describes, not yet checked."""
    party = Party(
        id=party_id,
        code=draft.code,
        name=draft.name,
        mnemonic=mnemonic(draft.name),
        is_supplier=False,
        is_customer=False,
        country=None,
        address=None,
        phone=None,
        tax_number=None,
        active=True,
        revision=0,
        changed=0,
    )
    return changed_party(party, changes_of(draft))


def changes_of(draft: PartyDraft) -> PartyChanges:
    """What a draft says about a party that is there already."""
    said = {f.name: getattr(draft, f.name) for f in fields(draft) if f.name != "id"}
    return cast(PartyChanges, {name: value for name, value in said.items() if value is not None})


def changed_party(before: Party, changes: PartyChanges) -> Party:
    """The party after the changes, one revision on, not yet checked.

    A mnemonic that was made from the name, or is cleared, follows the name.
    """
    given = cast(Mapping[str, Any], changes)
    own = {name: value for name, value in given.items() if name != "extensions"}
    after = replace(before, **own, revision=before.revision + 1)
    if given.get("mnemonic", before.mnemonic) in (None, mnemonic(before.name)):
        after = replace(after, mnemonic=mnemonic(after.name))
    return after


def checked_party(party: Party) -> Party | list[Refusal]:
    """The party with its texts cleaned, or everything that is wrong with it."""
    problems = Problems()
    code = problems.take(clean_code, party.code)
    name = problems.take(clean, party.name, "name", NAME_LIMIT)
    short = problems.take(clean, party.mnemonic, "mnemonic", CODE_LIMIT, required=False)
    texts: dict[str, str | None] = {}
    for field, limit in _TEXT_LIMITS.items():
        text = getattr(party, field)
        if text is not None:
            multiline = field == "address"
            text = problems.take(clean, text, field, limit, required=False, multiline=multiline)
        texts[field] = text or None
    if not (party.is_supplier or party.is_customer):
        problems.add(NO_ROLE, "is_supplier", code=party.code)
    if problems.found or code is None or name is None or short is None:
        return problems.found
    return replace(party, code=code, name=name, mnemonic=short, **cast(Any, texts))
