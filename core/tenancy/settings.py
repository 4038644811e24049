"""What a tenant may decide for itself: typed, documented, with safe defaults."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, Field, StringConstraints, ValidationError, field_validator

from core.errors import Refusal, define
from core.indicators.rules import Bounds

INVALID_SETTING = define(
    "INVALID_SETTING",
    en="The setting {setting} is not valid: {reason}.",
    zh="设置项 {setting} 无效:{reason_zh}。",
)
SETTING_FIXED = define(
    "SETTING_FIXED",
    en="{setting} cannot change any more: documents were already posted with it.",
    zh="已有单据按此过账,{setting} 不能再更改。",
)
CODES_COLLIDE = define(
    "CODES_COLLIDE",
    en="Codes of {kind} differ by case only ({code}); make them distinct first.",
    zh="{kind} 的编码仅大小写不同({code}),请先修改。",
)

NegativeStock = Literal["forbid", "allow"]
CostingMethod = Literal["moving_average", "fifo", "standard", "specific"]
CostScope = Literal["item", "item_place", "item_lot", "item_lot_place", "serial"]

DocumentType = Annotated[str, StringConstraints(pattern="^[A-Za-z][A-Za-z0-9_]{0,63}$")]

IndicatorCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)?$")]

FIXED_ONCE_POSTED = ("currency", "amount_dp", "costing_method", "cost_scope")
"""A change of these would give posted amounts another meaning; method and scope change by document
only (ledger rule 5.6)."""


class Settings(BaseModel, frozen=True, extra="forbid"):
    """One tenant's settings; an absent one takes the default written here."""

    currency: str = Field(
        default="CNY", pattern="^[A-Z]{3}$", description="The one currency of the books, ISO 4217."
    )
    amount_dp: int = Field(default=2, ge=0, le=4, description="Decimal places of amounts (金额).")
    accounting_zone: str = Field(
        default="Asia/Shanghai",
        description="IANA zone in which business dates and periods are counted (ledger rule 6.1).",
    )
    prices_include_tax: bool = Field(
        default=False, description="Whether unit prices contain the tax."
    )
    codes_case_sensitive: bool = Field(
        default=False, description="Whether 85123A and 85123a are two different codes."
    )
    negative_stock: NegativeStock = Field(
        default="forbid",
        description="Whether stock may go below zero where nothing else is said (L5).",
    )
    costing_method: CostingMethod = Field(
        default="moving_average",
        description="Valuation of items that have no method of their own (L9).",
    )
    cost_scope: CostScope = Field(
        default="item", description="What shares one cost pool (ledger rule 5.2)."
    )
    return_in: Literal["original_cost", "current_cost"] = Field(
        default="original_cost",
        description="Value of goods that a customer returns with their issue.",
    )
    return_out: Literal["current_cost", "original_cost"] = Field(
        default="current_cost", description="Value of goods that go back to their supplier."
    )
    landed_cost: Literal["repost", "remaining"] = Field(
        default="repost",
        description="Landed cost of goods already gone: reaches their issues, or is expensed.",
    )
    backdated: Literal["repost", "post_now"] = Field(
        default="repost", description="Late documents correct what came after them, or book today."
    )
    approval_required: list[DocumentType] = Field(
        default_factory=list, description="Codes of document types that post only once approved."
    )
    over_receipt_pct: Decimal = Field(
        default=Decimal(0),
        ge=0,
        le=100,
        description="Per cent by which a receipt may exceed its order.",
    )
    reserve_on_order: Literal["require", "backorder", "off"] = Field(
        default="require",
        description="What an approved order does with stock that it sells or uses: it must be there"
        " (require), the order may wait for it, behind those approved before (backorder), or nothing is"
        " reserved (off). Who plans what to make and to buy from orders wants backorder.",
    )
    count_approval_pct: Decimal | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Count differences above this per cent need approval.",
    )

    indicator_bounds: dict[IndicatorCode, Bounds] = Field(
        default_factory=dict,
        max_length=200,
        description="Within which bounds indicators are healthy, where not as they are declared, by code.",
    )

    @field_validator("accounting_zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        if zone not in zones():
            raise ValueError
        return zone


@cache
def zones() -> frozenset[str]:
    """The names of the IANA database. Reading them opens hundreds of files: once is enough."""
    return frozenset(available_timezones())


_EXPECTED: Mapping[str, tuple[str, str]] = {
    "currency": (
        "it must be three capital letters, such as CNY",
        "须为三个大写字母,如 CNY",
    ),
    "amount_dp": ("it must be between 0 and 4", "须在 0 到 4 之间"),
    "accounting_zone": (
        "it must be a time zone, such as Asia/Shanghai",
        "须为时区名称,如 Asia/Shanghai",
    ),
    "approval_required": ("it must list codes of document types", "须为单据类型的代码列表"),
    "indicator_bounds": (
        "it must give bounds in rising order by the codes of indicators",
        "须按指标代码给出由小到大的界限",
    ),
    "over_receipt_pct": ("it must be between 0 and 100", "须在 0 到 100 之间"),
    "count_approval_pct": ("it must be between 0 and 100", "须在 0 到 100 之间"),
}
_CHOSEN = ("it must be one of the values of this setting", "须为该设置项的可选值之一")


def merged(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> Settings | list[Refusal]:
    """The settings after the changes, or what is wrong with them."""
    try:
        return Settings.model_validate({**stored, **changes})
    except ValidationError as error:
        return [_invalid(problem["loc"]) for problem in error.errors()]


def fixed(before: Settings, after: Settings) -> list[Refusal]:
    """Refusals for settings that may not change once something was posted."""
    return [
        Refusal(SETTING_FIXED, (name,), {"setting": name})
        for name in FIXED_ONCE_POSTED
        if getattr(before, name) != getattr(after, name)
    ]


def _invalid(location: tuple[int | str, ...]) -> Refusal:
    # In words of ours: the library's are English only, and speak of patterns.
    setting = str(location[0])
    reason, reason_zh = _EXPECTED.get(setting, _CHOSEN)
    details = {"setting": setting, "reason": reason, "reason_zh": reason_zh}
    return Refusal(INVALID_SETTING, location, details)
