"""A server process that can be killed and started again many times a minute."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.server import READY

PATIENCE = 30.0
ROOT = Path(__file__).parents[2]


class KillableServer:
    """`collab serve`, forked by `tests.faults.launcher`; each start takes the same port."""

    def __init__(self, launcher: asyncio.subprocess.Process) -> None:
        self._launcher = launcher
        self._pid = 0
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/ws"

    async def start(self) -> None:
        """Returns once connections are accepted."""
        assert self._launcher.stdin is not None
        self._launcher.stdin.write(f"{self._port}\n".encode())
        # The two lines come from two processes, in either order.
        for _ in range(2):
            line = await self._line()
            if line.startswith("pid "):
                self._pid = int(line.removeprefix("pid "))
            else:
                assert line.startswith(READY), line
                self._port = int(line.rstrip("/").rpartition(":")[2])

    async def kill(self) -> None:
        """SIGKILL; returns once the process is gone."""
        os.kill(self._pid, signal.SIGKILL)
        assert await self._line() == "ended"
        self._pid = 0

    async def aclose(self) -> None:
        assert self._launcher.stdin is not None
        if self._pid:
            await self.kill()
        self._launcher.stdin.close()
        await self._launcher.wait()

    async def _line(self) -> str:
        assert self._launcher.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return (await self._launcher.stdout.readline()).decode().strip()


@asynccontextmanager
async def killable_server(
    data_dir: Path, environ: Mapping[str, str]
) -> AsyncIterator[KillableServer]:
    """Not started yet. `environ` adds settings."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COLLAB_")}
    server = KillableServer(
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.launcher",
            cwd=ROOT,
            env={
                **inherited,
                "COLLAB_HOST": "127.0.0.1",
                "COLLAB_DATA_DIR": str(data_dir),
                "COLLAB_LOG_LEVEL": "error",
                **environ,
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
    )
    try:
        yield server
    finally:
        await server.aclose()
