"""The outbox: what the rest of the world should hear, written with the deed, sent after commit."""

from core.outbox.hub import Heard, Hub, Listener
from core.outbox.tables import Event, emit_many

__all__ = ["Event", "Heard", "Hub", "Listener", "emit_many"]
