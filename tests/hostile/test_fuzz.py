"""Thousands of operations that nobody thought of, as a stranger and in two roles: none is a fault of
ours, none is told what it may not know, and the books tally when all is over."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from structlog.testing import capture_logs

from core.db.database import Database
from core.ids import uuid7
from core.ledger.verify import verify
from tests.hostile.evidence import insides
from tests.hostile.operations import filled, operations
from tests.hostile.world import World
from tests.shop import Json, Shop

EXAMPLES = 150
EXAMPLES_FULL = 3000
FAULTS = {"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "OUTCOME_UNKNOWN"}

_QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_FULL = settings(_QUICK, max_examples=EXAMPLES_FULL)


@dataclass
class Field:
    """Who sends, and what no answer may hold: a stranger's goods, tokens, the way to the database."""

    world: World
    clients: dict[str, httpx.AsyncClient]
    secrets: list[str]
    answers: Counter[str] = field(default_factory=Counter)

    async def send(self, body: Json) -> None:
        content = json.dumps(filled(body, self.world.ids))
        for who, client in self.clients.items():
            with capture_logs() as logged:
                response = await client.post(
                    "/graphql", content=content, headers={"Content-Type": "application/json"}
                )
            answer = response.json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            for code in _payload_codes(answer) | codes or {"answered"}:
                self.answers[f"{who}: {code}"] += 1
            assert response.status_code < 500, (who, response.text)
            assert codes.isdisjoint(FAULTS), (who, response.text, logged)
            assert [entry for entry in logged if entry["log_level"] in ("error", "critical")] == []
            # What was sent may come back in the sentence that refuses it.
            said = response.text if who == "stranger" else _without(response.text, content)
            assert insides(said) is None, (who, said)
            assert not any(secret in response.text for secret in self.secrets), who
            assert who != "stranger" or codes == {"UNAUTHENTICATED"}


def _payload_codes(answer: Json) -> set[str]:
    """Why a mutation was refused; a bulk of which all was refused counts as well."""
    found: set[str] = set()
    for payload in (answer.get("data") or {}).values():
        if isinstance(payload, dict):
            for part in (payload, *(payload.get("verdicts") or ())):
                found |= {error["code"] for error in part.get("errors", ())}
    return found


def _without(text: str, sent: str) -> str:
    for word in ("DROP TABLE", "SELECT 1"):
        text = text.replace(word, "") if word in sent else text
    return text


@pytest.fixture
async def ground(db: Database, database_url: str) -> AsyncIterator[Field]:
    other = await Shop.open(db)
    secret = f"secret-{uuid7()}"
    await other.item(secret)
    world = await World.open(db)
    seller = await Shop.enter(db, world.tenant, roles=("seller",))
    transport: Any = world.shop.client._transport
    async with httpx.AsyncClient(transport=transport, base_url="http://tallybook") as stranger:
        clients = {
            "stranger": stranger,
            "administrator": world.shop.client,
            "seller": seller.client,
        }
        tokens = [
            client.headers["Authorization"].removeprefix("Bearer ")
            for client in (world.shop.client, seller.client, other.client)
        ]
        ground = Field(world, clients, [secret, other.principal.email, database_url, *tokens])
        yield ground
    print(*sorted(ground.answers.items()), sep="\n")
    assert ground.answers["administrator: answered"] > EXAMPLES / 8
    for tenant in (world.tenant, other.principal.tenant_id):
        assert await verify(db, tenant) == []


@_QUICK
@given(body=operations())
async def test_operations(ground: Field, caplog: pytest.LogCaptureFixture, body: Json) -> None:
    await ground.send(body)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


@pytest.mark.slow
@_FULL
@given(body=operations())
async def test_many_operations(ground: Field, caplog: pytest.LogCaptureFixture, body: Json) -> None:
    await ground.send(body)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


def test_the_words_that_are_looked_for_are_found() -> None:
    for text in (
        'relation "item" does not exist', "SELECT id FROM item WHERE x", "/home/core/x.py",
        "psycopg.errors.UniqueViolation", "<core.db.Database object at 0x7f>", "item_code_key",
    ):  # fmt: skip
        assert insides(text), text
