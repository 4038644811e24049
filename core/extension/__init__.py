"""How modules extend the core: manifest, hooks, registry, dispatcher (P1-P5, P7)."""
