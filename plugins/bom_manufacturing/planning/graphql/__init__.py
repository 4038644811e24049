"""Planning over GraphQL."""
