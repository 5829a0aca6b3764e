"""Connections between replicas and sessions, with seeded delay and cuts."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from collab.interfaces import Write
from collab.protocol.close import CloseCode
from tests.support.line import messages_of

LOW_WATER = 60


@dataclass(slots=True)
class Weather:
    """Seconds that a frame is under way, and how often a whole link is slow."""

    delay: float = 0.05
    slow_links: float = 0.1
    slow_delay: float = 1.0
    stalls: float = 5.0
    """Peers that stop reading, per second."""


class Client(Protocol):
    def hear(self, frame: bytes) -> None: ...

    def lost(self, code: CloseCode | None) -> None:
        """The connection is over: closed with a code by the server, or cut."""


class ServerSide(Protocol):
    """A session as a transport uses it."""

    def receive(self, frame: bytes) -> Awaitable[None] | None: ...

    def leave(self) -> None: ...


class Connection:
    """Two streams in order, each with its own delays. It is the `Channel` of the server's end.

    `cut` loses what is under way on both; the server may notice much later.
    """

    def __init__(self, client: Client, rng: random.Random, weather: Weather) -> None:
        self._client = client
        self._rng = rng
        slow = rng.random() < weather.slow_links
        self._delay = weather.slow_delay if slow else weather.delay
        self._loop = asyncio.get_running_loop()
        self._down_free = self._up_free = self._loop.time()
        self._effects: deque[Callable[[], None]] = deque()
        self._up: deque[tuple[float, bytes]] = deque()
        self._up_arrived = asyncio.Event()
        self._drain: Callable[[], None] = lambda: None
        self._flow: Callable[[Write | None], None] = lambda take: None
        self._closing = False
        self.alive = True
        self._stalled = False
        self._late = 0
        self.buffered = 0
        self.taken = 0
        self.pump: asyncio.Task[None] | None = None
        self._server: ServerSide | None = None

    def attach(self, server: ServerSide) -> None:
        self._server = server
        self.pump = self._loop.create_task(self._carry_up(server))

    # --- The server's end: Channel -----------------------------------------------------

    def send(self, frame: bytes) -> None:
        if self.alive and not self._closing:
            self.buffered += len(frame)
            self._down(lambda: self._arrive(frame))
            self._tell_flow()

    def close(self, code: CloseCode, reason: str) -> None:
        if self.alive and not self._closing:
            self._closing = True
            self._down(lambda: self._end(code))
            self._tell_flow()

    def on_drain(self, callback: Callable[[], None]) -> None:
        self._drain = callback

    def on_flow(self, callback: Callable[[Write | None], None]) -> None:
        self._flow = callback
        self._tell_flow()

    def _tell_flow(self) -> None:
        free = self.alive and not self._closing and self.buffered < LOW_WATER
        self._flow(self._write if free else None)

    def _write(self, data: bytes) -> None:
        for frame in messages_of(data):
            self.send(frame)

    def _down(self, effect: Callable[[], None]) -> None:
        self._down_free = max(self._down_free, self._loop.time() + self._some_delay())
        # Timers of one instant fire in any order: each takes what is first in the queue.
        self._effects.append(effect)
        self._loop.call_at(self._down_free, self._next)

    def _next(self) -> None:
        if self._stalled:
            self._late += 1
            return
        effect = self._effects.popleft()
        if self.alive:
            effect()

    def _arrive(self, frame: bytes) -> None:
        before = self.buffered
        self.buffered -= len(frame)
        self.taken += len(frame)
        self._client.hear(frame)
        if before >= LOW_WATER > self.buffered:
            self._tell_flow()
            self._drain()

    # --- The client's end --------------------------------------------------------------

    def stall(self, seconds: float) -> None:
        """The client reads nothing for so long, and then what waits, bit by bit."""
        if not self._stalled:
            self._stalled = True
            self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._stalled = False
        late, self._late = self._late, 0
        for number in range(late):
            self._loop.call_later(number * self._delay / 10, self._next)

    def say(self, frame: bytes) -> None:
        if self.alive:
            self._up_free = max(self._up_free, self._loop.time() + self._some_delay())
            self._up.append((self._up_free, frame))
            self._up_arrived.set()

    def cut(self, notice_after: float | None) -> None:
        """Lose what is under way. The server notices after so many seconds; None: it never
        does, because it is gone too."""
        if not self.alive:
            return
        self._end(None)
        if notice_after is not None and self._server is not None:
            self._loop.call_later(notice_after, self._server.leave)

    def _end(self, code: CloseCode | None) -> None:
        self.alive = False
        self._tell_flow()
        if self.pump is not None:
            self.pump.cancel()
        if code is not None and self._server is not None:
            self._server.leave()
        self._client.lost(code)

    async def _carry_up(self, server: ServerSide) -> None:
        while True:
            while not self._up:
                self._up_arrived.clear()
                await self._up_arrived.wait()
            at, frame = self._up.popleft()
            await asyncio.sleep(max(0.0, at - self._loop.time()))
            if (waiting := server.receive(frame)) is not None:
                await waiting

    def _some_delay(self) -> float:
        return self._rng.random() * self._delay
