"""Requests of many tenants at once, of all kinds, some of them cut off or made to fail."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from core.db.database import Database
from core.ids import uuid7
from core.tenancy import service as tenancy
from server.app import ServerSettings, create_app
from tests.isolation.connections import Watch, kill_one, settled
from tests.isolation.faults import failing_schema
from tests.shop import POST, Json, Shop, line

CANCELLED, RAISING, KILLED = 0.10, 0.10, 0.02
"""Shares of the requests (G17)."""
BATCH = 48
"""Requests under way at once."""
LONGEST_WAIT = 0.12
"""Seconds after which a client has gone away, at most."""

_QUERIES = (
    '{ items(filter: {search: "CANARY"}) { totalCount nodes { code name category { name } } } }',
    "{ stock(first: 20) { nodes { quantity value item { code } place { code } } } }",
    "{ documents(first: 5) { totalCount nodes { number remark lines { nodes { item { code } } } } } }",
    '{ viewer { user { email } tenant { name } } item(code: "CANARY") { code name } }',
    "query($item: ID!) { availability(itemIds: [$item]) { onHand item { code } } "
    " itemCard(itemId: $item, first: 3) { nodes { quantity document { remark } } } }",
    "query($item: ID!) { node(id: $item) { ... on Item { code } } "
    " holds(first: 3) { nodes { reason } } members { nodes { user { email } } } }",
    "{ auditTrail(first: 5) { nodes { action actor { email } } } items { nodes { name } } }",
    '{ accountValues { account value } stockSummary(since: "2026-01-01", until: "2026-12-31")'
    " { nodes { item { code } closingValue } } }",
)
CREATE = """mutation($input: CreateItemInput!) { createItem(input: $input) {
  item { id code name } errors { code message path details } } }"""
SAVE = """mutation($input: SaveDraftInput!) { saveDraft(input: $input) {
  document { id remark lines { nodes { item { code } } } } errors { code message path details } } }"""
HOLD = """mutation($input: PlaceHoldInput!) { placeHold(input: $input) {
  hold { id reason item { code } } errors { code message path details } } }"""


@dataclass
class Member:
    """A tenant in the traffic: every text of its own has its canary."""

    canary: str
    shop: Shop
    item: str
    client: httpx.AsyncClient

    def body(self, dice: random.Random) -> Json:
        """A request that is in order, or is refused by a rule."""
        kind = dice.random()
        if kind < 0.5:
            query = dice.choice(_QUERIES).replace("CANARY", self.canary)
            return {"query": query, "variables": {"item": self.item} if "$item" in query else {}}
        asked = {"commandId": str(uuid7())}
        if kind < 0.65:
            made = {"code": f"{self.canary}-{uuid7().hex[-8:]}", "name": f"{self.canary} new"}
            return {"query": CREATE, "variables": {"input": {**asked, **made}}}
        if kind < 0.7:
            held = {"itemId": self.item, "reason": f"{self.canary} hold", "placeId": None}
            held["until"] = "2026-01-01T00:00:00Z"
            return {"query": HOLD, "variables": {"input": {**asked, **held}}}
        remark = {"remark": f"{self.canary} remark"}
        if kind < 0.8:
            document = self.shop.document("receipt", line(self.item, "1", "1"), **remark)
            return {"query": SAVE, "variables": {"input": document}}
        type_, much = dice.choice([("receipt", "3"), ("issue", "1"), ("issue", "1000000")])
        document = self.shop.document(type_, line(self.item, much, "2"), **remark)
        return {"query": POST, "variables": {"input": document}}

    def fault(self, dice: random.Random, stranger: str) -> Json:
        """A request that raises inside: in a statement, in our code, or as a refusal."""
        how = dice.choice(["statement", "error", "refusal", "stranger"])
        if how == "stranger":
            document = self.shop.document("issue", line(stranger, "1", "2"))
            return {"query": POST, "variables": {"input": document}}
        if dice.random() < 0.5:
            query = "query($how: String!) { failReading(how: $how) items { nodes { code } } }"
        else:
            query = "mutation($how: String!) { failWriting(how: $how) { errors { code } } }"
        return {"query": query, "variables": {"how": how}}


@dataclass
class Traffic:
    """The tenants, what became of their requests, and whose rows came to whom by mistake."""

    members: list[Member]
    dice: random.Random
    url: str
    counts: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)

    async def run(self, requests: int, watch: Watch) -> None:
        """So many requests, a batch at a time; between batches every connection is looked at."""
        while requests > 0:
            size = min(BATCH, requests)
            await asyncio.gather(*(self._one() for _ in range(size)))
            requests -= size
            watch.wrong += await settled(self.url)
            await watch.look()

    async def _one(self) -> None:
        member, fate = self.dice.choice(self.members), self.dice.random()
        if fate < CANCELLED:
            await self._cut_off(member)
        elif fate < CANCELLED + RAISING:
            stranger = next(m for m in self.members if m is not member)
            await self._send(member, member.fault(self.dice, stranger.item), "raised")
        elif fate < CANCELLED + RAISING + KILLED:
            request = asyncio.ensure_future(self._send(member, member.body(self.dice), "killed"))
            await asyncio.sleep(self.dice.random() * LONGEST_WAIT / 4)
            killed = await kill_one(self.url)
            self.counts["backends killed"] += killed
            await request
        else:
            await self._send(member, member.body(self.dice), "in order")

    async def _cut_off(self, member: Member) -> None:
        request = asyncio.ensure_future(self._send(member, member.body(self.dice), "too late"))
        await asyncio.sleep(self.dice.random() * LONGEST_WAIT)
        for _ in range(
            2 if getattr(self, "double", 0) else self.dice.choice([1, 1, 2])
        ):  # a deadline may strike while it cleans up
            request.cancel()
            await asyncio.sleep(0)
        (ended,) = await asyncio.gather(request, return_exceptions=True)
        if isinstance(ended, asyncio.CancelledError):
            self.counts["cancelled"] += 1
        elif ended is not None:
            raise ended

    async def _send(self, member: Member, body: Json, fate: str) -> None:
        response = await member.client.post("/graphql", json=body)
        self.counts[fate] += 1
        text = response.text
        self.leaks += [
            f"{other.canary} in an answer to {member.canary}: {text}"
            for other in self.members
            if other is not member and other.canary in text
        ]
        for code in codes(response.json()):
            self.counts[code] += 1
            if code in ("INTERNAL", "UNAVAILABLE", "OUTCOME_UNKNOWN"):
                self.counts[f"{code} when {fate}"] += 1
        if member.canary in text:
            self.counts["own rows"] += 1


def codes(answer: Any) -> list[str]:
    """The codes of all errors in an answer."""
    if isinstance(answer, list):
        return [code for one in answer for code in codes(one)]
    if not isinstance(answer, dict):
        return []
    found = [code for below in answer.values() for code in codes(below)]
    for error in answer.get("errors") or ():
        found.append(error.get("code") or error["extensions"]["code"])
    return found


async def tenants(
    setting_up: Database, serving: Database, number: int, label: Callable[[int], str]
) -> list[Member]:
    """Tenants with goods in stock, each with a client of one application on the pool under test."""
    app = create_app(database=serving, schema=failing_schema(), settings=ServerSettings())
    made = []
    for n in range(number):
        shop, canary = await Shop.open(setting_up), label(n)
        item = await shop.item(canary)
        await shop.posted("receipt", line(item, "500", "2"), remark=f"{canary} opening")
        email = f"{canary}@example.com"
        await tenancy.add_user(setting_up, shop.principal.tenant_id, email, name=canary)
        token = await tenancy.issue_token(setting_up, shop.principal.tenant_id, email)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://tallybook",
            headers={"Authorization": f"Bearer {token}"},
        )
        made.append(Member(canary, shop, item, client))
    return made
