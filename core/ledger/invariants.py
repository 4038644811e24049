"""What must always hold, as code (rule 7.2): each invariant names what it protects and finds every row
that breaks it. They read only, within one tenant and one snapshot, and trust nothing but the journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.db.database import RawTransaction, rows
from core.documents.types import TYPES, Effect

LIMIT = 20
"""Differences told per invariant: the first tells enough, and a broken table has millions."""

PLANNING = "SELECT set_config('enable_nestloop', 'off', true)"
"""Whole tables are compared. After a bulk the planner's statistics are old, and a nested loop that it
chooses by them takes a step for each pair of rows: minutes for 60,000 lines."""


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule with the query that finds what breaks it, one sentence a row. ``{returns}`` in it stands for
    the types whose documents bring back what others did, ``{orders}`` for those of orders."""

    name: str
    query: str

    @property
    def sql(self) -> str:
        returns = (code for code, type_ in TYPES.items() if type_.returns)
        orders = (code for code, type_ in TYPES.items() if type_.effect is Effect.ORDER)
        return self.query.replace("{returns}", _listed(returns)).replace(
            "{orders}", _listed(orders)
        )


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(f"'{code}'" for code in sorted(codes))


async def differences(tx: RawTransaction) -> list[str]:
    """Everything that does not hold, as ``name: what differs``."""
    found: list[str] = []
    await rows(tx, PLANNING)
    for invariant in INVARIANTS:
        told = await rows(tx, f"{invariant.sql} LIMIT {LIMIT}")
        found += [f"{invariant.name}: {row[0]}" for row in told]
    return found


INVARIANTS = (
    Invariant(
        "balance is the sum of its entries",
        "SELECT format('item %s, place %s, lot %s: %s on hand, entries say %s', item_id, place_id,"
        " lot_id, coalesce(b.on_hand, 0), coalesce(e.quantity, 0)) FROM balance b FULL JOIN"
        " (SELECT item_id, place_id, lot_id, sum(quantity) quantity FROM entry"
        "  WHERE pool_id IS NOT NULL GROUP BY 1, 2, 3) e USING (item_id, place_id, lot_id)"
        " WHERE coalesce(b.on_hand, 0) <> coalesce(e.quantity, 0)",
    ),
    Invariant(
        "pool is the sum of its entries",
        "SELECT format('pool %s of item %s: %s worth %s, entries say %s worth %s', id, p.item_id,"
        " p.quantity, p.value, coalesce(e.quantity, 0), coalesce(e.value, 0)) FROM pool p FULL JOIN"
        " (SELECT pool_id AS id, sum(quantity) quantity, sum(value) value FROM entry"
        "  WHERE pool_id IS NOT NULL GROUP BY 1) e USING (id)"
        " WHERE p.quantity IS DISTINCT FROM coalesce(e.quantity, 0)"
        " OR p.value IS DISTINCT FROM coalesce(e.value, 0)",
    ),
    Invariant(
        "an empty pool is worth nothing",
        "SELECT format('pool %s of item %s is worth %s', id, item_id, value) FROM pool"
        " WHERE quantity = 0 AND value <> 0",
    ),
    Invariant(
        "layer is the sum of its entries",
        "SELECT format('pool %s, receipt %s: %s worth %s, entries say %s worth %s', pool_id,"
        " origin_sequence, coalesce(l.quantity, 0), coalesce(l.value, 0), coalesce(e.quantity, 0),"
        " coalesce(e.value, 0)) FROM layer l FULL JOIN (SELECT pool_id, origin_on, origin_sequence,"
        " origin_flow, sum(quantity) quantity, sum(value) value FROM layer_entry GROUP BY 1, 2, 3, 4)"
        " e USING (pool_id, origin_on, origin_sequence, origin_flow)"
        " WHERE coalesce(l.quantity, 0) <> coalesce(e.quantity, 0)"
        " OR coalesce(l.value, 0) <> coalesce(e.value, 0)",
    ),
    Invariant(
        "layers fill their pool",
        "SELECT format('pool %s of item %s: %s, layers hold %s', p.id, p.item_id, p.quantity,"
        " coalesce(l.quantity, 0)) FROM pool p LEFT JOIN (SELECT pool_id, item_id,"
        " sum(quantity) quantity FROM layer GROUP BY 1, 2) l ON l.pool_id = p.id"
        " AND l.item_id = p.item_id WHERE p.quantity <> coalesce(l.quantity, 0)",
    ),
    Invariant(
        "first-in-first-out layers are worth their pool",
        "SELECT format('pool %s of item %s: worth %s, layers %s', p.id, p.item_id, p.value,"
        " coalesce(l.value, 0)) FROM pool p JOIN item i ON i.id = p.item_id CROSS JOIN tenant_setting s"
        " LEFT JOIN (SELECT pool_id, sum(value) value FROM layer GROUP BY 1) l ON l.pool_id = p.id"
        " WHERE p.value <> coalesce(l.value, 0)"
        " AND coalesce(i.costing_method, s.\"values\" ->> 'costing_method') = 'fifo'",
    ),
    Invariant(
        "quantities of a document sum to zero",
        "SELECT format('posting %s, item %s: %s', sequence, item_id, sum(quantity)) FROM entry"
        " GROUP BY sequence, item_id, lot_id HAVING sum(quantity) <> 0",
    ),
    Invariant(
        "values of a document sum to zero",
        "SELECT format('posting %s: %s', sequence, sum(value)) FROM entry"
        " GROUP BY sequence HAVING sum(value) <> 0",
    ),
    Invariant(
        "period rows carry the quantity",
        "SELECT format('item %s, place %s, period %s: %s, entries say %s', item_id, place_id, period,"
        " carried, moved) FROM (SELECT item_id, place_id, lot_id, period, max(carried) carried,"
        "  sum(sum(moved)) OVER (PARTITION BY item_id, place_id, lot_id ORDER BY period) moved FROM"
        "  (SELECT item_id, place_id, lot_id, period, quantity carried, 0 moved FROM period_balance"
        "   UNION ALL SELECT item_id, place_id, lot_id, date_trunc('month', effective_on)::date, NULL,"
        "    quantity FROM entry WHERE pool_id IS NOT NULL) GROUP BY 1, 2, 3, 4)"
        " WHERE carried <> moved",
    ),
    Invariant(
        "period rows carry the value",
        "SELECT format('pool %s, period %s: %s worth %s, entries say %s worth %s', pool_id, period,"
        " carried, worth, moved, value) FROM (SELECT item_id, pool_id, period, max(carried) carried,"
        "  max(worth) worth, sum(sum(moved)) OVER earlier moved, sum(sum(value)) OVER earlier value"
        "  FROM (SELECT item_id, pool_id, period, quantity carried, value worth, 0 moved, 0 value"
        "   FROM period_pool UNION ALL SELECT item_id, pool_id, date_trunc('month', effective_on)::date,"
        "    NULL, NULL, quantity, value FROM entry WHERE pool_id IS NOT NULL) GROUP BY 1, 2, 3"
        "  WINDOW earlier AS (PARTITION BY item_id, pool_id ORDER BY period))"
        " WHERE carried <> moved OR worth <> value",
    ),
    Invariant(
        "every movement has its period row",
        "SELECT DISTINCT format('pool %s, place %s, lot %s, period %s', e.pool_id, e.place_id, e.lot_id,"
        " date_trunc('month', e.effective_on)) FROM entry e WHERE e.pool_id IS NOT NULL"
        " AND (NOT EXISTS (SELECT FROM period_pool p"
        "  WHERE p.item_id = e.item_id AND p.pool_id = e.pool_id"
        "  AND p.period = date_trunc('month', e.effective_on)::date)"
        " OR e.quantity <> 0 AND NOT EXISTS (SELECT FROM period_balance p WHERE p.item_id = e.item_id"
        "  AND p.place_id = e.place_id AND p.lot_id = e.lot_id"
        "  AND p.period = date_trunc('month', e.effective_on)::date))",
    ),
    Invariant(
        "nothing is below zero that may not be",
        "SELECT format('item %s, place %s, lot %s: %s', item_id, place_id, lot_id, on_hand)"
        " FROM balance WHERE on_hand < 0 AND NOT may_go_negative",
    ),
    Invariant(
        "what waits belongs to documents",
        "SELECT format('item %s, place %s, lot %s: %s wait, documents say %s, the least of them %s',"
        " item_id, place_id, lot_id, coalesce(b.on_hand, 0), coalesce(p.quantity, 0), p.least)"
        " FROM (SELECT b.item_id, b.place_id, b.lot_id, b.on_hand FROM place w JOIN balance b"
        "  ON b.place_id = w.id WHERE w.kind IN ('transit', 'work')) b FULL JOIN (SELECT item_id,"
        "  place_id, lot_id, sum(quantity) quantity, min(quantity) least FROM pool"
        "  WHERE document_id <> '00000000-0000-0000-0000-000000000000' GROUP BY 1, 2, 3) p"
        " USING (item_id, place_id, lot_id)"
        " WHERE coalesce(b.on_hand, 0) <> coalesce(p.quantity, 0) OR p.least < 0",
    ),
    Invariant(
        "a unit is in one place",
        "SELECT format('lot %s: %s', lot_id, sum(on_hand)) FROM balance WHERE is_unit"
        " GROUP BY lot_id HAVING sum(on_hand) > 1 OR count(*) FILTER (WHERE on_hand <> 0) > 1",
    ),
    Invariant(
        "postings are numbered without a gap",
        "SELECT format('%s postings, the last is %s, the counter says %s', count(d.sequence),"
        " max(d.sequence), s.posting) FROM (VALUES (true)) always LEFT JOIN tenant_sequence s ON true"
        " LEFT JOIN document d ON d.sequence IS NOT NULL GROUP BY s.posting"
        " HAVING count(d.sequence) IS DISTINCT FROM s.posting"
        " OR coalesce(max(d.sequence), 0) IS DISTINCT FROM s.posting",
    ),
    Invariant(
        "posted documents are numbered without a gap",
        "SELECT format('%s on %s: %s documents, the series says %s', d.type, d.business_date, d.counted,"
        " n.last) FROM (SELECT type, business_date, count(*) counted FROM document"
        "  WHERE sequence IS NOT NULL GROUP BY 1, 2) d LEFT JOIN number_series n"
        " ON n.type = d.type AND n.day = d.business_date WHERE d.counted IS DISTINCT FROM n.last",
    ),
    Invariant(
        "a document is the sum of its lines",
        "SELECT format('document %s: %s, lines say %s', d.id, d.total, coalesce(sum(l.total), 0))"
        " FROM document d LEFT JOIN document_line l ON l.tenant_id = d.tenant_id"
        " AND l.document_id = d.id GROUP BY d.id, d.net, d.tax, d.total"
        " HAVING (d.net, d.tax, d.total) IS DISTINCT FROM"
        " (coalesce(sum(l.net), 0), coalesce(sum(l.tax), 0), coalesce(sum(l.total), 0))",
    ),
    Invariant(
        "progress is what documents did",
        "SELECT format('document %s line %s: %s executed and %s returned, documents say %s and %s',"
        " id, no, coalesce(p.executed, 0), coalesce(p.returned, 0), coalesce(w.executed, 0),"
        " coalesce(w.returned, 0)) FROM (SELECT document_id AS id, no, executed, returned"
        "  FROM line_progress) p FULL JOIN (SELECT d.source_id AS id, l.source_line AS no,"
        "  sum(l.quantity) FILTER (WHERE d.type NOT IN ({returns})) executed,"
        "  sum(l.quantity) FILTER (WHERE d.type IN ({returns})) returned FROM document d"
        "  JOIN document_line l ON l.tenant_id = d.tenant_id AND l.document_id = d.id"
        "  WHERE (d.state = 'posted' OR d.type IN ({orders}) AND d.state IN ('approved', 'closed'))"
        "  AND d.type <> 'landed_cost' AND l.source_line IS NOT NULL"
        "  GROUP BY 1, 2) w USING (id, no) WHERE (coalesce(p.executed, 0), coalesce(p.returned, 0))"
        " IS DISTINCT FROM (coalesce(w.executed, 0), coalesce(w.returned, 0))",
    ),
    Invariant(
        "a closed period takes no entry",
        "SELECT DISTINCT format('posting %s wrote on %s, closed since posting %s', e.sequence,"
        " e.effective_on, c.posting) FROM tenant_sequence s CROSS JOIN (SELECT id,"
        "  (details ->> 'through')::date AS through, (details ->> 'posting')::bigint AS posting"
        "  FROM audit WHERE action IN ('period.close', 'period.reopen')) c JOIN entry e"
        " ON e.effective_on <= c.through AND e.sequence > c.posting"
        " WHERE c.through <= s.closed_through AND NOT EXISTS (SELECT FROM audit r"
        "  WHERE r.action = 'period.reopen' AND r.id > c.id"
        "  AND coalesce((r.details ->> 'through')::date, '-infinity') < c.through)",
    ),
    Invariant(
        "promises do not exceed what is open",
        "SELECT format('order %s line %s promises %s', p.document_id, p.line, p.quantity)"
        " FROM promise p JOIN document d ON d.id = p.document_id JOIN document_line l"
        " ON l.document_id = p.document_id AND l.no = p.line LEFT JOIN line_progress g"
        " ON g.document_id = p.document_id AND g.no = p.line WHERE p.quantity > 0 AND"
        " (d.state <> 'approved' OR p.quantity > l.quantity - coalesce(g.executed - g.returned, 0))",
    ),
    Invariant(
        "a command left its document",
        "SELECT format('command %s: document %s', c.id, c.outcome ->> 'id') FROM command c"
        " WHERE c.operation IN ('postDocument', 'postDraft', 'reverseDocument') AND NOT EXISTS"
        " (SELECT FROM document d WHERE d.id = (c.outcome ->> 'id')::uuid AND d.number IS NOT NULL)"
        # but for an order that was unapproved and deleted
        " AND NOT EXISTS (SELECT FROM audit a WHERE a.object_id = (c.outcome ->> 'id')::uuid"
        "  AND a.action = 'document.delete')",
    ),
    Invariant(
        "every posting was commanded",
        "SELECT format('document %s', d.id) FROM document d LEFT JOIN (SELECT DISTINCT"
        "  outcome ->> 'id' AS id FROM command"
        "  WHERE operation IN ('postDocument', 'postDraft', 'reverseDocument')) c ON c.id = d.id::text"
        " WHERE d.sequence IS NOT NULL AND d.type <> 'revaluation' AND c.id IS NULL",
    ),
    Invariant(
        "guards know the last movement",
        "SELECT format('item %s moved on %s, its guard says %s', e.item_id, e.last, g.moved_through)"
        " FROM (SELECT item_id, max(event_on) last FROM entry GROUP BY 1) e LEFT JOIN item_guard g"
        " ON g.item_id = e.item_id WHERE g.moved_through IS NULL OR g.moved_through < e.last",
    ),
    Invariant(
        "every posting was audited",
        "SELECT format('document %s', d.id) FROM document d WHERE d.sequence IS NOT NULL"
        " AND d.type <> 'revaluation' AND NOT EXISTS (SELECT FROM audit a WHERE a.object_id = d.id"
        " AND a.actor = d.posted_by AND a.action IN ('document.post', 'document.reverse'))",
    ),
    Invariant(
        "a reversal is the exact opposite",
        "SELECT format('document %s: %s, its reversal %s', d.id, d.total, m.total) FROM document d"
        " JOIN document m ON m.reverses_id = d.id WHERE m.total <> -d.total OR m.type <> d.type",
    ),
)
