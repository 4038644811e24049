"""What clients send: whole HTTP requests as bytes, so that making one costs the generator little."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

from benchmarks.sizes import LINES
from benchmarks.world import Shop
from core.ids import uuid7

Kind = Literal["uniform", "hot", "page"]

POST = (
    "mutation Issue($input: PostDocumentInput!) { postDocument(input: $input)"
    " { document { id number sequence } errors { code message path } } }"
)
PAGE = (
    "query Recent { documents(first: 50) { nodes { id number businessDate state total"
    " lines(first: 10) { nodes { no quantity total item { id code name } } } }"
    " pageInfo { hasNextPage endCursor } } }"
)
"""Fifty documents, their lines, and the item of each line: three levels, as a front end lists them."""

Request = Callable[[], bytes]


def maker(kind: Kind, url: str, shop: Shop, chance: random.Random) -> Request:
    """Makes one request after another of a client that is signed in to a shop."""
    head = _head(url, shop.token)
    if kind == "page":
        body = json.dumps({"query": PAGE}).encode()
        whole = head % len(body) + body
        return lambda: whole
    before, between = (part.encode() for part in _document(shop).split("|"))
    lines = [f'{{"itemId":"{item}","quantity":"1","unitPrice":"9.90"}}' for item in shop.items]
    hot = kind == "hot"

    def document() -> bytes:
        wanted = chance.sample(lines, LINES)
        if hot:
            wanted[0] = lines[0]
            if lines[0] in wanted[1:]:
                wanted = lines[:LINES]
        body = b'%b%b","document":{"id":"%b%b%b]}}}}' % (
            before,
            str(uuid7()).encode(),
            str(uuid7()).encode(),
            between,
            ",".join(wanted).encode(),
        )
        return head % len(body) + body

    return document


def _document(shop: Shop) -> str:
    """The text before the command's id, and that between the document's id and its lines."""
    query = json.dumps(POST)
    return (
        f'{{"query":{query},"variables":{{"input":{{"commandId":"|'
        f'","type":"issue","businessDate":"{shop.day}","placeId":"{shop.place}",'
        f'"partyId":"{shop.party}","lines":['
    )


def _head(url: str, token: str) -> bytes:
    parts = urlsplit(url)
    return (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    ).encode()
