"""Peers that write, and how long their edits take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.load.edits import Progress, typed
from benchmarks.load.peer import Peer

DRAIN_SECONDS: Final = 120.0
_POLL: Final = 0.005


class Script:
    """The edits of some writers, made before the run."""

    def __init__(self, clients: Sequence[int], count: int) -> None:
        self.clients = tuple(clients)
        self._updates = {client: typed(client, count) for client in clients}

    def frames(self, peer: Peer, client: int) -> list[bytes]:
        return [peer.wire.update(peer.document, update) for update in self._updates[client]]


class FlatOut:
    """Keeps a number of edits under way: sent, and not back yet."""

    def __init__(self, peer: Peer, client: int, frames: list[bytes], window: int) -> None:
        self.sent = 0
        self._peer = peer
        self._client = client
        self._frames = frames
        self._window = window
        self._back = 0
        self._going = False
        progress = peer.progress
        assert progress is not None
        progress.on_new = self._came

    @property
    def exhausted(self) -> bool:
        return self.sent == len(self._frames)

    def start(self) -> None:
        self._going = True
        self._more()

    def stop(self) -> None:
        self._going = False

    def _came(self, client: int, _start: int, end: int) -> None:
        if client == self._client:
            self._back = end
            if self._going:
                self._more()

    def _more(self) -> None:
        until = min(self._back + self._window, len(self._frames))
        if until > self.sent:
            self._peer.send(b"".join(self._frames[self.sent : until]))
            self.sent = until


class Times:
    """From each edit's send to its arrival at other peers, in seconds."""

    def __init__(self) -> None:
        self.samples: list[float] = []
        self._sent: dict[int, list[float]] = {}

    def written(self, key: int) -> None:
        self._sent.setdefault(key, []).append(time.perf_counter())

    def listen(self, progress: Progress, keys: dict[int, int]) -> None:
        """Take the times of edits by these clients. `keys` are what `written` is told."""

        def came(client: int, start: int, end: int) -> None:
            key = keys.get(client)
            if key is not None:
                now = time.perf_counter()
                self.samples.extend(now - sent for sent in self._sent[key][start:end])

        progress.on_new = came


@dataclass(frozen=True, slots=True)
class Paced:
    """Who writes these frames one by one; `key` is that of their times."""

    key: int
    peer: Peer
    frames: list[bytes]


async def paced(writers: Sequence[Paced], rate: float, seconds: float, times: Times) -> int:
    """Each writes `rate` edits a second, evenly spread over all; returns how many in all."""
    loop = asyncio.get_running_loop()
    step = 1 / (rate * len(writers))
    total = round(seconds * rate) * len(writers)
    began, count = loop.time(), 0
    while count < total:
        due = min(total, int((loop.time() - began) / step) + 1)
        for number in range(count, due):
            writer = writers[number % len(writers)]
            times.written(writer.key)
            writer.peer.send(writer.frames[number // len(writers)])
        count = due
        # uvloop counts milliseconds: less than one is none, and would spin.
        await asyncio.sleep(max(0.001, began + count * step - loop.time()))
    return count


async def delivered(peers: Sequence[Peer], counts: Sequence[int]) -> None:
    """Wait until each peer has as many edits. Raises TimeoutError."""
    async with asyncio.timeout(DRAIN_SECONDS):
        for peer, count in zip(peers, counts, strict=True):
            assert peer.progress is not None
            while peer.progress.count < count:  # noqa: ASYNC110
                await asyncio.sleep(_POLL)
