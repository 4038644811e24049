"""What items, categories, units, places and parties have in common: a code, a revision, a mark."""
