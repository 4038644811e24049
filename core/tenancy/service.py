"""Tenants, their members, tokens and settings."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from core import commands
from core.audit.tables import record
from core.catalogue import tables as catalogue
from core.catalogue.rules import starting_units
from core.db.database import Database, Transaction
from core.errors import DUPLICATE, INVALID, NOT_FOUND, Refused, raise_any, refuse
from core.ids import NIL, uuid7
from core.masterdata.rules import changed_fields, numbered
from core.masterdata.tables import Register
from core.parties import tables as parties
from core.places import tables as places
from core.places.rules import starting_places
from core.tenancy import sign_ins, tables
from core.tenancy.directory import tables as directory
from core.tenancy.directory.tables import Member, Tenant
from core.tenancy.edition_change import EditionChange, move
from core.tenancy.edition_change import change_edition as _change_edition
from core.tenancy.editions import edition_of, preset
from core.tenancy.rules import ADMINISTRATOR, LAST_ADMINISTRATOR, Principal, check_roles
from core.tenancy.settings import CODES_COLLIDE, Settings, fixed, merged
from core.tenancy.sign_ins import authenticate as authenticate
from core.text import NAME_LIMIT, clean, code_key

SYSTEM = NIL
"""The actor of what the operator does on the command line."""

_EMAIL_LIMIT = 254
_TOKEN_PREFIX = "tb_"
_TOKEN_BYTES = 32
_LONGEST_LIFETIME = timedelta(days=366)

_CODED: dict[str, Register[Any]] = {
    "item": catalogue.items,
    "category": catalogue.categories,
    "unit": catalogue.units,
    "place": places.register,
    "party": parties.register,
}


async def create_tenant(db: Database, name: str, edition: str = "standard") -> Tenant:
    """Open books for a new company: settings and modules of the edition, places, accounts and base units.

    Refuses an unknown edition, a name that is taken, and a module that cannot be switched on.
    """
    name = clean(name, "name", NAME_LIMIT)
    chosen = edition_of(edition)
    settings = preset(chosen).model_dump(mode="json")
    tenant_id = uuid7()
    async with db.transaction(tenant_id) as tx:
        if not await directory.insert_tenant(tx.sql, tenant_id, name, chosen.code):
            raise refuse(DUPLICATE, "name", field="name", value=name)
        await tables.create_sequence(tx, settings)
        await _furnish(tx)
        raise_any((await move(tx, SYSTEM, chosen, chosen)).unchanged)
        await record(tx, SYSTEM, "tenant.create", "tenant", tenant_id, {"edition": chosen.code})
        created = await directory.find_tenant(tx.sql, tenant_id)
    assert created is not None
    return created


async def _furnish(tx: Transaction) -> None:
    roots, units = starting_places(), starting_units()
    mark = await tables.next_change(tx, len(roots) + len(units))
    await places.put_places(tx, numbered(roots, mark), str.casefold)
    await catalogue.put_units(tx, numbered(units, mark + len(roots)), str.casefold)


async def list_tenants(db: Database) -> list[Tenant]:
    """All tenants by name, for the operator."""
    async with db.directory() as sql:
        return await directory.list_tenants(sql)


async def find_tenant(db: Database, which: UUID | str) -> Tenant:
    """A tenant by id or name. Refuses NOT_FOUND."""
    async with db.directory() as sql:
        found = await directory.find_tenant(sql, which)
    if found is None:
        raise refuse(NOT_FOUND, "tenant", id=str(which))
    return found


async def change_edition(db: Database, which: UUID | str, edition: str) -> EditionChange:
    """For the operator: give a tenant another edition. Refuses NOT_FOUND and an unknown edition."""
    tenant = await find_tenant(db, which)
    return await _change_edition(db, tenant.id, SYSTEM, uuid7(), edition)


# Members


async def add_user(
    db: Database,
    tenant: UUID | str,
    email: str,
    roles: Sequence[str] = (ADMINISTRATOR,),
    *,
    name: str = "",
) -> Member:
    """For the operator: make someone a member, or give them other roles. The account is made where
    the address is new."""
    found = await find_tenant(db, tenant)
    async with db.transaction(found.id) as tx:
        member = await _put_member(tx, SYSTEM, email, roles, name)
    await sign_ins.forgotten(db)
    return member


async def set_member(
    db: Database,
    principal: Principal,
    command_id: UUID,
    email: str,
    roles: Sequence[str],
    *,
    name: str = "",
) -> Member:
    """Make someone a member of the principal's tenant, or replace their roles (W3)."""

    async def work(tx: Transaction) -> dict[str, Any]:
        member = await _put_member(tx, principal.user_id, email, roles, name)
        return {"id": member.user_id}

    asked = {"email": email, "roles": list(roles), "name": name}
    outcome = await commands.run(db, principal.tenant_id, command_id, "setMember", asked, work)
    user_id = UUID(outcome["id"])
    await sign_ins.forgotten(db)
    async with db.snapshot(principal.tenant_id) as tx:
        return await _member(tx, user_id)


async def remove_member(
    db: Database, principal: Principal, command_id: UUID, user_id: UUID
) -> UUID:
    """End a membership and revoke its tokens. Refuses to remove the last administrator."""

    async def work(tx: Transaction) -> dict[str, Any]:
        members = await directory.lock_members(tx.sql, tx.tenant_id)
        if all(m.user_id != user_id for m in members):
            raise refuse(NOT_FOUND, "userId", id=str(user_id))
        _keep_administrator(members, user_id, ())
        await directory.delete_member(tx.sql, tx.tenant_id, user_id)
        await sign_ins.forget(tx)
        await record(tx, principal.user_id, "member.remove", "user", user_id)
        return {"id": user_id}

    asked = {"userId": user_id}
    outcome = await commands.run(db, principal.tenant_id, command_id, "removeMember", asked, work)
    await sign_ins.forgotten(db)
    return UUID(outcome["id"])


async def list_members(tx: Transaction) -> list[Member]:
    """The members of the tenant, by e-mail address."""
    return await directory.list_members(tx.sql, tx.tenant_id)


async def _put_member(
    tx: Transaction, actor: UUID, email: str, roles: Sequence[str], name: str
) -> Member:
    raise_any(check_roles(roles))
    email = _clean_email(email)
    name = clean(name, "name", NAME_LIMIT, required=False)
    user_id = await directory.ensure_user(tx.sql, email)
    members = await directory.lock_members(tx.sql, tx.tenant_id)
    _keep_administrator(members, user_id, roles)
    await directory.put_member(tx.sql, tx.tenant_id, user_id, roles, name or None)
    await sign_ins.forget(tx)
    await record(tx, actor, "member.set", "user", user_id, {"roles": list(roles)})
    return await _member(tx, user_id)


async def _member(tx: Transaction, user_id: UUID) -> Member:
    members = await directory.list_members(tx.sql, tx.tenant_id)
    return next(m for m in members if m.user_id == user_id)


def _keep_administrator(members: Sequence[Member], user_id: UUID, roles: Sequence[str]) -> None:
    administrators = {m.user_id for m in members if ADMINISTRATOR in m.roles}
    if administrators == {user_id} and ADMINISTRATOR not in roles:
        raise refuse(LAST_ADMINISTRATOR, "roles")


def _clean_email(email: str) -> str:
    cleaned = clean(email, "email", _EMAIL_LIMIT).lower()
    local, _, domain = cleaned.rpartition("@")
    if not local or not domain or any(c.isspace() for c in cleaned):
        raise refuse(
            INVALID,
            "email",
            reason=f"{cleaned} is not an e-mail address.",
            reason_zh=f"{cleaned} 不是有效的邮箱地址。",
        )
    return cleaned


# Tokens


async def issue_token(
    db: Database, tenant: UUID | str, email: str, *, lifetime: timedelta = timedelta(days=30)
) -> str:
    """A new bearer token of a member: 256 random bits, shown this once and stored as a hash."""
    found = await find_tenant(db, tenant)
    if not timedelta(0) < lifetime <= _LONGEST_LIFETIME:
        raise refuse(
            INVALID,
            "lifetime",
            reason="A token lives more than nothing and at most 366 days.",
            reason_zh="令牌有效期必须大于零且不超过 366 天。",
        )
    email = _clean_email(email)
    token = _TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    async with db.transaction(found.id) as tx:
        members = await directory.list_members(tx.sql, tx.tenant_id)
        member = next((m for m in members if m.email == email), None)
        if member is None:
            raise refuse(NOT_FOUND, "email", id=email)
        token_id = await directory.insert_token(
            tx.sql, found.id, member.user_id, sign_ins.token_hash(token), lifetime
        )
        await record(tx, SYSTEM, "token.issue", "token", token_id, {"user": member.user_id})
    return token


async def revoke_token(db: Database, token: str) -> bool:
    """Make a token worthless everywhere. False if it already was."""
    async with db.directory() as sql:
        revoked = await directory.revoke_token(sql, sign_ins.token_hash(token))
    if revoked is None:
        return False
    tenant_id, token_id = revoked
    async with db.transaction(tenant_id) as tx:
        await record(tx, SYSTEM, "token.revoke", "token", token_id)
        await sign_ins.forget(tx)
    await sign_ins.forgotten(db)
    return True


# Settings


async def load_settings(tx: Transaction) -> Settings:
    """The tenant's settings in this transaction."""
    return Settings.model_validate(await tables.read_settings(tx))


async def update_settings(
    db: Database, principal: Principal, command_id: UUID, changes: Mapping[str, Any]
) -> Settings:
    """Change settings by name, all or none. Postings under way start over with the new ones."""

    async def work(tx: Transaction) -> dict[str, Any]:
        await tables.next_change(tx, new_rules=True)
        stored = await tables.read_settings(tx)
        before, after = Settings.model_validate(stored), merged(stored, changes)
        if isinstance(after, list):
            raise Refused(*after)
        if (await tables.read_sequence(tx)).posting > 0:
            raise_any(fixed(before, after))
        if before.codes_case_sensitive != after.codes_case_sensitive:
            await _rekey(tx, case_sensitive=after.codes_case_sensitive)
        await tables.write_settings(tx, after.model_dump(mode="json"))
        await record(
            tx, principal.user_id, "settings.update", "tenant", tx.tenant_id, {"changes": changes}
        )
        return after.model_dump(mode="json")

    outcome = await commands.run(
        db, principal.tenant_id, command_id, "updateSettings", changed_fields(changes), work
    )
    return Settings.model_validate(outcome)


async def _rekey(tx: Transaction, *, case_sensitive: bool) -> None:
    for kind, register in _CODED.items():
        collision = await register.rekey(
            tx, lambda code: code_key(code, case_sensitive=case_sensitive)
        )
        if collision is not None:
            raise refuse(CODES_COLLIDE, "codes_case_sensitive", kind=kind, code=collision)
