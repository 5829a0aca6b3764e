"""Presence among unchanged y-websocket clients."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeer, YjsPeers

pytestmark = pytest.mark.node

AWARENESS = 1


async def join(yjs: YjsPeers, server: ServerProcess, name: str, room: str, **more: Any) -> YjsPeer:
    peer = await yjs.open(name, server.url, room, user={"name": name}, **more)
    await peer.synced()
    return peer


async def test_states_are_shown_changed_and_taken_away(
    server: ServerProcess, yjs: YjsPeers
) -> None:
    """[RM20] to all, newcomers too."""
    ann = await join(yjs, server, "ann", "presence")
    bob = await join(yjs, server, "bob", "presence")
    await asyncio.gather(ann.until("states", count=2), bob.until("states", count=2))
    late = await join(yjs, server, "late", "presence")
    await late.until("states", count=3)
    assert {ann.client_id, bob.client_id} < (await late.states()).keys()
    await ann.show({"user": {"name": "ann"}, "cursor": 7})
    for other in (bob, late):
        await other.until("state", client=ann.client_id, part='"cursor":7')
    await ann.show(None)
    await bob.until("states", count=2)
    await late.end()
    await bob.until("states", count=1)
    assert list(await bob.states()) == [bob.client_id]


async def test_a_client_whose_socket_is_cut_leaves_and_is_seen_again_with_its_old_clock(
    server: ServerProcess, yjs: YjsPeers
) -> None:
    """[RM22] y-websocket sends the same clock again when it reconnects within its own timeout."""
    bob = await join(yjs, server, "bob", "presence-cut")
    ann = await join(yjs, server, "ann", "presence-cut", backoff=1000)
    await bob.until("states", count=2)
    await ann.call("cut")
    await bob.until("states", count=1)
    await ann.synced()
    await bob.until("state", client=ann.client_id, part='"name":"ann"')
    # y-websocket forgot the others at the cut and takes them again with a newer clock only.
    await bob.show({"user": {"name": "bob"}, "cursor": 1})
    await ann.until("state", client=bob.client_id, part='"cursor":1')


async def test_the_states_are_sent_to_who_asks(server: ServerProcess, yjs: YjsPeers) -> None:
    """[RM20] once."""
    ann = await join(yjs, server, "ann", "presence-asked")
    bob = await join(yjs, server, "bob", "presence-asked")
    await bob.until("states", count=2)
    # Whatever else was to be told is told no later than this, to him too.
    await bob.show({"user": {"name": "bob"}, "cursor": 1})
    await ann.until("state", client=bob.client_id, part='"cursor":1')
    await bob.saved()
    before = (await bob.call("received")).count(AWARENESS)
    await bob.call("query")
    await bob.saved()
    assert (await bob.call("received")).count(AWARENESS) == before + 1
    assert ann.client_id in await bob.states()
