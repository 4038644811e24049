"""Units: where they are, their whole history, their warranty."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import strawberry

from core.plugin_api import LotMovement, Transaction, lot_movements, today
from plugins.serial_numbers import tables
from plugins.serial_numbers.graphql.items import READ
from plugins.serial_numbers.graphql.vocabulary import SerialNumbersClaimOutcome, SerialNumbersState
from plugins.serial_numbers.rules import records, warranty
from plugins.serial_numbers.rules.life import State
from plugins.serial_numbers.stock import tables as stock
from schema.plugin_api import (
    PART,
    After,
    Connection,
    Document,
    First,
    Info,
    Item,
    Lot,
    Node,
    Party,
    Place,
    argument,
    connection,
    documents_by_id,
    field,
    items_by_id,
    lots_by_id,
    object_type,
    page_of,
    parties_by_id,
    places_by_id,
)


async def units_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, SerialNumbersUnit]:
    found, on = await tables.units_by_lot(tx, keys), await today(tx)
    return {key: SerialNumbersUnit.of(unit, on) for key, unit in found.items()}


async def places_of_units(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, UUID]:
    found = await stock.where(tx, keys)
    return {lot: place for lot, (place, account) in found.items() if account is None}


async def claims_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, SerialNumbersClaim]:
    found = await tables.claims_where(tx, ids=keys)
    return {claim.id: SerialNumbersClaim.of(claim) for claim in found}


async def claims_of_units(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, list[records.Claim]]:
    found: dict[UUID, list[records.Claim]] = {key: [] for key in keys}
    for claim in await tables.claims_where(tx, lots=keys):
        found[claim.lot_id].append(claim)
    return found


async def claims_by_replacement(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, records.Claim]:
    found = await tables.claims_where(tx, replacements=keys)
    return {claim.replacement_id: claim for claim in found if claim.replacement_id}


async def batches_of_units(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, UUID]:
    return await stock.batches_of(tx, keys)


async def units_of_batches(
    tx: Transaction, keys: Sequence[UUID]
) -> Mapping[UUID, list[SerialNumbersUnit]]:
    found, on = await tables.units_of_batches(tx, keys), await today(tx)
    return {lot: [SerialNumbersUnit.of(unit, on) for unit in units] for lot, units in found.items()}


Move = tuple[LotMovement, Decimal | None]


async def histories(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, list[Move]]:
    """All movements of units, with what each was worth, in the order of posting."""
    found: dict[UUID, list[Move]] = {key: [] for key in keys}
    moved = await lot_movements(tx, keys)
    worth = await stock.values(tx, {one.document_id for one in moved}, keys)
    for one in moved:
        if one.lot_id in found:
            found[one.lot_id].append((one, worth.get((one.document_id, one.lot_id))))
    return found


@object_type(permission=PART)
class SerialNumbersEvent:
    """A unit moved, by a document."""

    move: strawberry.Private[Move]
    on: dt.date = field("The day of the document.")
    number: str = field("The number of the document.")
    type: str = field("The code of its type.")
    source_account: str | None = field(
        "Whence it came from outside, such as `supplier`; null from a place of ours."
    )
    target_account: str | None = field(
        "Where it went to outside, such as `customer`; null to a place of ours."
    )
    reverses: bool = field("Whether the document undoes another.")

    @classmethod
    def of(cls, move: Move) -> SerialNumbersEvent:
        one, _ = move
        return cls(
            move=move,
            on=one.on,
            number=one.number,
            type=one.type_code,
            source_account=one.source_account,
            target_account=one.target_account,
            reverses=one.reverses_id is not None,
        )

    @field
    async def document(self, info: Info) -> Document | None:
        """The document."""
        return await info.context.load(documents_by_id, self.move[0].document_id)

    @field
    async def party(self, info: Info) -> Party | None:
        """The supplier or the customer."""
        return await info.context.load(parties_by_id, self.move[0].party_id)

    @field
    async def source(self, info: Info) -> Place | None:
        """The place of ours that it left."""
        one = self.move[0]
        if one.source_account is not None:
            return None
        return await info.context.load(places_by_id, one.source)

    @field
    async def target(self, info: Info) -> Place | None:
        """The place of ours that it came to."""
        one = self.move[0]
        if one.target_account is not None:
            return None
        return await info.context.load(places_by_id, one.target)

    @field
    def cost(self, info: Info) -> Decimal | None:
        """What it was worth, corrections included; null for whoever may not see costs."""
        return self.move[1] if info.context.may("cost.read") else None


@object_type(permission=READ, node=units_by_id)
class SerialNumbersUnit(Node):
    """One unit with its number (序列号)."""

    record: strawberry.Private[records.Unit]
    number: str = field("Its number.")
    state: SerialNumbersState = field("What became of it.")
    sold_on: dt.date | None = field("When it was sold; null where nobody has it from us.")
    warranty_until: dt.date | None = field("The last day of its warranty (质保), from the sale on.")
    under_warranty: bool = field("Whether the warranty covers today.")

    @classmethod
    def of(cls, record: records.Unit, on: dt.date) -> SerialNumbersUnit:
        sold = record.state is State.SOLD
        until = record.warranty_until if sold else None
        return cls(
            uuid=record.lot_id,
            record=record,
            number=record.number,
            state=SerialNumbersState(record.state.value),
            sold_on=record.sold_on if sold else None,
            warranty_until=until,
            under_warranty=warranty.covered(record.sold_on, until, on),
        )

    @field
    async def item(self, info: Info) -> Item | None:
        """The item."""
        return await info.context.load(items_by_id, self.record.item_id)

    @field
    async def lot(self, info: Info) -> Lot | None:
        """The lot of the ledger that it is."""
        return await info.context.load(lots_by_id, self.uuid)

    @field
    async def batch(self, info: Info) -> Lot | None:
        """The lot that it belongs to; null where it belongs to none."""
        key = await info.context.load(batches_of_units, self.uuid)
        return await info.context.load(lots_by_id, key)

    @field
    async def customer(self, info: Info) -> Party | None:
        """Who bought it, if that was said; null where nobody has it from us."""
        key = self.record.party_id if self.record.state is State.SOLD else None
        return await info.context.load(parties_by_id, key)

    @field
    async def place(self, info: Info) -> Place | None:
        """Where it lies; null where it is not in one of our places, and for whoever may not see stock."""
        if not info.context.may("stock.read"):
            return None
        key = await info.context.load(places_of_units, self.uuid)
        return await info.context.load(places_by_id, key)

    @field
    async def history(self, info: Info) -> list[SerialNumbersEvent] | None:
        """Everything that happened to it, in the order of posting; what was undone on its own day is left
        out. Null for whoever may not see documents."""
        if not info.context.may("documents.read"):
            return None
        found = await info.context.load(histories, self.uuid)
        return [SerialNumbersEvent.of(move) for move in found or ()]

    @field
    async def claims(self, info: Info) -> list[SerialNumbersClaim] | None:
        """What customers claimed for it (保修申请), the oldest first."""
        found = await info.context.load(claims_of_units, self.uuid)
        return [SerialNumbersClaim.of(claim) for claim in found or ()]

    @field
    async def replaced_by(self, info: Info) -> SerialNumbersUnit | None:
        """The unit that was given for it; null where none was."""
        for claim in await info.context.load(claims_of_units, self.uuid) or ():
            if claim.replacement_id is not None:
                return await info.context.load(units_by_id, claim.replacement_id)
        return None

    @field
    async def replaces(self, info: Info) -> SerialNumbersUnit | None:
        """The unit for which it was given; null where it was given for none."""
        claim = await info.context.load(claims_by_replacement, self.uuid)
        return None if claim is None else await info.context.load(units_by_id, claim.lot_id)


@object_type(permission=READ, node=claims_by_id)
class SerialNumbersClaim(Node):
    """What a customer asked for because a unit was not as it should be (保修申请)."""

    record: strawberry.Private[records.Claim]
    claimed_on: dt.date = field("The day on which the customer came.")
    complaint: str = field("What is wrong with it.")
    covered: bool = field("Whether the warranty lasted on that day.")
    closed_on: dt.date | None = field("When it was closed; null while it is open.")
    outcome: SerialNumbersClaimOutcome | None = field("How it ended; null while it is open.")
    note: str | None = field("What was told when it was closed.")

    @classmethod
    def of(cls, record: records.Claim) -> SerialNumbersClaim:
        ended = record.outcome
        return cls(
            uuid=record.id,
            record=record,
            claimed_on=record.claimed_on,
            complaint=record.complaint,
            covered=record.covered,
            closed_on=record.closed_on,
            outcome=None if ended is None else SerialNumbersClaimOutcome(ended.value),
            note=record.note,
        )

    @field
    async def unit(self, info: Info) -> SerialNumbersUnit | None:
        """The unit that it is about."""
        return await info.context.load(units_by_id, self.record.lot_id)

    @field
    async def customer(self, info: Info) -> Party | None:
        """Who had bought it, if that was said."""
        return await info.context.load(parties_by_id, self.record.party_id)

    @field
    async def replacement(self, info: Info) -> SerialNumbersUnit | None:
        """The unit that was given for it; null where none was."""
        return await info.context.load(units_by_id, self.record.replacement_id)


class LotFields:
    """What a lot shows."""

    @field
    async def serial_numbers_unit(
        self, info: Info, lot: strawberry.Parent[Lot]
    ) -> SerialNumbersUnit | None:
        """The unit it is; null where it is a lot of another kind."""
        return await info.context.load(units_by_id, lot.uuid)

    @field
    async def serial_numbers_units(
        self,
        info: Info,
        lot: strawberry.Parent[Lot],
        states: Annotated[
            list[SerialNumbersState] | None, argument("In these states; in any if left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[SerialNumbersUnit] | None:
        """The units that belong to it, by their numbers: of a batch under recall, who has which."""
        page = page_of(first, after, key=(str,))
        found = await info.context.load(units_of_batches, lot.uuid) or []
        wanted = [one for one in found if states is None or one.state in states]
        rest = [one for one in wanted if page.after is None or one.number > page.after[0]]

        async def count() -> int:
            return len(wanted)

        return connection(
            page, rest, node=lambda one: one, cursor=lambda one: (one.number,), count=count
        )
