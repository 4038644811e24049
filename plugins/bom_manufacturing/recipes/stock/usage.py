"""What was used of ingredients, by the books and by the recipes: one statement for a page of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from uuid import UUID

from core.plugin_api import DOCUMENT_TYPES, Effect, Transaction, rows
from plugins.bom_manufacturing.recipes.posting import CODES
from plugins.bom_manufacturing.recipes.rules.usage import Usage

_COUNTING = (Effect.COUNT, Effect.RECEIVE, Effect.ISSUE)


async def usage(
    tx: Transaction,
    since: date,
    until: date,
    *,
    place: UUID | None = None,
    items: Collection[UUID] | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Usage]:
    """How ingredients moved over a span of days, at a place and below it or at all of ours, in the order
    of their ids: those that recipes ever took there.

    What a document moved counts for its own type, also where a later one corrected it.
    """
    waste, internal, counted = map(_types_to, ("scrap", "internal_use", "gain_loss"))
    listed = None if items is None else list(items)
    found = await rows(
        tx,
        _USAGE,
        *(tx.tenant_id, place, place),
        *(tx.tenant_id, listed, listed, after, after, limit),
        *(tx.tenant_id, since, until),
        *(until, until, until, [*CODES], until, waste, until, internal, until, counted),
        *(until, counted, tx.tenant_id, since, tx.tenant_id),
    )
    return [Usage(*row) for row in found]


def _types_to(account: str) -> list[str]:
    """The types of document that issue to an account, or count against it."""
    return [
        one.code
        for one in DOCUMENT_TYPES.values()
        if one.account == account and one.effect in _COUNTING
    ]


_USAGE = (
    "WITH mine AS (SELECT id FROM place WHERE tenant_id = %s AND account IS NULL"
    "  AND (%s::uuid IS NULL OR %s = ANY(path))),"
    " named AS (SELECT DISTINCT item_id FROM bom_manufacturing_closing_use WHERE tenant_id = %s"
    "  AND place_id IN (SELECT id FROM mine) AND (%s::uuid[] IS NULL OR item_id = ANY(%s))"
    "  AND (%s::uuid IS NULL OR item_id > %s) ORDER BY 1 LIMIT %s),"
    " need AS (SELECT u.item_id, sum(u.needed) AS needed FROM bom_manufacturing_closing c"
    "  JOIN bom_manufacturing_closing_use u"
    "  ON u.tenant_id = c.tenant_id AND u.place_id = c.place_id AND u.number = c.number"
    "  WHERE c.tenant_id = %s AND c.day BETWEEN %s AND %s AND c.place_id IN (SELECT id FROM mine)"
    "  AND u.item_id IN (SELECT item_id FROM named) GROUP BY 1),"
    " moved AS (SELECT e.item_id,"
    "  sum(e.quantity) FILTER (WHERE e.effective_on > %s) AS later,"
    "  sum(e.quantity) FILTER (WHERE e.effective_on <= %s) AS within,"
    "  -sum(e.quantity) FILTER (WHERE e.effective_on <= %s AND d.type = ANY(%s)) AS by_recipe,"
    "  -sum(e.quantity) FILTER (WHERE e.effective_on <= %s AND d.type = ANY(%s)) AS waste,"
    "  -sum(e.quantity) FILTER (WHERE e.effective_on <= %s AND d.type = ANY(%s)) AS internal,"
    "  -sum(e.quantity) FILTER (WHERE e.effective_on <= %s AND d.type = ANY(%s)) AS missing,"
    "  -sum(e.value) FILTER (WHERE e.effective_on <= %s AND d.type = ANY(%s)) AS missing_value"
    "  FROM entry e JOIN document d ON d.tenant_id = e.tenant_id AND d.sequence = e.event_sequence"
    "  WHERE e.tenant_id = %s AND e.item_id IN (SELECT item_id FROM named)"
    "  AND e.place_id IN (SELECT id FROM mine) AND e.effective_on >= %s GROUP BY 1),"
    " there AS (SELECT item_id, sum(on_hand) AS on_hand FROM balance WHERE tenant_id = %s"
    "  AND item_id IN (SELECT item_id FROM named) AND place_id IN (SELECT id FROM mine) GROUP BY 1)"
    " SELECT item_id, coalesce(on_hand, 0) - coalesce(later, 0), coalesce(within, 0),"
    "  coalesce(needed, 0), coalesce(by_recipe, 0), coalesce(waste, 0), coalesce(internal, 0),"
    "  coalesce(missing, 0), coalesce(missing_value, 0)"
    " FROM named LEFT JOIN need USING (item_id) LEFT JOIN moved USING (item_id)"
    " LEFT JOIN there USING (item_id) ORDER BY item_id"
)
