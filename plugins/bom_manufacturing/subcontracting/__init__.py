"""Subcontracting (委外加工): components of ours at a processor's, and goods that he makes of them."""
