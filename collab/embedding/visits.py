"""Peers as the product hears of them: they come, say something, and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

from collab.embedding.calls import Calls
from collab.hooks import Hooks, Peer, StatelessMessage, overridden
from collab.interfaces import Clock
from collab.protocol.close import CloseCode
from collab.protocol.messages import Stateless
from collab.room.room import Room
from collab.room.session import Session
from collab.room.tasks import Tasks
from collab.room.waiting import wait_for

_log = logging.getLogger(__name__)

CALLS_AT_ONCE = 64
"""Peers whose coming or going is told at one time."""
WAITING = 10_000
"""While as many wait to be told, peers that come are not announced, nor their going."""


class Visits:
    """Nobody waits for `on_connect` and `on_disconnect`; the sender of a Stateless message, and
    it alone, waits for `on_stateless`."""

    def __init__(
        self, hooks: Hooks, calls: Calls, clock: Clock, random: Random, waiting: int = WAITING
    ) -> None:
        self._hooks = hooks
        self._calls = calls
        self._clock = clock
        self._random = random
        self._most = waiting
        self._announces = overridden(hooks, "on_connect") or overridden(hooks, "on_disconnect")
        self._converses = overridden(hooks, "on_stateless")
        self._slots = asyncio.Semaphore(CALLS_AT_ONCE)
        self._tasks = Tasks()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.waiting = 0
        self.skipped = 0

    def begin(self, room: Room, session: Session) -> None:
        """Tell of this session from now on. Returns at once."""
        number = self._random.getrandbits(64)
        peer = Peer(f"{number:016x}", room.document, session.access, session.codec.name)
        if self._converses and session.codec.stateless:
            session.stateless = partial(self._heard, peer, room, session)
        if not self._announces or session.over:
            return
        if self.waiting >= self._most:
            self.skipped += 1
            if self.skipped % 1000 == 1:
                _log.error("peers are not announced: too many wait to be")
            return
        announced = asyncio.Event()
        session.ended = lambda code: self._spawn(partial(self._part, peer, code, announced))
        self._spawn(partial(self._announce, peer, announced))

    async def drain(self, seconds: float) -> bool:
        """Whether all was told within so many seconds."""
        await wait_for(self._quiet, seconds, self._clock)
        return self._quiet.is_set()

    async def aclose(self) -> None:
        """End the calls under way; what waits is not told."""
        await self._tasks.aclose()

    async def _heard(self, peer: Peer, room: Room, session: Session, payload: str) -> None:
        def reply(answer: str) -> None:
            session.send(Stateless(answer))

        message = StatelessMessage(peer, session.access, payload, reply, room.say)
        hook = partial(self._hooks.on_stateless, message)
        await self._calls.tell(hook, "on_stateless", peer.document)

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        self.waiting += 1
        self._quiet.clear()
        self._tasks.spawn(self._counted(work), "visit")

    async def _counted(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            self.waiting -= 1
            if not self.waiting:
                self._quiet.set()

    async def _announce(self, peer: Peer, announced: asyncio.Event) -> None:
        try:
            async with self._slots:
                hook = partial(self._hooks.on_connect, peer)
                await self._calls.tell(hook, "on_connect", peer.document)
        finally:
            announced.set()

    async def _part(self, peer: Peer, code: CloseCode | None, announced: asyncio.Event) -> None:
        await announced.wait()
        async with self._slots:
            hook = partial(self._hooks.on_disconnect, peer, code)
            await self._calls.tell(hook, "on_disconnect", peer.document)
