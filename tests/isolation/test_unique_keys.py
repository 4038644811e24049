"""What must be unique is so within a tenant: what a stranger has is free, and no one learns that it is
taken elsewhere (G18: a unique key as an oracle)."""

from __future__ import annotations

from uuid import UUID

import psycopg

from core.ids import uuid7
from schema.relay import decode_id, encode_id
from tests.isolation import coordinates as known
from tests.isolation.bases import base, dress, fresh
from tests.isolation.coordinates import Spot, put, spots
from tests.isolation.probing import Side, near, normal
from tests.isolation.twins import SCHEMA, Twin, checksums, payload, raw
from tests.schema.requests import request
from tests.shop import Json, line

SPOTS = spots(SCHEMA)
UNIQUE = [s for s in SPOTS if s.coordinate in {**known.KEYS, **known.CLIENT_IDS}]
COMMANDS = [s for s in SPOTS if s.path[-1] == known.COMMAND]


async def prepared(spot: Spot, mine: Twin) -> Json:
    """Variables that make or change something once; made anew for every try."""
    if spot.root.startswith("update"):
        type_ = spot.root.removeprefix("update")
        root = f"create{type_}"
        creating = base(Spot("mutation", root, (), "", spot.type_), mine)["input"]
        creating.pop("commandId")
        await mine.made(type_, root, **creating)
    variables = base(spot, mine)
    if spot.root == "reverseDocument":
        where = {"placeId": mine.ids["Place"][0]}
        done = await mine.posted("receipt", line(mine.ids["Item"][0], "1", "1"), **where)
        variables["input"]["id"] = done["id"]
    return variables


def theirs_at(spot: Spot, theirs: Twin) -> str:
    """A code or an id that the other tenant has. It is taken from the list: one tries it once."""
    if spot.coordinate in known.KEYS:
        return theirs.codes[known.KEYS[spot.coordinate]].pop()
    return str(raw(theirs.ids[known.CLIENT_IDS[spot.coordinate]].pop()))


async def tried(side: Side, spot: Spot, value: str, variables: Json) -> str:
    put(variables, spot.path, value)
    root = SCHEMA.mutation_type
    assert root is not None
    variables = dress(spot, variables, side.mine)
    asked = request("mutation", spot.root, root.fields[spot.root], payload(spot.root), **variables)
    text, _ = await side.answer("administrator", asked)
    return text


async def test_what_a_stranger_has_is_free(twins: tuple[Twin, Twin], superuser_url: str) -> None:
    for mine, theirs in (twins, twins[::-1]):
        side = Side.of(mine, theirs, superuser_url)
        before = checksums(superuser_url, theirs.tenant)
        side.secrets -= {str(raw(user)) for user in theirs.ids["User"] + theirs.gone["User"]}
        for spot in UNIQUE:
            value = theirs_at(spot, theirs)
            email = f"{fresh()}@example.com" if "email" in spot.path[-1] else fresh()
            unknown = email if spot.coordinate in known.KEYS else str(uuid7())
            text = await tried(side, spot, value, await prepared(spot, mine))
            new = await tried(side, spot, unknown, await prepared(spot, mine))
            side.check_silent(text, value, str(spot))
            assert normal(text, value) == normal(new, unknown), str(spot)
            assert '"errors":[{' not in text, (str(spot), text)
        assert checksums(superuser_url, theirs.tenant) == before


def commands_of(url: str, tenant: UUID) -> dict[str, list[str]]:
    """The commands that a tenant carried out, by operation, newest last."""
    found: dict[str, list[str]] = {}
    with psycopg.connect(url) as connection:
        query = "select operation, id::text from command where tenant_id = %s order by at"
        for operation, command in connection.execute(query, [tenant]):
            found.setdefault(operation, []).append(command)
    return found


def never_twice(variables: Json) -> Json:
    """The same, but of objects that exist nowhere, so that it can be tried again and again."""
    for name in ("id", "userId"):
        if name in variables["input"]:
            decoded = decode_id(variables["input"][name])
            assert decoded is not None
            variables["input"][name] = encode_id(decoded[0], near(decoded[1]))
    return variables


async def test_a_strangers_command_is_a_new_one(
    twins: tuple[Twin, Twin], superuser_url: str
) -> None:
    for mine, theirs in (twins, twins[::-1]):
        side = Side.of(mine, theirs, superuser_url)
        before = checksums(superuser_url, theirs.tenant)
        done = commands_of(superuser_url, theirs.tenant)
        own = commands_of(superuser_url, mine.tenant)
        others = set().union(*done.values()) - set().union(*own.values())
        for spot in COMMANDS:
            # One of the same operation, if there is one: that could be answered as if it were ours.
            alike = [c for c in done.get(spot.root, []) if c in others]
            command = alike[-1] if alike else min(others)
            others.discard(command)
            text = await tried(side, spot, command, never_twice(base(spot, mine)))
            unknown = str(uuid7())
            new = await tried(side, spot, unknown, never_twice(base(spot, mine)))
            side.check_silent(text, command, str(spot))
            assert normal(text, command) == normal(new, unknown), str(spot)
            assert "COMMAND_REUSED" not in text
            reused = await tried(side, spot, own["setMember"][0], never_twice(base(spot, mine)))
            assert "COMMAND_REUSED" in reused, (str(spot), reused)
        assert checksums(superuser_url, theirs.tenant) == before
