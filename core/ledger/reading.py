"""What a posting asks the database: the locks, and the state behind them. SQL only; it decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from core.db.database import Row
from core.db.questions import TENANT, Question
from core.documents.facts import ItemFacts, PartyFacts, PlaceFacts, UnitFacts
from core.ids import NIL
from core.ledger.records import BalanceKey, Leg, Origin, PoolKey, Position
from core.ledger.state import Held, LotFacts, Places, Promised


def lock_items(ids: Collection[UUID]) -> Question[dict[UUID, date | None]]:
    """Lock the item guards, by id; answered with the date through which each item has moved."""
    return Question(
        "SELECT item_id, moved_through FROM item_guard"
        " WHERE tenant_id = %s AND item_id = ANY(%s) ORDER BY item_id FOR UPDATE",
        (list(ids),),
        lambda found: {row[0]: row[1] for row in found},
    )


def sequence_row() -> Question[tuple[int, date | None, bool, datetime]]:
    """(rules_version, closed_through, halted, the database's clock); not locked."""
    return Question(
        "SELECT rules_version, closed_through, halted, clock_timestamp() FROM tenant_sequence"
        " WHERE tenant_id = %s",
        (),
        lambda found: (found[0][0], found[0][1], found[0][2], found[0][3]),
    )


def settings() -> Question[dict[str, Any]]:
    """The tenant's settings as they are stored."""
    return Question(
        'SELECT "values" FROM tenant_setting WHERE tenant_id = %s',
        (),
        lambda found: dict(found[0][0]),
    )


def modules() -> Question[dict[str, dict[str, Any]]]:
    """The modules that are on, with the tenant's settings for them."""
    return Question(
        "SELECT module, settings FROM tenant_module WHERE tenant_id = %s AND enabled",
        (),
        lambda found: {row[0]: dict(row[1]) for row in found},
    )


def places() -> Question[Places]:
    """The whole location tree."""
    return Question(
        "SELECT id, code, path, holds_stock, active, account, negative_stock, zone,"
        " kind = 'processor' FROM place"
        " WHERE tenant_id = %s",
        (),
        lambda found: Places(PlaceFacts(r[0], r[1], tuple(r[2]), *r[3:]) for r in found),
    )


def items(ids: Collection[UUID]) -> Question[dict[UUID, ItemFacts]]:
    """Items with the units they are kept in, the base unit first."""
    return Question(
        "SELECT i.id, i.code, i.kind = 'stocked', i.active, i.base_unit_id, i.purchase_price,"
        " i.standard_cost, i.weight, i.volume, i.negative_stock, i.costing_method, i.cost_scope,"
        " u.id, u.decimals, coalesce(x.numerator, 1), coalesce(x.denominator, 1)"
        " FROM item i LEFT JOIN item_unit x ON x.tenant_id = i.tenant_id AND x.item_id = i.id"
        " JOIN unit u ON u.tenant_id = i.tenant_id AND u.id IN (i.base_unit_id, x.unit_id)"
        " WHERE i.tenant_id = %s AND i.id = ANY(%s)",
        (list(ids),),
        _items,
    )


def _items(found: Sequence[Row]) -> dict[UUID, ItemFacts]:
    units: dict[UUID, dict[UUID, UnitFacts]] = {}
    for r in found:
        base = r[12] == r[4]
        ratio = Fraction(1) if base else Fraction(r[14]) / Fraction(r[15])
        units.setdefault(r[0], {})[r[12]] = UnitFacts(ratio, r[13])
    return {
        r[0]: ItemFacts(
            id=r[0],
            code=r[1],
            stocked=r[2],
            active=r[3],
            base_unit_id=r[4],
            units=units[r[0]],
            purchase_price=r[5],
            standard_cost=r[6],
            weight=r[7],
            volume=r[8],
            negative_stock=r[9],
            costing_method=r[10],
            cost_scope=r[11],
        )
        for r in found
    }


def parties(ids: Collection[UUID]) -> Question[dict[UUID, PartyFacts]]:
    """Suppliers and customers."""
    return Question(
        "SELECT id, code, name, is_supplier, is_customer, country, address, active FROM party"
        " WHERE tenant_id = %s AND id = ANY(%s)",
        (list(ids),),
        lambda found: {r[0]: PartyFacts(*r) for r in found},
    )


_LOTS = f"""
WITH near AS (SELECT lot_id FROM balance WHERE tenant_id = %s AND item_id = ANY(%s) AND there
    AND lot_id <> '{NIL}' UNION SELECT unnest(%s::uuid[])),
lots AS (SELECT lot_id FROM near UNION SELECT parent_id FROM lot WHERE tenant_id = %s
    AND id = ANY(ARRAY(SELECT lot_id FROM near)))
"""  # noqa: S608 - a constant
"""The lots that lie somewhere, those named, and what they belong to. They are looked up by arrays of
ids alone: a join, or an item beside them, would be planned for as many lots as an item has on average, and
might read every one there ever was."""


@dataclass(frozen=True, slots=True)
class Goods:
    """Which goods of items are to be read: what is there, the ``named`` lots, there or not, and what waits
    for or belongs to the ``documents``. An item's emptied lots and pools grow with its history; a posting
    on time needs none but these. ``there`` are the items whose lots are read because they lie somewhere:
    all of them, but where that was read before."""

    items: list[UUID]
    named: list[UUID]
    documents: list[UUID]
    there: list[UUID]

    @property
    def lots(self) -> tuple[Any, ...]:
        """The parameters of ``_LOTS``, after the tenant."""
        return (self.there, self.named, TENANT)


def balances(ids: Collection[UUID]) -> Question[dict[BalanceKey, Decimal]]:
    """The balances of the items that are not at zero: whatever is not among them is."""
    return Question(
        "SELECT item_id, place_id, lot_id, on_hand FROM balance"
        " WHERE tenant_id = %s AND item_id = ANY(%s) AND there",
        (list(ids),),
        lambda found: {BalanceKey(r[0], r[1], r[2]): r[3] for r in found},
    )


_LOT = "SELECT id, item_id, code, parent_id, is_unit, received_on FROM lot"


def lots(ids: Collection[UUID]) -> Question[dict[UUID, LotFacts]]:
    """All lots that the items ever had."""
    return Question(f"{_LOT} WHERE tenant_id = %s AND item_id = ANY(%s)", (list(ids),), _lots)


def lots_of(goods: Goods) -> Question[dict[UUID, LotFacts]]:
    """The lots of these goods."""
    items = frozenset(goods.items)
    return Question(
        f"{_LOTS} {_LOT} WHERE tenant_id = %s AND id = ANY(ARRAY(SELECT lot_id FROM lots))",  # noqa: S608 - our names
        (*goods.lots, TENANT),
        lambda found: {id_: lot for id_, lot in _lots(found).items() if lot.item_id in items},
    )


def _lots(found: Sequence[Row]) -> dict[UUID, LotFacts]:
    return {r[0]: LotFacts(*r) for r in found}


PoolRow = tuple[PoolKey, Decimal, Decimal, Decimal, Decimal]
"""A pool as it is stored: its key, quantity, value, last and first known cost."""

_POOL = "SELECT item_id, place_id, lot_id, document_id, quantity, value, last_cost, first_cost FROM pool"


def pools(ids: Collection[UUID]) -> Question[list[PoolRow]]:
    """All pools that the items ever had."""
    return Question(f"{_POOL} WHERE tenant_id = %s AND item_id = ANY(%s)", (list(ids),), _pools)


def pools_of(goods: Goods) -> Question[list[PoolRow]]:
    """The pools of these goods, empty or not, for what an empty one last cost prices what comes or goes next;
    and all in which something is or is owed, whatever it waits for."""
    return Question(
        f"{_LOTS} {_POOL} WHERE tenant_id = %s AND item_id = ANY(%s) AND document_id = '{NIL}'"  # noqa: S608 - our names
        f" AND lot_id = ANY(ARRAY(SELECT lot_id FROM lots) || '{NIL}'::uuid)"
        f" UNION {_POOL} WHERE tenant_id = %s AND document_id <> '{NIL}' AND document_id = ANY(%s)"
        f" AND item_id = ANY(%s) UNION {_POOL} WHERE tenant_id = %s"
        " AND id = ANY(ARRAY(SELECT pool_id FROM layer WHERE tenant_id = %s AND item_id = ANY(%s)))",
        (
            *(*goods.lots, TENANT, goods.items),
            *(TENANT, goods.documents, goods.items),
            *(TENANT, TENANT, goods.there),
        ),
        _pools,
    )


def _pools(found: Sequence[Row]) -> list[PoolRow]:
    return [(PoolKey(*r[:4]), *r[4:]) for r in found]


def layers(ids: Collection[UUID]) -> Question[list[tuple[UUID, Origin, Leg]]]:
    """What is left of receipts in the items' pools, as (pool id, receipt, what is left)."""
    return Question(
        "SELECT pool_id, origin_on, origin_sequence, origin_flow, quantity, value FROM layer"
        " WHERE tenant_id = %s AND item_id = ANY(%s)",
        (list(ids),),
        lambda found: [(r[0], Origin(*r[1:4]), Leg(*r[4:])) for r in found],
    )


def waits_for(document: UUID) -> Question[bool]:
    """Whether goods wait for a document, in transit or in work."""
    return Question(
        "SELECT EXISTS (SELECT FROM pool WHERE tenant_id = %s AND document_id = %s"
        " AND quantity <> 0)",
        (document,),
        lambda found: bool(found[0][0]),
    )


def promises(ids: Collection[UUID]) -> Question[list[Promised]]:
    """What is promised and not expired; past its expiry a promise counts for nothing (rule 4.2)."""
    return Question(
        "SELECT document_id, line, item_id, place_id, lot_id, incoming, quantity, due_on, expires_at,"
        " since FROM promise WHERE tenant_id = %s AND item_id = ANY(%s) AND quantity > 0"
        " AND (expires_at IS NULL OR expires_at > clock_timestamp())",
        (list(ids),),
        lambda found: [Promised(*r) for r in found],
    )


_HOLD = "SELECT item_id, place_id, lot_id, reason FROM hold"
_IN_FORCE = "released_at IS NULL AND (until IS NULL OR until > clock_timestamp())"


def holds(ids: Collection[UUID]) -> Question[list[Held]]:
    """The holds in force on the items, their lots and their places."""
    return Question(
        f"{_HOLD} WHERE tenant_id = %s AND item_id = ANY(%s) AND {_IN_FORCE}", (list(ids),), _holds
    )


def holds_of(goods: Goods) -> Question[list[Held]]:
    """Those that these goods can meet: what is gone stays on hold."""
    return Question(
        f"{_LOTS} {_HOLD} WHERE tenant_id = %s AND item_id = ANY(%s) AND lot_id IS NULL"  # noqa: S608 - our names
        f" AND {_IN_FORCE} UNION ALL {_HOLD} WHERE tenant_id = %s AND item_id = ANY(%s)"
        f" AND lot_id = ANY(ARRAY(SELECT lot_id FROM lots)) AND {_IN_FORCE}",
        (*goods.lots, TENANT, goods.there, TENANT, goods.items),
        _holds,
    )


def _holds(found: Sequence[Row]) -> list[Held]:
    return [Held(*r) for r in found]


def standards(
    ids: Collection[UUID],
) -> Question[dict[UUID, list[tuple[Position, Decimal]]]]:
    """The standard costs the items ever had; those reversed on their own date were never in force."""
    return Question(
        "SELECT s.item_id, s.since, s.sequence, s.cost FROM standard_cost s"
        " JOIN document d ON d.tenant_id = s.tenant_id AND d.sequence = s.sequence"
        " WHERE s.tenant_id = %s AND s.item_id = ANY(%s) AND NOT EXISTS (SELECT FROM document m"
        " WHERE m.tenant_id = d.tenant_id AND m.reverses_id = d.id"
        " AND m.business_date = d.business_date)",
        (list(ids),),
        _standards,
    )


def _standards(found: Sequence[Row]) -> dict[UUID, list[tuple[Position, Decimal]]]:
    known: dict[UUID, list[tuple[Position, Decimal]]] = {}
    for item, since, sequence, cost in found:
        known.setdefault(item, []).append((Position(since, sequence, 0), cost))
    return known
