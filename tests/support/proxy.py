"""A network between a node and a server that can be cut and stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PIECE = 64 * 1024


class Proxy:
    """Passes TCP connections on to a port of 127.0.0.1, until it is told otherwise."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.whole = True
        self.port = 0

    @property
    def url(self) -> str:
        """For a Redis behind it."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End what is there; new connections are ended at once."""
        self.whole = False
        self.reset()

    def heal(self) -> None:
        self.whole = True
        self.go_on()

    def reset(self) -> None:
        """End what is there, once."""
        for writer in self._writers:
            writer.transport.abort()

    def hold(self) -> None:
        """Connections stay, and nothing passes."""
        self._flows.clear()

    def go_on(self) -> None:
        self._flows.set()

    async def aclose(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            if self.whole:
                theirs, ours = await asyncio.open_connection("127.0.0.1", self._target)
                ends.append(ours)
                self._writers.add(ours)
                await asyncio.gather(self._pass(reader, ours), self._pass(theirs, writer))
        except OSError:
            pass  # either side has ended
        finally:
            for end in ends:
                self._writers.discard(end)
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        while data := await reader.read(PIECE):
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    between = Proxy(target)
    await between.start()
    try:
        yield between
    finally:
        await between.aclose()
