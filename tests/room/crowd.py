"""Peers who are sent the same, and who of them has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tests.room.house import House, Peer
from tests.support.edits import Author

CARET = '{"caret":1}'


async def until(holds: Callable[[], bool]) -> None:
    """One turn of the event loop after the other."""
    while not holds():  # noqa: ASYNC110 - nothing is to happen but what has to
        await asyncio.sleep(0)


async def crowd(house: House, count: int = 6) -> list[Peer]:
    peers = [await house.synced(f"peer {number}") for number in range(count)]
    for peer in peers:
        peer.heard()
    return peers


def reached(peers: Sequence[Peer]) -> list[int]:
    """Who was sent something that was not looked at yet."""
    return [n for n, peer in enumerate(peers) if len(peer.channel.frames) > peer._read]


async def write(peer: Peer, author: Author) -> bytes:
    update = author.write("x")
    await peer.write(update)
    return update
