"""What planning asks of the database."""
