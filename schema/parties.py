"""Suppliers and customers as the API shows them, and how they are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from core.db.database import Transaction
from core.parties import rules, tables
from schema.access import field, input_type, object_type, query_field
from schema.context import Info
from schema.masterdata import (
    ACTIVE,
    ACTIVE_FILTER,
    CHANGED,
    CHANGED_SINCE,
    CODE,
    REVISION,
    SEARCH,
    CodeArgument,
    IdArgument,
    MasterDataOrder,
    OrderArgument,
    by_code,
    listed,
    one_of,
)
from schema.relay import After, Connection, First, Node, uuid_of


async def parties_by_id(tx: Transaction, keys: Sequence[UUID]) -> Mapping[UUID, Party]:
    found = await tables.parties_by_id(tx, keys)
    return {key: Party.of(record) for key, record in found.items()}


async def parties_by_code(tx: Transaction, keys: Sequence[str]) -> Mapping[str, Party]:
    found = await by_code(tx, keys, tables.parties_by_code)
    return {key: Party.of(record) for key, record in found.items()}


@object_type(permission="parties.read", node=parties_by_id)
class Party(Node):
    """Someone goods come from or go to (往来单位): a supplier, a customer, or both."""

    code: str = field(CODE)
    name: str = field("Their name.")
    mnemonic: str = field("Their mnemonic code (助记码), such as the initials of the pinyin.")
    is_supplier: bool = field("Whether the company buys from them.")
    is_customer: bool = field("Whether the company sells to them.")
    country: str | None = field("Their country. A document may carry another.")
    address: str | None = field("Their address. A document may carry another.")
    phone: str | None = field("Their telephone number.")
    tax_number: str | None = field("Their tax number.")
    active: bool = field(ACTIVE)
    revision: int = field(REVISION)
    changed: int = field(CHANGED)

    @classmethod
    def of(cls, record: rules.Party) -> Party:
        return cls(
            uuid=record.id,
            code=record.code,
            name=record.name,
            mnemonic=record.mnemonic,
            is_supplier=record.is_supplier,
            is_customer=record.is_customer,
            country=record.country,
            address=record.address,
            phone=record.phone,
            tax_number=record.tax_number,
            active=record.active,
            revision=record.revision,
            changed=record.changed,
        )


@input_type
class PartyFilterInput:
    """Which parties; all that is given must hold."""

    search: str | None = field(
        SEARCH.format(where="code, name, mnemonic, phone or tax number"), default=None
    )
    is_supplier: bool | None = field("Whether they are suppliers.", default=None)
    is_customer: bool | None = field("Whether they are customers.", default=None)
    active: bool | None = field(ACTIVE_FILTER, default=None)
    changed_since: int | None = field(CHANGED_SINCE, default=None)

    def wanted(self) -> rules.PartyFilter:
        """The core's filter."""
        return rules.PartyFilter(
            search=self.search,
            is_supplier=self.is_supplier,
            is_customer=self.is_customer,
            active=self.active,
            changed_since=self.changed_since,
        )


PartiesWanted = Annotated[
    PartyFilterInput | None, strawberry.argument(description="Which parties.")
]


class Queries:
    """Finding parties."""

    @query_field(permission="parties.read")
    async def party(
        self, info: Info, id: IdArgument = None, code: CodeArgument = None
    ) -> Party | None:
        """One party by its id or its code."""
        one_of(id=id, code=code)
        if id is not None:
            return await info.context.load(parties_by_id, uuid_of(id, "Party", "id"))
        return await info.context.load(parties_by_code, code or "")

    @query_field(permission="parties.read")
    async def parties(
        self,
        info: Info,
        filter: PartiesWanted = None,
        order_by: OrderArgument = MasterDataOrder.CODE,
        first: First = None,
        after: After = None,
    ) -> Connection[Party]:
        """Suppliers and customers, a page at a time."""
        wanted = (filter or PartyFilterInput()).wanted()
        return await listed(
            info,
            wanted,
            order_by,
            (first, after),
            tables.list_parties,
            tables.count_parties,
            Party.of,
        )
