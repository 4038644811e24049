"""What is decided by figures and letters alone."""
