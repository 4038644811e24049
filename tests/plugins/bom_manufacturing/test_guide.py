"""The maker's guide, carried out request by request."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.plugins.bom_manufacturing.workshop import NAME, Workshop
from tests.shop import Json

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "maker.md"
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r'"<(\w+)>"')


async def test_a_newcomer_who_sends_what_the_guide_says_has_tables_at_their_cost(
    workshop: Workshop,
) -> None:
    shop = workshop.shop
    await shop.switch(NAME, on=False)
    ids = dict(shop.places)
    answers: dict[str, Json] = {}
    blocks = _FENCED.findall(GUIDE.read_text("utf-8"))
    for (language, query), (following, text) in pairwise(blocks):
        if (language, following) != ("graphql", "json"):
            continue
        for named in _NAMED.findall(text):
            text = text.replace(f"<{named}>", ids[named])
        variables = json.loads(text)
        data = await shop.ask(query, **variables)
        name = re.findall(r"(?:mutation|query) (\w+)", query)[0]
        answers[name] = data
        for payload in data.values():
            assert not (isinstance(payload, dict) and payload.get("errors")), (name, payload)
        if name == "Items":
            made = [one["item"] for one in data["saveItems"]["verdicts"]]
            ids |= {one["code"]: one["id"] for one in made}
        if name == "Draft":
            ids["ORDER"] = data["bomManufacturingSaveWorkOrder"]["order"]["id"]
    assert ids.keys() >= {"TABLE", "ORDER"}
    _check_answers(answers)


def _check_answers(answers: dict[str, Any]) -> None:
    """What a newcomer reads in the answers."""
    asked = answers["Ask"]
    assert asked["bomManufacturingCanBuild"]["quantity"] == 5  # of bolts
    assert Decimal(asked["bomManufacturingCost"]) == Decimal("2295.16")  # 98 % of 2342
    [standard] = answers["RollUp"]["bomManufacturingRollUp"]["nodes"]
    assert standard == {
        "level": 0,
        "current": None,
        "rolledUp": "229.520000",  # 98 % of 234.20
        "item": {"code": "TABLE"},
    }
    [missing] = answers["Missing"]["bomManufacturingShortages"]
    assert (missing["item"]["code"], missing["quantity"]) == ("BOLT", "34")
    assert missing["alternates"] == [{"free": "200", "item": {"code": "SCREW"}}]
    parts = answers["Instead"]["bomManufacturingSaveWorkOrder"]["order"]["parts"]["nodes"]
    assert [(one["item"]["code"], one["ordered"]) for one in parts] == [
        ("TOP", "10"),
        ("LEG", "40"),
        ("BOLT", "50"),
        ("SCREW", "34"),
    ]
    order = answers["Look"]["bomManufacturingWorkOrder"]
    assert (order["status"], order["worth"]["components"]) == ("CLOSED", "0")
    cost: Any = {name: Decimal(value) for name, value in order["cost"].items()}
    # ten tops, 38 legs, 50 bolts and 34 screws; and the wages
    assert (cost["components"], cost["charges"]) == (Decimal("2298.60"), 400)
    assert cost["received"] == Decimal("2698.60")
    assert (cost["writtenOff"], cost["chargesLost"]) == (0, 0)
