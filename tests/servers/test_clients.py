"""Unchanged clients of all wires meet under other servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.other_servers import OtherServer
from tests.support.pycrdt_peer import PycrdtPeer
from tests.support.yjs_peers import YjsPeers, converged, yjs_peers

pytestmark = pytest.mark.node

KINDS = ("y-websocket-3", "hocuspocus-4", "y-sweet")


@pytest.fixture
async def yjs() -> AsyncIterator[YjsPeers]:
    async with yjs_peers() as peers:
        yield peers


async def test_clients_of_all_wires_meet(server: OtherServer, yjs: YjsPeers) -> None:
    """Edits and presence reach all, and each is told that what it wrote is saved."""
    ours = PycrdtPeer("pycrdt", server.url, "meeting", token=None, user={"name": "pycrdt"})
    await ours.synced()
    peers = [
        await yjs.open(kind, server.url, "meeting", kind=kind, user={"name": kind})
        for kind in KINDS
    ]
    await asyncio.gather(*(peer.synced() for peer in peers))
    for number in range(10):
        await asyncio.gather(*(peer.insert(0, f"{number};") for peer in peers))
    await asyncio.gather(*(peer.saved() for peer in peers))
    await converged([*peers, ours])
    text = await peers[0].content()
    assert sorted(text.strip(";").split(";")) == sorted(f"{n}" for n in range(10) for _ in KINDS)
    for peer in peers:
        for other in peers:
            await peer.sees(other.client_id)
    await peers[0].end()
    for peer in peers[1:]:
        await peer.sees_no_more(peers[0].client_id)
    await ours.end()
