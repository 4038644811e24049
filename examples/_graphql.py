"""A small GraphQL client: signed in, patient with a server that is busy, strict about errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

_ATTEMPTS = 6
_SECONDS = 90.0
PAGE = 100


class ApiError(Exception):
    """The server refused; the message says why."""


class Client:
    """Sends operations and returns their data."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def run(self, document: str, **variables: Any) -> Any:
        """The data of a query or mutation.

        A lost answer is asked for again: every mutation here carries its commandId, so it is carried
        out once. Raises ApiError where the server refuses.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = await self._http.post(
                    self._url, json={"query": document, "variables": variables}
                )
            except httpx.TransportError as error:
                if attempt == _ATTEMPTS:
                    raise ApiError(f"{self._url} does not answer: {error!r}") from error
            else:
                if answer.status_code != 503 or attempt == _ATTEMPTS:
                    return _data(answer)
            await asyncio.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    async def nodes(self, document: str, **variables: Any) -> AsyncIterator[Any]:
        """The nodes of the one connection in a query, page by page; it must take ``$first`` and
        ``$after`` and ask for ``pageInfo { hasNextPage endCursor }``."""
        after = None
        while True:
            data = await self.run(document, first=PAGE, after=after, **variables)
            (found,) = data.values()
            for node in found["nodes"]:
                yield node
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]


@asynccontextmanager
async def connected(url: str, token: str) -> AsyncIterator[Client]:
    """A client for one server and one tenant."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers, timeout=_SECONDS) as http:
        yield Client(http, url)


def checked(payload: Any) -> Any:
    """A mutation's payload, or one verdict of it. Raises ApiError where it has errors."""
    if payload["errors"]:
        raise ApiError("; ".join(f"{e['code']}: {e['message']}" for e in payload["errors"]))
    return payload


def _data(answer: httpx.Response) -> Any:
    try:
        body = answer.json()
    except ValueError:
        raise ApiError(f"HTTP {answer.status_code}, not GraphQL: {answer.text[:200]}") from None
    if errors := body.get("errors"):
        raise ApiError("; ".join(error["message"] for error in errors))
    return body["data"]
