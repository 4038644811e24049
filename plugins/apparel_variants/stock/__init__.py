"""What the module asks of core's books."""
