"""Peers that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

from benchmarks.load.edits import Progress
from benchmarks.load.peer import PATIENCE, Peer, lost
from benchmarks.load.wires import EMPTY_STATE, EMPTY_UPDATE, Wire


class Crowd:
    """All peers of a server in a run. Raises Lost for one that cannot join."""

    def __init__(self, address: str, wire: Wire) -> None:
        host, _, port = address.rpartition(":")
        self._address = host, int(port)
        self.wire = wire
        self.peers: list[Peer] = []
        lost.clear()

    async def join(
        self,
        document: str,
        *,
        counts: bool = False,
        state: bytes = EMPTY_STATE,
        missing: bytes = EMPTY_UPDATE,
    ) -> Peer:
        """A peer that is in and has the document. `counts`: what it is sent is decoded."""
        loop = asyncio.get_running_loop()
        progress = Progress() if counts else None
        make = partial(Peer, self.wire, document, state, missing, progress)
        _, peer = await loop.create_connection(make, *self._address)
        async with asyncio.timeout(PATIENCE):
            await peer.joined
        self.peers.append(peer)
        return peer

    async def join_all(
        self, documents: Iterable[str], at_once: int = 50, counts: bool = False
    ) -> list[Peer]:
        """A peer for each, as many at a time."""
        gate = asyncio.Semaphore(at_once)

        async def one(document: str) -> Peer:
            async with gate:
                return await self.join(document, counts=counts)

        return list(await asyncio.gather(*(one(document) for document in documents)))

    def part(self, peer: Peer) -> None:
        peer.leave()
        self.peers.remove(peer)

    def leave(self) -> None:
        """All of them, at once."""
        for peer in self.peers:
            peer.abort()
        self.peers.clear()

    def check(self) -> None:
        """Raises RuntimeError if the server parted from a peer."""
        if lost:
            raise RuntimeError(f"{len(lost)} peers were lost; the first: {lost[0]}")
