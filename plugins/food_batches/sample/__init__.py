"""Samples of batches that are kept aside (留样)."""
