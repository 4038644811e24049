"""The crowd itself: who met one process only proves nothing about two."""

from __future__ import annotations

import socket
import subprocess
import sys
from itertools import pairwise

import pytest

from core.db.database import Database
from tests.races.crowd import Crowd
from tests.races.sockets import workers_by_port
from tests.serving import RunningServer

NOTHING = "{ __typename }"


async def test_neighbours_talk_to_different_processes(
    served: RunningServer, books: Database
) -> None:
    crowd = await Crowd.open(served, books, 8)
    for client in crowd.clients:
        await client.ask(NOTHING)
    met = [worker for client in crowd.clients for worker in client.answers]
    assert set(met) == set(served.workers())
    assert all(one != other for one, other in pairwise(met))
    await crowd.hang_up()
    await crowd.finish()


async def test_a_crowd_that_met_one_process_fails(served: RunningServer, books: Database) -> None:
    crowd = await Crowd.open(served, books, 8)
    for client in crowd.clients[::2]:
        await client.ask(NOTHING)
    await crowd.hang_up()
    with pytest.raises(AssertionError, match="one process"):
        await crowd.finish()


def test_the_process_behind_a_connection_is_found() -> None:
    """A stranger with a listening socket, and two connections to it of which it took one."""
    program = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        " print(s.getsockname()[1], flush=True); c = s.accept(); print(flush=True);"
        " sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as stranger:
        assert stranger.stdout is not None
        port = int(stranger.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as taken:
            stranger.stdout.readline()
            with socket.create_connection(("127.0.0.1", port)):
                assert workers_by_port([stranger.pid]) == {taken.getsockname()[1]: stranger.pid}
        stranger.communicate("")
