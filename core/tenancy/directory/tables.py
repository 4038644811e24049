"""The directory above tenants: who they are, who may enter, and with which token.

The one door to the global tables. They carry no row-level security, so nothing else may touch them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.db.metadata import Moment, Uuid, global_table
from core.ids import uuid7

tenant = global_table(
    "tenant",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("name", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("edition", sa.Text, nullable=False),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.func.now()),
)

user_account = global_table(
    "user_account",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("email", sa.Text(collation="C"), nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.CheckConstraint("email = lower(email)", name="email_lower"),
)

membership = global_table(
    "membership",
    sa.Column("tenant_id", Uuid, sa.ForeignKey("tenant.id"), primary_key=True),
    sa.Column("user_id", Uuid, sa.ForeignKey("user_account.id"), primary_key=True),
    # Not of the account: a tenant that lets somebody in must not read what another calls them.
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("roles", ARRAY(sa.Text), nullable=False),
    sa.Index(None, "user_id"),
)

api_token = global_table(
    "api_token",
    sa.Column("id", Uuid, primary_key=True),
    sa.Column("tenant_id", Uuid, sa.ForeignKey("tenant.id"), nullable=False),
    sa.Column("user_id", Uuid, sa.ForeignKey("user_account.id"), nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False, server_default=sa.func.now()),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("revoked_at", Moment),
    sa.Index(None, "tenant_id", "user_id"),
)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company with books of its own."""

    id: UUID
    name: str
    edition: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account, whichever tenants they may enter, by the name of one tenant."""

    id: UUID
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A person and the roles they have in one tenant."""

    user_id: UUID
    email: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a valid token stands for."""

    user_id: UUID
    email: str
    tenant_id: UUID
    tenant_name: str
    roles: tuple[str, ...]


async def insert_tenant(sql: AsyncConnection, tenant_id: UUID, name: str, edition: str) -> bool:
    """Whether the tenant was made; false where the name is taken."""
    query = insert(tenant).values(id=tenant_id, name=name, edition=edition)
    query = query.on_conflict_do_nothing(index_elements=["name"])
    return (await sql.execute(query.returning(tenant.c.id))).first() is not None


async def find_tenant(sql: AsyncConnection, which: UUID | str) -> Tenant | None:
    """A tenant by id or by name."""
    same = tenant.c.id == which if isinstance(which, UUID) else tenant.c.name == which
    row = (await sql.execute(sa.select(tenant).where(same))).first()
    return Tenant(*row) if row else None


async def set_edition(sql: AsyncConnection, tenant_id: UUID, edition: str) -> None:
    """Note the edition that a tenant has from now on."""
    query = sa.update(tenant).where(tenant.c.id == tenant_id)
    await sql.execute(query.values(edition=edition))


async def list_tenants(sql: AsyncConnection) -> list[Tenant]:
    query = sa.select(tenant).order_by(tenant.c.name)
    return [Tenant(*row) for row in await sql.execute(query)]


async def ensure_user(sql: AsyncConnection, email: str) -> UUID:
    """The account of this address, made if it is new."""
    # A random id: one with a clock in it would tell whether the address was known before.
    query = insert(user_account).values(id=uuid4(), email=email)
    await sql.execute(query.on_conflict_do_nothing(index_elements=["email"]))
    found = await sql.execute(sa.select(user_account.c.id).where(user_account.c.email == email))
    user_id: UUID = found.scalar_one()
    return user_id


async def users_by_id(
    sql: AsyncConnection, tenant_id: UUID, ids: Iterable[UUID]
) -> dict[UUID, User]:
    """Accounts by id, with the names that this tenant has for them; who is no member any more goes
    by the e-mail address. Ask only for ids that the tenant's own rows name."""
    u, m = user_account.c, membership.c
    mine = (m.user_id == u.id) & (m.tenant_id == tenant_id)
    query = (
        sa.select(u.id, u.email, sa.func.coalesce(m.name, u.email).label("name"))
        .select_from(user_account)
        .outerjoin(membership, mine)
        .where(u.id == sa.any_(sa.literal(list(ids), ARRAY(Uuid))))
    )
    return {row.id: User(*row) for row in await sql.execute(query)}


async def lock_members(sql: AsyncConnection, tenant_id: UUID) -> list[Member]:
    """The members, locked: two administrators must not remove each other at once."""
    return await _members(sql, _members_of(tenant_id).with_for_update(of=membership))


async def list_members(sql: AsyncConnection, tenant_id: UUID) -> list[Member]:
    """The members of a tenant by e-mail address."""
    return await _members(sql, _members_of(tenant_id))


async def put_member(
    sql: AsyncConnection, tenant_id: UUID, user_id: UUID, roles: Sequence[str], name: str | None
) -> None:
    """Make the person a member, or replace their roles. Without a name a member keeps theirs, and a
    new one goes by the e-mail address."""
    address = sa.select(user_account.c.email).where(user_account.c.id == user_id).scalar_subquery()
    query = insert(membership).values(
        tenant_id=tenant_id, user_id=user_id, roles=list(roles), name=name or address
    )
    kept = query.excluded.name if name else membership.c.name
    await sql.execute(
        query.on_conflict_do_update(
            index_elements=["tenant_id", "user_id"],
            set_={"roles": query.excluded.roles, "name": kept},
        )
    )


async def delete_member(sql: AsyncConnection, tenant_id: UUID, user_id: UUID) -> None:
    """End the membership, and with it every token it gave."""
    mine = (membership.c.tenant_id == tenant_id) & (membership.c.user_id == user_id)
    await sql.execute(sa.delete(membership).where(mine))
    tokens = (api_token.c.tenant_id == tenant_id) & (api_token.c.user_id == user_id)
    await sql.execute(_revoke().where(tokens))


async def insert_token(
    sql: AsyncConnection, tenant_id: UUID, user_id: UUID, hash_: bytes, lifetime: timedelta
) -> UUID:
    """Store a token by its hash; it expires by the database's clock."""
    token_id = uuid7()
    await sql.execute(
        sa.insert(api_token).values(
            id=token_id,
            tenant_id=tenant_id,
            user_id=user_id,
            hash=hash_,
            expires_at=sa.func.now() + lifetime,
        )
    )
    return token_id


async def revoke_token(sql: AsyncConnection, hash_: bytes) -> tuple[UUID, UUID] | None:
    """Revoke a token and return its tenant and its id, or None where there is nothing to revoke."""
    query = _revoke().where(api_token.c.hash == hash_)
    row = (await sql.execute(query.returning(api_token.c.tenant_id, api_token.c.id))).first()
    return (row.tenant_id, row.id) if row else None


async def find_bearer(sql: AsyncConnection, hash_: bytes) -> Bearer | None:
    """Whom this token stands for, unless it is unknown, expired, revoked or no longer a member's."""
    query = (
        sa.select(
            user_account.c.id, user_account.c.email, tenant.c.id, tenant.c.name, membership.c.roles
        )
        .select_from(api_token)
        .join(
            membership,
            (membership.c.tenant_id == api_token.c.tenant_id)
            & (membership.c.user_id == api_token.c.user_id),
        )
        .join(user_account, user_account.c.id == api_token.c.user_id)
        .join(tenant, tenant.c.id == api_token.c.tenant_id)
        .where(
            api_token.c.hash == hash_,
            api_token.c.revoked_at.is_(None),
            api_token.c.expires_at > sa.func.now(),
        )
    )
    row = (await sql.execute(query)).first()
    return Bearer(row[0], row[1], row[2], row[3], tuple(row[4])) if row else None


def _revoke() -> sa.Update:
    return (
        sa.update(api_token)
        .values(revoked_at=sa.func.now())
        .where(api_token.c.revoked_at.is_(None))
    )


def _members_of(tenant_id: UUID) -> sa.Select[UUID, str, str, Sequence[str]]:
    return (
        sa.select(user_account.c.id, user_account.c.email, membership.c.name, membership.c.roles)
        .join(user_account, user_account.c.id == membership.c.user_id)
        .where(membership.c.tenant_id == tenant_id)
        .order_by(user_account.c.email)
    )


async def _members(
    sql: AsyncConnection, query: sa.Select[UUID, str, str, Sequence[str]]
) -> list[Member]:
    rows = (await sql.execute(query)).all()
    return [Member(user_id, email, name, tuple(roles)) for user_id, email, name, roles in rows]
