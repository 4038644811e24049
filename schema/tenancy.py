"""The tenant, its settings and members, and who is asking."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.tenancy import service
from core.tenancy import settings as core_settings
from core.tenancy.directory.tables import Member as MemberRecord
from core.tenancy.rules import ROLES
from schema.access import PART, field, input_type, mutation_field, object_type, query_field
from schema.context import Info
from schema.errors import Payload, payload_type
from schema.masterdata import COMMAND_ID, said
from schema.policies import CostingMethod, CostScope, NegativeStock
from schema.relay import encode_id, uuid_of

_FIELDS = core_settings.Settings.model_fields


def _about(name: str) -> str:
    """Settings are described where they are declared."""
    return _FIELDS[name].description or name


@strawberry.enum(description="What goods are worth that come back.")
class ReturnCost(Enum):
    """Of a customer's return, or of goods that go back to their supplier."""

    ORIGINAL_COST = enum_value("original_cost", description="What they left, or came, with.")
    CURRENT_COST = enum_value("current_cost", description="What the pool costs now.")


@strawberry.enum(description="What landed cost does about goods that are gone already.")
class LandedCostPolicy(Enum):
    """The receipt is known by its layers."""

    REPOST = enum_value("repost", description="It reaches their issues: they become dearer.")
    REMAINING = enum_value("remaining", description="Their share is expensed.")


@strawberry.enum(description="What a backdated document does to what came after it.")
class BackdatedPolicy(Enum):
    """Nothing is ever rewritten: corrections are appended."""

    REPOST = enum_value("repost", description="Later documents are corrected.")
    POST_NOW = enum_value("post_now", description="Its value is booked as of today.")


@strawberry.enum(description="What an approved sales order does with stock.")
class ReserveOnOrder(Enum):
    """Promises are checked under the same guards as issues."""

    REQUIRE = enum_value("require", description="Reserves; refused where there is too little.")
    BACKORDER = enum_value("backorder", description="Reserves even what is not there yet.")
    OFF = enum_value("off", description="Reserves nothing.")


@object_type(permission="settings.read")
class Settings:
    """What a tenant decides for itself."""

    currency: str = field(_about("currency"))
    amount_dp: int = field(_about("amount_dp"))
    accounting_zone: str = field(_about("accounting_zone"))
    prices_include_tax: bool = field(_about("prices_include_tax"))
    codes_case_sensitive: bool = field(_about("codes_case_sensitive"))
    negative_stock: NegativeStock = field(_about("negative_stock"))
    costing_method: CostingMethod = field(_about("costing_method"))
    cost_scope: CostScope = field(_about("cost_scope"))
    return_in: ReturnCost = field(_about("return_in"))
    return_out: ReturnCost = field(_about("return_out"))
    landed_cost: LandedCostPolicy = field(_about("landed_cost"))
    backdated: BackdatedPolicy = field(_about("backdated"))
    approval_required: list[str] = field(_about("approval_required"), size=3)
    over_receipt_pct: Decimal = field(_about("over_receipt_pct"))
    reserve_on_order: ReserveOnOrder = field(_about("reserve_on_order"))
    count_approval_pct: Decimal | None = field(_about("count_approval_pct"))

    @classmethod
    def of(cls, record: core_settings.Settings) -> Settings:
        values: dict[str, Any] = record.model_dump()
        for name, kind in _ENUMS.items():
            values[name] = kind(values[name])
        return cls(**values)


_ENUMS: dict[str, type[Enum]] = {
    "negative_stock": NegativeStock,
    "costing_method": CostingMethod,
    "cost_scope": CostScope,
    "return_in": ReturnCost,
    "return_out": ReturnCost,
    "landed_cost": LandedCostPolicy,
    "backdated": BackdatedPolicy,
    "reserve_on_order": ReserveOnOrder,
}


@object_type(permission=PART)
class Role:
    """A named set of permissions."""

    code: str = field("Its code.")
    title: str = field("Its name in your language.")
    permissions: list[str] = field("What it permits.", size=20)


@object_type(permission="members.read")
class Member:
    """Somebody who may enter this tenant."""

    user_id: strawberry.ID = field("The user's global id.")
    email: str = field("The address.")
    name: str = field("The name.")
    roles: list[str] = field("The codes of the roles.", size=2)

    @classmethod
    def of(cls, record: MemberRecord) -> Member:
        return cls(
            user_id=encode_id("User", record.user_id),
            email=record.email,
            name=record.name,
            roles=list(record.roles),
        )


@object_type(permission="settings.read")
class Viewer:
    """Who is asking, in which tenant, and what they may do."""

    user_id: strawberry.ID = field("The user's global id.")
    email: str = field("The address.")
    tenant_name: str = field("The tenant.")
    roles: list[str] = field("The codes of the roles here.", size=2)
    permissions: list[str] = field("What may be done, all roles together.", size=25)

    @field
    async def settings(self, info: Info) -> Settings:
        """The tenant's settings."""
        async with info.context.reading() as tx:
            return Settings.of(await service.load_settings(tx))


@input_type
class UpdateSettingsInput:
    """Settings to change; what is left out stays."""

    command_id: UUID = field(COMMAND_ID)
    currency: str | None = field(_about("currency"), default=strawberry.UNSET)
    amount_dp: int | None = field(_about("amount_dp"), default=strawberry.UNSET)
    accounting_zone: str | None = field(_about("accounting_zone"), default=strawberry.UNSET)
    prices_include_tax: bool | None = field(_about("prices_include_tax"), default=strawberry.UNSET)
    codes_case_sensitive: bool | None = field(
        _about("codes_case_sensitive"), default=strawberry.UNSET
    )
    negative_stock: NegativeStock | None = field(_about("negative_stock"), default=strawberry.UNSET)
    costing_method: CostingMethod | None = field(_about("costing_method"), default=strawberry.UNSET)
    cost_scope: CostScope | None = field(_about("cost_scope"), default=strawberry.UNSET)
    return_in: ReturnCost | None = field(_about("return_in"), default=strawberry.UNSET)
    return_out: ReturnCost | None = field(_about("return_out"), default=strawberry.UNSET)
    landed_cost: LandedCostPolicy | None = field(_about("landed_cost"), default=strawberry.UNSET)
    backdated: BackdatedPolicy | None = field(_about("backdated"), default=strawberry.UNSET)
    approval_required: list[str] | None = field(
        _about("approval_required"), default=strawberry.UNSET
    )
    over_receipt_pct: Decimal | None = field(_about("over_receipt_pct"), default=strawberry.UNSET)
    reserve_on_order: ReserveOnOrder | None = field(
        _about("reserve_on_order"), default=strawberry.UNSET
    )
    count_approval_pct: Decimal | None = field(
        _about("count_approval_pct") + " Null: none.", default=strawberry.UNSET
    )


@input_type
class SetMemberInput:
    """Somebody to let in, or to give other roles."""

    command_id: UUID = field(COMMAND_ID)
    email: str = field("The address; the account is made where it is new.")
    roles: list[str] = field("The codes of all roles they shall have here.")
    name: str = field("The name of a new account.", default="")


@input_type
class RemoveMemberInput:
    """Somebody to let in no more."""

    command_id: UUID = field(COMMAND_ID)
    user_id: strawberry.ID = field("The user's global id.")


@payload_type
class SettingsPayload(Payload):
    """The settings as they are now."""

    settings: Settings | None = field("The settings; null if refused.", default=None)


@payload_type
class MemberPayload(Payload):
    """The member as they are now."""

    member: Member | None = field("The member; null if refused.", default=None)


@payload_type
class RemoveMemberPayload(Payload):
    """Who is a member no more."""

    removed_id: strawberry.ID | None = field("The user's global id.", default=None)


def _argument(text: str) -> Any:
    return strawberry.argument(description=text)


class Queries:
    """Who is asking, and the tenant's members and settings."""

    @query_field(permission="settings.read")
    async def viewer(self, info: Info) -> Viewer:
        """Who you are here, and what you may do."""
        who = info.context.principal
        return Viewer(
            user_id=encode_id("User", who.user_id),
            email=who.email,
            tenant_name=who.tenant_name,
            roles=list(who.roles),
            permissions=sorted(who.permissions),
        )

    @query_field(permission="settings.read")
    async def settings(self, info: Info) -> Settings:
        """The tenant's settings."""
        async with info.context.reading() as tx:
            return Settings.of(await service.load_settings(tx))

    @query_field(permission="members.read")
    async def members(self, info: Info) -> list[Member]:
        """Who may enter this tenant, by address."""
        async with info.context.reading() as tx:
            return [Member.of(record) for record in await service.list_members(tx)]

    @query_field(permission="members.read")
    async def roles(self, info: Info) -> list[Role]:
        """The roles there are."""
        chinese = info.context.language == "zh"
        return [
            Role(
                code=role.code,
                title=role.name_zh if chinese else role.name,
                permissions=sorted(role.permissions),
            )
            for role in ROLES.values()
        ]


class Mutations:
    """Changing settings and members."""

    @mutation_field(permission="settings.write")
    async def update_settings(
        self, info: Info, input: Annotated[UpdateSettingsInput, _argument("The changes.")]
    ) -> SettingsPayload:
        """Change settings, all or none. What would give posted amounts another meaning is refused once
        something was posted."""
        context = info.context
        changed = await service.update_settings(
            context.database, context.principal, input.command_id, said(input, {})
        )
        return SettingsPayload(settings=Settings.of(changed))

    @mutation_field(permission="members.write")
    async def set_member(
        self, info: Info, input: Annotated[SetMemberInput, _argument("Who, and which roles.")]
    ) -> MemberPayload:
        """Let somebody in, or give a member other roles."""
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
        self, info: Info, input: Annotated[RemoveMemberInput, _argument("Who.")]
    ) -> RemoveMemberPayload:
        """End a membership; its tokens are worthless within seconds. The last administrator stays."""
        context = info.context
        user = uuid_of(input.user_id, "User", "userId")
        gone = await service.remove_member(
            context.database, context.principal, input.command_id, user
        )
        return RemoveMemberPayload(removed_id=encode_id("User", gone))
