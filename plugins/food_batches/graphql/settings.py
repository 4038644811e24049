"""The module's settings in GraphQL."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, module_settings, refuse, update_module_settings
from plugins.food_batches.alerts import NAME
from plugins.food_batches.graphql.vocabulary import FoodBatchesLicenceKind, FoodBatchesLicencePolicy
from plugins.food_batches.settings import FoodSettings
from schema.plugin_api import (
    COMMAND_ID,
    PART,
    UNSET,
    Extension,
    Info,
    Payload,
    Place,
    argument,
    field,
    input_type,
    mutation_field,
    object_type,
    payload_type,
    places_by_id,
    query_field,
    uuid_of,
)

_MOST = 100
"""Entries in each list of the settings."""


def _about(name: str) -> str:
    return FoodSettings.model_fields[name].description or ""


@object_type(permission=PART)
class FoodBatchesNearLevel:
    """From when on goods of a shelf life count as near their expiry."""

    shelf_life_at_least: int = field("Of goods that keep at least so many days.")
    days: int = field("They are near their expiry from so many days before it on.")


@object_type(permission=PART)
class FoodBatchesMarkdown:
    """A step of the suggested mark-down."""

    left: int = field("Once at most so many percent of the time near expiry are left.")
    percent: Decimal = field("So many percent off the price.")


@object_type(permission="settings.read")
class FoodBatchesSettings:
    """What the tenant decided for food batches."""

    record: strawberry.Private[FoodSettings]
    near_levels: list[FoodBatchesNearLevel] = field(_about("near_levels"))
    markdowns: list[FoodBatchesMarkdown] = field(_about("markdowns"), size=3)
    licence_policy: FoodBatchesLicencePolicy = field(_about("licence_policy"))
    licence_kinds: list[FoodBatchesLicenceKind] = field(_about("licence_kinds"), size=2)
    complete_scans: bool = field(_about("complete_scans"))
    sample_hours: int = field(_about("sample_hours"))
    record_months: int = field(_about("record_months"))
    record_months_without_expiry: int = field(_about("record_months_without_expiry"))

    @classmethod
    def of(cls, record: FoodSettings) -> FoodBatchesSettings:
        return cls(
            record=record,
            near_levels=[
                FoodBatchesNearLevel(shelf_life_at_least=level.at_least, days=level.days)
                for level in record.near_levels
            ],
            markdowns=[
                FoodBatchesMarkdown(left=step.left, percent=step.percent)
                for step in record.markdowns
            ],
            licence_policy=FoodBatchesLicencePolicy(record.licence_policy),
            licence_kinds=[FoodBatchesLicenceKind(kind.value) for kind in record.licence_kinds],
            complete_scans=record.complete_scans,
            sample_hours=record.sample_hours,
            record_months=record.record_months,
            record_months_without_expiry=record.record_months_without_expiry,
        )

    @field
    async def disposal_places(self, info: Info) -> list[Place] | None:
        """Places for goods to be disposed of: expired ones may be moved there."""
        found = [info.context.load(places_by_id, key) for key in self.record.disposal_places]
        return [place for one in found if (place := await one)]


@input_type
class FoodBatchesNearLevelInput:
    """From when on goods of a shelf life count as near their expiry."""

    shelf_life_at_least: int = field("Of goods that keep at least so many days.")
    days: int = field("They are near their expiry from so many days before it on.")


@input_type
class FoodBatchesMarkdownInput:
    """A step of the suggested mark-down."""

    left: int = field("Once at most so many percent of the time near expiry are left.")
    percent: Decimal = field("So many percent off the price, from 0 to 100.")


@input_type
class FoodBatchesUpdateSettingsInput:
    """Settings to change. What is left out stays, null sets one back to its default; lists replace."""

    command_id: UUID = field(COMMAND_ID)
    near_levels: list[FoodBatchesNearLevelInput] | None = field(
        _about("near_levels"), default=UNSET
    )
    markdowns: list[FoodBatchesMarkdownInput] | None = field(_about("markdowns"), default=UNSET)
    licence_policy: FoodBatchesLicencePolicy | None = field(_about("licence_policy"), default=UNSET)
    licence_kinds: list[FoodBatchesLicenceKind] | None = field(
        _about("licence_kinds"), default=UNSET
    )
    disposal_place_ids: list[strawberry.ID] | None = field(_about("disposal_places"), default=UNSET)
    complete_scans: bool | None = field(_about("complete_scans"), default=UNSET)
    sample_hours: int | None = field(_about("sample_hours"), default=UNSET)
    record_months: int | None = field(_about("record_months"), default=UNSET)
    record_months_without_expiry: int | None = field(
        _about("record_months_without_expiry"), default=UNSET
    )

    def changes(self) -> dict[str, Any]:
        """The changes, in the words of the model. Raises Refused for lists that are too long."""
        asked: dict[str, Any] = {}
        for name in FoodSettings.model_fields:
            places = name == "disposal_places"
            sent = getattr(self, "disposal_place_ids" if places else name)
            if sent is UNSET:
                continue
            if isinstance(sent, list) and len(sent) > _MOST:
                raise refuse(LIMIT_EXCEEDED, name, field=name, limit=_MOST)
            asked[name] = _plain(sent)
        return asked


def _plain(sent: Any) -> Any:
    match sent:
        case list():
            return [_plain(one) for one in sent]
        case FoodBatchesNearLevelInput():
            return {"at_least": sent.shelf_life_at_least, "days": sent.days}
        case FoodBatchesMarkdownInput():
            return {"left": sent.left, "percent": str(sent.percent)}
        case Enum():
            return sent.value
        case str():
            return str(uuid_of(sent, "Place", "disposalPlaceIds"))
    return sent


@payload_type
class FoodBatchesSettingsPayload(Payload):
    """The settings as they are now."""

    settings: FoodBatchesSettings | None = field("The settings; null if refused.", default=None)


class Queries:
    """The module's settings."""

    @query_field(permission="settings.read")
    async def food_batches_settings(self, info: Info) -> FoodBatchesSettings:
        """What the tenant decided for food batches."""
        async with info.context.reading() as tx:
            return FoodBatchesSettings.of(await module_settings(tx, NAME))


class Mutations:
    """Changing the module's settings."""

    @mutation_field(permission="settings.write")
    async def food_batches_update_settings(
        self,
        info: Info,
        input: Annotated[FoodBatchesUpdateSettingsInput, argument("The changes.")],
    ) -> FoodBatchesSettingsPayload:
        """Change settings of food batches, all or none."""
        context = info.context
        changed = await update_module_settings(
            context.database, context.principal, input.command_id, NAME, input.changes()
        )
        assert isinstance(changed, FoodSettings)
        return FoodBatchesSettingsPayload(settings=FoodBatchesSettings.of(changed))


EXTENSION = Extension(queries=Queries, mutations=Mutations)
