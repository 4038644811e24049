"""Who is asking, in which tenant, and who else may enter it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from core.db.database import Transaction
from core.tenancy import service
from core.tenancy.directory import tables as directory
from core.tenancy.rules import ROLES, permissions_of
from core.tenancy.sign_ins import permissions_in
from schema.access import (
    ANY_MEMBER,
    PART,
    field,
    input_type,
    mutation_field,
    object_type,
    query_field,
)
from schema.context import Context, Info
from schema.errors import Payload, payload_type
from schema.masterdata import COMMAND_ID, argument
from schema.relay import After, Connection, First, Node, connection, encode_id, page_of, uuid_of
from schema.settings import Settings


async def users_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, User]:
    found = await directory.users_by_id(tx.sql, tx.tenant_id, keys)
    return {key: User.of(record) for key, record in found.items()}


async def members_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Member]:
    """Members by the ids of their users."""
    wanted = set(keys)
    members = await directory.list_members(tx.sql, tx.tenant_id)
    return {m.user_id: Member.of(m) for m in members if m.user_id in wanted}


async def tenants_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Tenant]:
    """The one tenant that this transaction is of."""
    found = await directory.find_tenant(tx.sql, tx.tenant_id)
    return {found.id: Tenant.of(found)} if found is not None and found.id in keys else {}


@object_type(permission=PART)
class User:
    """A person with an account. One account may enter several tenants."""

    id: strawberry.ID = field("The person's id, the same in every tenant.")
    email: str = field("The e-mail address they sign in with.")
    name: str = field("Their name in this tenant; the e-mail address of who is no member any more.")

    @classmethod
    def of(cls, record: directory.User) -> User:
        return cls(id=encode_id("User", record.id), email=record.email, name=record.name)


@object_type(permission=PART)
class Role:
    """A named set of permissions. Several roles add up."""

    code: str = field("What `setMember` takes.")
    name: str = field("Its name in your language.")
    permissions: list[str] = field("The names of what it permits.", size=25)


def role_of(code: str, context: Context) -> Role:
    """A role as it is shown, with what the modules that are on add to it; one that no longer exists
    permits nothing."""
    role = ROLES.get(code)
    if role is None:
        return Role(code=code, name=code, permissions=[])
    name = role.name_zh if context.language == "zh" else role.name
    further = permissions_in(context.principal.modules)
    return Role(code=code, name=name, permissions=sorted(permissions_of([code], further)))


@object_type(permission="members.read", node=members_by_id)
class Member(Node):
    """A person who may enter this tenant, with their roles in it."""

    role_codes: strawberry.Private[tuple[str, ...]]
    user: User = field("The person.")

    @classmethod
    def of(cls, record: directory.Member) -> Member:
        user = directory.User(record.user_id, record.email, record.name)
        return cls(uuid=record.user_id, role_codes=record.roles, user=User.of(user))

    @field
    def roles(self, info: Info) -> list[Role]:
        """Their roles in this tenant."""
        return [role_of(code, info.context) for code in self.role_codes]


@object_type(permission=PART)
class Tenant:
    """A company with books of its own. You see the one you are in."""

    id: strawberry.ID = field("Its id.")
    name: str = field("Its name.")
    edition: str = field("The edition it has: a preset of modules and settings.")
    created_at: dt.datetime = field("When its books were opened.")

    @classmethod
    def of(cls, record: directory.Tenant) -> Tenant:
        return cls(
            id=encode_id("Tenant", record.id),
            name=record.name,
            edition=record.edition,
            created_at=record.created_at,
        )

    @field
    async def settings(self, info: Info) -> Settings | None:
        """What it decides for itself."""
        async with info.context.reading() as tx:
            return Settings.of(await service.load_settings(tx))


@object_type(permission=PART)
class Viewer:
    """Who is asking, in which tenant, and what they may do there."""

    permissions: list[str] = field("Everything you may do, all roles together.", size=25)

    @field
    async def user(self, info: Info) -> User:
        """You."""
        user = await info.context.load(users_by_id, info.context.principal.user_id)
        assert user is not None
        return user

    @field
    async def tenant(self, info: Info) -> Tenant:
        """The tenant you are in. A token leads to one."""
        tenant = await info.context.load(tenants_by_id, info.context.principal.tenant_id)
        assert tenant is not None
        return tenant

    @field
    def roles(self, info: Info) -> list[Role]:
        """Your roles in this tenant."""
        return [role_of(code, info.context) for code in info.context.principal.roles]


@input_type
class SetMemberInput:
    """Someone to let in, or a member to give other roles."""

    command_id: UUID = field(COMMAND_ID)
    email: str = field("The e-mail address. An account is made where it is new.")
    roles: list[str] = field("The codes of all roles they shall have; query `roles` for the list.")
    name: str = field(
        "Their name in this tenant. Left out, a member keeps theirs, and a new one goes by the address.",
        default="",
    )


@input_type
class RemoveMemberInput:
    """A member to let in no more."""

    command_id: UUID = field(COMMAND_ID)
    user_id: strawberry.ID = field("The id of the person: `user { id }` of the member.")


@payload_type
class MemberPayload(Payload):
    """The member as they are now."""

    member: Member | None = field("The member; null if it was refused.", default=None)


@payload_type
class RemoveMemberPayload(Payload):
    """Who is a member no more."""

    removed_id: strawberry.ID | None = field(
        "The global id that the member had; null if it was refused.", default=None
    )


class Queries:
    """Who is asking, and who may enter the tenant."""

    @query_field(permission=ANY_MEMBER)
    async def viewer(self, info: Info) -> Viewer:
        """You: who you are, where you are, what you may do."""
        return Viewer(permissions=sorted(info.context.principal.permissions))

    @query_field(permission="members.read")
    async def members(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[Member]:
        """Who may enter this tenant, by e-mail address."""
        page = page_of(first, after, key=(str,))
        async with info.context.reading() as tx:
            everyone = await service.list_members(tx)
        start = page.after[0] if page.after else ""

        async def count() -> int:
            return len(everyone)

        return connection(
            page,
            [member for member in everyone if member.email > start][: page.limit],
            node=Member.of,
            cursor=lambda member: (member.email,),
            count=count,
        )

    @query_field(permission="members.read")
    async def roles(self, info: Info) -> list[Role]:
        """The roles that members can have."""
        return [role_of(code, info.context) for code in ROLES]


class Mutations:
    """Letting people in, and out."""

    @mutation_field(permission="members.write")
    async def set_member(
        self, info: Info, input: Annotated[SetMemberInput, argument("Who, and which roles.")]
    ) -> MemberPayload:
        """Let someone into the tenant, or replace a member's roles. One administrator always stays
        (LAST_ADMINISTRATOR)."""
        context = info.context
        member = await service.set_member(
            context.database,
            context.principal,
            input.command_id,
            input.email,
            input.roles,
            name=input.name,
        )
        return MemberPayload(member=Member.of(member))

    @mutation_field(permission="members.write")
    async def remove_member(
        self, info: Info, input: Annotated[RemoveMemberInput, argument("Who.")]
    ) -> RemoveMemberPayload:
        """End a membership. Its tokens are worthless from then on. One administrator always stays
        (LAST_ADMINISTRATOR)."""
        context = info.context
        user_id = uuid_of(input.user_id, "User", "user_id")
        removed = await service.remove_member(
            context.database, context.principal, input.command_id, user_id
        )
        return RemoveMemberPayload(removed_id=encode_id("Member", removed))
