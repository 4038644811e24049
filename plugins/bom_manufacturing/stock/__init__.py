"""Questions to the tables, and writes."""
