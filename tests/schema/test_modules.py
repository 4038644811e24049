"""Modules and editions over HTTP: switched by whoever may, for one tenant, with reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.db.database import Database, Transaction
from core.errors import INVALID, Refusal
from core.extension.manifest import Permission
from core.extension.registry import Registry, using
from core.ids import uuid7
from tests.shop import Json, Shop
from tests.toys import plugin

MODULES = """{ modules { name title summary version enabled requires conflicts
  obstacles { code message path details } } }"""
ENABLE = """mutation($input: SwitchModuleInput!) { enableModule(input: $input) {
  module { name enabled obstacles { code } } errors { code message path } } }"""
DISABLE = ENABLE.replace("enableModule", "disableModule")
EDITION = """mutation($input: ChangeEditionInput!) { changeEdition(input: $input) {
  enabled disabled settings unchanged { code path } errors { code path } } }"""


@pytest.fixture
def mood() -> dict[str, Any]:
    """What `toys` answers when it is to go."""
    return {"reasons": []}


@pytest.fixture
def installed(mood: dict[str, Any]) -> Iterator[Registry]:
    async def disabling(tx: Transaction) -> list[Refusal]:
        if mood["reasons"] is None:
            await tx.raw.execute("rollback")
        return list(mood["reasons"])

    toys = plugin(
        "toys",
        disabling,
        permissions=(Permission("toys.play", ("seller",)),),
        editions={"apparel": True},
    )
    games = plugin("games", requires=("toys",), conflicts=("work",))
    with using(Registry([toys, games])) as plugins:
        yield plugins


@pytest.fixture
async def shop(db: Database, installed: Registry) -> Shop:
    return await Shop.open(db)


async def switch(shop: Shop, mutation: str, name: str) -> Json:
    asked = {"commandId": str(uuid7()), "name": name}
    (payload,) = (await shop.ask(mutation, input=asked)).values()
    answer: Json = payload
    return answer


async def test_what_there_is_and_why_it_cannot_be_switched(shop: Shop, db: Database) -> None:
    toys, games = (await shop.ask(MODULES))["modules"]
    assert toys == {
        "name": "toys",
        "title": "The toys",
        "summary": "Keeps toys.",
        "version": "1.0",
        "enabled": False,
        "requires": [],
        "conflicts": [],
        "obstacles": [],
    }
    assert (games["requires"], games["conflicts"]) == (["toys"], ["work"])
    (obstacle,) = games["obstacles"]
    assert (obstacle["code"], obstacle["details"]) == (
        "MODULE_REQUIRES",
        {"module": "games", "other": "toys"},
    )
    chinese = await Shop.enter(db, shop.principal.tenant_id, roles=("viewer",), language="zh")
    told = (await chinese.ask(MODULES))["modules"]
    assert (told[0]["title"], told[0]["summary"]) == ("toys 模块", "管理玩具。")
    assert "依赖" in told[1]["obstacles"][0]["message"]


async def test_on_and_off(shop: Shop, mood: dict[str, Any]) -> None:
    refused = await switch(shop, ENABLE, "games")
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("MODULE_REQUIRES", ["name"])]
    for name in ("toys", "games"):
        done = await switch(shop, ENABLE, name)
        assert (done["module"]["name"], done["module"]["enabled"]) == (name, True)
    refused = await switch(shop, DISABLE, "toys")
    assert [e["code"] for e in refused["errors"]] == ["MODULE_REQUIRED"]
    assert (await switch(shop, DISABLE, "games"))["errors"] == []
    mood["reasons"] = [Refusal(INVALID, (), {"reason": "Toys are out.", "reason_zh": "?"})]
    refused = await switch(shop, DISABLE, "toys")
    assert [(e["code"], e["message"]) for e in refused["errors"]] == [("INVALID", "Toys are out.")]
    toys, _ = (await shop.ask(MODULES))["modules"]
    assert [o["message"] for o in toys["obstacles"]] == ["Toys are out."]
    refused = await switch(shop, ENABLE, "cars")
    assert [e["code"] for e in refused["errors"]] == ["UNKNOWN_MODULE"]


async def test_a_module_that_fails_is_told_of_and_the_query_goes_on(
    shop: Shop, mood: dict[str, Any]
) -> None:
    await switch(shop, ENABLE, "toys")
    mood["reasons"] = None
    refused = await switch(shop, DISABLE, "toys")
    assert [e["code"] for e in refused["errors"]] == ["MODULE_FAILED"]
    assert "toys" in refused["errors"][0]["message"]
    toys, games = (await shop.ask(MODULES))["modules"]
    assert [o["code"] for o in toys["obstacles"]] == ["MODULE_FAILED"]
    assert games["obstacles"] == []


async def test_permissions_come_and_go_with_a_module(shop: Shop, db: Database) -> None:
    seller = await Shop.enter(db, shop.principal.tenant_id, roles=("seller",))
    viewer = "{ viewer { permissions roles { permissions } } }"
    before = (await seller.ask(viewer))["viewer"]
    await switch(shop, ENABLE, "toys")
    after = (await seller.ask(viewer))["viewer"]
    assert set(after["permissions"]) - set(before["permissions"]) == {"toys.play"}
    (role,) = after["roles"]
    assert role["permissions"] == after["permissions"]
    roles = (await shop.ask("{ roles { code permissions } }"))["roles"]
    playing = [role["code"] for role in roles if "toys.play" in role["permissions"]]
    assert playing == ["administrator", "seller"]
    await switch(shop, DISABLE, "toys")
    assert (await seller.ask(viewer))["viewer"] == before


async def test_only_who_may_set_settings_switches(shop: Shop, db: Database) -> None:
    seller = await Shop.enter(db, shop.principal.tenant_id, roles=("manager",))
    denied = await switch(seller, ENABLE, "toys")
    assert [e["code"] for e in denied["errors"]] == ["PERMISSION_DENIED"]


async def test_another_edition(shop: Shop) -> None:
    editions = "{ editions { code title current modules offered } viewer { tenant { edition } } }"
    found = await shop.ask(editions)
    assert len(found["editions"]) == 9
    assert [e["code"] for e in found["editions"] if e["current"]] == ["standard"]
    apparel = next(e for e in found["editions"] if e["code"] == "apparel")
    assert (apparel["modules"], apparel["offered"]) == (["toys"], ["games"])
    asked = {"commandId": str(uuid7()), "edition": "apparel"}
    done = (await shop.ask(EDITION, input=asked))["changeEdition"]
    assert done == {
        "enabled": ["toys"],
        "disabled": [],
        "settings": [],
        "unchanged": [],
        "errors": [],
    }
    await switch(shop, ENABLE, "games")
    asked = {"commandId": str(uuid7()), "edition": "general"}
    done = (await shop.ask(EDITION, input=asked))["changeEdition"]
    assert done["settings"] == ["negativeStock", "reserveOnOrder"]
    assert [(e["code"], e["path"]) for e in done["unchanged"]] == [
        ("MODULE_REQUIRED", ["modules", "toys"])
    ]
    assert (await shop.ask(editions))["viewer"]["tenant"]["edition"] == "general"
    asked = {"commandId": str(uuid7()), "edition": "luxury"}
    refused = (await shop.ask(EDITION, input=asked))["changeEdition"]
    assert [(e["code"], e["path"]) for e in refused["errors"]] == [("UNKNOWN_EDITION", ["edition"])]
