"""Every operation of apparel on worked examples, and what the examples of counts, orders, processors and
serial numbers in ``test_calc`` leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.run import Outcome, judge
from tests.scenarios.test_calc import no_ledger

EXAMPLES = {
    "lives": """
module: serial
given:
  stock:
  - {item: CUP, lot: A, qty: 2, received: '2026-01-02'}
  - {item: CUP, lot: B, qty: 2, received: '2026-01-01'}
steps:
- {id: s1, op: serial_event, serial: S1, event: receive, loc: WH}
- {id: s2, op: serial_event, serial: S1, event: issue, loc: SHOP}
- {id: s3, op: serial_event, serial: S1, event: transfer, from: WH, to: SHOP}
- {id: s4, op: serial_event, serial: S1, event: issue, loc: SHOP, qty: 1}
- {id: s5, op: serial_event, serial: S1, event: issue, loc: SHOP}
- {id: s6, op: serial_event, serial: S1, event: reverse_receipt}
- {id: s7, op: serial_event, serial: S1, event: return, loc: WH}
- {id: s8, op: serial_event, serial: S1, event: repair}
- {id: s9, op: serial_event, serial: S1, event: issue}
- {id: s10, op: serial_event, serial: S1, event: restock}
- {id: s11, op: serial_event, serial: S1, event: scrap, qty: 2}
- {id: s12, op: serial_event, serial: S1, event: scrap}
- {id: s13, op: serial_event, serial: S2, event: issue}
- {id: r1, op: serial_register, item: A, serial: X, unique: item}
- {id: r2, op: serial_register, item: B, serial: X, unique: item}
- {id: r3, op: serial_register, item: A, serial: X, unique: item}
- {id: r4, op: serial_register, item: C, serial: X, unique: tenant}
- {id: n1, op: serial_range, text: '3, ~+2, ~', next: 100}
- {id: p1, op: pick, item: CUP, qty: 3}
expect:
  refused: [s2, s5, s6, s9, s11, s13, r3, r4]
  results:
    s1: in_stock
    s3: in_stock
    s4: sold
    s7: returned
    s8: in_repair
    s10: in_stock
    s12: scrapped
    r1: accepted
    r2: accepted
    n1: [3, 100, 101, 102, 103]
    p1: {picks: [[B, 2], [A, 1]], short: 0}
""",
    # OCA's packaging calculator: 2 655 pieces; odoo: what a variant is made of
    "apparel": """
module: apparel
given:
  attributes: {colour: [red, blue], size: [1, 2, 3]}
  ratio: {XS: 1, S: 2, M: 3, L: 3, XL: 2, XXL: 1}
  on_hand: {XS: 9, S: 9, M: 10, L: 100, XL: 8, XXL: 4}
  packagings: {box: 50, pallet: 2000, unit: 1, big_box: 200}
  costs: {CLOTH: 4, RED: 3, BLUE: 5, ZIP: 0.5}
  boms:
  - item: COAT
    lines:
    - {item: LINED, qty: 1}
    - {item: CLOTH, qty: 2}
    - {item: ZIP, qty: 1, when: {size: [L, XL]}}
  - item: LINED
    lines:
    - {item: RED, qty: 1.5, when: {colour: red, size: [S, L]}}
    - {item: BLUE, qty: 1, when: {colour: [blue]}}
  stock:
  - {item: COAT, lot: A, qty: 5, expiry: '2025-01-01', received: '2024-01-01'}
  - {item: COAT, lot: B, qty: 5, expiry: '2025-06-01', received: '2024-02-01'}
  - {item: COAT, lot: C, qty: 2, expiry: '2025-03-01', received: '2024-03-01'}
steps:
- {id: s1, op: pack_size}
- {id: s2, op: ratio_pack, packs: 25}
- {id: s3, op: packs_from_stock}
- {id: s4, op: packagings, qty: 2655}
- {id: s5, op: packagings, qty: 2655, without: [pallet]}
- {id: s6, op: packagings, qty: 350}
- {id: s7, op: packagings, qty: 55, without: [unit]}
- {id: s8, op: packagings, qty: 0.5}
- {id: s9, op: ratio_pack, packs: 0.5}
- {id: s10, op: variant_count}
- {id: s11, op: variants}
- {id: s12, op: explode, item: COAT, qty: 10, attributes: {colour: red, size: L}}
- {id: s13, op: explode, item: COAT, qty: 10, attributes: {colour: red, size: M}}
- {id: s14, op: explode, item: COAT, qty: 10, attributes: {colour: blue, size: S}, levels: one}
- {id: s15, op: bom_price, item: COAT, qty: 10, attributes: {colour: blue, size: XL}, per_unit: true}
- {id: s16, op: bom_price, item: COAT, qty: 2, attributes: {colour: red, size: S}}
- {id: s17, op: pick, item: COAT, qty: 6, 'on': '2025-02-01'}
- {id: s18, op: pick, item: COAT, qty: 6, 'on': '2025-02-01', strategy: fifo}
- {id: s19, op: pick, item: COAT, qty: 9, 'on': '2025-02-01', all_or_nothing: true}
expect:
  refused: [s7, s9]
  results:
    s1: 12
    s2: {XS: 25, S: 50, M: 75, L: 75, XL: 50, XXL: 25}
    s3: 3
    s4: {pallet: 1, big_box: 3, box: 1, unit: 5}
    s5: {big_box: 13, box: 1, unit: 5}
    s6: {big_box: 1, box: 3}
    s8: {unit: 0.5}
    s10: 6
    s11: [red-1, red-2, red-3, blue-1, blue-2, blue-3]
    s12: {RED: 15, CLOTH: 20, ZIP: 10}
    s13: {CLOTH: 20}
    s14: {LINED: 10, CLOTH: 20}
    s15: 13.50
    s16: 25.00
    s17: {picks: [[C, 2], [B, 4]], short: 0}
    s18: {picks: [[B, 5], [C, 1]], short: 0}
    s19: {picks: [], short: 9}
""",
    # what the other examples of these modules leave out
    "counting-more": """
module: count
given:
  cells: {C: {on_hand: 100, allocated: 80}}
  counts: [{book: 1000, counted: 997}, {book: 500, counted: 503}]
steps:
- {id: s1, op: difference_pct, book: 40, counted: 20}
- {id: s2, op: needs_approval, book: 100, counted: 89, threshold_pct: 10}
- {id: s3, op: needs_approval, book: 100, counted: 90, threshold_pct: 10}
- {id: s4, op: variance_rate}
- {id: s5, op: band, value: 0.4, ideal_below: 0.5, alarm_above: 2}
- {id: s6, op: band, value: 2.1, ideal_below: 0.5, alarm_above: 2}
- {id: s7, op: adjust_to, cell: C, qty: 60, trim_reservation: true}
- {id: s8, op: adjust_to, cell: C, qty: 70}
- {id: s9, op: ship, cell: C, qty: 71}
expect:
  refused: [s9]
  results:
    s1: 50
    s2: true
    s3: false
    s4: 0.40
    s5: ideal
    s6: alarm
    s7: {on_hand: 60, allocated: 60, saleable: 0}
    s8: {on_hand: 70, allocated: 60, saleable: 10}
""",
    "work-order": """
module: bom
given: {boms: [{item: A, lines: [{item: B, qty: 1}]}]}
steps:
- {id: s1, op: open, order: WO, qty: 10}
- {id: s2, op: do, order: WO, qty: 11}
- {id: s3, op: set_over, order: WO, over_pct: 10}
- {id: s4, op: do, order: WO, qty: 11}
- {id: s5, op: undo, order: WO, ref: s4}
- {id: s6, op: check_bom, item: B, lines: [A]}
- {id: s7, op: difference, book: 4, counted: 4.5}
expect:
  refused: [s2, s6]
  results: {s4: {done: 11, open: 0}, s5: {done: 0, open: 10}, s7: 0.5}
""",
    "processor-over": """
module: subcontract
steps:
- {id: s1, op: open, order: SC, qty: 10, over_pct: 20}
- {id: s2, op: do, order: SC, qty: 12}
- {id: s3, op: do, order: SC, qty: 1}
- {id: s4, op: undo, order: SC, ref: s2}
expect: {refused: [s3], results: {s2: {done: 12, open: 0}, s4: {done: 0, open: 10}}}
""",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_text(f"id: {name}\nkind: calc\n{EXAMPLES[name]}", encoding="utf-8")
    verdict = judge(path, no_ledger)
    assert (verdict.outcome, verdict.reasons) == (Outcome.AGREE, ())
