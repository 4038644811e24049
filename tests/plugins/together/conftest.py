"""Tenants with sets of modules on, whose books and modules' rows must tally when the test is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.extension.registry import Registry
from schema.compose import ComposedSchema, composed_schema
from tests.plugins.together.sets import all_installed


@pytest.fixture(scope="module")
def installed() -> Iterator[Registry]:
    with all_installed() as registry:
        yield registry


@pytest.fixture(scope="module")
def schema(installed: Registry) -> ComposedSchema:
    return composed_schema(installed)
