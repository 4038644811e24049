"""Ledger scenarios through a real server: what is right agrees, and what was altered is reported."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.db.database import Database
from core.ledger.verify import verify
from core.tenancy.service import list_tenants
from tests.scenarios import ledger
from tests.scenarios.model import load
from tests.scenarios.run import Outcome, Runner, judge
from tests.scenarios.test_runner import FIXTURES, leaves, read

EXAMPLES = Path(__file__).parent / "examples"
LEDGER = [
    path
    for path in [*sorted(FIXTURES.glob("*.yaml")), *sorted(EXAMPLES.glob("*.yaml"))]
    if load(path).kind == "ledger"
]
NAMES = ("item", "loc", "lot", "step", "after")
ALTERED = [
    ("val-fifo-month", path)
    for path in leaves(read("val-fifo-month")["expect"])
    if path[-1] not in NAMES
] + [
    ("val-avg-receive-issue", path)
    for path in leaves(read("val-avg-receive-issue")["expect"]["checkpoints"], ("checkpoints",))
    if path[-1] not in NAMES
]


@pytest.fixture(scope="module")
def run(database_url: str) -> Iterator[Runner]:
    """A server of its own process on the tests' database, started once for this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", database_url)
        with ledger.house() as runner:
            yield runner


@pytest.mark.parametrize("path", LEDGER, ids=lambda path: path.stem)
def test_scenarios_agree(path: Path, run: Runner) -> None:
    verdict = judge(path, run)
    assert (verdict.outcome, verdict.reasons) == (Outcome.AGREE, ())


@pytest.mark.parametrize(
    ("name", "path"), ALTERED, ids=[f"{name}-{'.'.join(map(str, p))}" for name, p in ALTERED]
)
def test_each_alteration_is_reported(
    name: str, path: tuple[Any, ...], run: Runner, tmp_path: Path
) -> None:
    wrong = copy.deepcopy(read(name))
    place = wrong["expect"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += 1
    file = tmp_path / "altered.yaml"
    file.write_text(yaml.safe_dump(wrong), encoding="utf-8")
    verdict = judge(file, run)
    assert verdict.outcome is Outcome.DIFFER
    assert len(verdict.reasons) == 1


def test_refusals_that_do_not_come_or_come_unasked_are_reported(
    run: Runner, tmp_path: Path
) -> None:
    content = read("core-no-negative")
    file = tmp_path / "refusals.yaml"
    file.write_text(yaml.safe_dump({**content, "expect": {"refused": ["s2"]}}), encoding="utf-8")
    verdict = judge(file, run)
    assert verdict.outcome is Outcome.DIFFER
    assert [reason.split(":")[0] for reason in verdict.reasons] == ["s1", "s2", "s3"]


def test_what_is_not_offered_is_not_yet(run: Runner, tmp_path: Path) -> None:
    content = read("core-no-negative")
    file = tmp_path / "later.yaml"
    for change in (
        {"steps": [{"id": "s1", "op": "inspect", "item": "ITEM"}], "expect": {"refused": ["s1"]}},
        {"policy": {"moon": "full"}},
        {"given": {"items": [{"code": "ITEM", "colour": "red"}]}},
    ):
        file.write_text(yaml.safe_dump({**content, **change}), encoding="utf-8")
        assert judge(file, run).outcome is Outcome.NOT_YET


async def test_the_books_of_every_scenario_tally(db: Database) -> None:
    ours = {path.stem for path in LEDGER}
    tenants = [one for one in await list_tenants(db) if one.name.partition(" ")[0] in ours]
    if not tenants:
        pytest.skip("no scenario has run")
    for tenant in tenants:
        assert await verify(db, tenant.id) == [], tenant.name
