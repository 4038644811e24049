"""One unit, one number, its whole life."""
