"""Planning (MRP): what it is told, its runs, and orders made of what they suggest."""
