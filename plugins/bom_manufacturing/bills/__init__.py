"""Bills of material: what goes into a product, by version and day."""
