"""Recipes over GraphQL."""
