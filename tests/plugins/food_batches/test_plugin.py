"""The module as the registry sees it, and what a tenant may decide for it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import codes
from core.extension.registry import Plugin, Registry
from plugins.food_batches import gs1, plugin, tables
from plugins.food_batches.rules import intake, life
from plugins.food_batches.rules.records import LicenceKind
from plugins.food_batches.settings import FoodSettings


def test_it_can_be_used() -> None:
    registry = Registry([Plugin(plugin.manifest, plugin)])
    assert [component.label for component in registry.components] == ["core", "food_batches"]
    script = registry.components[1].script()
    assert [step.revision for step in script.walk_revisions()] == ["food_batches_0001"]


def test_its_tables_are_its_own() -> None:
    declared = plugin.manifest.tables
    assert declared is not None
    assert all(name.startswith("food_batches_") for name in declared.metadata.tables)
    assert all(reads.by in reads.table.c for reads in plugin.posting_reads())


def test_refusals_for_constraints_are_published_and_declared() -> None:
    names = {
        constraint.name
        for table in tables.tables.metadata.tables.values()
        for constraint in table.constraints
    }
    for constraint, code in plugin.manifest.refusals.items():
        assert constraint in names
        assert code in codes()


def test_its_refusals_are_told_in_both_languages() -> None:
    ours = {code: told for code, told in codes().items() if code.startswith("FOOD_BATCHES_")}
    assert {gs1.CONFLICT, intake.NO_LICENCE} <= ours.keys()
    for code, told in ours.items():
        fields = {language: set(_fields(sentence)) for language, sentence in told.items()}
        assert fields["en"] == fields["zh"], code


def _fields(sentence: str) -> list[str]:
    return [part.partition("}")[0] for part in sentence.split("{")[1:]]


def test_settings_survive_being_stored() -> None:
    before = FoodSettings(licence_kinds=(LicenceKind.BUSINESS,), record_months=12)
    assert FoodSettings.model_validate_json(before.model_dump_json()) == before
    assert FoodSettings().near_levels == life.NEAR_LEVELS


@pytest.mark.parametrize(
    "told",
    [
        {"near_levels": [{"shelf_life_at_least": -1, "days": 3}]},
        {"near_levels": [{"shelf_life_at_least": 1, "days": -3}]},
        {
            "near_levels": [
                {"shelf_life_at_least": 1, "days": 3},
                {"shelf_life_at_least": 1, "days": 4},
            ]
        },
        {"markdowns": [{"left": 101, "percent": "10"}]},
        {"markdowns": [{"left": 10, "percent": "100.5"}]},
        {"licence_policy": "maybe"},
        {"licence_kinds": []},
        {"record_months": 5},
        {"record_months_without_expiry": 23},
        {"moon": "full"},
    ],
)
def test_settings_that_make_no_sense(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FoodSettings.model_validate(told)
