"""For every mutation an input that would be accepted, and everything that can be wrong with it.

A mutant differs from the accepted input in one place. Where a value stands in the schema says what is
wrong there: so a mutation, or a field, that is added later is tested without anybody thinking of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLInputObjectType,
    Undefined,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)

from core.ids import uuid7
from schema.relay import encode_id
from tests.hostile.values import (
    ENUMS,
    HUGE,
    IDS,
    NOT_FOUND,
    OF_TYPE,
    PER_TEXT,
    TEXT,
    TOO_LONG,
    TYPE,
    UNITS,
    UNSTORABLE,
)
from tests.hostile.world import DAY, KINDS, World, command, mutations
from tests.shop import Json, line

Path = tuple[str | int, ...]
Wrong = tuple[Path, Any, frozenset[str]]
MISSING = "(left out)"
OTHER_KINDS = ("Document", "Hold", "Lot", "User", "Nothing")


@dataclass(frozen=True, slots=True)
class Mutant:
    """An input with ``value`` in the wrong place, and the codes it may be refused with."""

    path: Path
    value: Any
    input: Json
    codes: frozenset[str]

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))} = {str(self.value)[:50]!r}"


async def accepted(world: World) -> dict[str, Json]:
    """An input for every mutation, as a careful client would send it. ``commandId`` is left out where
    it stands at the top."""
    found = _master_data(world) | await _documents(world) | _rest(world)
    assert found.keys() == mutations().keys()
    return found


def _master_data(world: World) -> dict[str, Json]:
    ids = world.ids
    item = {
        "code": "NEW",
        "name": "new",
        "kind": "STOCKED",
        "categoryId": ids["category C1"],
        "baseUnitId": ids["unit pcs"],
        "listPrice": "9.5",
        "units": [{"unitId": ids["unit box"], "numerator": "12", "denominator": "1"}],
        "barcodes": [{"code": "690123", "unitId": ids["unit box"]}],
    }
    party = {"code": "NEW", "name": "new", "isSupplier": True, "address": "1 Street\n2 Town"}
    place = {"code": "NEW", "name": "new", "kind": "WAREHOUSE", "zone": "Asia/Shanghai"}
    change = {"code": "CHANGED", "name": "changed", "revision": 1}
    found: dict[str, Json] = {
        "createItem": item,
        "updateItem": {"id": ids["item PART"], **change, "categoryId": ids["category C1"]},
        "saveItems": {"items": [command(**{**item, "code": "NEW2", "barcodes": []})]},
        "importItems": {"csv": "Code,Name\nNEW3,new\n"},
        "importParties": {"csv": "Code,Name,Supplier\nNEW3,new,yes\n"},
        "createUnit": {"code": "NEW", "name": "new", "decimals": 2},
        "updateUnit": {"id": ids["unit spare"], **change, "decimals": 1},
        "createCategory": {"code": "NEW", "name": "new", "parentId": ids["category C1"]},
        "updateCategory": {"id": ids["category C1"], **change},
        "moveCategory": {"id": ids["category C2"], "revision": 1, "parentId": ids["category C1"]},
        "createPlace": {**place, "parentId": ids["place ROOT"]},
        "updatePlace": {"id": ids["place STORE"], **change, "zone": "Asia/Tokyo"},
        "movePlace": {"id": ids["place SPARE"], "revision": 1, "parentId": ids["place ROOT"]},
        "createParty": party,
        "updateParty": {"id": ids["party SUP"], **change, "phone": "110"},
        "saveParties": {"parties": [command(**{**party, "code": "NEW2"})]},
    }
    for kind, code in (("Item", "SVC"), ("Category", "C2"), ("Party", "CUS"), ("Unit", "m")):
        found[f"archive{kind}"] = {"id": ids[f"{kind.lower()} {code}"], "revision": 1}
    found["archiveCategory"]["revision"] = 2  # it was moved just before
    found["archivePlace"] = {"id": ids["place SPARE"], "revision": 2}
    for kind in KINDS:
        found[f"restore{kind}"] = {"id": ids[f"{kind.lower()} OLD"], "revision": 2}
    return found


async def _documents(world: World) -> dict[str, Json]:
    keg = world.ids["item KEG"]
    content = {
        "type": "receipt",
        "businessDate": DAY,
        "partyId": world.ids["party SUP"],
        "placeId": world.ids["place MAIN"],
        "reference": "PO 4711",
        "lines": [
            line(keg, "2", "5.25", unitId=world.ids["unit box"], discountPct="1", taxRate="13")
        ],
    }

    async def step(name: str) -> Json:
        return {"id": world.ids[name], "revision": await world.revision(name)}

    return {
        "postDocument": {"document": content},
        "postDocuments": {"documents": [command(document=deepcopy(content))]},
        "saveDraft": {"document": {**deepcopy(content), "id": str(uuid7())}},
        "reverseDocument": {"id": world.ids["receipt to reverse"], "remark": "wrong"},
        "deleteDraft": await step("draft to delete"),
        "submitDocument": await step("draft to submit"),
        "postDraft": await step("draft to post"),
        "rejectDocument": await step("draft to reject"),
        "approveDocument": await step("draft to approve"),
        "unapproveDocument": await step("order to unapprove"),
        "closeOrder": await step("order to close"),
        "reopenOrder": await step("order to reopen"),
    }


def _rest(world: World) -> dict[str, Json]:
    return {
        "setMember": {"email": "new@example.com", "roles": ["viewer"], "name": "New"},
        "removeMember": {"userId": world.ids["user"]},
        "updateSettings": {"overReceiptPct": "5", "approvalRequired": ["count"]},
        "enableModule": {"name": "toys"},
        "disableModule": {"name": "toys"},
        "changeEdition": {"edition": "general"},
        "closePeriod": {"through": "2026-02-28"},
        "reopenPeriod": {"through": "2025-12-31"},
        "placeHold": {"itemId": world.ids["item KEG"], "reason": "recall"},
        "releaseHold": {"id": world.ids["hold"]},
    }


def mutants(name: str, base: Json, foreign: list[str]) -> Iterator[Mutant]:
    """Everything that can be wrong with the input of one mutation, by the types in the schema.
    ``foreign`` are the ids of another tenant."""
    type_: Any = get_nullable_type(mutations()[name].args["input"].type)
    input_ = command(**base) if "commandId" in type_.fields else deepcopy(base)
    for path, value, codes in _wrong_object(type_, input_, (), foreign):
        yield Mutant(path, value, _with(input_, path, value), codes)


def _wrong_object(
    type_: GraphQLInputObjectType, value: Json, path: Path, foreign: list[str]
) -> Iterator[Wrong]:
    yield (*path, "tenantId"), "x", TYPE
    for name, field in type_.fields.items():
        here = (*path, name)
        if is_non_null_type(field.type):
            yield here, None, TYPE
            if field.default_value is Undefined:
                yield here, MISSING, TYPE
        inner = get_nullable_type(field.type)
        yield from _wrong_value(inner, name, value.get(name), here, foreign)
        for text, codes in PER_TEXT.get(name, ()) if field.default_value != "" else ():
            yield here, text, codes


def _wrong_value(
    type_: Any, name: str, present: Any, path: Path, foreign: list[str]
) -> Iterator[Wrong]:
    if is_list_type(type_):
        yield path, [None], TYPE
        yield path, [*(present or []), None], TYPE
        if present:
            inner = get_nullable_type(type_.of_type)
            yield from _wrong_value(inner, name, present[0], (*path, 0), foreign)
    elif is_input_object_type(type_):
        yield path, "x", TYPE
        yield path, [[]], TYPE
        if present:
            yield from _wrong_object(type_, present, path, foreign)
    else:
        yield path, {}, TYPE
        yield path, [["x"]], TYPE
        yield from ((path, value, codes) for value, codes in _wrong_leaves(type_, name, foreign))


def _wrong_leaves(
    type_: Any, name: str, foreign: list[str]
) -> Iterator[tuple[Any, frozenset[str]]]:
    if is_enum_type(type_):
        # Also the word that the core uses for the enum's first value.
        core = str(next(iter(type_.values.values())).value).lower()
        yield from ((value, TYPE) for value in (core, *ENUMS))
        return
    yield from ((value, TYPE) for value in OF_TYPE[type_.name])
    if type_.name in ("ID", "String"):
        yield from ((value, TEXT) for value in UNSTORABLE)
    if type_.name == "String":
        yield HUGE, TOO_LONG.get(name, frozenset({"TOO_LONG"}))
    if type_.name == "ID":
        strange = [encode_id(kind, UUID(int=7)) for kind in (*KINDS, *OTHER_KINDS)]
        codes = UNITS if name == "unitId" else NOT_FOUND
        yield from ((value, codes) for value in (*IDS, *strange, *foreign))


def _with(input_: Json, path: Path, value: Any) -> Json:
    """A copy with another value at ``path``, as a command of its own."""
    copy = deepcopy(input_)
    target: Any = copy
    for part in path[:-1]:
        target = target[part]
    if "commandId" in copy:
        copy["commandId"] = str(uuid7())
    if value is MISSING:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return copy
