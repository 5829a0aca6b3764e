"""Unchanged Hocuspocus providers that share a socket, against a real server process."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import httpx
import pytest

from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeers, converged

pytestmark = pytest.mark.node

VERSIONS = pytest.mark.parametrize("version", [2, 3, 4])


@VERSIONS
async def test_a_document_ends_and_the_others_on_its_socket_go_on(
    server: ServerProcess, yjs: YjsPeers, rest: httpx.AsyncClient, version: int
) -> None:
    """[HP31] the provider of what was deleted is told in the way of its version."""
    kind, room = f"hocuspocus-{version}", f"shared/{version}"
    ann = await yjs.open("ann", server.url, f"{room}/a", kind=kind, user={"name": "Ann"})
    more = [
        await yjs.open(f"ann {n}", server.url, f"{room}/{n}", kind=kind, beside="ann")
        for n in range(3)
    ]
    bob = await yjs.open("bob", server.url, f"{room}/a", kind=kind, user={"name": "Bob"})
    await asyncio.gather(*(peer.synced() for peer in (ann, bob, *more)))
    await more[0].insert(0, "to be deleted")
    await more[0].saved()
    response = await rest.delete(f"/documents/{quote(f'{room}/0', safe='')}")
    assert response.status_code == 204
    if version == 4:
        await more[0].until("closed", code=1000)
    else:
        await more[0].until("refused", count=1)
    await more[0].insert(0, "nobody hears this: ")
    await ann.insert(0, "words")
    await more[1].insert(0, "other words")
    await asyncio.gather(ann.saved(), more[1].saved())
    await bob.shows("words")
    await converged([ann, bob])
    assert await ann.call("closes") == []
    await asyncio.gather(ann.until("states", count=2), bob.until("states", count=2))


async def test_all_versions_meet(server: ServerProcess, yjs: YjsPeers) -> None:
    """[HP1] [HP13] [HP14] edits and presence, with a client of another wire among them."""
    kinds = ["hocuspocus-2", "hocuspocus-3", "hocuspocus-4", "y-websocket-3"]
    peers = [
        await yjs.open(kind, server.url, "meeting", kind=kind, user={"name": kind})
        for kind in kinds
    ]
    await asyncio.gather(*(peer.synced() for peer in peers))
    for number in range(20):
        await asyncio.gather(*(peer.insert(0, f"{number};") for peer in peers))
    await asyncio.gather(*(peer.saved() for peer in peers))
    await converged(peers)
    for peer in peers:
        await peer.until("states", count=len(peers))
    texts = {await peer.content() for peer in peers}
    assert len(texts) == 1
    assert len(texts.pop().split(";")) == 81
