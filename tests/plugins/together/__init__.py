"""Modules that share one item, by whatever set of them a tenant has on: what they share is core's lot."""
