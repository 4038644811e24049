'''The one door for plugins into the GraphQL schema. What is not here may change without notice.

A module that wraps gifts: the paper is sent with a line, and comes back with it. Nothing else has to be
stored, because what stands in the field of a document or a line is kept with it, as JSON::

    """Gift wrapping: how each line of a sale is to be wrapped."""

    from __future__ import annotations

    from collections.abc import Mapping
    from typing import Any

    import strawberry

    from core.plugin_api import Manifest, define, hookimpl, refuse
    from schema.plugin_api import (
        PART,
        DocumentLine,
        DocumentLineInput,
        Extension,
        InputField,
        field,
        input_type,
        object_type,
        query_field,
    )

    manifest = Manifest(
        name="gift_wrap",
        version="1.0",
        core=">=0.1",
        title="Gift wrapping",
        title_zh="礼品包装",
        summary="Lines of a sale say how they are wrapped.",
        summary_zh="销售明细可指定包装方式。",
    )
    PAPERS = ("red", "gold")
    NO_SUCH_PAPER = define(
        "GIFT_WRAP_NO_SUCH_PAPER", en="There is no {paper} paper.", zh="没有包装纸 {paper}。"
    )

    @input_type
    class GiftWrapInput:
        """How to wrap a line."""

        paper: str = field("Which paper; query `giftWrapPapers` for the list.")

    @object_type(permission=PART)
    class GiftWrap:
        """How a line is wrapped."""

        paper: str = field("Which paper.")

    class LineFields:
        @field
        def gift_wrap(self, line: strawberry.Parent[DocumentLine]) -> GiftWrap | None:
            """How it is wrapped; null where it is not."""
            kept = line.record.extensions.get("gift_wrap")
            return None if kept is None else GiftWrap(paper=kept["paper"])

    class Queries:
        @query_field(permission="documents.read")
        def gift_wrap_papers(self) -> list[str]:
            """The papers there are."""
            return list(PAPERS)

    def read(sent: GiftWrapInput) -> Mapping[str, Any]:
        if sent.paper not in PAPERS:
            raise refuse(NO_SUCH_PAPER, "paper", paper=sent.paper)
        return {"paper": sent.paper}

    @hookimpl
    def graphql() -> Extension:
        return Extension(
            fields={DocumentLine: LineFields},
            inputs={DocumentLineInput: InputField(GiftWrapInput, read, "How to wrap it.")},
            queries=Queries,
        )

How types, fields, permissions, descriptions and mutations are declared is told in ``schema/access.py``,
lists and global ids in ``schema/relay.py``, batch functions for ``info.context.load`` in
``schema/loaders.py``: whatever hangs on a list is loaded through one, so that a page of a hundred rows
costs one statement. Besides:

* Types are named after the plugin (``GiftWrap…``); fields on core types and roots contain its name.
* A subscription is an async generator over ``info.context.events(topic, …)``, for what the plugin itself
  puts into the outbox with ``emit_many``: ``schema/access.py`` shows one.
* ``info.context`` has the ``database`` and the ``principal`` for a mutation's service, ``reading()``
  for a query's statements, ``may(permission)``, and the ``language`` of the caller.
* Objects of core hold the core's own record: ``item.uuid`` and ``item.record``, ``document.stored``,
  ``line.record``, ``lot.uuid``. An object of core that a plugin leads to comes through its batch
  function: ``await info.context.load(items_by_id, key)``.
* What an input of items, parties or places gains is stored by the hook ``save_attributes``.
* What a tenant decides for the plugin, the manifest's ``settings``, has a query and a mutation without being
  declared here: ``schema/module_settings.py`` tells what their model may hold.
* An input of a plugin's that becomes a line of a document inherits ``DocumentLineDetails``: whatever modules
  add to ``DocumentLineInput`` can be sent in it, too, and ``kept_with_document(sent, *path)`` is what the
  ``extensions`` of the ``LineDraft`` are then. Neither plugin knows of the other.
'''

from __future__ import annotations

from schema.access import (
    ANY_MEMBER,
    OF_NODE,
    PART,
    field,
    guarded_field,
    input_type,
    mutation_field,
    object_type,
    query_field,
    subscription_field,
)
from schema.books import Hold, holds_by_id
from schema.catalogue import Category, Item, Unit, categories_by_id, items_by_id, units_by_id
from schema.catalogue_mutations import CreateItemInput, SaveItemInput, UpdateItemInput
from schema.context import Context, Info
from schema.document_inputs import DocumentInput, DocumentLineDetails, DocumentLineInput
from schema.document_types import Document, DocumentLine, documents_by_id
from schema.errors import Payload, UserError, payload_type, user_error
from schema.events import MISSED
from schema.extensions import kept_with_document
from schema.hookspecs import Extension, InputField, gathered
from schema.ledger_types import Lot, StockLine, lots_by_id
from schema.limits import MAX_BULK, MAX_PAGE
from schema.masterdata import COMMAND_ID, UNSET, argument
from schema.parties import Party, parties_by_id
from schema.party_mutations import CreatePartyInput, SavePartyInput, UpdatePartyInput
from schema.place_mutations import CreatePlaceInput, UpdatePlaceInput
from schema.places import Place, places_by_id
from schema.relay import (
    After,
    Connection,
    First,
    Node,
    Page,
    connection,
    decode_id,
    encode_id,
    optional_uuid,
    page_of,
    uuid_of,
)

__all__ = [
    "ANY_MEMBER",
    "COMMAND_ID",
    "MAX_BULK",
    "MAX_PAGE",
    "MISSED",
    "OF_NODE",
    "PART",
    "UNSET",
    "After",
    "Category",
    "Connection",
    "Context",
    "CreateItemInput",
    "CreatePartyInput",
    "CreatePlaceInput",
    "Document",
    "DocumentInput",
    "DocumentLine",
    "DocumentLineDetails",
    "DocumentLineInput",
    "Extension",
    "First",
    "Hold",
    "Info",
    "InputField",
    "Item",
    "Lot",
    "Node",
    "Page",
    "Party",
    "Payload",
    "Place",
    "SaveItemInput",
    "SavePartyInput",
    "StockLine",
    "Unit",
    "UpdateItemInput",
    "UpdatePartyInput",
    "UpdatePlaceInput",
    "UserError",
    "argument",
    "categories_by_id",
    "connection",
    "decode_id",
    "documents_by_id",
    "encode_id",
    "field",
    "gathered",
    "guarded_field",
    "holds_by_id",
    "input_type",
    "items_by_id",
    "kept_with_document",
    "lots_by_id",
    "mutation_field",
    "object_type",
    "optional_uuid",
    "page_of",
    "parties_by_id",
    "payload_type",
    "places_by_id",
    "query_field",
    "subscription_field",
    "units_by_id",
    "user_error",
    "uuid_of",
]
