"""The document types of work orders, over core's effects."""

from __future__ import annotations

from typing import Any

from core.plugin_api import DocumentType, Effect

ORDER = "bom_manufacturing_work_order"
ISSUE = "bom_manufacturing_material_issue"
RETURN = "bom_manufacturing_material_return"
RECEIPT = "bom_manufacturing_production_receipt"
CLOSING = "bom_manufacturing_work_closing"

_OF_ORDER: dict[str, Any] = {"sources": (ORDER,), "source_required": True, "waits_in": "in_work"}

TYPES = (
    DocumentType(ORDER, Effect.ORDER, "WO", "Work order", "生产工单", roles=True, holds=True),
    DocumentType(ISSUE, Effect.DISPATCH, "MI", "Material issue", "领料", holds=True, **_OF_ORDER),
    DocumentType(
        RETURN,
        Effect.ARRIVE,
        "MR",
        "Material return",
        "退料",
        account="scrap",
        returns=True,
        **_OF_ORDER,
    ),
    DocumentType(
        RECEIPT,
        Effect.CONVERT,
        "WR",
        "Production receipt",
        "完工入库",
        account="production",
        holds=True,
        **_OF_ORDER,
    ),
    DocumentType(
        CLOSING,
        Effect.ARRIVE,
        "WC",
        "Work order closing",
        "工单结案",
        account="production_variance",
        **_OF_ORDER,
    ),
)
