"""Which process of a server holds the other end of a connection, from what the kernel knows (Linux)."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

_ESTABLISHED = "01"


def workers_by_port(workers: Collection[int]) -> dict[int, int]:
    """Process id by the client's port, of every TCP connection that one of these processes holds."""
    sockets = {inode: worker for worker in workers for inode in _sockets(worker)}
    found = {}
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        columns = row.split()
        remote, state, inode = columns[2], columns[3], columns[9]
        if state == _ESTABLISHED and inode in sockets:
            found[int(remote.rpartition(":")[2], 16)] = sockets[inode]
    return found


def _sockets(process: int) -> list[str]:
    """The inodes of a process's sockets."""
    inodes = []
    for handle in Path(f"/proc/{process}/fd").iterdir():
        try:
            target = os.readlink(handle)
        except FileNotFoundError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            inodes.append(target[8:-1])
    return inodes
