"""Questions to core's tables."""
