"""How connections end under other servers: a reader that stops, a server that stops."""

from __future__ import annotations

import asyncio
import os

import pycrdt

from collab.protocol.awareness import AwarenessEntry
from collab.protocol.close import CloseCode
from collab.protocol.messages import AwarenessUpdate, QueryAwareness, Update
from tests.support.other_servers import OtherServer
from tests.support.peer import SocketPeer, peer
from tests.support.stalling import StallingPeer

PIECE = 30 * 1024
PARTING = {"granian": None, "hypercorn": 1011, "uvicorn": CloseCode.RESTART}
"""What a peer is closed with when its server stops."""


async def write_much(ann: SocketPeer, pieces: int = 130) -> None:
    """60 KB a piece, which replaces the one before: 8 MB are more than both sides' networks
    hold."""
    board = ann.doc.get("board", type=pycrdt.Map)
    for _ in range(pieces):
        state = ann.doc.get_state()
        board["last"] = os.urandom(PIECE).hex()
        await ann.send(Update(ann.doc.get_update(state)))
        await ann.saved()


async def test_a_reader_that_stops_for_a_moment_is_repaired(server: OtherServer) -> None:
    """[AC17] it misses nothing, and is not sent all of what was written meanwhile."""
    async with peer(server.ws_url, "moment") as ann:
        await ann.join()
        slow = await StallingPeer.join(server.port, "moment")
        for _ in range(4):
            await write_much(ann, 20)
            await slow.read()
        await ann.type("the end")
        await slow.sees("the end")
        assert slow.doc.get_state() == ann.doc.get_state()
        slow.leave()


async def test_a_reader_that_stops_for_good_is_let_go(server: OtherServer) -> None:
    """[AC17] the others go on meanwhile, and it is not present any more."""
    async with peer(server.ws_url, "stuck") as ann:
        await ann.join()
        await ann.send(AwarenessUpdate((AwarenessEntry(8, 1, "{}"),)))
        await ann.sees_presence()
        stuck = await StallingPeer.join(server.port, "stuck")
        stuck.send(AwarenessUpdate((AwarenessEntry(7, 1, "{}"),)))
        await ann.sees_presence()
        await write_much(ann)
        async with asyncio.timeout(15):
            while await present(ann) != {8}:
                pass
        await ann.type("here")
        await ann.saved()
        stuck.leave()


async def present(ann: SocketPeer) -> set[int]:
    """Who is in the room; the peer is number 8 itself."""
    await asyncio.sleep(0.1)
    await ann.send(QueryAwareness())
    while True:
        entries = (await ann.sees_presence()).entries
        clients = {entry.client for entry in entries if entry.state is not None}
        if 8 in clients:
            return clients


async def test_a_server_that_stops_loses_nothing(server: OtherServer) -> None:
    """[AC16] uvicorn lets us tell peers why; the others end connections by themselves first."""
    async with peer(server.ws_url, "stop") as ann:
        await ann.join()
        await ann.type("kept")
        await ann.saved()
        stopped = asyncio.create_task(asyncio.to_thread(server.terminate))
        assert await ann.close_code() == PARTING[server.name]
        await stopped
    server.start()
    async with peer(server.ws_url, "stop") as late:
        await late.join()
        assert str(late.text) == "kept"
