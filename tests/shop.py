"""The shop that tests speak to (:mod:`server.testing.shop`)."""

from server.testing.shop import POST, Json, Shop, line, with_modules

__all__ = ["POST", "Json", "Shop", "line", "with_modules"]
