"""A real server in a process of its own."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

READY = "Collab is ready at "
START_SECONDS = 30.0
STOP_SECONDS = 15.0


class ServerProcess:
    """`python -m collab serve` on a data directory, by default on any free port.

    `start` returns once connections are accepted; `restart` takes the same port again.
    `environ` adds settings: `{"COLLAB_LOG_LEVEL": "debug"}`; `module` is run in the place of the
    command. What the server logs is in `log()`, also after its end. As a context manager it kills
    what is still running.
    """

    def __init__(
        self, data_dir: Path, environ: Mapping[str, str] | None = None, module: str = "collab"
    ) -> None:
        self.data_dir = data_dir
        self._module = module
        self._environ = dict(environ or {})
        self._port = 0
        self._process: subprocess.Popen[str] | None = None
        self._log: list[str] = []
        self._output: list[str] = []
        self._readers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        return self.start() if self._process is None else self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def port(self) -> int:
        assert self._port, "the server was never started"
        return self._port

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """What a WebsocketProvider is given: `ws://127.0.0.1:port/ws`."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """What the server wrote to stderr, over all its starts."""
        return "".join(self._log)

    def output(self) -> str:
        """What the server wrote to stdout, over all its starts."""
        return "".join(self._output)

    def start(self) -> Self:
        """Start the process and wait until it accepts connections."""
        assert not self.alive, "the server is running"
        process = subprocess.Popen(
            [sys.executable, "-m", self._module, "serve"],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self._process = process
        lines: queue.Queue[str | None] = queue.Queue()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            _thread(_pass_lines, process.stdout, lines, self._output),
            _thread(_gather, process.stderr, self._log),
        ]
        self._await_ready(lines)
        return self

    def terminate(self, seconds: float = STOP_SECONDS) -> int:
        """SIGTERM, and wait for the drain; returns the exit code."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        return self._ended(process, seconds)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait until the process ends by itself; returns the exit code."""
        return self._ended(self._running(), seconds)

    def kill(self) -> None:
        """SIGKILL, as a crash does it; nothing happens if the process has ended."""
        if self._process is not None:
            self._process.kill()
            self._ended(self._process, STOP_SECONDS)

    def restart(self) -> Self:
        """Start again on the same data and port; ends the process first if it runs."""
        if self.alive:
            self.terminate()
        return self.start()

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "the server is not running"
        return self._process

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("COLLAB_")}
        return {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            "COLLAB_HOST": "127.0.0.1",
            "COLLAB_PORT": str(self._port),
            "COLLAB_DATA_DIR": str(self.data_dir),
            **self._environ,
        }

    def _await_ready(self, lines: queue.Queue[str | None]) -> None:
        try:
            line = lines.get(timeout=START_SECONDS)
        except queue.Empty:
            line = None
        if line is None or not line.startswith(READY):
            self.kill()
            raise RuntimeError(f"the server did not start; it said {line!r} and\n{self.log()}")
        self._port = int(line.strip().rstrip("/").rpartition(":")[2])

    def _ended(self, process: subprocess.Popen[str], seconds: float) -> int:
        code = process.wait(seconds)
        for reader in self._readers:
            reader.join(STOP_SECONDS)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        return code


def _thread(target: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread


def _pass_lines(stream: IO[str], waiting: queue.Queue[str | None], kept: list[str]) -> None:
    for line in stream:
        kept.append(line)
        waiting.put(line)
    waiting.put(None)


def _gather(stream: IO[str], sink: list[str]) -> None:
    sink.extend(stream)
