"""The second pass: master data and documents through GraphQL.

All ids are made from what stands in the file, so whatever was sent before is answered as it was then:
a replay can be stopped, resumed and run twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID, uuid5

from examples import _retail_file as retail
from examples._graphql import Client, checked
from examples._retail_file import Document, Kind, Line
from examples._retail_sums import Sums

_IDS = UUID("0b7c3a1e-9a1b-5d0e-8f52-6d6f6e6c7265")
"""The name space of the ids that are made here."""

_LINES_AT_ONCE = 1500
_BULK = 1000
"""Lines of documents in one bulk, and records of master data."""

_SETTINGS = """
mutation Settings($input: UpdateSettingsInput!) {
  updateSettings(input: $input) { errors { code message } }
}"""
_PLACE = """query Warehouse { place(code: "MAIN") { id } }"""
_ITEMS = """
mutation Items($input: SaveItemsInput!) {
  saveItems(input: $input) {
    errors { code message }
    verdicts { item { id code } errors { code message } }
  }
}"""
_PARTIES = """
mutation Parties($input: SavePartiesInput!) {
  saveParties(input: $input) {
    errors { code message }
    verdicts { party { id code } errors { code message } }
  }
}"""
_POST = """
mutation Post($input: PostDocumentsInput!) {
  postDocuments(input: $input) {
    errors { code message }
    verdicts { errors { code message } }
  }
}"""

Input = dict[str, Any]
Progress = Callable[[int], None]


def made_id(*what: str) -> str:
    """The same id for the same words, in every run."""
    return str(uuid5(_IDS, "/".join(what)))


@dataclass(frozen=True, slots=True)
class Books:
    """The global ids that documents name."""

    place: str
    items: dict[str, str]
    parties: dict[str, str]

    def document(self, found: Document) -> Input:
        """An invoice, or its part, as the API takes it."""
        head = found.lines[0]
        content: Input = {
            "type": str(found.kind),
            "id": made_id("document", found.key),
            "businessDate": head.day.isoformat(),
            "placeId": self.place,
            "reference": found.invoice,
            "lines": [self._line(found.kind, line) for line in found.lines],
        }
        if found.kind is not Kind.LOSS:
            content |= {"partyId": self.parties.get(head.customer), "country": head.country}
        return {"commandId": made_id("post", found.key), "document": content}

    def _line(self, kind: Kind, line: Line) -> Input:
        content: Input = {
            "itemId": self.items[line.code],
            "quantity": str(abs(line.quantity)),
            "description": line.description or None,
        }
        if kind is not Kind.LOSS:
            content["unitPrice"] = str(line.unit_price)
        return content


async def open_books(api: Client, sums: Sums) -> Books:
    """Settings, items and customers. Settings come first: they are fixed once something is posted."""
    changes = {
        "currency": "GBP",
        "amountDp": sums.decimals,  # so that quantity times price is never rounded
        "accountingZone": "Europe/London",
        "codesCaseSensitive": True,  # the file has 85123A and 85123a, M and m
    }
    command = made_id("settings", str(sums.decimals))
    answer = await api.run(_SETTINGS, input={"commandId": command, **changes})
    checked(answer["updateSettings"])
    place = (await api.run(_PLACE))["place"]["id"]
    return Books(place, await _save_items(api, sums), await _save_parties(api, sums))


async def _save_items(api: Client, sums: Sums) -> dict[str, str]:
    wanted = []
    for code, found in sums.codes.items():
        kind = "SERVICE" if retail.is_service(code) else "STOCKED"
        name = found.description or code
        command = made_id("item", code, kind, name)
        wanted.append({"commandId": command, "code": code, "name": name, "kind": kind})
    return await _save(api, _ITEMS, "items", "item", wanted)


async def _save_parties(api: Client, sums: Sums) -> dict[str, str]:
    wanted = []
    for code, country in sums.customers.items():
        if code:
            content = {"code": code, "name": f"Customer {code}", "country": country}
            command = made_id("party", *content.values())
            wanted.append({"commandId": command, **content, "isCustomer": True})
    return await _save(api, _PARTIES, "parties", "party", wanted)


async def _save(
    api: Client, mutation: str, many: str, one: str, wanted: list[Input]
) -> dict[str, str]:
    ids: dict[str, str] = {}
    for start in range(0, len(wanted), _BULK):
        answer = await api.run(mutation, input={many: wanted[start : start + _BULK]})
        (payload,) = answer.values()
        for verdict in checked(payload)["verdicts"]:
            saved = checked(verdict)[one]
            ids[saved["code"]] = saved["id"]
    return ids


async def post_opening(api: Client, books: Books, sums: Sums) -> None:
    """Opening stock of every code that would run short without."""
    lines = [
        {
            "itemId": books.items[code],
            "quantity": str(found.needed),
            "unitPrice": str(found.cost(sums.decimals)),
        }
        for code, found in sums.codes.items()
        if found.needed and not retail.is_service(code)
    ]
    for start in range(0, len(lines), retail.MAX_LINES):
        content = {
            "type": "opening",
            "id": made_id("opening", str(start)),
            "businessDate": sums.opening_day.isoformat(),
            "placeId": books.place,
            "lines": lines[start : start + retail.MAX_LINES],
        }
        await _post(
            api, [{"commandId": made_id("post", "opening", str(start)), "document": content}]
        )


async def post_lines(
    api: Client, books: Books, lines: Iterable[Line], *, at_once: int, progress: Progress
) -> None:
    """Every document of the file, day by day, so that nothing is late news. Within a day up to
    ``at_once`` bulks are on their way together."""
    for _, of_day in groupby(retail.documents(lines), key=lambda found: found.lines[0].day):
        waiting: set[asyncio.Task[None]] = set()
        try:
            for bulk in _bulks(of_day):
                if len(waiting) >= at_once:
                    done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    for task in done:
                        task.result()
                waiting.add(asyncio.create_task(_post_bulk(api, books, bulk, progress)))
            await asyncio.gather(*waiting)
        finally:
            for task in waiting:
                task.cancel()


def _bulks(found: Iterable[Document]) -> Iterator[list[Document]]:
    bulk: list[Document] = []
    size = 0
    for document in found:
        bulk.append(document)
        size += len(document.lines)
        if size >= _LINES_AT_ONCE:
            yield bulk
            bulk, size = [], 0
    if bulk:
        yield bulk


async def _post_bulk(api: Client, books: Books, bulk: list[Document], progress: Progress) -> None:
    await _post(api, [books.document(found) for found in bulk])
    progress(sum(len(found.lines) for found in bulk))


async def _post(api: Client, inputs: list[Input]) -> None:
    answer = await api.run(_POST, input={"documents": inputs})
    for verdict in checked(answer["postDocuments"])["verdicts"]:
        checked(verdict)
