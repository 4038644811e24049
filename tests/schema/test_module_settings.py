"""A module's settings in GraphQL are made from their model: shown, changed, refused, and seen by postings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Literal

import pytest
import strawberry
from pydantic import BaseModel, Field
from strawberry import enum_value

from core.db.database import Database
from core.errors import Refused
from core.extension.registry import Registry, using
from core.ids import uuid7
from core.plugin_api import ItemId, NoSettings, PartyId, PlaceId
from schema.compose import ComposedSchema, composed_schema
from schema.export import undescribed
from schema.plugin_api import Extension, encode_id, query_field
from tests.core.extension.making import switch_on
from tests.schema.modules import extending, plugin
from tests.shop import Json, Shop


class Tone(StrEnum):
    """A word of the model's own."""

    LOUD = "loud"
    QUIET = "quiet"


@strawberry.enum(description="How it is told.")
class AcmeTone(Enum):
    """The same for GraphQL."""

    LOUD = enum_value("loud", description="Everybody hears it.")
    QUIET = enum_value("quiet", description="Nobody does.")


class Step(BaseModel, frozen=True, extra="forbid"):
    """A step of a discount."""

    over: Decimal = Field(ge=0, description="From this amount on.")
    percent: int = Field(default=5, ge=0, le=100, description="So many percent off.")
    until: date | None = Field(default=None, description="Until this day; for ever without.")
    item_ids: tuple[ItemId, ...] = Field(default=(), description="Only of these items.")


class Decided(BaseModel, frozen=True, extra="forbid"):
    """One setting of every kind."""

    label: str = Field(default="A", max_length=3, description="What is printed.")
    count: int = Field(default=2, ge=0, description="How many.")
    on: bool = Field(default=False, description="Whether it is on.")
    limit: Decimal | None = Field(default=None, gt=0, description="How much; no limit without.")
    tone: Tone = Field(default=Tone.QUIET, description="How it is told.")
    tones: tuple[Literal["loud", "quiet"], ...] = Field(default=("loud",), description="In turn.")
    steps: tuple[Step, ...] = Field(default=(Step(over=Decimal(100)),), description="Discounts.")
    scrap_place_id: PlaceId | None = Field(default=None, description="Where scrap goes.")
    place_ids: tuple[PlaceId, ...] = Field(default=(), description="Places it holds for.")
    party_id: PartyId | None = Field(default=None, description="Who is asked.")


ALL = """{ label count on limit tone tones steps { over percent until items { code } }
  scrapPlace { code } places { code } party { code } }"""
ASK = f"{{ acmeSettings {ALL} }}"
CHANGE = f"""mutation($input: AcmeUpdateSettingsInput!) {{ acmeUpdateSettings(input: $input) {{
  settings {ALL} errors {{ code path details }} }} }}"""
DEFAULTS: Json = {
    "label": "A",
    "count": 2,
    "on": False,
    "limit": None,
    "tone": "QUIET",
    "tones": ["LOUD"],
    "steps": [{"over": "100", "percent": 5, "until": None, "items": []}],
    "scrapPlace": None,
    "places": [],
    "party": None,
}
WORDS = {"tone": AcmeTone, "tones": AcmeTone}


@pytest.fixture(scope="module")
def schema() -> Iterator[ComposedSchema]:
    acme = extending("acme", Extension(settings=WORDS), facts={"settings": Decided})
    with using(Registry([acme])) as registry:
        yield composed_schema(registry)


@pytest.fixture
async def shop(db: Database, schema: ComposedSchema) -> Shop:
    shop = await Shop.open(db, schema=schema, modules={"acme"})
    await switch_on(db, shop.principal, "acme")
    return shop


async def change(shop: Shop, **sent: Any) -> Json:
    asked = {"commandId": str(uuid7()), **sent}
    answer: Json = (await shop.ask(CHANGE, input=asked))["acmeUpdateSettings"]
    return answer


async def refusals(shop: Shop, **sent: Any) -> list[tuple[str, list[str]]]:
    answer = await change(shop, **sent)
    assert answer["settings"] is None
    assert answer["errors"]
    return [(error["code"], error["path"]) for error in answer["errors"]]


async def test_every_kind_of_setting_is_shown_changed_and_set_back(shop: Shop) -> None:
    assert (await shop.ask(ASK))["acmeSettings"] == DEFAULTS
    main, tea = shop.places["MAIN"], await shop.item("TEA")
    sent: Json = {"label": "xyz", "count": 0, "on": True, "limit": "2.5", "tone": "LOUD"}
    sent |= {"tones": ["QUIET", "LOUD"], "scrapPlaceId": main, "placeIds": [main]}
    sent["steps"] = [{"over": "9.5", "until": "2026-12-31", "itemIds": [tea]}, {"over": "0"}]
    answer = await change(shop, **sent)
    assert answer["errors"] == []
    steps = [
        {"over": "9.5", "percent": 5, "until": "2026-12-31", "items": [{"code": "TEA"}]},
        {"over": "0", "percent": 5, "until": None, "items": []},
    ]
    there = [{"code": "MAIN"}]
    told = {"label": "xyz", "count": 0, "on": True, "limit": "2.5", "tone": "LOUD"}
    told |= {"tones": ["QUIET", "LOUD"], "steps": steps, "places": there, "scrapPlace": there[0]}
    assert answer["settings"] == DEFAULTS | told
    assert (await shop.ask(ASK))["acmeSettings"] == DEFAULTS | told
    # What is left out stays, null is the default.
    back = (await change(shop, tone=None, steps=None, placeIds=None))["settings"]
    assert back == DEFAULTS | told | {n: DEFAULTS[n] for n in ("tone", "steps", "places")}


async def test_a_change_that_is_sent_again_is_answered_as_before(shop: Shop) -> None:
    sent = {"commandId": str(uuid7()), "count": 7}
    first = await shop.ask(CHANGE, input=sent)
    await change(shop, count=8)
    assert await shop.ask(CHANGE, input=sent) == first
    assert (await shop.ask(ASK))["acmeSettings"]["count"] == 8
    assert await refusals(shop, **sent | {"count": 9}) == [("COMMAND_REUSED", ["commandId"])]


async def test_bad_values_are_refused_where_they_stand_and_nothing_is_changed(shop: Shop) -> None:
    other = encode_id("Place", uuid7())
    for sent, code, path in (
        ({"count": -1}, "INVALID_SETTING", ["count"]),
        ({"label": "four"}, "INVALID_SETTING", ["label"]),
        ({"steps": [{"over": "1"}, {"over": "-1"}]}, "INVALID_SETTING", ["steps", "1", "over"]),
        ({"scrapPlaceId": "x"}, "NOT_FOUND", ["scrapPlaceId"]),
        ({"scrapPlaceId": other}, "NOT_FOUND", ["scrapPlaceId"]),
        ({"partyId": shop.places["MAIN"]}, "NOT_FOUND", ["partyId"]),
        ({"placeIds": [shop.places["MAIN"], other]}, "NOT_FOUND", ["placeIds", "1"]),
        (
            {"steps": [{"over": "1", "itemIds": [encode_id("Item", uuid7())]}]},
            *("NOT_FOUND", ["steps", "0", "itemIds", "0"]),
        ),
        ({"tones": ["LOUD"] * 101}, "LIMIT_EXCEEDED", ["tones"]),
    ):
        assert await refusals(shop, on=True, **sent) == [(code, path)], sent
    assert (await shop.ask(ASK))["acmeSettings"] == DEFAULTS


async def test_what_cannot_be_stored_is_refused_before_it_is_tried(shop: Shop) -> None:
    answer = await shop.raw(CHANGE, input={"commandId": str(uuid7()), "label": "a\x00"})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_TEXT"]


async def test_who_may_change_them(shop: Shop, schema: ComposedSchema) -> None:
    tenant = shop.principal.tenant_id
    how: Json = {"schema": schema, "modules": {"acme"}}
    manager = await Shop.enter(shop.database, tenant, roles=("manager",), **how)
    assert (await manager.ask(ASK))["acmeSettings"] == DEFAULTS
    assert await refusals(manager, count=1) == [("PERMISSION_DENIED", [])]


def test_it_is_described_and_named_after_the_module(schema: ComposedSchema) -> None:
    view = schema.view(frozenset({"acme"}))._schema
    assert undescribed(view) == []
    assert view.get_type("AcmeUpdateSettingsInput").description == (  # type: ignore[union-attr]  # it is there
        "Settings to change. What is left out stays, null sets one back to its default; lists replace."
    )
    assert not [name for name in schema.view(frozenset())._schema.type_map if "Acme" in name]


class Floating(BaseModel):
    """No exact value."""

    share: float = Field(default=0.5, description="A share.")


class Misnamed(BaseModel):
    """Ids that do not say so."""

    place: PlaceId | None = Field(default=None, description="A place.")


class Nested(BaseModel):
    """Lists of lists of ids, which lead nowhere."""

    place_ids: tuple[tuple[PlaceId, ...], ...] = Field(default=(), description="Places.")


class Wordy(BaseModel):
    """Words without an enum."""

    tone: Literal["loud", "quiet"] = Field(default="loud", description="A tone.")


class Louder(BaseModel):
    """More words than the enum has."""

    tone: Literal["loud", "quiet", "mute"] = Field(default="loud", description="A tone.")


class Mapped(BaseModel):
    """A kind of value that GraphQL does not have."""

    shares: dict[str, int] = Field(default_factory=dict, description="Shares.")


@pytest.mark.parametrize(
    ("model", "words", "reason"),
    [
        (Floating, {}, "the setting share has a type that settings cannot have: <class 'float'>"),
        (Misnamed, {}, "place holds ids: its name must end with _id, or _ids for several"),
        (Nested, {}, "place_ids holds ids: several are tuple[PlaceId, ...] and the like"),
        (Wordy, {}, "the setting tone is one of some words: Extension.settings names none"),
        (Louder, {"tone": AcmeTone}, "AcmeTone has other values than the setting tone"),
        (Mapped, {}, "the setting shares has a type that settings cannot have: dict[str, int]"),
        (Wordy, WORDS, "there are no settings ['tones'] that are words"),
        (NoSettings, {"tone": AcmeTone}, "there are no settings ['tone'] that are words"),
    ],
)
def test_settings_that_cannot_be_shown_are_refused_at_start(
    model: type[BaseModel], words: dict[str, type[Enum]], reason: str
) -> None:
    acme = extending("acme", Extension(settings=words), facts={"settings": model})
    with pytest.raises(Refused) as refused:
        composed_schema(Registry([acme]))
    [refusal] = refused.value.refusals
    assert refusal.code == "BAD_PLUGIN"
    assert reason in str(refusal.details["reason"])


def test_a_plugin_cannot_declare_them_itself() -> None:
    class Queries:
        @query_field(permission="settings.read")
        def acme_settings(self) -> str:
            """Its own."""
            return "own"

    own = Extension(queries=Queries, settings=WORDS)
    acme = extending("acme", own, facts={"settings": Decided})
    with pytest.raises(Refused, match="two parts declare \\['acme_settings'\\]"):
        composed_schema(Registry([acme]))


def test_a_plugin_that_declares_nothing_else_has_them_too() -> None:
    class Plain(BaseModel):
        """One."""

        on: bool = Field(default=True, description="Whether.")

    schema = composed_schema(Registry([plugin("acme", facts={"settings": Plain})]))
    assert "acmeSettings" in schema._schema.query_type.fields  # type: ignore[union-attr]  # it is there
    assert "acmeSettings" not in schema.view(frozenset())._schema.query_type.fields  # type: ignore[union-attr]  # as above
