"""Whatever happens to an order at a processor: value in is value out, and every account says the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from core.plugin_api import rows
from schema.compose import ComposedSchema
from schema.relay import uuid_of
from tests.plugins.bom_manufacturing.outwork import Outwork, component, owed
from tests.plugins.bom_manufacturing.workshop import Workshop
from tests.shop import Json, line

D = Decimal
SETTINGS = """mutation($input: UpdateSettingsInput!) { updateSettings(input: $input) {
  errors { code } } }"""

ways = st.sampled_from(
    [
        ("MOVING_AVERAGE", "ITEM"),
        ("MOVING_AVERAGE", "ITEM_PLACE"),
        ("FIFO", "ITEM"),
        ("FIFO", "ITEM_PLACE"),
        ("STANDARD", "ITEM"),
        ("SPECIFIC", "ITEM_LOT"),
    ]
)
small = st.integers(0, 3).map(str)
parts = st.integers(1, 4).map(str)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), parts, st.sampled_from(["1", "2.5", "3.33", "7.01"])),
        st.tuples(st.just("send"), parts, st.booleans()),
        st.tuples(st.just("receive"), small, st.tuples(small, small)),
        st.tuples(st.just("back"), parts, st.none()),
        st.tuples(st.just("charge"), parts, st.none()),
        st.tuples(st.just("adjust"), small, st.sampled_from(["0.01", "5", "-0.55"])),
        st.tuples(st.just("reverse"), st.integers(0, 30), st.booleans()),
    ),
    min_size=5,
    max_size=14,
)


class Acts:
    """Carries out acts on an order; what is refused is left out."""

    def __init__(self, outwork: Outwork, order: str) -> None:
        self.outwork, self.order = outwork, order
        self.posted: list[Json] = []
        self.receipts: list[Json] = []
        self.rejected_whole = False

    async def do(self, act: tuple[Any, ...]) -> None:
        kind, amount, how = act
        if kind == "reverse":
            if self.posted:
                later = {"date": "2026-03-09"} if how else {}
                await self.outwork.reverse(self.posted[amount % len(self.posted)], **later)
            return
        payload = await getattr(self, f"_{kind}")(amount, how)
        if payload and not payload["errors"]:
            self.rejected_whole |= kind == "receive" and amount == "0"
            self.posted.append(payload["document"])
            if kind == "receive":
                self.receipts.append(payload["document"])

    async def _buy(self, amount: str, price: str) -> Json:
        shop, items = self.outwork.workshop.shop, self.outwork.workshop.items
        lines = [line(items[code], amount, price) for code in ("CLOTH", "BUTTON")]
        return await shop.post("receipt", *lines)

    async def _send(self, amount: str, beyond: bool) -> Json:
        components = [self.outwork.part(code, amount) for code in ("CLOTH", "BUTTON")]
        sent = {"orderId": self.order, "components": components, "beyond": beyond}
        return await self.outwork.send("SendToProcessor", "Send", **sent)

    async def _receive(self, amount: str, how: tuple[str, str]) -> Json:
        rejected, lost = how
        sent: Json = {"orderId": self.order, "received": amount, "rejected": rejected}
        if lost != "0":
            sent |= {"lost": [self.outwork.part("CLOTH", lost)], "charges": "1.1"}
        return await self.outwork.send("ReceiveFromProcessor", "Receive", **sent)

    async def _back(self, amount: str, _: None) -> Json:
        sent = {"orderId": self.order, "components": [self.outwork.part("BUTTON", amount)]}
        return await self.outwork.send("TakeBackFromProcessor", "TakeBack", **sent)

    async def _charge(self, amount: str, _: None) -> Json:
        sent = {"orderId": self.order, "components": [self.outwork.part("CLOTH", amount)]}
        return await self.outwork.send("ChargeProcessor", "ChargeProcessor", **sent)

    async def _adjust(self, which: str, amount: str) -> Json | None:
        if not self.receipts:
            return None
        receipt = self.receipts[int(which) % len(self.receipts)]["id"]
        return await self.outwork.send("AdjustFee", "AdjustFee", receiptId=receipt, amount=amount)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(ways, acts, st.booleans())
async def test_accounts_stock_and_settlement_agree(
    db: Database,
    schema: ComposedSchema,
    way: tuple[str, str],
    plan: list[tuple[Any, ...]],
    pays_rejected: bool,
) -> None:
    workshop = await Workshop.open(db, schema)
    sent = {"commandId": str(uuid7()), "costingMethod": way[0], "costScope": way[1]}
    answer = await workshop.shop.ask(SETTINGS, input=sent)
    assert answer["updateSettings"]["errors"] == []
    outwork = await Outwork.open(workshop, negativeStock="ALLOW")
    order = await outwork.order("12", paysRejected=pays_rejected)
    acted = Acts(outwork, order)
    for act in [("send", "20", True), ("receive", "3", ("1", "2")), *plan]:
        await acted.do(act)
    last = await outwork.issue(order, components=[outwork.part("CLOTH", "1")], beyond=True)
    tenant = workshop.shop.principal.tenant_id
    assert await verify(db, tenant, deep=True) == []
    owes = owed(last)
    async with db.snapshot(tenant) as tx:
        found = await rows(
            tx,
            "SELECT p.account, sum(e.value) FROM entry e JOIN place p ON p.tenant_id = e.tenant_id"
            " AND p.id = e.place_id WHERE e.tenant_id = %s AND p.account IS NOT NULL GROUP BY 1",
            tenant,
        )
        lying = await rows(
            tx,
            "SELECT i.code, sum(b.on_hand) FROM balance b JOIN item i ON i.tenant_id = b.tenant_id"
            " AND i.id = b.item_id WHERE b.tenant_id = %s AND b.place_id = %s GROUP BY 1",
            tenant,
            uuid_of(outwork.place, "Place"),
        )
        bought = await rows(
            tx,
            "SELECT coalesce(sum(net), 0) FROM document WHERE tenant_id = %s AND type = 'receipt'"
            " AND state = 'posted'",
            tenant,
        )
    accounts: dict[str, Decimal] = dict(found)
    assert accounts.get("production", 0) == -(owes["fee"] + owes["charges"] + owes["adjustments"])
    assert accounts.get("supplier", 0) == owes["lost"] - bought[0][0]
    if not acted.rejected_whole:
        assert accounts.get("production_variance", 0) == 0
    held: dict[str, Decimal] = dict(lying)
    for code in ("CLOTH", "BUTTON"):
        assert component(last, code)["left"] == held.get(code, 0)
