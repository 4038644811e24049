"""Every mutation, with one wrong value at a time in every place of its input."""

from __future__ import annotations

import json
import re

import pytest

from core.db.database import Database
from core.ledger.verify import verify
from tests.hostile.evidence import Rows, insides, refusals
from tests.hostile.inputs import Mutant, Path, accepted, mutants
from tests.hostile.world import World, command, mutation, mutations
from tests.shop import Json

LANGUAGES = {"en": re.compile(r"[A-Za-z]"), "zh": re.compile(r"[\u4e00-\u9fff]")}
LONGEST_MESSAGE = 700


@pytest.fixture(scope="package")
async def inputs(world: World) -> dict[str, Json]:
    return await accepted(world)


async def test_a_careful_client_is_not_refused(db: Database) -> None:
    # Otherwise every mutant would be refused for the reason that they all share.
    world = await World.open(db)
    inputs = await accepted(world)
    for name in mutations():
        bulk = set(inputs[name]) & {"items", "parties", "documents"}
        input_ = inputs[name] if bulk else command(**inputs[name])
        answer = await world.shop.ask(mutation(name), input=input_)
        assert refusals({"data": answer}, name) == [], name
    assert await verify(db, world.tenant) == []


@pytest.mark.parametrize("name", mutations())
async def test_every_wrong_value_is_refused(
    name: str, untouched: Rows, world: World, stranger: World, inputs: dict[str, Json]
) -> None:
    problems = []
    for number, mutant in enumerate(mutants(name, inputs[name], stranger.of_each_kind())):
        language = ("en", "zh")[number % 2]
        problems += [f"{mutant}: {p}" for p in await _problems(world, name, mutant, language)]
    assert problems == []


async def _problems(world: World, name: str, mutant: Mutant, language: str) -> list[str]:
    """What is wrong with the answer to a mutant."""
    # Lone surrogates travel as escapes, which ``json=`` would refuse to write.
    body = json.dumps({"query": mutation(name), "variables": {"input": mutant.input}})
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    response = await world.shop.client.post("/graphql", content=body, headers=headers)
    if response.status_code >= 500:
        return [f"status {response.status_code}"]
    found = refusals(response.json(), name)
    if not found:
        return ["was accepted"]
    problems = []
    if leaked := insides(response.text):
        problems.append(f"shows {leaked!r}")
    if wrong := {refusal["code"] for refusal in found} - mutant.codes:
        problems.append(f"refused with {wrong}")
    if not any(_leads_to(mutant.path, refusal["path"]) for refusal in found):
        problems.append(f"refused at {[refusal['path'] for refusal in found]}")
    for refusal in found:
        message = refusal["message"]
        if not LANGUAGES[language].search(message) or len(message) > LONGEST_MESSAGE:
            problems.append(f"says {message[:100]!r} in {language}")
    return problems


def _leads_to(expected: Path, path: list[str]) -> bool:
    """Whether the path of a refusal, without what stands before the input, goes the expected way."""
    inner = [part for part in path if part not in ("variables", "input")]
    wanted = list(map(str, expected))
    length = min(len(inner), len(wanted))
    # What is missing, and what nobody declared, is refused at the object around it.
    return length >= min(1, len(wanted) - 1) and inner[:length] == wanted[:length]
