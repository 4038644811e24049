"""The module's settings in GraphQL."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.plugin_api import LIMIT_EXCEEDED, refuse, update_module_settings
from plugins.serial_numbers.graphql.vocabulary import SerialNumbersUniqueWithin
from plugins.serial_numbers.rules.records import NAME
from plugins.serial_numbers.settings import SerialSettings
from schema.plugin_api import (
    COMMAND_ID,
    UNSET,
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
    uuid_of,
)

_MOST = 100
"""Places in each list."""


def _about(name: str) -> str:
    return SerialSettings.model_fields[name].description or ""


@object_type(permission="settings.read")
class SerialNumbersSettings:
    """What the tenant decided for serial numbers."""

    record: strawberry.Private[SerialSettings]
    unique_within: SerialNumbersUniqueWithin = field(_about("unique_within"))

    @classmethod
    def of(cls, record: SerialSettings) -> SerialNumbersSettings:
        within = SerialNumbersUniqueWithin(record.unique_within)
        return cls(record=record, unique_within=within)

    @field
    async def repair_places(self, info: Info) -> list[Place] | None:
        """Places for repair: units there, or below, are in repair and not sold."""
        return await _places(info, self.record.repair_places)

    @field
    async def processor_places(self, info: Info) -> list[Place] | None:
        """Places of processors that work on our units: what is there is not sold."""
        return await _places(info, self.record.processor_places)


async def _places(info: Info, keys: tuple[UUID, ...]) -> list[Place]:
    found = [info.context.load(places_by_id, key) for key in keys]
    return [place for one in found if (place := await one)]


@input_type
class SerialNumbersUpdateSettingsInput:
    """Settings to change. What is left out stays, null sets one back to its default; lists replace."""

    command_id: UUID = field(COMMAND_ID)
    unique_within: SerialNumbersUniqueWithin | None = field(_about("unique_within"), default=UNSET)
    repair_place_ids: list[strawberry.ID] | None = field(_about("repair_places"), default=UNSET)
    processor_place_ids: list[strawberry.ID] | None = field(
        _about("processor_places"), default=UNSET
    )

    def changes(self) -> dict[str, Any]:
        """The changes, in the words of the model."""
        asked: dict[str, Any] = {}
        if self.unique_within is not UNSET:
            within = self.unique_within
            asked["unique_within"] = None if within is None else within.value
        for name, path, sent in (
            ("repair_places", "repairPlaceIds", self.repair_place_ids),
            ("processor_places", "processorPlaceIds", self.processor_place_ids),
        ):
            if sent is UNSET:
                continue
            if len(sent or ()) > _MOST:
                raise refuse(LIMIT_EXCEEDED, path, field=path, limit=_MOST)
            ids = None if sent is None else [str(uuid_of(one, "Place", path)) for one in sent]
            asked[name] = ids
        return asked


@payload_type
class SerialNumbersSettingsPayload(Payload):
    """The settings as they are now."""

    settings: SerialNumbersSettings | None = field("The settings; null if refused.", default=None)


class Mutations:
    """Changing the module's settings."""

    @mutation_field(permission="settings.write")
    async def serial_numbers_update_settings(
        self,
        info: Info,
        input: Annotated[SerialNumbersUpdateSettingsInput, argument("The changes.")],
    ) -> SerialNumbersSettingsPayload:
        """Change settings of serial numbers, all or none."""
        context = info.context
        changed = await update_module_settings(
            context.database, context.principal, input.command_id, NAME, input.changes()
        )
        assert isinstance(changed, SerialSettings)
        return SerialNumbersSettingsPayload(settings=SerialNumbersSettings.of(changed))
