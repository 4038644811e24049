"""A server that does nothing: what the load generator could do if the product cost no time at all.

``python -m benchmarks.ceiling`` answers every request with the same small JSON.
"""

from __future__ import annotations

import asyncio
from typing import cast

import uvloop

_BODY = b'{"data":{"postDocument":{"document":{"id":"%b","number":"SI-1"},"errors":[]}}}' % (
    b"x" * 64
)
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)


class Echo(asyncio.Protocol):
    """Counts the bytes of a request, and answers."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(self._buffer) >= end + 4 + length:
            self._buffer.clear()
            self._transport.write(_ANSWER)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
