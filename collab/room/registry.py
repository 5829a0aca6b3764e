"""The rooms of this process."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from collab.errors import DocumentDeleted, Unavailable
from collab.interfaces import Clock, DocumentStore, DocumentWorker, NewRow
from collab.leasing import Leasing
from collab.news import Backplane, Present
from collab.protocol.close import CloseCode
from collab.room.committer import Committer
from collab.room.compacting import Compactor
from collab.room.fanout import FanOut
from collab.room.following import Follower
from collab.room.life import DELETED, RESTARTING, RoomState
from collab.room.limits import RoomLimits
from collab.room.loading import load
from collab.room.looking import Looker
from collab.room.neighbours import Neighbours
from collab.room.parting import Parting, close_peers
from collab.room.room import Room
from collab.room.stats import Repairs, RoomStats
from collab.room.tasks import Tasks
from collab.room.turns import Turns, break_silence
from collab.room.unloading import Unloader
from collab.room.waiting import wait_for


class _Load:
    """A document being loaded, once for all who ask."""

    __slots__ = ("deleted", "hinted", "task")

    def __init__(self, task: asyncio.Task[Room]) -> None:
        self.task = task
        self.hinted: float = 0
        self.deleted = False


class Registry:
    """Opens a room for each document in use, and unloads it when nobody is left.

    A room leaves the map in the same step in which it is seen to be idle and saved, so an open
    finds either the room or nothing: never one that is half gone.
    """

    def __init__(
        self,
        store: DocumentStore,
        worker: DocumentWorker,
        backplane: Backplane,
        clock: Clock,
        random: random.Random,
        limits: RoomLimits,
        committed: Callable[[str, int, Sequence[NewRow]], None] | None = None,
        leasing: Leasing | None = None,
    ) -> None:
        """`committed` is told of every commit here: the document, the sequence of the last
        row, and the rows. It returns at once and raises nothing."""
        self._committed = committed
        self._store = store
        self._worker = worker
        self._clock = clock
        self._limits = limits
        self._tasks = Tasks()
        self._committer = Committer(store, clock, random, limits)
        self._fanout = FanOut(clock)
        self._parting = Parting(clock, self._tasks)
        self._follower = Follower(store, worker, clock, random, self._tasks, limits)
        self._compactor = Compactor(
            store, worker, clock, random, self._follower, self._tasks, limits, leasing
        )
        self._rooms: dict[str, Room] = {}
        self._looker = Looker(store, backplane, self._rooms, self._follower, clock, random, limits)
        self._neighbours = Neighbours(
            self, backplane, self._rooms, self._follower, self._looker, clock, self._tasks, limits
        )
        self._loads: dict[str, _Load] = {}
        self._unloader = Unloader(self._compactor, self._tasks, clock, limits, self._leave)
        self._draining = False
        self._repaired = Repairs()

    @property
    def rooms(self) -> Mapping[str, Room]:
        return self._rooms

    @property
    def draining(self) -> bool:
        return self._draining

    def stats(self) -> RoomStats:
        now, repaired = self._clock.monotonic(), Repairs()
        for part in (self._repaired, *(room.slow.repairs for room in self._rooms.values())):
            repaired.add(part)
        waits = [r.unsaved_since for r in self._rooms.values() if r.unsaved_since is not None]
        return RoomStats(
            rooms=len(self._rooms),
            sessions=sum(len(room.sessions) for room in self._rooms.values()),
            pending_bytes=self._committer.pending_bytes,
            unsaved_age=now - min(waits, default=now),
            failing_rooms=self._committer.suspects,
            quarantined=self._compactor.quarantined,
            commits=self._committer.commits,
            commit_failures=self._committer.failures,
            compactions=self._compactor.compactions,
            compaction_failures=self._compactor.failures,
            leases_lost=self._compactor.leases_lost,
            merges=repaired.merges,
            resyncs=repaired.resyncs,
            task_failures=self._tasks.failures,
        )

    # --- Life --------------------------------------------------------------------------

    async def start(self) -> None:
        self._neighbours.start()
        self._tasks.spawn(self._committer.run(), "committer")
        self._tasks.spawn(self._fanout.run(), "fan-out")
        self._tasks.spawn(self._unloader.run(), "unloading")
        silence = break_silence(self._rooms, self._clock, self._limits.silence)
        self._tasks.spawn(silence, "silence")
        if self._neighbours.shared:
            self._tasks.spawn(self._looker.run(), "looking")

    async def drain(self, timeout: float) -> bool:
        """Take no more joins and writes, save all that was accepted, give its receipts, then
        close all peers with RESTART. Whether all was saved within `timeout` seconds."""
        self._draining = True
        for room in self._rooms.values():
            room.state = RoomState.DRAINING
        flushed = asyncio.Event()

        async def flush() -> None:
            await self._committer.flush()
            flushed.set()

        self._tasks.spawn(flush(), "drain")
        await wait_for(flushed, timeout, self._clock)
        saved = flushed.is_set()
        await self._close_all()
        return saved

    async def aclose(self) -> None:
        """End all tasks; what is not saved by now is not saved. Peers are closed."""
        self._draining = True
        self._neighbours.stop()
        for loading in tuple(self._loads.values()):
            loading.task.cancel()
        await asyncio.gather(
            *(loading.task for loading in self._loads.values()), return_exceptions=True
        )
        await self._close_all()
        await self._tasks.aclose()

    async def _close_all(self) -> None:
        rooms, turns = list(self._rooms.values()), Turns(self._clock)
        while rooms:  # to free all at once takes as long as to close them
            self._leave(room := rooms.pop(), *RESTARTING)
            await close_peers(room, turns, *RESTARTING)
            await turns.pause()
        await self._parting.finish()

    # --- Opening -----------------------------------------------------------------------

    async def open(self, document: str) -> Room:
        """The room of a document, loaded once however many ask.

        Join it without an await in between. Raises DocumentNotFound, DocumentDeleted,
        DocumentUnreadable, StorageError, WorkerError, or Unavailable while draining.
        """
        if self._draining:
            raise Unavailable("the server is restarting")
        room = self._rooms.get(document)
        if room is not None:
            self._touch(room)
            return room
        loading = self._loads.get(document)
        if loading is None or loading.task.done():
            # One that has just ended says how it was: it may be here for a step longer.
            task = asyncio.get_running_loop().create_task(self._load(document))
            loading = self._loads[document] = _Load(task)
            task.add_done_callback(partial(self._loaded, document))
        try:
            # An opener that gives up does not end the load of the others.
            return await asyncio.shield(loading.task)
        except asyncio.CancelledError:
            asked = asyncio.current_task()
            if loading.task.cancelled() and asked is not None and not asked.cancelling():
                raise Unavailable("the server is restarting") from None
            raise

    async def _load(self, document: str) -> Room:
        stored, coverage = await load(document, self._store, self._worker, self._limits)
        loading = self._loads[document]
        if loading.deleted:
            raise DocumentDeleted(document)
        if self._draining:
            raise Unavailable("the server is restarting")
        room = Room(
            document,
            stored,
            coverage,
            owner=self,
            node=self._neighbours.node if self._neighbours.shared else None,
            committer=self._committer,
            fanout=self._fanout,
            worker=self._worker,
            clock=self._clock,
            tasks=self._tasks,
            limits=self._limits,
        )
        self._rooms[document] = room
        self.room_idle(room)
        self._neighbours.opened(room)
        if loading.hinted > room.sequence:
            self._follower.follow(room)
        return room

    def _loaded(self, document: str, task: asyncio.Task[Room]) -> None:
        if (loading := self._loads.get(document)) is not None and loading.task is task:
            del self._loads[document]
        if not task.cancelled():
            task.exception()  # all openers may have given up: then nobody else looks at it

    def _touch(self, room: Room) -> None:
        now = self._clock.monotonic()
        self._unloader.touch(room)
        if now - room.looked >= self._limits.look_after:
            room.looked = now
            self._follower.follow(room)

    # --- The end of a room -------------------------------------------------------------

    def _leave(self, room: Room, code: CloseCode = CloseCode.NORMAL, reason: str = "") -> None:
        """It is over, but that its peers, if it has any, are yet to be closed."""
        if self._rooms.get(room.document) is room:
            del self._rooms[room.document]
            self._repaired.add(room.slow.repairs)
        self._unloader.drop(room)
        self._compactor.forget(room)
        self._neighbours.closed(room)
        room.end(code, reason)

    # --- What rooms tell ---------------------------------------------------------------

    def room_idle(self, room: Room) -> None:
        if room.state is RoomState.OPEN:
            self._unloader.mark(room)

    def room_committed(self, room: Room, sequence: int, rows: tuple[NewRow, ...]) -> None:
        if self._neighbours.shared:
            self._neighbours.committed(room.document, sequence, rows)
        if room.log.has_hole:
            self._neighbours.hole(room)
        self._compactor.consider(room)
        if self._committed is not None:
            self._committed(room.document, sequence, rows)

    def room_gone(self, room: Room) -> None:
        self._leave(room, *DELETED)
        self._parting.begin(room, *DELETED)

    def room_learned(self, room: Room) -> None:
        # Left to the node that writes; but if that has done it, or died, it is seen here.
        limits, log = self._limits, room.log
        long = log.row_count >= 2 * limits.compact_after_rows
        if long or log.tail_bytes >= 2 * limits.compact_after_bytes:
            self._compactor.consider(room)

    def room_says(self, room: Room, payload: str) -> None:
        self.say(room.document, payload)

    def room_present(self, room: Room, states: tuple[Present, ...]) -> None:
        self._neighbours.present(room.document, states)

    # --- News --------------------------------------------------------------------------

    def deleted(self, document: str) -> None:
        """The document was deleted: close its peers, tell other nodes, forget the room."""
        self.dropped(document)
        self._neighbours.deleted(document)

    def say(self, document: str, payload: str) -> None:
        """Send a Stateless message to all peers of the document, on all nodes."""
        if (room := self._rooms.get(document)) is not None:
            room.tell(payload)
        self._neighbours.said(document, payload)

    def follows(self, document: str) -> bool:
        return document in self._rooms or document in self._loads

    def dropped(self, document: str) -> None:
        if (loading := self._loads.get(document)) is not None:
            loading.deleted = True
        if (room := self._rooms.get(document)) is not None:
            self.room_gone(room)

    def hinted(self, document: str, sequence: int) -> None:
        if (loading := self._loads.get(document)) is not None:
            loading.hinted = max(loading.hinted, sequence)

    def missed(self) -> None:
        for loading in self._loads.values():
            loading.hinted = math.inf
