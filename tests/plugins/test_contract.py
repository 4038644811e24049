"""Our own plugins keep what we ask of others'."""

from server.testing.contract import *  # noqa: F403 - the tests themselves
from server.testing.contract import pytest_generate_tests as pytest_generate_tests
