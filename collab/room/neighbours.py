"""The other nodes: what they are told of the rooms here, and what they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import count, takewhile
from typing import Final, Protocol

from collab.errors import ProtocolError
from collab.interfaces import Clock, LogRow, NewRow
from collab.news import (
    Backplane,
    Committed,
    Deleted,
    Event,
    Gone,
    Missed,
    PresenceChanged,
    PresenceOf,
    PresenceWanted,
    Present,
    Said,
)
from collab.protocol.update import UpdateFacts, stored_facts
from collab.room.elsewhere import DOUBT_SECONDS
from collab.room.following import Follower
from collab.room.life import RoomState
from collab.room.limits import RoomLimits
from collab.room.looking import Looker
from collab.room.room import Room
from collab.room.tasks import Tasks

ANSWER_SECONDS: Final = 0.05
"""Nodes that ask who is there within so long get one answer."""
HOLE_SECONDS: Final = 0.05
"""So long are rows waited for that others, which came, lie beyond."""
ASK_SECONDS: Final = 1.0
"""However much is missed, others are asked who is there once in so long."""
MOST_EARLY: Final = 256
"""Rows that wait for those before them; with more the log is read."""
STATES_AT_ONCE: Final = 500
"""Presence states that are told on end, before what carries news gets time to carry them."""


class Host(Protocol):
    """What the registry does with news."""

    def follows(self, document: str) -> bool:
        """Whether news of the document is news here."""

    def dropped(self, document: str) -> None:
        """Another node deleted the document."""

    def hinted(self, document: str, sequence: int) -> None:
        """Another node committed to a document that has no room here."""

    def missed(self) -> None:
        """Of documents that are being loaded too."""


class Neighbours:
    """Receives news for the rooms of this node, and tells theirs.

    Whatever is lost is made good: `Missed` has all open rooms compared with the log, and who
    missed something asks for presence and tells its own, so that both sides know again.
    """

    def __init__(
        self,
        host: Host,
        backplane: Backplane,
        rooms: Mapping[str, Room],
        follower: Follower,
        looker: Looker,
        clock: Clock,
        tasks: Tasks,
        limits: RoomLimits,
    ) -> None:
        self._host = host
        self._backplane = backplane
        self._rooms = rooms
        self._follower = follower
        self._looker = looker
        self._clock = clock
        self._tasks = tasks
        self._limits = limits
        self._holes: dict[Room, int] = {}
        """Rooms that wait for rows to come, and their sequences when they began to."""
        self._early: dict[Room, dict[int, tuple[LogRow, UpdateFacts]]] = {}
        """Rows that came before others of the log, which they may build on."""
        self._missed: set[str] = set()
        self._asking = self._answering = self._sweeping = False
        self._asked: dict[str, None] = {}
        """Documents of which somebody wants to know who is there."""
        self._unsubscribe: Callable[[], None] = lambda: None
        self.shared = limits.look_every is not None
        """Whether there can be other nodes."""

    @property
    def node(self) -> str:
        return self._backplane.node

    def start(self) -> None:
        if self.shared:
            self._unsubscribe = self._backplane.subscribe(self._receive, self._host.follows)

    def stop(self) -> None:
        self._unsubscribe()

    # --- Telling -----------------------------------------------------------------------

    def opened(self, room: Room) -> None:
        if self.shared:
            self._backplane.publish(PresenceWanted(room.document))

    def committed(self, document: str, sequence: int, rows: tuple[NewRow, ...]) -> None:
        updates = tuple(row.data for row in rows)
        self._backplane.publish(Committed(document, sequence, updates))

    def present(self, document: str, states: tuple[Present, ...]) -> None:
        """These states of peers here are new, or over."""
        self._backplane.publish(PresenceChanged(document, states))

    def closed(self, room: Room) -> None:
        """The room is closed with all who were in it."""
        self._early.pop(room, None)
        if self.shared and room.presence.states.own():
            self._backplane.publish(PresenceOf(room.document, ()))

    def deleted(self, document: str) -> None:
        if self.shared:
            self._backplane.publish(Deleted(document))

    def said(self, document: str, payload: str) -> None:
        if self.shared:
            self._backplane.publish(Said(document, payload))

    # --- Hearing -----------------------------------------------------------------------

    def _receive(self, node: str, event: Event) -> None:
        match event:
            case Committed(document, sequence, rows):
                self._committed(document, sequence, rows)
            case PresenceChanged() | PresenceOf():
                self._shown(node, event)
            case PresenceWanted(document):
                self._answer(tuple(self._rooms) if document is None else (document,))
            case Deleted(document):
                self._host.dropped(document)
            case Said(document, payload):
                if (room := self._rooms.get(document)) is not None:
                    room.tell(payload)
            case Missed():
                self._miss(node)
            case Gone():
                self._gone(node)

    def _shown(self, node: str, news: PresenceChanged | PresenceOf) -> None:
        if (room := self._rooms.get(news.document)) is None:
            return
        if isinstance(news, PresenceOf):
            room.presence.elsewhere.replaced(node, news.states)
        else:
            room.presence.elsewhere.changed(node, news.states)

    def _committed(self, document: str, sequence: int, rows: tuple[bytes, ...]) -> None:
        room = self._rooms.get(document)
        if room is None:
            self._host.hinted(document, sequence)
        elif sequence > room.sequence and not self._took(room, sequence, rows):
            self._follower.follow(room)

    def _took(self, room: Room, sequence: int, rows: tuple[bytes, ...]) -> bool:
        """Take in what came along, without a look at the log."""
        if not rows or sum(map(len, rows)) > self._limits.inspect_inline_bytes:
            return False
        try:
            facts = [stored_facts(row) for row in rows]
        except ProtocolError:
            return False  # what the log says is what counts
        early = self._early.setdefault(room, {})
        for number, row, read in zip(count(sequence - len(rows) + 1), rows, facts):
            early[number] = LogRow(number, row), read
        self._take_in_order(room)
        if len(self._early.get(room, ())) > MOST_EARLY:
            del self._early[room]
            return False
        if self._waits(room):
            self.hole(room)
        return True

    def _take_in_order(self, room: Room) -> None:
        """Peers are sent rows in the order of the log, in which each has what it builds on: there
        are clients that never place what comes before its past."""
        early = self._early.get(room, {})
        while room.sequence + 1 in early and room.state is not RoomState.GONE:
            numbers = takewhile(early.__contains__, count(room.sequence + 1))
            room.learned([early[number] for number in numbers])
        if not early or max(early) <= room.sequence:
            self._early.pop(room, None)

    def _waits(self, room: Room) -> bool:
        return room.log.has_hole or room in self._early

    def _read(self, room: Room) -> None:
        """Take from the log what came early, and what comes before it."""
        self._early.pop(room, None)
        self._follower.follow(room)

    def hole(self, room: Room) -> None:
        """The room has rows beyond some that it lacks. These are mostly on their way, from
        another node: the log is read only if they do not come."""
        if not self.shared or not self._backplane.connected:
            self._read(room)
        elif room not in self._holes:
            self._holes[room] = room.sequence
            self._tasks.later(self._clock, HOLE_SECONDS, partial(self._look_at_hole, room))

    def _look_at_hole(self, room: Room) -> None:
        before = self._holes.pop(room)
        self._take_in_order(room)
        if self._waits(room):
            if room.sequence > before:
                self.hole(room)  # it is another one
            else:
                self._read(room)

    def _gone(self, node: str) -> None:
        for room in tuple(self._rooms.values()):
            room.presence.elsewhere.gone(node)

    # --- Making good -------------------------------------------------------------------

    def _miss(self, node: str) -> None:
        self._looker.want()
        self._host.missed()
        self._missed.add(node)
        if not self._asking:
            self._asking = True
            self._tasks.spawn(self._ask(), "asking who is there")

    async def _ask(self) -> None:
        """Ask who is there, and tell who is here: others may know a clock that is higher."""
        try:
            while self._missed:
                missed, self._missed = self._missed, set()
                for room in tuple(self._rooms.values()):
                    for node in missed:
                        room.presence.elsewhere.doubt(node)
                self._backplane.publish(PresenceWanted(None))
                self._answer(tuple(self._rooms))
                self._sweep()
                await self._clock.sleep(ASK_SECONDS)
        finally:
            self._asking = False

    def _sweep(self) -> None:
        if not self._sweeping:
            self._sweeping = True
            self._tasks.later(self._clock, DOUBT_SECONDS, self._swept)

    def _swept(self) -> None:
        self._sweeping = False
        rooms = tuple(self._rooms.values())
        # Not `any`, which would stop at the first.
        if sum([room.presence.elsewhere.sweep() for room in rooms]):
            self._sweep()

    def _answer(self, documents: Iterable[str]) -> None:
        self._asked.update(dict.fromkeys(documents))
        if self._asked and not self._answering:
            self._answering = True
            self._tasks.spawn(self._tell_present(), "telling who is there")

    async def _tell_present(self) -> None:
        try:
            while self._asked:
                await self._clock.sleep(ANSWER_SECONDS)
                told = 0
                while self._asked and told < STATES_AT_ONCE:
                    document = next(iter(self._asked))
                    del self._asked[document]
                    if (room := self._rooms.get(document)) is not None:
                        told += await self._tell_room(room)
        finally:
            self._answering = False

    async def _tell_room(self, room: Room) -> int:
        """How many states were told. Of very many each is confirmed instead of all replaced: in
        one piece they would be too large to be carried."""
        states = room.presence.states
        held = states.held()
        if not held:
            return 0
        if len(held) <= STATES_AT_ONCE:
            self._backplane.publish(PresenceOf(room.document, states.own()))
            return len(held)
        for start in range(0, len(held), STATES_AT_ONCE):
            some = states.own(held[start : start + STATES_AT_ONCE])
            if some and room.state is not RoomState.GONE:
                self._backplane.publish(PresenceChanged(room.document, some))
            await self._clock.sleep(ANSWER_SECONDS)
        return STATES_AT_ONCE
