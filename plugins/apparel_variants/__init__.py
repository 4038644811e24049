"""Styles in colours and sizes: found by its entry point, never imported."""
