"""Rules of recipes. Pure."""
