"""What the module adds to GraphQL: each file declares its part, gathered here."""

from __future__ import annotations

from schema.plugin_api import Extension

EXTENSION = Extension()
