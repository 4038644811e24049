"""Parties: what life a customer wants goods to have left, and the licences of a supplier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import strawberry

from core.plugin_api import Transaction, refuse, today
from plugins.food_batches import tables
from plugins.food_batches.attributes import BAD_MINIMUM
from plugins.food_batches.graphql.items import READ
from plugins.food_batches.graphql.vocabulary import FoodBatchesLicenceKind
from plugins.food_batches.rules import dates, records
from schema.plugin_api import (
    PART,
    CreatePartyInput,
    Extension,
    Info,
    InputField,
    Party,
    SavePartyInput,
    UpdatePartyInput,
    field,
    input_type,
    object_type,
)

_DAYS = "So many days."
_NUMERATOR = "The share of the whole shelf life, such as 2 of 3: the 2."
_DENOMINATOR = "The 3 of 2 of 3."


@object_type(permission=PART)
class FoodBatchesMinimumLife:
    """What life a customer wants goods to have left: days, or a share of their whole shelf life."""

    days: int | None = field(_DAYS)
    numerator: int | None = field(_NUMERATOR)
    denominator: int | None = field(_DENOMINATOR)

    @classmethod
    def of(cls, minimum: records.MinimumLife | None) -> FoodBatchesMinimumLife | None:
        if minimum is None:
            return None
        share = minimum.fraction
        return cls(
            days=minimum.days,
            numerator=share.numerator if share is not None else None,
            denominator=share.denominator if share is not None else None,
        )


@object_type(permission=PART)
class FoodBatchesLicence:
    """A paper that a supplier of food has shown."""

    kind: FoodBatchesLicenceKind = field("What paper it is.")
    number: str = field("Its number.")
    valid_until: dt.date | None = field("Its last day; null for no end.")
    expired: bool = field("Whether that day is over.")


@object_type(permission=READ)
class FoodBatchesParty:
    """What is kept of a party as a customer or supplier of food."""

    minimum_life: FoodBatchesMinimumLife | None = field(
        "What life it wants goods to have left, as a customer; null where it takes any."
    )
    licences: list[FoodBatchesLicence] = field("Its papers, as a supplier.", size=3)


async def parties_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, FoodBatchesParty]:
    minimums = await tables.minimums_by_party(tx, keys)
    licences = await tables.licences_by_party(tx, keys)
    on = await today(tx)
    return {
        key: FoodBatchesParty(
            minimum_life=FoodBatchesMinimumLife.of(minimums.get(key)),
            licences=[
                FoodBatchesLicence(
                    kind=FoodBatchesLicenceKind(one.kind.value),
                    number=one.number,
                    valid_until=one.valid_until,
                    expired=dates.expired(one.valid_until, on),
                )
                for one in licences.get(key, ())
            ],
        )
        for key in keys
    }


class PartyFields:
    """What a party shows."""

    @field
    async def food_batches(
        self, info: Info, party: strawberry.Parent[Party]
    ) -> FoodBatchesParty | None:
        """What is kept of it as a customer or supplier of food."""
        return await info.context.load(parties_by_id, party.uuid)


@input_type
class FoodBatchesMinimumLifeInput:
    """What life goods must have left: either days, or a share of their whole shelf life."""

    days: int | None = field(_DAYS, default=None)
    numerator: int | None = field(_NUMERATOR, default=None)
    denominator: int | None = field(_DENOMINATOR, default=None)


@input_type
class FoodBatchesLicenceInput:
    """A paper that a supplier has shown."""

    kind: FoodBatchesLicenceKind = field("What paper it is.")
    number: str = field("Its number, at most 64 characters.")
    valid_until: dt.date | None = field("Its last day; none when left out.", default=None)


@input_type
class FoodBatchesPartyInput:
    """What is kept of a party, all of it at once: what is left out is empty afterwards."""

    minimum_life: FoodBatchesMinimumLifeInput | None = field(
        "What life it wants goods to have left, as a customer.", default=None
    )
    licences: list[FoodBatchesLicenceInput] | None = field(
        "Its papers, as a supplier; at most 50.", default=None
    )


def read(sent: FoodBatchesPartyInput) -> Mapping[str, Any]:
    wanted = sent.minimum_life
    if wanted is not None and (wanted.days, wanted.numerator, wanted.denominator) == (None,) * 3:
        raise refuse(BAD_MINIMUM, "minimumLife")
    return {
        "minimum_days": wanted.days if wanted else None,
        "minimum_numerator": wanted.numerator if wanted else None,
        "minimum_denominator": wanted.denominator if wanted else None,
        "licences": [
            {
                "kind": one.kind.value,
                "number": one.number,
                "valid_until": one.valid_until,
            }
            for one in sent.licences or ()
        ],
    }


_INPUT = InputField(
    FoodBatchesPartyInput,
    read,
    "What is kept of it as a customer or supplier of food. Null takes all away; left out, all stays.",
)

EXTENSION = Extension(
    fields={Party: PartyFields},
    inputs=dict.fromkeys((CreatePartyInput, SavePartyInput, UpdatePartyInput), _INPUT),
)
