"""What recipes ask of the database."""
