"""Rules of bills of material. Pure."""
