"""Sends a probe, sends the same with what exists nowhere, and compares what comes back."""

from __future__ import annotations

import base64
import binascii
import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from schema.relay import encode_id
from tests.isolation.bases import base, dress
from tests.isolation.coordinates import ANY, LOOKUPS, Spot, put
from tests.isolation.twins import SCHEMA, Twin, payload, plain, raw, rows_of
from tests.schema.requests import request
from tests.shop import Json

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BASE64 = re.compile(r"[A-Za-z0-9_-]{12,}={0,2}")
_WRONG = {"Item": "Document", "Document": "Item"}


@dataclass(frozen=True, slots=True)
class Try:
    """What is sent at a spot, what is sent there instead for comparison, and what kind it is of."""

    kind: str
    value: str
    nowhere: str
    type_: str | None = None


@dataclass
class Side:
    """One tenant on the outside, the other as the victim."""

    mine: Twin
    theirs: Twin
    secrets: set[str]
    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"theirs": [], "nowhere": []})
    known: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    @classmethod
    def of(cls, mine: Twin, theirs: Twin, url: str) -> Side:
        secrets = uuids_of(url, theirs.tenant) - uuids_of(url, mine.tenant)
        return cls(mine, theirs, secrets)

    async def answer(self, role: str, asked: Json) -> tuple[str, float]:
        """The text of the answer, and how long it took."""
        start = time.perf_counter()
        response = await self.mine.clients[role].post("/graphql", json=asked)
        took = time.perf_counter() - start
        assert response.status_code in (200, 400), (response.status_code, response.text, asked)
        assert '"INTERNAL"' not in response.text, (response.text, asked)
        return response.text, took

    async def probe(self, role: str, spot: Spot, one: Try) -> None:
        """One probe and its counterpart; the counterpart is sent once for all that share it."""
        text, took = await self.answer(role, ask(spot, one, one.value, self.mine))
        self.check_silent(text, one.value, (role, str(spot), one))
        key = (role, f"{spot} {one.type_}", one.nowhere)
        if key not in self.known:
            other, least = await self.answer(role, ask(spot, one, one.nowhere, self.mine))
            self.known[key] = normal(other, one.nowhere)
            self.seconds["theirs"].append(took)
            self.seconds["nowhere"].append(least)
        assert normal(text, one.value) == self.known[key], (role, str(spot), one)
        self.counts[one.kind] += 1

    def check_silent(self, text: str, sent: str, where: object) -> None:
        """Nothing of the victim is in the answer but what was sent."""
        seen = opened(text).lower()
        for word in sorted({sent, *_decoded(sent)} - {""}, key=len, reverse=True):
            seen = seen.replace(word.lower(), "")
        for word in (self.theirs.canary, self.theirs.figure):
            assert word not in seen, (where, text)
        leaked = self.secrets.intersection(_UUID.findall(seen)) - set(_UUID.findall(opened(sent)))
        assert not leaked, (where, leaked, text)

    def medians(self) -> str:
        """Median times in milliseconds, for information: a leak by time is not tested."""
        found = {name: statistics.median(times) * 1000 for name, times in self.seconds.items()}
        return ", ".join(f"{name} {value:.2f} ms" for name, value in found.items())


def uuids_of(url: str, tenant: UUID) -> set[str]:
    """Every UUID in a tenant's rows."""
    return {
        found for _, rows in rows_of(url, tenant) for row in rows for found in _UUID.findall(row)
    } - {str(tenant)}


def ask(spot: Spot, one: Try, value: str, t: Twin) -> Json:
    """The request with this value at the spot."""
    variables = base(spot, t)
    put(variables, spot.path, [value] if spot.listed else value)
    variables = dress(spot, variables, t)
    root = SCHEMA.query_type if spot.operation == "query" else SCHEMA.mutation_type
    assert root is not None
    chosen = payload(spot.root, spot.operation)
    if spot.root in ("node", "nodes"):
        type_ = SCHEMA.type_map.get(one.type_ or "")
        known = type_ if type_ in SCHEMA.get_possible_types(SCHEMA.type_map["Node"]) else None  # type: ignore[arg-type]  # Node is an interface
        chosen = (
            "{ __typename id " + (f"... on {one.type_} {plain(known, 1)}" if known else "") + " }"
        )
    return request(spot.operation, spot.root, root.fields[spot.root], chosen, **variables)


def normal(text: str, sent: str) -> Any:
    """An answer with what was sent replaced by a word, whatever form it comes back in. Of what a
    mutation made only the shape: its ids and marks are new each time."""
    for word in (json.dumps(sent)[1:-1], *_UUID.findall(opened(sent))):
        text = text.replace(word, "<sent>")
    answer = json.loads(_COMMAND.sub(r'\1"<command>"', text))
    (made,) = (answer.get("data") or {"": None}).values()
    done = isinstance(made, dict) and "errors" in made and not _refused(made)
    return shape(answer) if done else answer


def _refused(made: Json) -> bool:
    verdicts = made.get("verdicts") or []
    return bool(made["errors"] or any(verdict["errors"] for verdict in verdicts))


def shape(value: Any) -> Any:
    """The names in an answer, and of what kind each value is."""
    if isinstance(value, dict):
        return {name: shape(below) for name, below in value.items()}
    if isinstance(value, list):
        return [shape(below) for below in value]
    return type(value).__name__


_COMMAND = re.compile(r'("commandId":\s*)"[^"]*"')


def opened(text: str) -> str:
    """The text, and behind it whatever in it was base64: ids and cursors hide nothing."""
    return text + " ".join(_decoded(text))


def _decoded(text: str) -> Iterator[str]:
    for word in _BASE64.findall(text):
        try:
            yield base64.urlsafe_b64decode(word).decode()
        except (binascii.Error, ValueError):
            continue


def near(uuid: UUID) -> UUID:
    """An id that exists nowhere, next to this one, so that it sorts like it among all others."""
    return UUID(int=uuid.int ^ 1)


def tries(spot: Spot, theirs: Twin) -> Iterator[Try]:
    """What is tried at a spot that takes a global id or a code of an object."""
    if spot.coordinate in LOOKUPS:
        for code in theirs.codes[LOOKUPS[spot.coordinate]][-2:]:
            yield Try("code", code, _other(code))
        return
    mine = spot.mine
    assert mine is not None, spot
    for type_ in theirs.ids if mine == ANY else (mine,):
        yield from _ids(type_, theirs)


def _ids(type_: str, theirs: Twin) -> Iterator[Try]:
    target = theirs.ids[type_][0]
    uuid = raw(target)
    nobody = near(uuid)
    nowhere = encode_id(type_, nobody)
    wrong = _WRONG.get(type_, "Item")
    yield Try("global id", target, nowhere, type_)
    yield Try("raw id", str(uuid), str(nobody), type_)
    yield Try("wrong type", encode_id(wrong, uuid), encode_id(wrong, nobody), wrong)
    for dead in theirs.gone[type_]:
        yield Try("deleted", dead, nowhere, type_)


def _other(code: str) -> str:
    """A code of the same form that nobody has."""
    return code[:-1] + ("8" if code[-1] != "8" else "9")


async def cursor_of(spot: Spot, t: Twin) -> str:
    """The cursor behind the first row of a tenant's own list."""
    root = SCHEMA.query_type
    assert root is not None
    chosen = "{ pageInfo { endCursor } }"
    asked = request("query", spot.root, root.fields[spot.root], chosen, first=1, **base(spot, t))
    found = await t.shop.ask(asked["query"], **asked["variables"])
    cursor = found[spot.root]["pageInfo"]["endCursor"]
    assert isinstance(cursor, str), f"{spot}: the list of the twin is empty"
    return cursor


def beside(cursor: str) -> str:
    """The same place in a list, but behind a row that exists nowhere."""
    values = base64.urlsafe_b64decode(cursor).decode()
    moved = _UUID.sub(lambda found: str(near(UUID(found.group()))), values)
    return base64.urlsafe_b64encode(moved.encode()).decode()
