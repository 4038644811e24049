"""The directory above tenants: the one door to the global tables."""
