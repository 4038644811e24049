"""A few ordinary documents: what a plugin meets in any shop."""

from __future__ import annotations

from uuid import uuid4

from server.testing.shop import Json, Shop, line

REVERSE = """mutation($input: ReverseDocumentInput!) { reverseDocument(input: $input) {
  document { id } errors { code message path details } } }"""


async def trade(shop: Shop) -> list[Json]:
    """Buy, order, sell, move, count, take back; answers with everything that was refused.

    A module may refuse any of it, in its own name and for its own reasons.
    """
    item = await shop.item(f"trade-{uuid4()}")
    refused: list[Json] = []
    posted: dict[str, Json] = {}

    async def post(type_: str, *lines: Json, **head: str) -> None:
        payload = await shop.post(type_, *lines, **head)
        refused.extend(payload["errors"])
        posted[type_] = payload["document"]

    await post("opening", line(item, "8", "3"), on="2026-03-01")
    await post("receipt", line(item, "12", "2"), on="2026-03-02")
    await post("receipt", line(item, "4", "2", lotCode="L1"), on="2026-03-02")
    await post("sales_order", line(item, "3", "5"), on="2026-03-03")
    await post("issue", line(item, "10", "5"), line(item, "1", "5"), on="2026-03-04")
    await post("count", line(item, "9"), on="2026-03-05")
    await post("receipt", line(item, "1", "2"), on="2026-03-01")  # late news
    await post("scrap", line(item, "1"), on="2026-03-06")
    if document := posted["scrap"]:
        sent = {"commandId": str(uuid4()), "id": document["id"]}
        answer = await shop.ask(REVERSE, input=sent)
        refused.extend(answer["reverseDocument"]["errors"])
    return refused
