"""The complete schema: importing this module declares the tables of every module of core."""

from __future__ import annotations

import importlib
import pkgutil

import core
from core.db.metadata import metadata

for _module in sorted(pkgutil.walk_packages(core.__path__, "core."), key=lambda found: found.name):
    if _module.name.endswith(".tables"):
        importlib.import_module(_module.name)

__all__ = ["metadata"]
