"""Whatever names an object of another tenant is answered like what names none (G18)."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import pytest
from graphql import build_schema

from core.db.database import Database
from core.ledger.verify import verify
from core.tenancy.rules import ROLES
from tests.isolation import coordinates as known
from tests.isolation.bases import base
from tests.isolation.coordinates import Spot, nested, spots
from tests.isolation.probing import Side, Try, ask, beside, cursor_of, normal, tries
from tests.isolation.twins import SCHEMA, Twin, checksums, shaped, twin

FEW = ("administrator", "accountant", "seller")
SPOTS = spots(SCHEMA)
REFERRING = [s for s in SPOTS if s.mine or s.coordinate in known.LOOKUPS]
PAGED = [s for s in SPOTS if s.coordinate in known.CURSORS]
LEAST = {FEW: 2_000, tuple(ROLES): 5_000}
"""Probes in both directions: fewer, and the generator has gone blind."""
SHAPES = {"raw id", "wrong type"}
"""What is refused for its form alone: in the fast run tried by one role."""

UNANSWERED = {
    "node(id) User": "a person is no node: ask for the member",
    "node(id) Tenant": "a tenant is no node: ask for the viewer's",
    "nodes(ids) User": "as above",
    "nodes(ids) Tenant": "as above",
    "auditTrail(filter.objectId) Lot": "lots are made by postings, which stand in the trail",
    "auditTrail(filter.objectId) AuditEntry": "nothing is done to an entry of the trail",
    "saveDraft(input.document.lines[].lotCode)": "a draft may name a lot that is yet to come",
}
"""Where the tenant's own id is answered like one of nobody, and why."""


def unregistered(spots_: list[Spot], below: set[str]) -> set[str]:
    """The places for an id, a code or a cursor that no list names."""
    named = {*known.LOOKUPS, *known.CURSORS, *known.CLIENT_IDS, *known.KEYS, *known.TEXTS}
    found = {s.coordinate for s in spots_ if not s.mine and s.path[-1] != known.COMMAND}
    return (found | below) - named


def test_every_place_for_an_id_is_registered() -> None:
    assert unregistered(SPOTS, nested(SCHEMA)) == set(), "say in coordinates.py what belongs there"


def test_what_is_registered_is_there() -> None:
    places = {s.coordinate for s in SPOTS} | nested(SCHEMA)
    lists = (known.TYPE_OF, known.BY_FIELD, known.LOOKUPS, known.CURSORS, known.CLIENT_IDS)
    assert set(itertools.chain(*lists, known.KEYS, known.TEXTS)) - places == set()


def test_a_new_place_for_an_id_is_noticed() -> None:
    schema = build_schema("""
        type Query { item(id: ID, lot: ID): Item sheet(of: [Wanted!]): Item }
        type Item { id: ID! near(place: String): Item }
        input Wanted { serial: String also: Wanted2 } input Wanted2 { key: ID! }""")
    found = unregistered(spots(schema), nested(schema))
    assert found == {"Query.item(lot:)", "Wanted.serial", "Wanted2.key", "Item.near(place:)"}


@pytest.mark.parametrize(
    "roles", [FEW, pytest.param(tuple(ROLES), marks=pytest.mark.slow)], ids=["few", "all"]
)
async def test_strangers_ids_are_nobodys(
    twins: tuple[Twin, Twin], superuser_url: str, roles: tuple[str, ...]
) -> None:
    counts: Counter[str] = Counter()
    for mine, theirs in (twins, twins[::-1]):
        before = checksums(superuser_url, theirs.tenant)
        side = Side.of(mine, theirs, superuser_url)
        for role in roles:
            for spot in REFERRING:
                for one in tries(spot, theirs):
                    if role == FEW[0] or roles != FEW or one.kind not in SHAPES:
                        await side.probe(role, spot, one)
        assert checksums(superuser_url, theirs.tenant) == before
        counts += side.counts
        print("medians:", side.medians())
    print(f"{counts.total()} probes at {len(REFERRING)} places:", dict(counts))
    assert counts.total() >= LEAST[roles]


async def test_strangers_cursors_are_places_in_ones_own_list(
    twins: tuple[Twin, Twin], superuser_url: str
) -> None:
    for mine, theirs in (twins, twins[::-1]):
        side = Side.of(mine, theirs, superuser_url)
        for spot in PAGED:
            cursor = await cursor_of(spot, theirs)
            for role in FEW:
                await side.probe(role, spot, Try("cursor", cursor, beside(cursor)))
        assert side.counts.total() == len(PAGED) * len(FEW)


NESTED = {
    "Category.children(after:)": ("Category", "children", "code"),
    "Place.children(after:)": ("Place", "children", "code"),
    "Document.lines(after:)": ("Document", "lines", "no"),
}


async def test_strangers_cursors_are_places_in_ones_own_nested_list(
    twins: tuple[Twin, Twin], superuser_url: str
) -> None:
    assert set(NESTED) == nested(SCHEMA)
    for mine, theirs in (twins, twins[::-1]):
        side = Side.of(mine, theirs, superuser_url)
        for type_, name, leaf in NESTED.values():
            query = (
                f"query($id: ID!, $after: String) {{ node(id: $id) {{ ... on {type_} {{ {name}"
                f"(first: 1, after: $after) {{ nodes {{ {leaf} }} pageInfo {{ endCursor }} }} }} }} }}"
            )
            found = await theirs.shop.ask(query, id=theirs.ids[type_][0])
            cursor = found["node"][name]["pageInfo"]["endCursor"]
            assert cursor, name
            for sent in (cursor, beside(cursor)):
                variables = {"id": mine.ids[type_][0], "after": sent}
                asked = {"query": query, "variables": variables}
                text, _ = await side.answer("administrator", asked)
                side.check_silent(text, sent, name)
                side.known.setdefault((name, "", ""), normal(text, sent))
                assert normal(text, sent) == side.known[name, "", ""]


async def test_what_is_asked_without_an_id_shows_nothing_of_strangers(
    twins: tuple[Twin, Twin], superuser_url: str
) -> None:
    roots = {s.root: s for s in SPOTS if s.operation == "query"}
    for mine, theirs in (twins, twins[::-1]):
        side = Side.of(mine, theirs, superuser_url)
        own = 0
        for name in SCHEMA.query_type.fields if SCHEMA.query_type else ():
            given = base(roots[name], mine) if name in roots else {}
            asked = shaped("query", name, **given)
            document = asked.pop("document")
            for role in FEW:
                body = {"query": document, "variables": asked}
                text, _ = await side.answer(role, body)
                side.check_silent(text, "", (role, name))
                own += mine.canary in text
        # Were the canary in no answer at all, its absence would say nothing.
        assert own >= 30


async def test_an_answer_from_the_other_tenant_is_noticed(
    twins: tuple[Twin, Twin], superuser_url: str
) -> None:
    """The probes as they would go if a request were served in the victim's name."""
    mine, theirs = twins
    side = replace(Side.of(mine, theirs, superuser_url), mine=theirs)
    unnoticed = []
    for spot in REFERRING:
        for one in tries(spot, theirs):
            if spot.operation == "query" and one.kind in ("global id", "code"):
                try:
                    await side.probe("administrator", spot, one)
                except AssertionError:
                    continue
                unnoticed.append(f"{spot} {one.type_ or ''}".strip())
    assert set(unnoticed) <= set(UNANSWERED)


async def test_ones_own_ids_are_found(db: Database) -> None:
    """Each probe would have found its object, had it been the tenant's own."""
    t = await twin(db, 2, ("administrator",))
    side = Side(t, t, set())
    same = []
    for spot in REFERRING:
        for one in tries(spot, t):
            if one.kind not in ("global id", "code"):
                continue
            nobody, _ = await side.answer("administrator", ask(spot, one, one.nowhere, t))
            own, _ = await side.answer("administrator", ask(spot, one, one.value, t))
            if normal(own, one.value) == normal(nobody, one.nowhere):
                same.append(f"{spot} {one.type_ or ''}".strip())
            elif '"errors":[]' in own and spot.operation == "mutation":
                for kept in t.ids.values():  # what was changed is at another revision now
                    kept.insert(1, kept.pop()) if len(kept) > 2 else None
    assert sorted(set(same)) == sorted(UNANSWERED)
    assert await verify(db, t.tenant) == []
