"""The planner's guide, carried out request by request."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from core.plugin_api import today
from tests.plugins.bom_manufacturing.workshop import Workshop

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "planner.md"
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"<(\w+)>")
_DAYS = re.compile(r"IN_(\d+)_DAYS")


def _codes(answer: Any) -> dict[str, str]:
    """The ids of whatever is answered with its code."""
    if isinstance(answer, list):
        return {code: key for one in answer for code, key in _codes(one).items()}
    if not isinstance(answer, dict):
        return {}
    own = {answer["code"]: answer["id"]} if answer.keys() >= {"code", "id"} else {}
    return own | {code: key for one in answer.values() for code, key in _codes(one).items()}


async def test_a_newcomer_plans_and_has_work_done_by_the_guide(workshop: Workshop) -> None:
    shop = workshop.shop
    async with shop.database.snapshot(shop.principal.tenant_id) as tx:
        start = await today(tx)
    ids: dict[str, str] = dict(shop.places)
    answers: dict[str, Any] = {}

    def meant(found: re.Match[str]) -> str:
        if days := _DAYS.fullmatch(found[1]):
            return (start + timedelta(int(days[1]))).isoformat()
        return ids[found[1]]

    blocks = [*_FENCED.findall(GUIDE.read_text("utf-8")), ("", "")]
    for (language, query), (following, text) in pairwise(blocks):
        if language != "graphql":
            continue
        variables = json.loads(_NAMED.sub(meant, text)) if following == "json" else {}
        answer = await shop.ask(query, **variables)
        name = re.findall(r"(?:mutation|query) (\w+)", query)[0]
        answers[name] = answer
        for payload in answer.values():
            assert not (isinstance(payload, dict) and payload.get("errors")), (name, payload)
        ids |= _codes(answer)
        if name == "Suggestions":
            ids["SUGGESTION"] = answer["bomManufacturingSuggestions"]["nodes"][0]["id"]
        if name == "Order":
            ids["ORDER"] = answer["bomManufacturingOrderSubcontract"]["order"]["id"]
        if name == "Receive":
            ids["RECEIPT"] = answer["bomManufacturingReceiveFromProcessor"]["document"]["id"]
    _check_plan(answers)
    _check_work(answers)


def _check_plan(answers: dict[str, Any]) -> None:
    """What a newcomer reads of the plan."""
    [run] = answers["Progress"]["bomManufacturingRuns"]["nodes"]
    assert (run["state"], run["itemsDone"]) == ("DONE", 4)
    found = answers["Suggestions"]["bomManufacturingSuggestions"]["nodes"]
    assert sorted((one["item"]["code"], one["make"], one["quantity"]) for one in found) == [
        ("BENCH", True, "40"),
        ("BOARD", False, "60"),  # 20 of 80 are there
        ("LEG", False, "10"),  # the safety stock of 8 by tens
        ("LEG", False, "160"),  # two of these ten are left for the 160
        ("SEAT", True, "40"),
    ]
    [short] = answers["Suggestions"]["bomManufacturingPlanShortages"]["nodes"]
    assert (short["item"]["code"], short["quantity"]) == ("LEG", "10")
    sources = [one["source"] for one in answers["Why"]["bomManufacturingWhy"]["nodes"]]
    assert sources == ["SAFETY", "ORDER", "FORECAST"]
    turned = answers["Turn"]["bomManufacturingOrderSuggestions"]
    [requisition] = turned["purchases"]
    assert (requisition["state"], turned["refused"]) == ("APPROVED", [])
    assert requisition["number"].startswith("PR-")
    weeks = answers["Why"]["bomManufacturingOverTime"]["nodes"]
    assert sum(Decimal(one["gross"]) for one in weeks) == 80


def _check_work(answers: dict[str, Any]) -> None:
    """What a newcomer reads of the work that was done outside."""
    order = answers["Look"]["bomManufacturingSubcontractOrder"]
    assert (order["open"], order["received"], order["rejected"]) == (False, "8", "1")
    [board] = order["components"]["nodes"]
    figures = {name: Decimal(value) for name, value in board.items() if name != "item"}
    assert figures == {
        "sent": 20,
        "used": 18,
        "allowedLoss": 0,
        "chargedLoss": 1,
        "returned": 1,
        "left": 0,
    }
    owed: Any = {name: Decimal(value) for name, value in order["settlement"].items()}
    # eight at 4, and 2 more; less a board of 30
    assert (owed["fee"], owed["adjustments"], owed["lost"], owed["owed"]) == (32, 2, 30, 4)
