"""Bills of material over GraphQL."""
