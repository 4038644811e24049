"""The pytest plugin of the distribution. Where no fixture is asked for, it costs nothing: what is heavy
is imported by those that need it."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Offer the fixtures where pytest-asyncio can run them."""
    if config.pluginmanager.hasplugin("asyncio"):
        from server.testing import fixtures

        config.pluginmanager.register(fixtures, "tallybook-fixtures")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Remove the databases that killed runs left behind."""
    if not hasattr(session.config, "workerinput"):
        from server.testing.folders import abandoned

        if left := abandoned():
            from server.testing.postgres import clear

            for folder in left:
                clear(folder)
