"""The contract suite: ``pytest --pyargs server.testing.contract`` tries every registered plugin.

One test per plugin and promise; ``-k NAME`` tries one plugin alone.
"""

from __future__ import annotations

import pytest

from core.db.database import Database
from core.db.embedded import EmbeddedServer
from core.extension.registry import Plugin, registry
from server.testing import live, switching
from server.testing.promises import PROMISES

in_the_session = pytest.mark.asyncio(loop_scope="session")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test once per plugin; one that cannot be loaded fails here, by name."""
    if "plugin" in metafunc.fixturenames:
        found = [*registry()]
        metafunc.parametrize("plugin", found, ids=[plugin.name for plugin in found])


@pytest.mark.parametrize("promise", PROMISES)
def test_it_promises(plugin: Plugin, promise: str) -> None:
    assert [*PROMISES[promise](plugin)] == []


def test_its_schema_composes_and_is_described(plugin: Plugin) -> None:
    assert switching.composition(plugin) == []


@in_the_session
async def test_it_is_installed_on_a_live_database(
    plugin: Plugin, tallybook_server: EmbeddedServer
) -> None:
    assert await live.migration(tallybook_server, plugin) == []


@in_the_session
async def test_switching_leaves_the_core_alone(
    plugin: Plugin, tallybook_database: Database
) -> None:
    assert await switching.switching(tallybook_database, plugin) == []


@in_the_session
async def test_its_settings_are_taken_as_they_are_shown(
    plugin: Plugin, tallybook_database: Database
) -> None:
    assert await switching.deciding(tallybook_database, plugin) == []


@in_the_session
async def test_its_subscriptions_listen_and_let_go(
    plugin: Plugin, tallybook_database: Database
) -> None:
    assert await switching.listening(tallybook_database, plugin) == []


@in_the_session
async def test_an_ordinary_day(plugin: Plugin, tallybook_database: Database) -> None:
    assert await switching.ordinary_day(tallybook_database, plugin) == []
