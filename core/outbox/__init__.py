"""The outbox: what the rest of the world should hear, written with the deed, sent after commit."""

from core.outbox.tables import Event, emit_many

__all__ = ["Event", "emit_many"]
