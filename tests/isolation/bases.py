"""For each root field a request that is in order, into which a probe puts what is not the tenant's."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from core.ids import uuid7
from tests.isolation.coordinates import Spot
from tests.isolation.twins import Twin
from tests.shop import Json

_FRESH = itertools.count(1)

NOT_YET = "2099-12-31"
"""A month that is not over: it cannot be closed, so that probes leave the books open."""


def fresh(kind: str = "fresh") -> str:
    """A code or a word that nobody has."""
    return f"{kind}-{next(_FRESH)}-{uuid7().hex[-8:]}"


def base(spot: Spot, t: Twin) -> Json:
    """The variables of a request for the spot's root field, with nothing of strangers in it."""
    if spot.operation == "query":
        return copy.deepcopy(_queries(t).get(spot.root, {}))
    if spot.root in _BULK:
        name, one = _BULK[spot.root]
        return {"input": {name: [{**_made(one, t), "commandId": str(uuid7())}]}}
    return {"input": {**_made(spot.root, t), "commandId": str(uuid7())}}


_BULK = {
    "saveItems": ("items", "createItem"),
    "saveParties": ("parties", "createParty"),
    "postDocuments": ("documents", "postDocument"),
}


def _queries(t: Twin) -> dict[str, Json]:
    item = t.ids["Item"][0]
    return {
        "node": {"id": item},
        "nodes": {"ids": [item]},
        "barcode": {"code": "x"},
        "availability": {"itemIds": [item]},
        "itemCard": {"itemId": item},
        "costLayers": {"itemId": item},
        "stock": {"filter": {"includeZero": True}},
        "stockSummary": {"since": "2026-01-01", "until": "2026-12-31"},
        "sales": {"groupBy": "ITEM"},
        "indicators": {"since": "2026-01-01", "until": "2026-12-31"},
        "importColumns": {"kind": "ITEM"},
    }


def _made(root: str, t: Twin) -> Json:
    """The input of one mutation, without its command."""
    for verb in ("archive", "restore", "update", "move"):
        type_ = root.removeprefix(verb)
        if type_ != root and type_ in t.ids:
            # Not the first: that one has stock, and controls change what they are let near.
            return {"id": t.ids[type_][-1], "revision": 1, **_changes(root, t)}
    if (root.endswith("Document") and root not in _INPUTS) or root in _STEPS:
        return {"id": t.ids["Document"][-1], "revision": 1}
    return copy.deepcopy(_INPUTS[root](t))


_STEPS = frozenset({"deleteDraft", "postDraft", "closeOrder", "reopenOrder"})


def _changes(root: str, t: Twin) -> Json:
    if root == "movePlace":
        return {"parentId": t.ids["Place"][0]}
    return {"name": "another name"} if root.startswith("update") else {}


def _document(t: Twin) -> Json:
    lines = [{"itemId": t.ids["Item"][0], "quantity": "1", "unitPrice": "1"}]
    place = t.ids["Place"][0]
    return {"type": "receipt", "businessDate": "2026-03-05", "placeId": place, "lines": lines}


_INPUTS: dict[str, Any] = {
    "setMember": lambda t: {"email": f"{fresh()}@example.com", "roles": ["viewer"]},
    "removeMember": lambda t: {"userId": t.ids["User"][0]},
    "updateSettings": lambda t: {"negativeStock": "FORBID"},
    "enableModule": lambda t: {"name": "no_such_module"},
    "disableModule": lambda t: {"name": "no_such_module"},
    "changeEdition": lambda t: {"edition": "standard"},
    "createItem": lambda t: {"code": fresh(), "name": "n"},
    "createUnit": lambda t: {"code": fresh(), "name": "n"},
    "createCategory": lambda t: {"code": fresh(), "name": "n"},
    "createPlace": lambda t: {"code": fresh(), "name": "n", "kind": "WAREHOUSE"},
    "createParty": lambda t: {"code": fresh(), "name": "n", "isSupplier": True},
    "importItems": lambda t: {"csv": f"Code,Name\n{fresh()},n\n"},
    "importParties": lambda t: {"csv": f"Code,Name,Supplier\n{fresh()},n,yes\n"},
    "saveDraft": lambda t: {"document": _document(t)},
    "postDocument": lambda t: {"document": _document(t)},
    "reverseDocument": lambda t: {"id": t.ids["Document"][0]},
    "closePeriod": lambda t: {"through": NOT_YET},
    "reopenPeriod": lambda t: {"through": NOT_YET},
    "placeHold": lambda t: {"itemId": t.ids["Item"][0], "reason": "r"},
    "releaseHold": lambda t: {"id": t.ids["Hold"][0]},
}


def dress(spot: Spot, variables: Json, t: Twin) -> Json:
    """What else must be said where this spot is filled, so that nothing but its value can be wrong."""
    if "input" not in variables:
        return variables
    asked = variables["input"]
    if spot.root in _BULK:
        asked = asked[_BULK[spot.root][0]][0]
    document = asked.get("document", {})
    line = document["lines"][0] if document else {}
    match spot.coordinate:
        case "DocumentInput.toPlaceId" | "DocumentLineInput.toPlaceId":
            document["type"], line["unitPrice"] = "transfer", None
            document["placeId"] = t.ids["Place"][0]
        case "DocumentLineInput.lotCode":
            document["type"] = "scrap"
            line["unitPrice"] = None
        case "ItemUnitInput.unitId":
            asked["units"][0].setdefault("numerator", "7")
        case "BarcodeInput.unitId":
            asked["barcodes"][0]["code"] = "probed"
            asked["units"] = [{"unitId": t.ids["Unit"][0], "numerator": "12"}]
    return variables
