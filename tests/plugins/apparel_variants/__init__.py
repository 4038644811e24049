"""Tests of apparel variants."""
