"""What is sent to more peers than one turn of the event loop has time for."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from collab.interfaces import Clock
from collab.protocol.close import CloseCode
from collab.protocol.framing import WHOLE, framed
from collab.room.backlog import OVERHEAD
from collab.room.codec import Codec, Encode
from collab.room.items import Item, ItemKind
from collab.room.outbox import Outbox
from collab.room.told import Told
from collab.room.turns import Turns

if TYPE_CHECKING:
    from collab.room.session import Session

logger = logging.getLogger(__name__)

STEP: Final = 32
"""Peers that are sent something before anybody looks at the time."""

Broadcast = Mapping[Encode, Item]
"""One message to all of a room who share one of these wires, without the prefixes of codecs:
where each peer has its own, their frames would be as many times the message."""


class FanOut:
    """Sends what rooms have unsent, to a few peers of each at a time, so that neither a room of
    thousands nor hundreds of large ones hold the event loop."""

    __slots__ = ("_clock", "_rooms", "_wake")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rooms: deque[Unsent] = deque()
        self._wake = asyncio.Event()

    def offer(self, unsent: Unsent) -> None:
        self._rooms.append(unsent)
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            turns = Turns(self._clock)
            while self._rooms:
                unsent = self._rooms.popleft()
                if unsent.step():
                    self._rooms.append(unsent)
                await turns.pause()


class Unsent:
    """The broadcasts of one room that some of its peers were not sent yet.

    Each peer gets them in their order, and before anything else that is for it alone: that is
    why `outbox` and `bring` are asked first. A peer that is visited gets all that it lacks by
    then, as one piece of bytes if its network keeps up: so where broadcasts come faster than
    they can be sent to all, each visit brings more of them, and not more of them wait.

    Over `most` bytes all peers are visited at once, in one piece; outboxes have bounds of their
    own.
    """

    __slots__ = ("_fanout", "_most", "_round", "_sessions", "_told")

    def __init__(
        self, sessions: Mapping[Session, None], told: Told, fanout: FanOut, most: int
    ) -> None:
        self._sessions = sessions
        self._told = told
        self._fanout = fanout
        self._most = most
        self._round: _Round | None = None

    @property
    def nothing(self) -> bool:
        """Whether everybody was sent everything."""
        return self._round is None

    def known(self) -> bytes:
        """What all have who were sent everything so far, and what is unsent."""
        return self._told.state

    def add(self, broadcast: Broadcast) -> None:
        if self._round is None:
            self._round = _Round()
            self._fanout.offer(self)
        elif self._round.size > self._most:
            self._round.bring_all(tuple(self._sessions))
        self._round.add(broadcast)

    def joined(self, session: Session) -> None:
        """It is sent what is broadcast from now on."""
        if self._round is not None:
            self._round.places[session] = self._round.end

    def bring(self, session: Session) -> None:
        """Send a peer what it lacks, now."""
        if self._round is not None:
            self._round.bring(session)

    def outbox(self, session: Session) -> Outbox:
        """For what this peer alone is sent now: behind all that it lacks."""
        outbox = session.outbox  # which takes nothing more, if it ends here
        if self._round is not None:
            self._round.bring(session)
        return outbox

    def step(self) -> bool:
        """Send a few peers, or one much, what they lack; whether more are to be visited."""
        for _ in range(STEP):
            current = self._round
            if current is None or not current.to_visit(self._sessions):
                self._round = None
                return False
            current.bring(current.visits.pop())
            if current.large:
                break
        return True


class _Round:
    """While anything is unsent: the broadcasts, and how far each peer is.

    All peers are visited, and then again, until no broadcast came meanwhile. After each time
    those from before it are done with.
    """

    __slots__ = (
        "_broadcasts",
        "_first",
        "_for",
        "_items",
        "_until",
        "_whole",
        "end",
        "large",
        "places",
        "size",
        "visits",
    )

    def __init__(self) -> None:
        self._broadcasts: list[Broadcast] = []
        self._first = 0
        """The number of the first of them; they are counted from 0."""
        self.end = 0
        """The number of the next one."""
        self._until = 0
        """What all will have been sent after these visits."""
        self.size = 0
        """Bytes that wait."""
        self.places: dict[Session, int] = {}
        """The first broadcast that each peer lacks; 0 for those never visited."""
        self.visits: list[Session] = []
        """Who is to be visited yet, the last first."""
        self._for: tuple[int, Codec, bool] | None = None
        self._items: tuple[Item, ...] = ()
        self._whole: bytes | None = None
        self.large = False
        """Whether the last one to be sent anything was sent much."""

    def add(self, broadcast: Broadcast) -> None:
        self._broadcasts.append(broadcast)
        self.end += 1
        self.size += _size(broadcast)
        self._for = None

    def to_visit(self, sessions: Iterable[Session]) -> bool:
        """Whether anybody is."""
        while not self.visits:
            self._forget(self._until)
            if not self._broadcasts:
                return False
            self._until = self.end
            # Without those who left: where broadcasts never cease there is no other end to them.
            self.places = {session: self.places.get(session, 0) for session in sessions}
            self.visits = list(self.places)
            self.visits.reverse()
        return True

    def bring(self, session: Session) -> None:
        place = self.places.get(session, 0)
        if place == self.end or session.over:
            return
        self.places[session] = self.end  # first: to end it is a broadcast too
        try:
            self._gather((place, session.codec, session.subscribed))
            self._send(session.outbox)
        except Exception:  # of one peer, which would lack this
            logger.exception("a peer could not be sent what all are sent")
            session.close(CloseCode.INTERNAL, "what all are sent could not be sent")

    def _send(self, outbox: Outbox) -> None:
        if self._whole is not None and (take := outbox.freely) is not None:
            take(self._whole)
        else:
            for item in self._items:
                outbox.put(item)

    def bring_all(self, sessions: Iterable[Session]) -> None:
        end = self.end
        for session in sessions:
            self.bring(session)
        self._forget(end)

    def _gather(self, what: tuple[int, Codec, bool]) -> None:
        """Put together what a peer lacks: mostly the same as the one before."""
        if what == self._for:
            return
        place, codec, subscribed = what
        lacked = [b.get(codec.encode) for b in self._broadcasts[place - self._first :]]
        items = tuple(
            [
                replace(item, frame=codec.prefix + item.frame) if codec.prefix else item
                for item in lacked
                if item and (subscribed or item.kind is not ItemKind.UPDATE)
            ]
        )
        size = sum(len(item.frame) for item in items)
        self.large = size > WHOLE
        small = 0 < size <= WHOLE
        self._whole = b"".join([framed(item.frame) for item in items]) if small else None
        self._items, self._for = items, what

    def _forget(self, until: int) -> None:
        """All have those before `until`."""
        done = max(0, until - self._first)
        self.size -= sum(map(_size, self._broadcasts[:done]))
        del self._broadcasts[:done]
        self._first += done


def _size(broadcast: Broadcast) -> int:
    return OVERHEAD + sum(len(item.frame) for item in broadcast.values())
