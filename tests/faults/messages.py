"""As much of PostgreSQL's frontend/backend protocol, version 3, as it takes to see a COMMIT pass."""

from __future__ import annotations

from collections.abc import Iterator

_HEAD = 4
"""Bytes of a length, which counts itself; a message's type comes before it, except the first's."""


class Messages:
    """Cuts a stream into messages. ``untyped`` ones come first: a client begins with such a one."""

    def __init__(self, *, untyped: int) -> None:
        self._untyped = untyped
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The messages that are whole now, type and length included."""
        self._rest += data
        while True:
            skip = 0 if self._untyped else 1
            if len(self._rest) < skip + _HEAD:
                return
            size = skip + int.from_bytes(self._rest[skip : skip + _HEAD])
            if len(self._rest) < size:
                return
            message, self._rest = self._rest[:size], self._rest[size:]
            self._untyped = max(self._untyped - 1, 0)
            yield message


class Commits:
    """Watches one connection for the COMMIT of a transaction that writes entries.

    Others commit as well, but no client waits for what they may lose. A COMMIT may come as a query of
    its own, or be parsed, bound and executed, under any name.
    """

    def __init__(self) -> None:
        self._sent = Messages(untyped=1)
        self._heard = Messages(untyped=0)
        self._statements: dict[bytes, bytes] = {}
        self._portals: dict[bytes, bytes] = {}
        self._writes = False

    def sent(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """What the client sent, in order, and of each part whether it is such a COMMIT."""
        before = b""
        for message in self._sent.feed(data):
            statement = self._statement(message)
            commits = statement.startswith(b"commit") and self._writes
            if statement.startswith((b"begin", b"commit", b"rollback")):
                self._writes = False
            self._writes |= b"insert into entry " in statement
            if commits:
                yield from [(before, False), (message, True)]
                before = b""
            else:
                before += message
        yield before, False

    def heard(self, data: bytes) -> bool:
        """Whether the server says here that it has committed."""
        return any(
            message[:1] == b"C" and message[5:].startswith(b"COMMIT")
            for message in list(self._heard.feed(data))
        )

    def _statement(self, message: bytes) -> bytes:
        """The text, in lower case, of what this message makes the server carry out; or nothing."""
        kind, body = message[:1], message[5:]
        if kind == b"Q":
            return body.lower()
        if kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._statements[name] = text.lower()
        elif kind == b"B":
            portal, name, _ = body.split(b"\0", 2)
            self._portals[portal] = self._statements.get(name, b"")
        elif kind == b"E":
            return self._portals.get(body.split(b"\0", 1)[0], b"")
        return b""
