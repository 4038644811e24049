"""What is kept of recalls."""
