"""A client of subscriptions: reads server-sent events as they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

SECONDS = 30
COMPLETE = "complete"


class Stream:
    """What one subscription has to say."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self, seconds: float = SECONDS) -> Any:
        """The body of the next answer, or COMPLETE. TimeoutError where nothing comes."""
        async with asyncio.timeout(seconds):
            event = ""
            async for line in self._lines:
                name, _, told = line.partition(": ")
                if name == "event":
                    event = told
                elif line.startswith("data:") and event == COMPLETE:
                    return COMPLETE
                elif name == "data":
                    return json.loads(told)
        raise EOFError("it broke off")

    async def data(self, field: str) -> Any:
        """The same, of an answer without errors: what stands in its one field."""
        answer = await self.next()
        assert "errors" not in answer, answer
        return answer["data"][field]

    async def end(self, seconds: float = SECONDS) -> list[str]:
        """The codes with which it ends."""
        answer = await self.next(seconds)
        codes = [error["extensions"]["code"] for error in answer["errors"]]
        assert await self.next(seconds) == COMPLETE
        return codes


@asynccontextmanager
async def listening(
    client: httpx.AsyncClient, document: str, **variables: Any
) -> AsyncIterator[Stream]:
    """Listen to a subscription, which must begin; events that happen within the block are heard."""
    body = {"query": document, "variables": variables}
    headers = {"Accept": "text/event-stream"}
    sent = client.stream("POST", "/graphql", json=body, headers=headers, timeout=60)
    async with sent as response:
        assert response.status_code == 200, await response.aread()
        lines = response.aiter_lines()
        assert await anext(lines) == ":", "it says at once that it listens"
        yield Stream(lines)
