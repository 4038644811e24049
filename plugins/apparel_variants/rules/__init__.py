"""What holds of apparel, without I/O."""
