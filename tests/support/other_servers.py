"""The application under ASGI servers that are not ours."""

from __future__ import annotations

import queue
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.support.server import START_SECONDS, ServerProcess

APP: Final = "collab.app:from_environment"
COMMANDS: Final = {
    "granian": ("granian", "--interface", "asgi", "--factory", APP, "--port"),
    "hypercorn": ("hypercorn", f"{APP}()", "--graceful-timeout", "1", "--bind"),
    "uvicorn": ("uvicorn", "--factory", APP, "--ws", "websockets-sansio", "--port"),
}
"""What comes last is the port, or the address with it."""


class OtherServer(ServerProcess):
    """One of COMMANDS."""

    group = True

    def __init__(self, name: str, data_dir: Path, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(data_dir, environ)
        self.name = name
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]

    def _command(self) -> list[str]:
        command = COMMANDS[self.name]
        address = f"127.0.0.1:{self._port}" if command[-1] == "--bind" else str(self._port)
        return [sys.executable, "-m", *command, address]

    def _await_ready(self, lines: queue.Queue[str | None]) -> None:
        until = time.monotonic() + START_SECONDS
        while self.alive and time.monotonic() < until:
            try:
                with socket.create_connection(("127.0.0.1", self._port), 1):
                    return
            except OSError:
                time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"{self.name} did not start:\n{self.log()}")
