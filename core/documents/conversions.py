"""What a conversion must say: what goes in, what comes out, and how its outputs share the cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from core.documents.records import Line
from core.documents.types import DocumentType, Effect
from core.errors import Refusal, define

ROLE_REQUIRED = define(
    "ROLE_REQUIRED",
    en="A conversion needs lines that are consumed and lines that are produced; in an order of such"
    " every line is one or the other.",
    zh="转换单必须同时有投入行和产出行;其订单的每一行须为投入或产出。",
)
BAD_SHARE = define(
    "BAD_SHARE",
    en="Cost shares lie between 0 and 100 percent and leave something for the first output.",
    zh="成本分摊比例应在 0 到 100 之间,且须为第一个产出留有余额。",
)
BAD_WORTH = define(
    "BAD_WORTH",
    en="An output of a conversion has a share of the cost or a worth of its own, not both, and the first"
    " output takes the rest.",
    zh="转换单的产出行要么按比例分摊成本,要么有自己的价值,不可并用;第一个产出取得余额。",
)


def check_conversion(document_type: DocumentType, lines: Sequence[Line]) -> Iterator[Refusal]:
    """Why a conversion cannot be carried out as its lines say; nothing of other documents."""
    if document_type.effect is not Effect.CONVERT:
        return
    for line in lines:
        lost = line.role == "lost" and document_type.lost_to is None
        if lost or (line.role == "rejected" and document_type.rejected_to is None):
            yield Refusal(ROLE_REQUIRED, ("lines", line.no - 1, "role"))
    outputs = [line for line in lines if line.role == "produce"]
    made = outputs or any(line.role == "rejected" for line in lines)
    # Where an order is carried out, what it consumed may have left before.
    consumed = document_type.source_required or any(line.role == "consume" for line in lines)
    if not made or not consumed:
        yield Refusal(ROLE_REQUIRED, ("lines",))
        return
    shares = [line.share or Decimal(0) for line in outputs[1:]]
    if any(share < 0 for share in shares) or sum(shares) > 100:
        yield Refusal(BAD_SHARE, ("lines",))
    for n, line in enumerate(outputs):
        if worth_told(document_type, line) is not None and (n == 0 or line.share):
            yield Refusal(BAD_WORTH, ("lines", line.no - 1))


def worth_told(document_type: DocumentType, line: Line) -> Decimal | None:
    """What an output of a conversion is worth by itself: its amount, where that is not what a supplier is
    paid."""
    told = document_type.effect is Effect.CONVERT and document_type.party != "supplier"
    return line.net or None if told and line.role == "produce" else None
