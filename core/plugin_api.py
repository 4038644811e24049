"""The one door for plugins into the core. What is not here may change without notice.

A plugin imports from here and from ``schema.plugin_api``, and its own files.
"""

from __future__ import annotations

from core.audit.tables import record as record_audit
from core.canonical import plain
from core.catalogue.records import BarcodeDraft, ItemChanges, ItemDraft
from core.catalogue.service import save_items_within
from core.catalogue.tables import (
    barcodes_of_items,
    change_cost_scope,
    items_by_barcode,
    lock_guards,
)
from core.commands import Asked
from core.commands import known as known_command
from core.commands import run as run_command
from core.db.bulk import insert as insert_many
from core.db.database import Database, Transaction, rows
from core.db.metadata import Moment, Number, Uuid
from core.db.migrate import run_script
from core.decimals import Exact, Rounding, exact, rounded, share, to_multiple
from core.documents.lifecycle import Event as DocumentStep
from core.documents.progress import Ordered
from core.documents.reading import lines as lines_of_documents
from core.documents.records import Document, DocumentDraft, Line, LineDraft
from core.documents.service import add_to_draft, save_draft_within
from core.documents.service import step as step_document
from core.documents.types import TYPES as DOCUMENT_TYPES
from core.documents.types import UNKNOWN_TYPE, DocumentType, Effect
from core.errors import (
    DUPLICATE,
    INVALID,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    PERMISSION_DENIED,
    REQUIRED,
    STALE_REVISION,
    Language,
    Refusal,
    Refused,
    define,
    raise_any,
    refuse,
)
from core.extension.attributes import OF_CORE
from core.extension.described import attributes_of_items
from core.extension.hookspecs import hookimpl
from core.extension.manifest import ItemId, Manifest, NoSettings, PartyId, Permission, PlaceId
from core.extension.plugin_tables import Tables
from core.extension.records import (
    Job,
    Lot,
    LotPart,
    Module,
    Modules,
    Movement,
    Offer,
    Posted,
    Posting,
    PostingJob,
    Reads,
    Row,
    View,
    Work,
    Write,
)
from core.ids import NIL, uuid7
from core.imports.cells import cell_choice, cell_day, cell_flag, cell_number, cell_whole
from core.imports.columns import ImportColumn
from core.imports.columns import Kind as ImportKind
from core.indicators.queries import stock_values
from core.indicators.records import Indicator
from core.indicators.rules import Better, Bounds, Measured, Span
from core.indicators.rules import Unit as IndicatorUnit
from core.ledger.holds import HoldDraft, free_goods, hold_goods
from core.ledger.posting import post_many
from core.ledger.records import lot_id
from core.ledger.requests import Post, PostStored, Verdict
from core.ledger.views.lots import LotMovement, lot_movements
from core.ledger.views.positions import StockLine, stock_now, stock_on
from core.ledger.views.present import (
    accounting_zone,
    amount_decimals,
    module_settings,
    today,
    today_by_place,
)
from core.ledger.views.reports import Availability, availability
from core.ledger.views.reserved import Reserved, reserved
from core.outbox import Event, Heard, emit_many
from core.places.rules import NegativeStock, PlaceDraft
from core.places.service import create_place_within
from core.tenancy.rules import Principal
from core.text import clean

__all__ = [
    "DOCUMENT_TYPES",
    "DUPLICATE",
    "INVALID",
    "LIMIT_EXCEEDED",
    "NIL",
    "NOT_FOUND",
    "OF_CORE",
    "PERMISSION_DENIED",
    "REQUIRED",
    "STALE_REVISION",
    "UNKNOWN_TYPE",
    "Asked",
    "Availability",
    "BarcodeDraft",
    "Better",
    "Bounds",
    "Database",
    "Document",
    "DocumentDraft",
    "DocumentStep",
    "DocumentType",
    "Effect",
    "Event",
    "Exact",
    "Heard",
    "HoldDraft",
    "ImportColumn",
    "ImportKind",
    "Indicator",
    "IndicatorUnit",
    "ItemChanges",
    "ItemDraft",
    "ItemId",
    "Job",
    "Language",
    "Line",
    "LineDraft",
    "Lot",
    "LotMovement",
    "LotPart",
    "Manifest",
    "Measured",
    "Module",
    "Modules",
    "Moment",
    "Movement",
    "NegativeStock",
    "NoSettings",
    "Number",
    "Offer",
    "Ordered",
    "PartyId",
    "Permission",
    "PlaceDraft",
    "PlaceId",
    "Post",
    "PostStored",
    "Posted",
    "Posting",
    "PostingJob",
    "Principal",
    "Reads",
    "Refusal",
    "Refused",
    "Reserved",
    "Rounding",
    "Row",
    "Span",
    "StockLine",
    "Tables",
    "Transaction",
    "Uuid",
    "Verdict",
    "View",
    "Work",
    "Write",
    "accounting_zone",
    "add_to_draft",
    "amount_decimals",
    "attributes_of_items",
    "availability",
    "barcodes_of_items",
    "cell_choice",
    "cell_day",
    "cell_flag",
    "cell_number",
    "cell_whole",
    "change_cost_scope",
    "clean",
    "create_place_within",
    "define",
    "emit_many",
    "exact",
    "free_goods",
    "hold_goods",
    "hookimpl",
    "insert_many",
    "items_by_barcode",
    "known_command",
    "lines_of_documents",
    "lock_guards",
    "lot_id",
    "lot_movements",
    "module_settings",
    "plain",
    "post_many",
    "raise_any",
    "record_audit",
    "refuse",
    "reserved",
    "rounded",
    "rows",
    "run_command",
    "run_script",
    "save_draft_within",
    "save_items_within",
    "share",
    "step_document",
    "stock_now",
    "stock_on",
    "stock_values",
    "to_multiple",
    "today",
    "today_by_place",
    "uuid7",
]
