"""Recipes at work: the day is closed, and what was sold takes its ingredients."""
