"""A load balancer that knows nothing of what it passes on: TCP, in turn, to who takes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count

PIECE = 64 * 1024


class Balancer:
    """Listens on a free port of 127.0.0.1; made by `balancer`."""

    def __init__(self, targets: Sequence[int]) -> None:
        self._targets = list(targets)
        self._turn = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.passed = dict.fromkeys(targets, 0)
        """Connections that each target has taken."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        try:
            found, there = await self._connect()
            await asyncio.wait(
                [
                    asyncio.create_task(_pipe(reader, there)),
                    asyncio.create_task(_pipe(found, writer)),
                ],
                return_when=asyncio.FIRST_COMPLETED,
            )
        except OSError:
            pass  # nobody is there
        finally:
            for each in (writer, there):
                if each is not None:
                    each.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Raises OSError if none of the targets takes it."""
        first = next(self._turn)
        for number in range(len(self._targets)):
            port = self._targets[(first + number) % len(self._targets)]
            with suppress(ConnectionError):
                streams = await asyncio.open_connection("127.0.0.1", port)
                self.passed[port] += 1
                return streams
        raise ConnectionRefusedError


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(PIECE):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def balancer(targets: Sequence[int]) -> AsyncIterator[Balancer]:
    """In front of servers on these ports."""
    made = Balancer(targets)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.aclose()
