"""Recall and trace in GraphQL."""

from __future__ import annotations

from schema.plugin_api import Extension

EXTENSION = Extension()
