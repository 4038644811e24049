"""The tables of this module, which its rooms declare: each is a tenant's, and leads to core, never back."""

from __future__ import annotations

from core.plugin_api import Tables

tables = Tables("bom_manufacturing")
