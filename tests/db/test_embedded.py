"""The embedded server: shared by processes, and alive again after every way to die."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from core.db import cluster, roles
from core.db.cluster import TEST_TUNE
from core.db.embedded import SUPERUSER, EmbeddedServer, keep_running
from core.errors import Refused
from server.testing.postgres import clear


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder. Not below pytest's own, whose parents are closed to the server's account."""
    path = Path(tempfile.mkdtemp(prefix="tallybook-embedded-"))
    yield path
    if (path / "postgres").exists():
        EmbeddedServer(path).stop()
        shutil.rmtree((path / "postgres").resolve())
    shutil.rmtree(path)


def test_serves_with_roles_passwords_and_chinese(folder: Path) -> None:
    with _server(folder) as server:
        with psycopg.connect(server.url(roles.APP)) as connection:
            assert connection.execute("show statement_timeout").fetchone() == ("30s",)
            assert connection.execute("show data_checksums").fetchone() == ("on",)
        with psycopg.connect(server.url(roles.OWNER)) as connection:
            connection.execute("create extension pg_trgm")
            row = connection.execute("select similarity('进销存', '进销') > 0").fetchone()
            assert row == (True,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(server.url(roles.APP), password="guessed")
    assert stat.S_IMODE((folder / "passwords.json").stat().st_mode) == 0o600


def test_last_user_stops_it(folder: Path) -> None:
    first, second = _open(folder), _open(folder)
    assert not first.close()
    assert _answers(second)
    assert second.close()
    assert not second.cluster.listening()


def test_stays_when_asked_and_stops_when_told(folder: Path) -> None:
    with _server(folder) as server:
        server.stay()
        with pytest.raises(Refused, match="in use by another process"):
            EmbeddedServer(folder).stop()
    assert server.cluster.listening()
    EmbeddedServer(folder).stop()
    assert not server.cluster.listening()


def test_opened_by_several_processes_at_once(folder: Path) -> None:
    users = [_user(folder) for _ in range(3)]
    for user in users:
        assert _reads(user) == "open"
    for user in users:
        assert _reads(user, "leave") in {"stopped", "left"}
    assert [user.wait(timeout=60) for user in users] == [0, 0, 0]
    with _server(folder) as server:
        assert _answers(server)


def test_survives_the_death_of_its_starter(folder: Path) -> None:
    user = _user(folder)
    assert _reads(user) == "open"
    user.kill()
    user.communicate()
    with _server(folder) as server:
        assert _answers(server)
    assert not server.cluster.listening(), "the next user inherits the duty to stop it"


def test_comes_back_with_its_rows_after_kill(folder: Path) -> None:
    with EmbeddedServer(folder) as server:
        with psycopg.connect(server.url(roles.OWNER)) as connection:
            connection.execute("create table kept as select generate_series(1, 1000) as n")
        _kill(server)
        server.ensure()
        with psycopg.connect(server.url(roles.OWNER)) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (1000,)


def test_comes_back_although_a_query_was_running(folder: Path) -> None:
    with _server(folder) as server:
        busy = psycopg.connect(server.url(SUPERUSER))
        busy.execute("set statement_timeout = 0")
        busy.pgconn.send_query(b"select count(*) from generate_series(1, 1000000000)")
        time.sleep(0.2)
        _kill(server)
        server.ensure()
        assert _answers(server)
        busy.close()


async def test_watchdog_brings_it_back(folder: Path) -> None:
    with _server(folder) as server:
        watchdog = asyncio.create_task(keep_running(server))
        _kill(server)
        for _ in range(100):
            await asyncio.sleep(0.1)
            if await asyncio.to_thread(_answers, server):
                break
        else:
            pytest.fail("the server did not come back")
        watchdog.cancel()


def test_process_id_of_a_stranger_is_not_believed(folder: Path) -> None:
    with _server(folder) as server:
        _kill(server)
        lock = server.cluster.data / "postmaster.pid"
        text = lock.read_text().splitlines(keepends=True)
        lock.write_text("".join([f"{os.getpid()}\n", *text[1:]]))
        server.ensure()
        assert _answers(server)


def test_half_written_process_id_is_not_believed(folder: Path) -> None:
    with _server(folder) as server:
        _kill(server)
        (server.cluster.data / "postmaster.pid").write_text("")
        server.ensure()
        assert _answers(server)


def test_start_cut_off_in_the_middle_is_made_anew(folder: Path) -> None:
    half = folder / "postgres" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    if account := cluster.server_account():
        os.chown(half.parent, account.pw_uid, account.pw_gid)
        folder.chmod(0o755)
    with _server(folder) as server:
        assert _answers(server)


def test_folder_with_a_long_name_and_spaces(folder: Path) -> None:
    deep = folder / "a folder 进销存" / ("x" * 60)
    deep.mkdir(parents=True)
    if cluster.server_account():
        folder.chmod(0o755)
    with _server(deep) as server:
        assert _answers(server)
        assert not server.cluster.socket.is_relative_to(folder)
    shutil.rmtree(server.cluster.socket)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the account")
def test_folder_below_a_closed_one(folder: Path) -> None:
    (folder / "of another program").touch()
    closed = folder / "closed"
    closed.mkdir()
    with _server(closed) as server:
        assert _answers(server)
        assert not server.cluster.home.is_relative_to(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700, "a folder of others is never opened"
    shutil.rmtree(server.cluster.home)
    with pytest.raises(Refused, match="now missing"):
        _open(closed)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change the account")
def test_binaries_that_the_account_cannot_reach_are_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = cluster.Cluster._works
    monkeypatch.setattr(
        cluster.Cluster,
        "_works",
        lambda self, binaries: binaries.is_relative_to(self.home) and works(self, binaries),
    )
    with _server(folder) as server:
        assert _answers(server)
        assert server.cluster.bin.is_relative_to(server.cluster.home)


def _open(folder: Path) -> EmbeddedServer:
    return EmbeddedServer(folder, tune=TEST_TUNE).open()


@contextmanager
def _server(folder: Path) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(folder, tune=TEST_TUNE) as server:
        yield server


def _kill(server: EmbeddedServer) -> None:
    pid = server.cluster.postmaster()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while server.cluster.listening():
        time.sleep(0.01)


def _answers(server: EmbeddedServer) -> bool:
    try:
        with psycopg.connect(server.url(roles.APP)) as connection:
            return connection.execute("select current_user").fetchone() == (roles.APP,)
    except psycopg.OperationalError:
        return False


def _user(folder: Path) -> subprocess.Popen[str]:
    """Another process that opens the server, says so, and leaves when it is told to."""
    program = (
        "from pathlib import Path; import sys\n"
        "from core.db.cluster import TEST_TUNE; from core.db.embedded import EmbeddedServer\n"
        "server = EmbeddedServer(Path(sys.argv[1]), tune=TEST_TUNE).open()\n"
        "print('open', flush=True); input()\n"
        "print('stopped' if server.close() else 'left', flush=True)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _reads(user: subprocess.Popen[str], order: str | None = None) -> str:
    assert user.stdin is not None
    assert user.stdout is not None
    if order:
        user.stdin.write(f"{order}\n")
        user.stdin.flush()
    answer = user.stdout.readline().strip()
    if order:
        user.stdin.close()
        user.stdout.close()
    return answer


def test_a_half_removed_server_keeps_no_run_from_starting(folder: Path) -> None:
    left = EmbeddedServer(folder, tune=TEST_TUNE).open()
    left.close()
    for name in ("global", "pg_wal"):
        shutil.rmtree(left.cluster.data / name)
    clear(folder)
    assert not folder.exists()
    folder.mkdir()  # for who tidies up after the test
