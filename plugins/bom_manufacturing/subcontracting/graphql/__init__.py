"""Work at processors over GraphQL."""
