"""Every place in the schema that takes an id, a code or a cursor, and what belongs there.

The lists are the registry: an argument or input field of type ID, UUID or String that stands in none
of them fails the test, so that nobody adds a way to name a stranger's object without a probe of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, get_named_type, is_input_object_type
from graphql.type import GraphQLInputType

ANY = "*"
"""Objects of every type: each is tried."""

REFERENCES: dict[str, tuple[str, ...]] = {
    ANY: ("Query.node(id:)", "Query.nodes(ids:)", "AuditFilterInput.objectId"),
    "Item": (
        "Query.item(id:)",
        "Query.availability(itemIds:)",
        "Query.itemCard(itemId:)",
        "Query.costLayers(itemId:)",
        "Query.accountValues(itemIds:)",
        "Query.holds(itemId:)",
        "DocumentFilterInput.itemId",
        "StockFilterInput.itemIds",
        "UpdateItemInput.id",
        "DocumentLineInput.itemId",
        "PlaceHoldInput.itemId",
    ),
    "Category": (
        "Query.category(id:)",
        "ItemFilterInput.categoryId",
        "CategoryFilterInput.withinId",
        "CreateItemInput.categoryId",
        "UpdateItemInput.categoryId",
        "SaveItemInput.categoryId",
        "CreateCategoryInput.parentId",
        "UpdateCategoryInput.id",
        "MoveCategoryInput.id",
        "MoveCategoryInput.parentId",
    ),
    "Unit": (
        "CreateItemInput.baseUnitId",
        "UpdateItemInput.baseUnitId",
        "SaveItemInput.baseUnitId",
        "ItemUnitInput.unitId",
        "BarcodeInput.unitId",
        "UpdateUnitInput.id",
        "DocumentLineInput.unitId",
    ),
    "Place": (
        "Query.place(id:)",
        "Query.availability(placeId:)",
        "Query.indicators(placeId:)",
        "Query.itemCard(placeId:)",
        "Query.costLayers(placeId:)",
        "PlaceFilterInput.parentId",
        "PlaceFilterInput.withinId",
        "DocumentFilterInput.placeId",
        "StockFilterInput.placeId",
        "CreatePlaceInput.parentId",
        "UpdatePlaceInput.id",
        "MovePlaceInput.id",
        "MovePlaceInput.parentId",
        "DocumentInput.placeId",
        "DocumentInput.toPlaceId",
        "DocumentLineInput.placeId",
        "DocumentLineInput.toPlaceId",
        "PlaceHoldInput.placeId",
    ),
    "Party": (
        "Query.party(id:)",
        "DocumentFilterInput.partyId",
        "UpdatePartyInput.id",
        "DocumentInput.partyId",
    ),
    "Document": (
        "Query.document(id:)",
        "DocumentFilterInput.sourceId",
        "DocumentInput.sourceId",
        "DocumentStepInput.id",
        "ReverseDocumentInput.id",
    ),
    "Lot": (
        "Query.itemCard(lotId:)",
        "Query.costLayers(lotId:)",
        "StockFilterInput.lotId",
        "PlaceHoldInput.lotId",
    ),
    "Hold": ("ReleaseHoldInput.id",),
    "User": ("RemoveMemberInput.userId",),
}
"""Global ids, by the type of object that belongs there."""

BY_FIELD = {"ArchiveInput.id": "archive", "RestoreInput.id": "restore"}
"""Global ids of the type that the mutation's name says after this word."""

LOOKUPS = {
    "Query.item(code:)": "Item",
    "Query.item(barcode:)": "Barcode",
    "Query.barcode(code:)": "Barcode",
    "Query.category(code:)": "Category",
    "Query.place(code:)": "Place",
    "Query.party(code:)": "Party",
    "Query.document(number:)": "Document",
    "DocumentFilterInput.number": "Document",
    "DocumentFilterInput.reference": "Reference",
    "ItemFilterInput.search": "Item",
    "PlaceFilterInput.search": "Place",
    "PartyFilterInput.search": "Party",
    "DocumentLineInput.lotCode": "Lot",
}
"""Codes by which an object is found: those of a stranger find nothing."""

CURSORS = frozenset(
    f"{where}(after:)"
    for where in (
        *("Query.members", "Query.items", "Query.categories", "Query.places", "Query.parties"),
        *("Query.documents", "Query.stock", "Query.itemCard", "Query.stockSummary", "Query.sales"),
        *("Query.holds", "Query.auditTrail"),
        *("Category.children", "Place.children", "Document.lines"),
    )
)

COMMAND = "commandId"
"""The field of every mutation's input that names the command."""

CLIENT_IDS = {
    "CreateItemInput.id": "Item",
    "SaveItemInput.id": "Item",
    "CreateUnitInput.id": "Unit",
    "CreateCategoryInput.id": "Category",
    "CreatePlaceInput.id": "Place",
    "CreatePartyInput.id": "Party",
    "SavePartyInput.id": "Party",
    "DocumentInput.id": "Document",
    "ReverseDocumentInput.reversalId": "Document",
    "PlaceHoldInput.id": "Hold",
}
"""UUIDs that the client makes: one that a stranger has is as good as any other."""

KEYS = {
    "CreateItemInput.code": "Item",
    "SaveItemInput.code": "Item",
    "UpdateItemInput.code": "Item",
    "BarcodeInput.code": "Barcode",
    "CreateUnitInput.code": "Unit",
    "UpdateUnitInput.code": "Unit",
    "CreateCategoryInput.code": "Category",
    "UpdateCategoryInput.code": "Category",
    "CreatePlaceInput.code": "Place",
    "UpdatePlaceInput.code": "Place",
    "CreatePartyInput.code": "Party",
    "UpdatePartyInput.code": "Party",
    "SavePartyInput.code": "Party",
    "SetMemberInput.email": "Email",
}
"""Unique within a tenant: one that a stranger has is free."""

TEXTS = frozenset(
    {
        *(f"{t}.name" for t in ("SetMemberInput", "CreateItemInput", "UpdateItemInput")),
        *(f"{t}.name" for t in ("SaveItemInput", "CreateUnitInput", "UpdateUnitInput")),
        *(f"{t}.name" for t in ("CreateCategoryInput", "UpdateCategoryInput", "CreatePlaceInput")),
        *(f"{t}.name" for t in ("UpdatePlaceInput", "CreatePartyInput", "UpdatePartyInput")),
        "SavePartyInput.name",
        *(f"{t}ItemInput.mnemonic" for t in ("Create", "Update", "Save")),
        *(
            f"{t}PartyInput.{name}"
            for t in ("Create", "Update", "Save")
            for name in ("mnemonic", "country", "address", "phone", "taxNumber")
        ),
        *("CreatePlaceInput.zone", "UpdatePlaceInput.zone"),
        *("SetMemberInput.roles", "DocumentFilterInput.types", "DocumentInput.type"),
        *(f"UpdateSettingsInput.{n}" for n in ("currency", "accountingZone", "approvalRequired")),
        *(f"DocumentInput.{n}" for n in ("partyName", "address", "country", "reference")),
        *("DocumentInput.remark", "DocumentInput.cause"),
        *(f"DocumentLineInput.{n}" for n in ("description", "cause", "remark")),
        *("ReverseDocumentInput.remark", "PlaceHoldInput.reason"),
        *("ImportInput.csv", "ImportInput.base64", "IndicatorSettingInput.code"),
        "Query.indicators(codes:)",
        *("SwitchModuleInput.name", "ChangeEditionInput.edition"),
        "Subscription.documentEvents(types:)",
    }
)
"""Free text, and words of closed lists that are the same for everybody."""

TYPE_OF = {where: type_ for type_, places in REFERENCES.items() for where in places}


@dataclass(frozen=True, slots=True)
class Spot:
    """One way through the schema to one such place: from a root field, by argument and fields."""

    operation: str
    root: str
    path: tuple[str, ...]
    coordinate: str
    type_: GraphQLInputType

    @property
    def listed(self) -> bool:
        """Whether a list of values belongs here."""
        return "[" in str(self.type_)

    @property
    def mine(self) -> str | None:
        """The type of object that belongs here, `ANY`, or None where no global id does."""
        word = BY_FIELD.get(self.coordinate)
        return self.root.removeprefix(word) if word else TYPE_OF.get(self.coordinate)

    def __str__(self) -> str:
        return f"{self.root}({'.'.join(self.path)})"


def spots(schema: GraphQLSchema) -> list[Spot]:
    """Every way to every ID, UUID and String that a request can carry in an argument of a root
    field."""
    found = []
    for operation, root in (
        ("query", schema.query_type),
        ("mutation", schema.mutation_type),
        ("subscription", schema.subscription_type),
    ):
        for name, field in root.fields.items() if root else ():
            for argument, facts in field.args.items():
                where = f"{root.name if root else ''}.{name}({argument}:)"
                for path, coordinate, type_ in _below((argument,), where, facts.type, ()):
                    found.append(Spot(operation, name, path, coordinate, type_))
    return found


def _below(
    path: tuple[str, ...], coordinate: str, type_: Any, above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    named = get_named_type(type_)
    if not is_input_object_type(named):
        if named.name in ("ID", "UUID", "String"):
            yield path, coordinate, type_
        return
    assert named.name not in above, "an input type within itself needs a bound here"
    if "[" in str(type_):
        path = (*path[:-1], f"{path[-1]}[]")
    for name, field in named.fields.items():
        step = (*path, name)
        yield from _below(step, f"{named.name}.{name}", field.type, (*above, named.name))


def nested(schema: GraphQLSchema) -> set[str]:
    """The arguments of fields that are not roots, where they take an ID, a UUID or a String."""
    roots = {schema.query_type, schema.mutation_type, schema.subscription_type}
    return {
        f"{type_.name}.{name}({argument}:)"
        for type_ in schema.type_map.values()
        if hasattr(type_, "fields") and not is_input_object_type(type_) and type_ not in roots
        if not type_.name.startswith("__")
        for name, field in type_.fields.items()
        for argument, facts in field.args.items()
        if get_named_type(facts.type).name in ("ID", "UUID", "String")
    }


def put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set what stands at a path; objects on the way are made where there are none."""
    step, *rest = path
    name = step.removesuffix("[]")
    if not rest:
        values[name] = value
        return
    below = values.setdefault(name, [{}] if step != name else {})
    put(below[0] if step != name else below, tuple(rest), value)
