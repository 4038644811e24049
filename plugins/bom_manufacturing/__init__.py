"""Bills of material, the figures of orders, and planning."""
