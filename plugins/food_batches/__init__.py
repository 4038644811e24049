"""Batches, expiry, FEFO and recall for whoever sells food: found by its entry point, never imported."""
