"""What a tenant decides for itself, and how it is changed."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import enum_value

from core.errors import DUPLICATE, refuse
from core.indicators.rules import Bounds
from core.tenancy import service
from core.tenancy import settings as core_settings
from schema.access import PART, field, input_type, mutation_field, object_type
from schema.context import Info
from schema.errors import Payload, payload_type
from schema.masterdata import COMMAND_ID, UNSET, argument, clearing_refused, said
from schema.policies import CostingMethod, CostScope, NegativeStock

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
    BACKORDER = enum_value(
        "backorder",
        description="Reserves even what is not there yet: orders wait in the sequence of their approval.",
    )
    OFF = enum_value("off", description="Reserves nothing.")


_BOUNDS = Bounds.model_fields


def _about_bound(name: str) -> str:
    return _BOUNDS[name].description or name


@object_type(permission=PART)
class IndicatorBounds:
    """Where an indicator is ideal and where alarming, both ends included; null is an open end."""

    ideal_from: Decimal | None = field(_about_bound("ideal_from"))
    ideal_to: Decimal | None = field(_about_bound("ideal_to"))
    alarm_below: Decimal | None = field(_about_bound("alarm_below"))
    alarm_above: Decimal | None = field(_about_bound("alarm_above"))

    @classmethod
    def of(cls, record: Bounds) -> IndicatorBounds:
        return cls(**dict(record))


@object_type(permission=PART)
class IndicatorSetting:
    """The bounds that a tenant has set for an indicator."""

    code: str = field("The code of the indicator.")
    bounds: IndicatorBounds = field("The bounds.")


@input_type
class IndicatorSettingInput:
    """Where an indicator is ideal and where alarming, both ends included; null is an open end."""

    code: str = field("The code of the indicator.")
    ideal_from: Decimal | None = field(_about_bound("ideal_from"), default=None)
    ideal_to: Decimal | None = field(_about_bound("ideal_to"), default=None)
    alarm_below: Decimal | None = field(_about_bound("alarm_below"), default=None)
    alarm_above: Decimal | None = field(_about_bound("alarm_above"), default=None)


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
    indicator_bounds: list[IndicatorSetting] = field(_about("indicator_bounds"), size=5)

    @classmethod
    def of(cls, record: core_settings.Settings) -> Settings:
        values: dict[str, Any] = record.model_dump()
        for name, kind in _ENUMS.items():
            values[name] = kind(values[name])
        values["indicator_bounds"] = [
            IndicatorSetting(code=code, bounds=IndicatorBounds.of(bounds))
            for code, bounds in sorted(record.indicator_bounds.items())
        ]
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


@input_type
class UpdateSettingsInput:
    """Settings to change; what is left out stays."""

    command_id: UUID = field(COMMAND_ID)
    currency: str | None = field(_about("currency"), default=UNSET)
    amount_dp: int | None = field(_about("amount_dp"), default=UNSET)
    accounting_zone: str | None = field(_about("accounting_zone"), default=UNSET)
    prices_include_tax: bool | None = field(_about("prices_include_tax"), default=UNSET)
    codes_case_sensitive: bool | None = field(_about("codes_case_sensitive"), default=UNSET)
    negative_stock: NegativeStock | None = field(_about("negative_stock"), default=UNSET)
    costing_method: CostingMethod | None = field(_about("costing_method"), default=UNSET)
    cost_scope: CostScope | None = field(_about("cost_scope"), default=UNSET)
    return_in: ReturnCost | None = field(_about("return_in"), default=UNSET)
    return_out: ReturnCost | None = field(_about("return_out"), default=UNSET)
    landed_cost: LandedCostPolicy | None = field(_about("landed_cost"), default=UNSET)
    backdated: BackdatedPolicy | None = field(_about("backdated"), default=UNSET)
    approval_required: list[str] | None = field(_about("approval_required"), default=UNSET)
    over_receipt_pct: Decimal | None = field(_about("over_receipt_pct"), default=UNSET)
    reserve_on_order: ReserveOnOrder | None = field(_about("reserve_on_order"), default=UNSET)
    count_approval_pct: Decimal | None = field(
        _about("count_approval_pct") + " Null: none.", default=UNSET
    )
    indicator_bounds: list[IndicatorSettingInput] | None = field(
        _about("indicator_bounds") + " They replace all that were set.", default=UNSET
    )


@payload_type
class SettingsPayload(Payload):
    """The settings as they are now."""

    settings: Settings | None = field("The settings; null if refused.", default=None)


class Mutations:
    """Changing settings."""

    @mutation_field(permission="settings.write")
    async def update_settings(
        self, info: Info, input: Annotated[UpdateSettingsInput, argument("The changes.")]
    ) -> SettingsPayload:
        """Change settings, all or none. What would give posted amounts another meaning is refused once
        something was posted (SETTING_FIXED)."""
        asked = clearing_refused(said(input, {}), except_for=("count_approval_pct",))
        if "indicator_bounds" in asked:
            asked["indicator_bounds"] = _by_code(asked["indicator_bounds"])
        context = info.context
        changed = await service.update_settings(
            context.database, context.principal, input.command_id, asked
        )
        return SettingsPayload(settings=Settings.of(changed))


def _by_code(sent: list[IndicatorSettingInput]) -> dict[str, dict[str, Decimal | None]]:
    found: dict[str, dict[str, Decimal | None]] = {}
    for n, one in enumerate(sent):
        if one.code in found:
            raise refuse(DUPLICATE, "indicatorBounds", n, "code", field="code", value=one.code)
        found[one.code] = {name: getattr(one, name) for name in _BOUNDS}
    return found
