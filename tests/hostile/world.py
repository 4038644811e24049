"""A tenant with one of everything, so that there is an input that each mutation would accept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from graphql import GraphQLField, GraphQLObjectType, get_named_type

from core.db.database import Database
from core.ids import uuid7
from schema.compose import core_schema
from schema.relay import encode_id
from tests.shop import Json, Shop, line

SCHEMA = core_schema()._schema
CLOSED_THROUGH = "2026-01-31"
DAY = "2026-03-02"
KINDS = ("Item", "Unit", "Category", "Place", "Party")


def mutations() -> dict[str, GraphQLField]:
    """Every mutation of the schema by its name."""
    root = SCHEMA.mutation_type
    assert isinstance(root, GraphQLObjectType)
    return dict(root.fields)


def mutation(name: str) -> str:
    """The document that sends one mutation and asks for everything that a refusal says."""
    sent = mutations()[name]
    payload: Any = get_named_type(sent.type)
    errors = "errors { code message path details }"
    verdicts = f"verdicts {{ {errors} }}" if "verdicts" in payload.fields else ""
    type_ = sent.args["input"].type
    return f"mutation M($input: {type_}) {{ {name}(input: $input) {{ {errors} {verdicts} }} }}"


def command(**content: Any) -> Json:
    """An input with a command of its own."""
    return {"commandId": str(uuid7()), **content}


@dataclass
class World:
    """The shop, and the global ids of what is in it, by names like ``item KEG``."""

    shop: Shop
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def open(cls, database: Database, language: str = "en") -> World:
        world = cls(await Shop.open(database, language=language))
        await world._furnish()
        await world._trade()
        await world.do("closePeriod", through=CLOSED_THROUGH)
        return world

    def of_each_kind(self) -> list[str]:
        """One global id of each type, and of a place and a unit that every tenant has."""
        names = (
            "item KEG, unit pcs, unit spare, category C1, place MAIN, place ~customer, party SUP,"
            " receipt, draft to post, order to close, hold, lot, user"
        )
        return [self.ids[name] for name in names.split(", ")]

    @property
    def tenant(self) -> UUID:
        return self.shop.principal.tenant_id

    async def viewer(self) -> Shop:
        """The same shop for somebody who may only read."""
        return await Shop.enter(self.shop.database, self.tenant, roles=("viewer",))

    async def do(self, name: str, /, **input_: Any) -> None:
        """Carry out a mutation that must not be refused."""
        payload = (await self.shop.ask(mutation(name), input=command(**input_)))[name]
        assert payload["errors"] == [], (name, payload)

    async def make(self, kind: str, code: str, /, **more: Any) -> None:
        """New master data, known here by its kind and code."""
        id_ = uuid7()
        await self.do(f"create{kind}", id=str(id_), code=code, name=f"{kind} {code}", **more)
        self.ids[f"{kind.lower()} {code}"] = encode_id(kind, id_)

    async def draft(self, name: str, type_: str = "receipt") -> None:
        """A saved draft of one product."""
        id_ = uuid7()
        lines = [line(self.ids["item KEG"], "1", "5")]
        asked = self.shop.document(type_, *lines, on=DAY, id=str(id_))
        await self.do("saveDraft", document=asked["document"])
        self.ids[name] = encode_id("Document", id_)

    async def post(self, name: str, type_: str, *lines: Json, **head: Any) -> None:
        """A posted document."""
        self.ids[name] = (await self.shop.posted(type_, *lines, on=DAY, **head))["id"]

    async def step(self, mutation_: str, name: str) -> None:
        """Take a document one step on."""
        await self.do(mutation_, id=self.ids[name], revision=await self.revision(name))

    async def revision(self, name: str) -> int:
        found = await self.shop.ask(
            "query($id: ID!) { document(id: $id) { revision } }", id=self.ids[name]
        )
        revision: int = found["document"]["revision"]
        return revision

    async def _furnish(self) -> None:
        for unit in (await self.shop.ask("{ units { id code } }"))["units"]:
            self.ids[f"unit {unit['code']}"] = unit["id"]
        self.ids |= {f"place {code}": id_ for code, id_ in self.shop.places.items()}
        for code in ("STORE", "SPARE"):
            await self.make("Place", code, kind="WAREHOUSE")
        await self.make("Category", "C1")
        await self.make("Category", "C2")
        await self.make("Party", "SUP", isSupplier=True)
        await self.make("Party", "CUS", isCustomer=True)
        await self.make("Unit", "spare")
        box = {"unitId": self.ids["unit box"], "numerator": "12"}
        await self.make("Item", "KEG", units=[box])
        await self.make("Item", "PART")
        await self.make("Item", "SVC", kind="SERVICE")
        facts: dict[str, Json] = {"Place": {"kind": "WAREHOUSE"}, "Party": {"isSupplier": True}}
        for kind in KINDS:
            await self.make(kind, "OLD", **facts.get(kind, {}))
            await self.do(f"archive{kind}", id=self.ids[f"{kind.lower()} OLD"], revision=1)
        # Users are one for all tenants: an address of its own makes this one a stranger to others.
        email = f"{uuid7()}@example.com"
        await self.do("setMember", email=email, roles=["viewer"])
        members = (await self.shop.ask("{ members { nodes { user { id email } } } }"))["members"]
        emails = {member["user"]["email"]: member["user"]["id"] for member in members["nodes"]}
        self.ids["user"] = emails[email]

    async def _trade(self) -> None:
        keg, supplier = self.ids["item KEG"], self.ids["party SUP"]
        await self.post("receipt", "receipt", line(keg, "10", "5"), partyId=supplier)
        await self.post("receipt to reverse", "receipt", line(keg, "10", "5"))
        await self.post("receipt of a lot", "receipt", line(keg, "10", "5", lotCode="LOT"))
        for name in ("unapprove", "close", "reopen"):
            await self.post(f"order to {name}", "purchase_order", line(keg, "3", "5"))
        await self.step("closeOrder", "order to reopen")
        for name in ("delete", "submit", "post", "reject", "approve"):
            await self.draft(f"draft to {name}")
        await self.step("submitDocument", "draft to reject")
        await self.step("submitDocument", "draft to approve")
        hold = uuid7()
        await self.do("placeHold", id=str(hold), itemId=self.ids["item PART"], reason="recall")
        self.ids["hold"] = encode_id("Hold", hold)
        lots = (await self.shop.ask("{ stock { nodes { lot { id } } } }"))["stock"]["nodes"]
        self.ids["lot"] = next(row["lot"]["id"] for row in lots if row["lot"])
