"""Tenants are kept apart: whatever one sends, it learns and changes nothing of another (G17–G19)."""
