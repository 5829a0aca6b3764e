"""One child process of the worker pool, seen from the server: start, exchange, stop."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from collab.crdt.frames import (
    EXIT_OUT_OF_MEMORY,
    HEAD_BYTES,
    LENGTH_BYTES,
    READY,
    Frame,
    FrameError,
    in_chunks,
    pack_head,
    unpack_head,
    unpack_lengths,
)
from collab.errors import WorkerDied

_CHUNK = 256 * 1024
"""Bytes handed to the pipe, and taken from it, at a time: the event loop goes on between."""

_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL", "TMPDIR")
"""What a child gets of our environment: it reads untrusted bytes and needs no secrets."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What a child process may take.

    `seconds`: wall time of one request. `memory`: bytes of address space over those of the
    empty process. `requests`: after how many it is replaced, since a long life fragments
    memory. `start_seconds`, `stop_seconds`: to get ready, and to end by itself.
    """

    seconds: float = 60.0
    memory: int = 1024 * 1024 * 1024
    requests: int = 1000
    start_seconds: float = 30.0
    stop_seconds: float = 2.0


class WorkerProcess:
    """A running child. One exchange at a time; after a failed one it can only be stopped."""

    def __init__(self, process: Process, limits: WorkerLimits) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._limits = limits
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._served = 0

    @classmethod
    async def start(cls, module: str, limits: WorkerLimits) -> WorkerProcess:
        """Run `module` in a fresh interpreter until it is ready.

        Raises WorkerDied if it ends, or takes too long, before that.
        """
        arguments = (os.getpid(), limits.memory, math.ceil(limits.seconds))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            module,
            *map(str, arguments),
            stdin=PIPE,
            stdout=PIPE,
            limit=_CHUNK,
            env=_environment(),
        )
        child = cls(process, limits)
        try:
            await child._become_ready()
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def died(self) -> bool:
        """Whether it ended by itself, as far as we know."""
        return self._process.returncode is not None or self._stdout.at_eof()

    @property
    def usable(self) -> bool:
        """Whether it is alive, as far as we know, and young enough for another request."""
        return not self.died and self._served < self._limits.requests

    async def exchange(self, parts: Sequence[bytes]) -> tuple[bytes, ...]:
        """Send a request and wait for its answer. Raises WorkerDied."""
        self._served += 1
        try:
            async with asyncio.timeout(self._limits.seconds):
                await self._send(self._served, parts)
                answer = await self._receive()
        except TimeoutError:
            limit = self._limits.seconds
            raise WorkerDied(f"the document worker took longer than {limit:g} s") from None
        except (asyncio.IncompleteReadError, OSError, FrameError):
            raise WorkerDied(f"the document worker died: {await self._fall()}") from None
        if answer.number != self._served or not answer.parts:
            raise WorkerDied("the document worker answered something else")
        return answer.parts

    async def stop(self) -> None:
        """Let an idle child end by itself, kill it if it does not, and wait for it."""
        self._stdin.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            async with asyncio.timeout(self._limits.stop_seconds):
                await self._ended()
        except TimeoutError:
            pass
        finally:
            await self.kill()

    async def kill(self) -> str:
        """Kill it if it still runs, wait for it, and say how it ended."""
        with contextlib.suppress(ProcessLookupError):
            if self._process.returncode is None:
                self._process.kill()
        self._stdin.close()
        await self._ended()
        return _how_it_ended(self._process.returncode)

    async def _fall(self) -> str:
        """Say how a child ended whose pipe broke. It is given a moment to do so by itself, as
        killing it would hide why it fell."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.stop_seconds):
                await self._ended()
        return await self.kill()

    async def _become_ready(self) -> None:
        try:
            async with asyncio.timeout(self._limits.start_seconds):
                hello = await self._receive()
        except TimeoutError:
            limit = self._limits.start_seconds
            raise WorkerDied(f"a document worker was not ready within {limit:g} s") from None
        except (asyncio.IncompleteReadError, OSError, FrameError):
            raise WorkerDied(f"a document worker died at start: {await self._fall()}") from None
        if hello != Frame(READY, ()):
            raise WorkerDied("a document worker started with something else than a greeting")

    async def _send(self, number: int, parts: Sequence[bytes]) -> None:
        for chunk in in_chunks([pack_head(number, parts), *parts], _CHUNK):
            self._stdin.write(chunk)
            await self._stdin.drain()

    async def _receive(self) -> Frame:
        number, count = unpack_head(await self._stdout.readexactly(HEAD_BYTES))
        lengths = unpack_lengths(await self._stdout.readexactly(count * LENGTH_BYTES))
        return Frame(number, tuple([await self._receive_part(n) for n in lengths]))

    async def _receive_part(self, length: int) -> bytes:
        """Chunk by chunk: to copy megabytes in one piece would hold the event loop for as many
        milliseconds, which `getvalue` does not."""
        if length <= _CHUNK:
            return await self._stdout.readexactly(length)
        part = BytesIO()
        while missing := length - part.tell():
            part.write(await self._stdout.readexactly(min(missing, _CHUNK)))
        return part.getvalue()

    async def _ended(self) -> None:
        """Wait until the process is gone and its pipes are closed."""
        while await self._stdout.read(_CHUNK):
            pass
        await self._process.wait()


def _environment() -> dict[str, str]:
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    modules = os.pathsep.join(str(Path(path).absolute()) for path in sys.path)  # as for us
    # One arena: the limit counts address space, and each arena reserves 64 MiB of it.
    return passed | {"PYTHONPATH": modules, "MALLOC_ARENA_MAX": "1"}


def _how_it_ended(status: int | None) -> str:
    assert status is not None
    if status == EXIT_OUT_OF_MEMORY:
        return "out of memory"
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
