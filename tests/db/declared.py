"""Every table that is declared: core's, and those of the plugins that are installed."""

from __future__ import annotations

import sqlalchemy as sa

from core.db.schema import metadata
from core.extension.registry import registry

METADATA = [metadata, *(tables.metadata for tables in registry().tables)]
TABLES: dict[str, sa.Table] = {name: t for one in METADATA for name, t in one.tables.items()}
