"""pycrdt-websocket with its SQLite store, under uvicorn on uvloop.

    python -m benchmarks.pycrdt_server FOLDER

Run by `benchmarks.servers`, with the package in the path.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress
from typing import Any

import uvicorn
import uvloop
from pycrdt.store import SQLiteYStore, YDocNotFound  # type: ignore[import-not-found]
from pycrdt.websocket import (  # type: ignore[import-not-found]
    ASGIServer,
    WebsocketServer,
    YRoom,
    exception_logger,
)


def rooms(folder: str) -> Any:
    """The server's class, which keeps its rooms in a database in the folder."""

    opening = asyncio.Lock()

    class Store(SQLiteYStore):  # type: ignore[misc, unused-ignore]
        db_path = f"{folder}/ystore.db"

    class Rooms(WebsocketServer):  # type: ignore[misc, unused-ignore]
        async def get_room(self, name: str) -> Any:
            # One at a time: two first peers of a room would wait for each other for ever.
            async with opening:
                room = self.rooms.get(name)
                if room is None:
                    store = Store(name)
                    room = self.rooms[name] = YRoom(ready=False, ystore=store)
                    await self.start_room(room)
                    await store.started.wait()
                    with suppress(YDocNotFound):
                        await store.apply_updates(room.ydoc)
                    room.ready = True
                return room

    return Rooms(exception_handler=exception_logger)


async def main(folder: str) -> None:
    bound = socket.create_server(("127.0.0.1", 0), backlog=2048)
    async with rooms(folder) as server:
        config = uvicorn.Config(
            ASGIServer(server), ws="websockets-sansio", log_level="warning", lifespan="off"
        )
        sys.stdout.write(
            f"pycrdt-websocket is ready at http://127.0.0.1:{bound.getsockname()[1]}/\n"
        )
        sys.stdout.flush()
        await uvicorn.Server(config).serve(sockets=[bound])


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
