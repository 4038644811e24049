"""Two tenants alike: every kind of object, made through the API, with a canary in every text.

The canary is a word that no answer to anybody else may contain; the figure is one for prices.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import psycopg
from graphql import GraphQLObjectType, get_named_type
from psycopg import sql

from core.db.database import Database
from core.db.schema import metadata
from core.ids import uuid7
from schema.compose import core_schema
from schema.relay import decode_id, encode_id
from tests.schema.requests import request
from tests.shop import Json, Shop, line

SCHEMA = core_schema()._schema
ERRORS = "errors { code message path details }"
SPARE = 12
"""Objects of each kind to be named by probes that can be tried once only."""


@dataclass
class Twin:
    """A tenant, and what a probe may name of it: ids by type, codes by kind."""

    canary: str
    figure: str
    day: int
    database: Database
    shop: Shop
    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    gone: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    codes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    @property
    def tenant(self) -> UUID:
        return self.shop.principal.tenant_id

    async def do(self, mutation: str, command: UUID | None = None, **input_: Any) -> Json:
        """The payload of a mutation that must not be refused."""
        asked = {"commandId": str(command or uuid7()), **input_}
        answer = await self.shop.ask(**shaped("mutation", mutation, input=asked))
        payload: Json = answer[mutation]
        assert payload["errors"] == [], (mutation, input_, payload)
        return payload

    async def made(self, type_: str, mutation: str, **input_: Any) -> str:
        """The global id of an object that the mutation makes."""
        payload = await self.do(mutation, **input_)
        global_id: str = payload[type_[0].lower() + type_[1:]]["id"]
        self.ids[type_].append(global_id)
        if "code" in input_:
            self.codes[type_].append(input_["code"])
        return global_id

    async def posted(self, type_: str, *lines: Json, **head: Any) -> Json:
        """A posted document; its id and number are kept."""
        facts = {"on": f"2026-03-{self.day:02}", "remark": f"{self.canary} remark"}
        done = await self.shop.posted(type_, *lines, **{**facts, **head})
        self.ids["Document"].append(done["id"])
        self.codes["Document"].append(done["number"])
        return done

    async def draft(self, type_: str, *lines: Json, **head: Any) -> Json:
        asked = self.shop.document(type_, *lines, remark=f"{self.canary} draft", **head)
        document: Json = (await self.do("saveDraft", document=asked["document"]))["document"]
        self.ids["Document"].append(document["id"])
        return document

    async def step(self, name: str, document: Json) -> Json:
        payload = await self.do(name, id=document["id"], revision=document["revision"])
        after: Json = payload.get("document", {})
        return after


def shaped(operation: str, name: str, **given: Any) -> Json:
    """A request for a root field with an answer of moderate depth, as `Shop.ask` takes it."""
    root = SCHEMA.query_type if operation == "query" else SCHEMA.mutation_type
    assert root is not None
    asked = request(operation, name, root.fields[name], payload(name, operation), **given)
    return {"document": asked["query"], **asked["variables"]}


def payload(name: str, operation: str = "mutation") -> str:
    """What a probe asks of an answer: the errors in full, of objects all plain fields."""
    root = SCHEMA.query_type if operation == "query" else SCHEMA.mutation_type
    assert root is not None
    type_ = get_named_type(root.fields[name].type)
    return plain(type_, 2) if isinstance(type_, GraphQLObjectType) else ""


def plain(type_: Any, depth: int) -> str:
    """The plain fields of a type, and of the objects in it down to a depth; at the end of that only
    what tells whose an object is. Lists are followed where they are what was asked for."""
    parts = ["__typename"]
    for name, known in type_.fields.items():
        target = get_named_type(known.type)
        if name == "errors":
            parts.append(ERRORS)
        elif not hasattr(target, "fields"):
            parts.append(name if depth > 0 or name in _TELLING else "")
        elif name in ("nodes", "verdicts"):
            parts.append(f"{name} {plain(target, depth)}")
        elif depth > 0 and name not in ("edges", "pageInfo") and _single(known):
            parts.append(f"{name} {plain(target, depth - 1)}")
    return "{ " + " ".join(filter(None, parts)) + " }"


_TELLING = frozenset({"id", "code", "name", "number", "email", "reason"})


def _single(known: Any) -> bool:
    required = any(str(argument.type).endswith("!") for argument in known.args.values())
    return not required and "first" not in known.args and "[" not in str(known.type)


async def twin(database: Database, number: int, roles: tuple[str, ...]) -> Twin:
    """A tenant with everything in it, and a client for each of these roles. Twins of different
    numbers have no code and no document number in common, but for those the ledger gives to all."""
    shop = await Shop.open(database)
    canary, figure = f"zqx{uuid7().hex[-6:]}v{number}", f"{7919 + 1010 * number}.13"
    made = Twin(canary, figure, number + 1, database, shop, clients={"administrator": shop.client})
    for role in roles:
        if role not in made.clients:
            entered = await Shop.enter(database, made.tenant, roles=(role,))
            made.clients[role] = entered.client
    await _master_data(made)
    await _archived(made)
    await _documents(made)
    await _states(made)
    await _holds_and_members(made)
    await _listed(made)
    return made


async def _master_data(t: Twin) -> None:
    c = t.canary
    parent = await t.made("Category", "createCategory", code=f"{c}-C0", name=f"{c} top")
    child = await t.made(
        "Category", "createCategory", code=f"{c}-C1", name=f"{c} sub", parentId=parent
    )
    unit = await t.made("Unit", "createUnit", code=f"{c}-U0", name=f"{c} box", decimals=0)
    place = await t.made(
        "Place", "createPlace", code=f"{c}-P0", name=f"{c} store", kind="WAREHOUSE"
    )
    await t.made(
        "Place", "createPlace", code=f"{c}-P1", name=f"{c} bin", kind="BIN", parentId=place
    )
    for n, kind in enumerate(("isSupplier", "isCustomer")):
        facts = {kind: True, "address": f"{c} street", "phone": f"{c}", "taxNumber": f"{c}"}
        await t.made("Party", "createParty", code=f"{c}-T{n}", name=f"{c} party", **facts)
    barcodes = [f"{c}-B{n}" for n in range(4)]
    await t.made(
        "Item",
        "createItem",
        code=f"{c}-I0",
        name=f"{c} item",
        categoryId=child,
        listPrice=t.figure,
        costScope="ITEM_LOT",
        purchasePrice=t.figure,
        units=[{"unitId": unit, "numerator": "12"}],
        barcodes=[*({"code": code} for code in barcodes), {"code": f"{c}-B4", "unitId": unit}],
    )
    t.codes["Barcode"] += barcodes
    for n in range(1, SPARE):
        await t.made("Item", "createItem", code=f"{c}-I{n}", name=f"{c} item {n}")
        await t.made("Unit", "createUnit", code=f"{c}-U{n}", name=f"{c} unit {n}", decimals=0)
    for n in range(2, SPARE // 2):
        await t.made("Category", "createCategory", code=f"{c}-C{n}", name=f"{c} sub {n}")
        await t.made("Party", "createParty", code=f"{c}-T{n}", name=f"{c} {n}", isSupplier=True)
        await t.made("Place", "createPlace", code=f"{c}-P{n}", name=c, kind="WAREHOUSE")


async def _archived(t: Twin) -> None:
    for type_ in ("Item", "Unit", "Category", "Place", "Party"):
        last = t.ids[type_].pop()
        await t.do(f"archive{type_}", id=last, revision=1)
        t.gone[type_].append(last)


async def _documents(t: Twin) -> None:
    c, item = t.canary, t.ids["Item"][0]
    supplier, customer = t.ids["Party"][:2]
    here = {"placeId": t.ids["Place"][0]}
    await t.posted("opening", line(item, "50", "3"), on=f"2026-01-{t.day:02}", **here)
    await t.do("closePeriod", through="2026-01-31")
    order = await t.posted("purchase_order", line(item, "20", t.figure), partyId=supplier, **here)
    await t.posted(
        "receipt",
        line(item, "20", t.figure, sourceLine=1, lotCode=f"{c}-L0"),
        partyId=supplier,
        sourceId=order["id"],
        reference=f"{c}-R0",
        **here,
    )
    t.codes["Lot"].append(f"{c}-L0")
    t.codes["Reference"].append(f"{c}-R0")
    await t.posted("receipt", line(item, "5", "2"), **here)
    sale = await t.posted(
        "issue", line(item, "4", t.figure), partyId=customer, address=f"{c} road", **here
    )
    await t.posted(
        "return_from_customer", line(item, "1", "9", sourceLine=1), sourceId=sale["id"], **here
    )
    # First stands one that others go back to: probes name the first of each kind.
    t.ids["Document"].remove(sale["id"])
    t.ids["Document"].insert(0, sale["id"])
    undone = await t.posted("issue", line(item, "1", "9"), **here)
    mirror = await t.do("reverseDocument", id=undone["id"], remark=f"{c} error")
    t.ids["Document"].append(mirror["document"]["id"])
    await t.posted("transfer", line(item, "3"), toPlaceId=t.ids["Place"][1], **here)
    sent = await t.posted("dispatch", line(item, "2"), toPlaceId=t.ids["Place"][1], **here)
    arrived = {"sourceId": sent["id"], "toPlaceId": t.ids["Place"][1], "placeId": None}
    await t.posted("arrival", line(item, "2", sourceLine=1), **arrived)
    await t.posted("count", line(item, "40"), **here)


async def _states(t: Twin) -> None:
    item, here = t.ids["Item"][0], {"placeId": t.ids["Place"][0]}
    for _ in range(4):
        await t.draft("receipt", line(item, "1", "1"), **here)
    waiting = await t.draft("receipt", line(item, "1", "1"), **here)
    await t.step("submitDocument", waiting)
    for _ in range(2):
        await t.posted("sales_order", line(item, "1", "9"), **here)
    closing = await t.posted("sales_order", line(item, "1", "9"), **here)
    await t.step("closeOrder", closing)
    dead = await t.draft("receipt", line(item, "1", "1"), **here)
    await t.step("deleteDraft", dead)
    t.ids["Document"].remove(dead["id"])
    t.gone["Document"].append(dead["id"])


async def _holds_and_members(t: Twin) -> None:
    c, item = t.canary, t.ids["Item"][0]
    for _ in range(3):
        held = {"itemId": item, "reason": f"{c} broken", "until": "2099-01-01T00:00:00Z"}
        await t.made("Hold", "placeHold", **held)
    freed = await t.made("Hold", "placeHold", itemId=t.ids["Item"][1], reason=f"{c} lost")
    await t.do("releaseHold", id=freed)
    t.ids["Hold"].remove(freed)
    t.gone["Hold"].append(freed)
    for n in range(2):
        email = f"{c}-{n}@example.com"
        who = await t.do("setMember", email=email, roles=["viewer"], name=f"{c} person {n}")
        t.codes["Email"].append(email)
        t.ids["Member"].append(who["member"]["id"])
    for member in t.ids["Member"]:
        t.ids["User"].append(_as(member, "User"))
    removed = t.ids["User"].pop()
    await t.do("removeMember", userId=removed)
    t.gone["User"].append(removed)
    t.gone["Member"].append(t.ids["Member"].pop())


async def _listed(t: Twin) -> None:
    """What nobody makes by hand: lots and the audit trail."""
    found = await t.shop.ask(
        "{ stock(filter: {includeZero: true}, first: 100) { nodes { lot { id } } }"
        " auditTrail(first: 20) { nodes { id } } }"
    )
    t.ids["Lot"] = sorted({row["lot"]["id"] for row in found["stock"]["nodes"] if row["lot"]})
    t.ids["AuditEntry"] = [row["id"] for row in found["auditTrail"]["nodes"]]
    t.ids["Tenant"] = [encode_id("Tenant", t.tenant)]


def _as(global_id: str, type_: str) -> str:
    """The same UUID as an id of another type."""
    return encode_id(type_, raw(global_id))


def raw(global_id: str) -> UUID:
    """The UUID in a global id."""
    decoded = decode_id(global_id)
    assert decoded is not None, global_id
    return decoded[1]


def rows_of(url: str, tenant: UUID) -> Iterator[tuple[str, list[str]]]:
    """Every row that belongs to a tenant, as text, by table: for who may see all."""
    with psycopg.connect(url) as connection:
        for name, table in sorted(metadata.tables.items()):
            owner = "id" if name == "tenant" else "tenant_id"
            if owner not in table.c:
                continue
            query = sql.SQL("select t::text from {} t where {} = %s order by 1").format(
                sql.Identifier(name), sql.Identifier(owner)
            )
            yield name, [row[0] for row in connection.execute(query, [tenant])]


def checksums(url: str, tenant: UUID) -> dict[str, str]:
    """A digest of each table's rows of one tenant, the global tables among them."""
    return {
        name: hashlib.sha256("\n".join(rows).encode()).hexdigest()
        for name, rows in rows_of(url, tenant)
    }
