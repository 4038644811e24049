"""Bills of material, orders and planning."""
