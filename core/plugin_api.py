"""The one door for plugins into the core. What is not here may change without notice.

A plugin imports from here and from ``schema.plugin_api``, and its own files.
"""

from __future__ import annotations

from core.audit.tables import record as record_audit
from core.commands import run as run_command
from core.db.database import Database, Transaction, rows
from core.db.metadata import Moment, Number, Uuid
from core.db.migrate import run_script
from core.documents.records import Document, Line
from core.documents.types import DocumentType, Effect
from core.errors import (
    DUPLICATE,
    INVALID,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    REQUIRED,
    Language,
    Refusal,
    Refused,
    define,
    raise_any,
    refuse,
)
from core.extension.hookspecs import hookimpl
from core.extension.manifest import Manifest, NoSettings, Permission
from core.extension.plugin_tables import Tables
from core.extension.records import (
    Job,
    Lot,
    Module,
    Modules,
    Movement,
    Offer,
    Posted,
    Posting,
    Reads,
    Row,
    View,
    Work,
    Write,
)
from core.ids import NIL, uuid7
from core.ledger.holds import HoldDraft, free_goods, hold_goods
from core.ledger.records import lot_id
from core.ledger.views.lots import LotMovement, lot_movements
from core.tenancy.rules import Principal

__all__ = [
    "DUPLICATE",
    "INVALID",
    "LIMIT_EXCEEDED",
    "NIL",
    "NOT_FOUND",
    "REQUIRED",
    "Database",
    "Document",
    "DocumentType",
    "Effect",
    "HoldDraft",
    "Job",
    "Language",
    "Line",
    "Lot",
    "LotMovement",
    "Manifest",
    "Module",
    "Modules",
    "Moment",
    "Movement",
    "NoSettings",
    "Number",
    "Offer",
    "Permission",
    "Posted",
    "Posting",
    "Principal",
    "Reads",
    "Refusal",
    "Refused",
    "Row",
    "Tables",
    "Transaction",
    "Uuid",
    "View",
    "Work",
    "Write",
    "define",
    "free_goods",
    "hold_goods",
    "hookimpl",
    "lot_id",
    "lot_movements",
    "raise_any",
    "record_audit",
    "refuse",
    "rows",
    "run_command",
    "run_script",
    "uuid7",
]
