"""What a connection leaves behind: nothing, and without the collector of cycles."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from collab.admission.connections import Seat
from collab.protocol.hocuspocus import Token, encode, encode_control, prefix_of, split
from collab.protocol.messages import SyncStep1, Update
from collab.room.outbox import Outbox
from collab.room.present import Claimant
from collab.room.session import Session
from collab.transport.direct import DirectChannel
from collab.transport.direct_socket import DirectSocket
from collab.transport.hocuspocus import _Connection
from collab.transport.hocuspocus_document import Line
from collab.transport.hocuspocus_session import DocumentChannel
from collab.transport.uvicorn_intake import MeteredWebSocketProtocol
from tests.support.peer import peer
from tests.transport.test_uvicorn import serving

OF_ONE = (
    Session, Outbox, Claimant, DirectChannel, DirectSocket, MeteredWebSocketProtocol, Seat,
    _Connection, Line, DocumentChannel,
)  # fmt: skip
STEP_1 = SyncStep1(b"\0")


def of_connections() -> list[object]:
    # By their type: `isinstance` asks a weak proxy for what may be gone.
    return [o for o in gc.get_objects() if issubclass(type(o), OF_ONE)]


class Place:
    """A server, and the objects of connections that were not there before it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._before = of_connections()  # held, so that no other has the id of one

    def census(self) -> Counter[str]:
        before = {id(o) for o in self._before}
        return Counter(type(o).__name__ for o in of_connections() if id(o) not in before)

    async def empty(self) -> None:
        """Wait until nothing of any connection is there."""
        try:
            async with asyncio.timeout(10):
                while self.census():  # noqa: ASYNC110 - nothing tells when an object is gone
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"still there: {self.census()}") from None


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with serving(tmp_path) as address:
        gc.disable()
        try:
            yield Place(address)
        finally:
            gc.enable()


async def test_who_leaves_is_gone_at_once(place: Place) -> None:
    async with (
        peer(f"ws://{place.address}/ws", "one") as ann,
        peer(f"ws://{place.address}/ws", "one") as bob,
    ):
        await ann.join()
        await bob.join()
        await ann.type("hello")
        await bob.sees("hello")
        await ann.saved()
        assert place.census()["Session"] == 2
    await place.empty()


async def test_who_is_closed_is_gone_too(place: Place) -> None:
    async with peer(f"ws://{place.address}/ws", "one") as ann:
        await ann.join()
        await ann.send(Update(b"no update"))
        assert await ann.close_code() == 4400
    await place.empty()


async def test_so_is_who_shares_a_connection(place: Place) -> None:
    """Both documents, of which one was closed before the connection was."""
    one, two = prefix_of("one"), prefix_of("two")
    async with connect(f"ws://{place.address}/hocuspocus", compression=None) as socket:
        for prefix in (one, two):
            await socket.send(prefix + encode_control(Token("")))
            await socket.send(prefix + encode(STEP_1))
        opened = set[bytes]()
        while opened != {one, two}:
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            prefix, body = split(frame)
            if body[:2] == b"\0\1":
                opened.add(prefix)
        assert place.census()["Session"] == 2
        await socket.send(one + b"\7")
    await place.empty()
