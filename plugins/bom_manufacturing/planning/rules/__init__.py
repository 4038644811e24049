"""Rules of planning. Pure."""
