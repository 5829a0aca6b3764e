"""The processes of `collab serve --workers N`, and the one that looks after them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import SystemRandom
from typing import Final

from collab.backoff import Backoff
from collab.clock import SystemClock
from collab.listening import BACKLOG, listen, url_of
from collab.place import argument_for
from collab.settings import Settings
from collab.supervisor import FIRST_PAUSE, LONGEST_PAUSE, Supervisor

END_SECONDS: Final = 10.0
"""What a process gets beside its drain to end by itself."""


def supervise(settings: Settings, ready: Callable[[str], None]) -> int:
    """Run `settings.workers` processes until a signal; the exit code. `ready` is called with the
    URL once all of them accept connections. Raises ConfigError."""
    bound = listen(settings.host, settings.port)
    with bound:
        bound.listen(BACKLOG)
        return asyncio.run(_supervise(settings, bound, ready))


async def _supervise(settings: Settings, bound: socket.socket, ready: Callable[[str], None]) -> int:
    reaper = Reaper()
    url = url_of(bound, settings.host)
    supervisor = Supervisor(
        settings.workers,
        lambda number, restarts: ServingProcess(settings, bound, number, restarts, reaper),
        lambda: ready(url),
        SystemClock(),
        Backoff(FIRST_PAUSE, LONGEST_PAUSE, SystemRandom()),
        settings.drain_seconds + END_SECONDS,
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, supervisor.stop)
    loop.add_signal_handler(signal.SIGCHLD, reaper.reap)
    return await supervisor.run()


class Reaper:
    """Takes note of every child that ends. As process 1 of a container we get those too whose
    own parent is gone, and they stay for ever unless somebody does."""

    def __init__(self) -> None:
        self._awaited: dict[int, asyncio.Future[int]] = {}

    def ended(self, pid: int) -> asyncio.Future[int]:
        """To be asked for in the step that started it."""
        return self._awaited.setdefault(pid, asyncio.get_running_loop().create_future())

    def reap(self) -> None:
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = found
                if (awaited := self._awaited.pop(pid, None)) is not None:
                    awaited.set_result(os.waitstatus_to_exitcode(status))


class ServingProcess:
    """`collab serve` in a fresh interpreter, on a socket that is there already."""

    def __init__(
        self,
        settings: Settings,
        bound: socket.socket,
        number: int,
        restarts: int,
        reaper: Reaper,
    ) -> None:
        self._line, line = socket.socketpair()
        self._line.setblocking(False)
        modules = os.pathsep.join(str(Path(path).absolute()) for path in sys.path)  # as for us
        arguments = {
            "--host": settings.host,
            "--port": bound.getsockname()[1],
            "--workers": settings.workers,
            "--place": argument_for(bound, number, restarts),
        }
        flat = [str(part) for pair in arguments.items() for part in pair]
        with line:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "collab", "serve", *flat],
                stdin=line.fileno(),
                pass_fds=[bound.fileno()],
                # Ctrl-C is for us, who tell them: twice would be to end at once.
                process_group=0,
                env={**os.environ, "PYTHONPATH": modules},
            )
        self._ended: asyncio.Future[int] = reaper.ended(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ready(self) -> bool:
        try:
            return bool(await asyncio.get_running_loop().sock_recv(self._line, 1))
        except OSError:
            return False

    async def ended(self) -> int:
        code = await self._ended
        self._process.returncode = code  # or it would be waited for once more
        self._line.close()
        return code

    def send(self, number: signal.Signals) -> None:
        if not self._ended.done():
            os.kill(self._process.pid, number)
