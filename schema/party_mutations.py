"""Making, changing and archiving parties."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from core.parties import service
from core.parties.rules import PartyChanges, PartyDraft, PartySave
from schema.access import PART, field, input_type, mutation_field, object_type
from schema.context import Info
from schema.errors import Payload, UserError, payload_type, user_error
from schema.extensions import Extensible
from schema.masterdata import (
    COMMAND_ID,
    NEW_ID,
    UNSET,
    ArchiveInput,
    ChangeInput,
    RestoreInput,
    argument,
    changes,
    said,
    saved,
)
from schema.parties import Party, parties_by_id
from schema.relay import uuid_of

_CODE = "The company's own code for them: unique, at most 64 characters."
_NAME = "Their name, at most 255 characters."
_MNEMONIC = (
    "Their mnemonic code (助记码). Made from the name, and kept in step with it, unless given."
)
_SUPPLIER = "Whether the company buys from them. Everybody is a supplier, a customer, or both."
_CUSTOMER = "Whether the company sells to them."
_COUNTRY = "Their country, at most 64 characters."
_ADDRESS = "Their address, at most 500 characters; it may have several lines."
_PHONE = "Their telephone number, at most 64 characters."
_TAX_NUMBER = "Their tax number, at most 64 characters."


@input_type
class NewPartyInput(Extensible):
    """What a party is made of."""

    command_id: UUID = field(COMMAND_ID)
    code: str = field(_CODE)
    name: str = field(_NAME)
    mnemonic: str | None = field(_MNEMONIC, default=None)
    is_supplier: bool | None = field(_SUPPLIER, default=None)
    is_customer: bool | None = field(_CUSTOMER, default=None)
    country: str | None = field(_COUNTRY, default=None)
    address: str | None = field(_ADDRESS, default=None)
    phone: str | None = field(_PHONE, default=None)
    tax_number: str | None = field(_TAX_NUMBER, default=None)
    id: UUID | None = field(NEW_ID, default=None)

    def draft(self) -> PartyDraft:
        """The core's draft."""
        return PartyDraft(**{**said(self, {}), "id": self.id})


@input_type
class CreatePartyInput(NewPartyInput):
    """A new party."""


@input_type
class SavePartyInput(NewPartyInput):
    """A party to make, or to write over the one that has this id or, without an id, this code. What
    is left out stays as it is there."""

    revision: int | None = field(
        "The revision you saw, if you want to be refused should there be another.", default=None
    )


@input_type
class SavePartiesInput:
    """Parties to make or change, each on its own."""

    parties: list[SavePartyInput] = field("At most 1,000.")


@input_type
class UpdatePartyInput(ChangeInput, Extensible):
    """A change of a party. What is left out stays; null clears what can be empty."""

    code: str | None = field(_CODE, default=UNSET)
    name: str | None = field(_NAME, default=UNSET)
    mnemonic: str | None = field(_MNEMONIC, default=UNSET)
    is_supplier: bool | None = field(_SUPPLIER, default=UNSET)
    is_customer: bool | None = field(_CUSTOMER, default=UNSET)
    country: str | None = field(_COUNTRY, default=UNSET)
    address: str | None = field(_ADDRESS, default=UNSET)
    phone: str | None = field(_PHONE, default=UNSET)
    tax_number: str | None = field(_TAX_NUMBER, default=UNSET)


@payload_type
class PartyPayload(Payload):
    """The party as it stands now."""

    party: Party | None = field("The party; null if it was refused.", default=None)


@object_type(permission=PART)
class PartyVerdict:
    """What became of one party of a bulk."""

    uuid: strawberry.Private[UUID | None]
    command_id: UUID = field("The command it was sent with.")
    errors: list[UserError] = field("Why it was refused; empty otherwise.", size=1)

    @field
    async def party(self, info: Info) -> Party | None:
        """The party as it stands now; null if it was refused."""
        return await info.context.load(parties_by_id, self.uuid)


@payload_type
class SavePartiesPayload(Payload):
    """A verdict for each party, in the order they were sent."""

    verdicts: list[PartyVerdict] | None = field("The verdicts.", default=None)


class Mutations:
    """Making, changing and archiving parties."""

    @mutation_field(permission="parties.write")
    async def create_party(
        self, info: Info, input: Annotated[CreatePartyInput, argument("The party.")]
    ) -> PartyPayload:
        """Make a supplier, a customer, or someone who is both."""
        context = info.context
        made = await service.create_party(
            context.database, context.principal, input.command_id, input.draft()
        )
        return PartyPayload(party=Party.of(made))

    @mutation_field(permission="parties.write")
    async def update_party(
        self, info: Info, input: Annotated[UpdatePartyInput, argument("The change.")]
    ) -> PartyPayload:
        """Change a party."""
        return await _change(info, input, changes(input, {}, PartyChanges))

    @mutation_field(permission="parties.write")
    async def archive_party(
        self, info: Info, input: Annotated[ArchiveInput, argument("Which one.")]
    ) -> PartyPayload:
        """Take a party out of use; its documents stay."""
        return await _change(info, input, {"active": False})

    @mutation_field(permission="parties.write")
    async def restore_party(
        self, info: Info, input: Annotated[RestoreInput, argument("Which one.")]
    ) -> PartyPayload:
        """Use an archived party again."""
        return await _change(info, input, {"active": True})

    @mutation_field(permission="parties.write", bulk=True)
    async def save_parties(
        self, info: Info, input: Annotated[SavePartiesInput, argument("The parties.")]
    ) -> SavePartiesPayload:
        """Make or change many parties, with a verdict for each: one that is refused does not hinder
        the others."""
        context = info.context
        verdicts = await saved(
            input.parties,
            "parties",
            _save_of,
            lambda saves: service.save_parties(context.database, context.principal, saves),
        )
        return SavePartiesPayload(
            verdicts=[
                PartyVerdict(
                    uuid=verdict.id,
                    command_id=one.command_id,
                    errors=[user_error(refusal, context.language) for refusal in verdict.refusals],
                )
                for one, verdict in zip(input.parties, verdicts, strict=True)
            ]
        )


def _save_of(one: SavePartyInput) -> PartySave:
    return PartySave(command_id=one.command_id, draft=one.draft(), revision=one.revision)


async def _change(info: Info, input: ChangeInput, asked: PartyChanges) -> PartyPayload:
    context, party_id = info.context, uuid_of(input.id, "Party", "id")
    changed = await service.update_party(
        context.database, context.principal, input.command_id, party_id, input.revision, asked
    )
    return PartyPayload(party=Party.of(changed))
