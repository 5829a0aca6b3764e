"""A document in use: its log in memory, its peers, and its updates on their way to the log."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Mapping
from functools import partial

from collab.access import Access
from collab.errors import RoomFull, Unavailable
from collab.interfaces import Channel, Clock, DocumentWorker, LogRow, NewRow, StoredDocument
from collab.news import Present
from collab.protocol.close import CloseCode
from collab.protocol.keystrokes import Typist, length_of
from collab.protocol.messages import Stateless, SyncStep1, Update
from collab.protocol.update import Ranges, UpdateFacts
from collab.room.audience import Audience
from collab.room.backlog import Backlog
from collab.room.codec import YJS, Codec
from collab.room.committer import Committer
from collab.room.coverage import Coverage
from collab.room.diffs import Diffs
from collab.room.fanout import FanOut, Unsent
from collab.room.items import UNKNOWN, ItemKind
from collab.room.life import RESTARTING, RoomState
from collab.room.limits import RoomLimits
from collab.room.log import DocumentLog
from collab.room.merging import merged_runs
from collab.room.owed import Owed, Receipts
from collab.room.owner import Owner
from collab.room.pending import MOST_TYPED, PendingUpdate, PendingUpdates
from collab.room.presence import Presence
from collab.room.present import States
from collab.room.repeats import Repeats
from collab.room.session import Session
from collab.room.slow import SlowReaders
from collab.room.tasks import Tasks
from collab.room.told import Told
from collab.room.turns import Turns


class Room:
    """Joins peers to one document. Every method returns at once but `content` and `inspect`.
    `node` is this node's name; None if there are no others."""

    def __init__(
        self,
        document: str,
        stored: StoredDocument,
        coverage: Coverage,
        *,
        owner: Owner,
        node: str | None,
        committer: Committer,
        fanout: FanOut,
        worker: DocumentWorker,
        clock: Clock,
        tasks: Tasks,
        limits: RoomLimits,
    ) -> None:
        self.document = document
        self.limits = limits
        self.state, self._over = RoomState.OPEN, RESTARTING
        self.log = DocumentLog(stored)
        self.diffs = Diffs(self.log, worker, limits)
        self.told = Told(self.log)
        self.sessions: dict[Session, None] = {}
        self.unsent = Unsent(self.sessions, self.told, fanout, limits.document_bytes)
        self._present = Audience(self.unsent)
        tell, later = self._present.show, partial(tasks.later, clock)
        self.presence = Presence(States(clock, limits, tell, later, node, self._tell_nodes))
        self.looked = clock.monotonic()
        """When it last heard from the store what the newest row is."""
        self.unsaved_since: float | None = None
        self.coverage = coverage
        """What is committed and what is pending."""
        self.repeats = Repeats()
        self._pending = PendingUpdates()
        self._updates_in_flight: list[bytes] = []
        self._rows_in_flight: tuple[NewRow, ...] = ()
        self._receipts = Receipts()
        self._subscribed = Audience(self.unsent)
        self._owner = owner
        self._committer = committer
        self._worker = worker
        self._clock = clock
        self._tasks = tasks
        spawn = partial(tasks.spawn, name=f"slow readers of {document}")
        self.slow = SlowReaders(clock, limits.slow_seconds, spawn)

    @property
    def sequence(self) -> int:
        """The highest sequence up to which all rows are known here."""
        return self.log.sequence

    @property
    def idle(self) -> bool:
        return not self.sessions and not self._pending.unsaved

    async def content(self) -> tuple[bytes, int]:
        """All that is committed as one update, and the sequence up to which it is complete. Raises
        DocumentUnreadable, WorkerError."""
        answer = await self.diffs.full()
        return answer.update, answer.sequence

    # --- Peers -------------------------------------------------------------------------

    def join(
        self,
        channel: Channel,
        access: Access,
        codec: Codec = YJS,
        backlog: Backlog | None = None,
    ) -> Session:
        """Let a peer in. Nothing may be awaited between `Registry.open` and this.

        Raises Unavailable if the room is closing, RoomFull.
        """
        if self.state is not RoomState.OPEN:
            raise Unavailable("the document is being closed; try again")
        if len(self.sessions) >= self.limits.peers:
            raise RoomFull(f"the document takes at most {self.limits.peers} connections")
        session = Session(self, channel, access, codec, backlog)
        self.sessions[session] = None
        self.unsent.joined(session)
        self._present.add(session)
        if codec.greets:
            self.ask(session)
        if everyone := self.presence.everyone():
            session.show(everyone)
        return session

    def is_echo(self, body: bytes) -> bool:
        """Whether this is presence that was just sent to everybody."""
        return self._present.echoes.holds(body)

    def ask(self, session: Session) -> None:
        """Ask a peer for all that it has and the document lacks."""
        session.send(SyncStep1(self.coverage.state_vector()))

    def subscribe(self, session: Session) -> None:
        """Send the session what is committed from now on."""
        if not session.over and not session.subscribed:
            self.unsent.bring(session)
            session.subscribed = True
            self._subscribed.add(session)

    def left(self, session: Session) -> None:
        """A session is over."""
        self.sessions.pop(session, None)
        self._present.remove(session)
        self._subscribed.remove(session)
        if self.state is RoomState.GONE:
            return
        self.presence.leave(session.claimant)
        if not self.sessions:
            self._look_idle()

    def end(self, code: CloseCode, reason: str) -> None:
        """Take nothing more: who writes is closed so, until all are. What is pending will not be
        saved."""
        self.state, self._over = RoomState.GONE, (code, reason)
        self._committer.forget(self)
        self._committer.release(self._pending.drop())
        self._receipts.drop()

    # --- Writing -----------------------------------------------------------------------

    async def inspect(self, update: bytes) -> UpdateFacts:
        """Validate a large update away from the event loop. Raises ProtocolError, WorkerError."""
        return await self._worker.inspect(update)

    async def trim(self, update: bytes, known: Mapping[int, Ranges]) -> bytes:
        """A large update without what is known, away from the event loop. Raises WorkerError."""
        return await self._worker.trim(update, known)

    def write(self, session: Session, update: bytes, facts: UpdateFacts) -> bool:
        """Take an update that adds something, and repeats no struct, into the next commit, or
        close its sender. Whether it was taken."""
        refusal = self._refusal(len(update), facts)
        if refusal is not None:
            session.close(*refusal)
            return False
        self.coverage.add(facts, len(update))
        self._pending.add(PendingUpdate(update, session.access.user, tuple(facts.structs)))
        if self.unsaved_since is None:
            self.unsaved_since = self._clock.monotonic()
        self.subscribe(session)
        self._committer.offer(self, len(update))
        return True

    def type(self, session: Session, typist: Typist, text: bytes, update: bytes) -> bool:
        """The same for what `typist` types next, of which nothing is left to be looked at but
        whether the document ends there and has room; else it is to be taken like any other."""
        pending, limits, length = self._pending, self.limits, length_of(text)
        size = pending.size + MOST_TYPED
        if (
            self.state is not RoomState.OPEN
            or self.log.size + size > limits.document_bytes
            or size > limits.pending_bytes
            or self._committer.pending_bytes + MOST_TYPED > limits.pending_bytes_total
            or not self.coverage.grow(typist.client, typist.clock, length)
        ):
            return False
        grown = pending.type(typist, text, update, session.access.user)
        typist.move(length)
        if self.unsaved_since is None:
            self.unsaved_since = self._clock.monotonic()
        if not session.subscribed:
            self.subscribe(session)
        self._committer.offer(self, grown)
        return True

    def after_saved(self, session: Session, message: Owed) -> None:
        """Send `message` once all that was accepted so far is committed."""
        if self._pending.saved == self._pending.accepted:
            session.send(message)
        elif session.await_receipt(message):
            self._receipts.add(self._pending.accepted, session, message)

    def _refusal(self, size: int, facts: UpdateFacts) -> tuple[CloseCode, str] | None:
        limits = self.limits
        if self.state is not RoomState.OPEN:
            return self._over
        full = self.log.size + self._pending.size + size > limits.document_bytes
        if full and facts.struct_count:
            return CloseCode.FULL, f"the document is full: {limits.document_bytes} bytes"
        # With nothing waiting any size is taken: else what is larger would never get through.
        here, all_rooms = self._pending.size, self._committer.pending_bytes
        if (here and here + size > limits.pending_bytes) or (
            all_rooms and all_rooms + size > limits.pending_bytes_total
        ):
            return CloseCode.TRY_LATER, "too much is waiting to be saved"
        too_loose = self.coverage.unresolved + size > limits.unresolved_bytes
        if too_loose and self.coverage.opens_gap(facts):
            return CloseCode.UNPLACEABLE, "too much waits for earlier updates of its clients"
        return None

    # --- The committer's side ----------------------------------------------------------

    def take(self) -> tuple[NewRow, ...]:
        if (batch := self._pending.take()) is None:
            return ()
        self._rows_in_flight, self._updates_in_flight = batch.pack(self.limits.merge_bytes)
        return self._rows_in_flight

    def failed(self) -> None:
        self._pending.put_back()
        if self.state is RoomState.GONE:
            self._committer.release(self._pending.drop())

    def committed(self, sequence: int) -> None:
        pending = self._pending
        self._committer.release(pending.saved_batch())
        self.looked, unsaved = self._clock.monotonic(), pending.saved != pending.accepted
        self.unsaved_since = self.looked if unsaved else None
        if self.state is RoomState.GONE:
            return
        first = sequence - len(self._rows_in_flight) + 1
        before = self.log.version
        for number, row in enumerate(self._rows_in_flight, first):
            if not self.log.add(LogRow(number, row.data)):
                before = UNKNOWN  # adopted already, and told to nobody
        for update in self._updates_in_flight:
            self._broadcast(update, before)
        self.told.all(unsaved)
        self._receipts.give(pending.saved)
        self._owner.room_committed(self, sequence, self._rows_in_flight)
        if not self.sessions:
            self._look_idle()

    def gone(self) -> None:
        self._pending.put_back()
        self.vanished()

    # --- What others did ---------------------------------------------------------------

    def vanished(self) -> None:
        """The store says that there is no such document any more."""
        self._owner.room_gone(self)

    def learned(self, rows: Iterable[tuple[LogRow, UpdateFacts]]) -> None:
        """Take in rows that other nodes committed."""
        self.looked = self._clock.monotonic()
        if self.state is RoomState.GONE:
            return
        new, before = [], self.log.version
        for row, facts in rows:
            if self.log.add(row):
                self.coverage.add(facts, len(row.data))
                new.append(row.data)
        for update in merged_runs(new, self.limits.merge_bytes):
            self._broadcast(update, before)
        self._owner.room_learned(self)

    def adopt(self, stored: StoredDocument, coverage: Coverage) -> bool:
        """Go on from what the store holds; `tell_owed` is due then.

        False, with nothing changed, if this node committed more while it was being loaded: the
        rows that the load lacks may be in our snapshot already.
        """
        if stored.info.sequence < self.log.sequence:
            return False
        self.told.adopted(self.coverage.state_vector())
        self.looked = self._clock.monotonic()
        self.log.replace(stored)
        self.coverage.include(coverage)
        return True

    async def tell_owed(self) -> None:
        """Send peers what was adopted. If it fails it stays due, from the same state on.

        Raises DocumentUnreadable, WorkerError.
        """
        if self.told.owed is None:
            return
        answer = await self.diffs.missing(self.told.owed)
        self.told.owed = None
        if self.state is not RoomState.GONE:
            self._broadcast(answer.update, UNKNOWN)
            self.told.all(self._pending.unsaved)

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run `work` until it ends or the service does."""
        self._tasks.spawn(work, f"a task of {self.document}")

    # --- Sending -----------------------------------------------------------------------

    def say(self, payload: str) -> None:
        """Send a Stateless message to all on all nodes whose wire can carry one."""
        self._owner.room_says(self, payload)

    def tell(self, payload: str) -> None:
        """The same to those here."""
        self._present.send(ItemKind.ANSWER, Stateless(payload))

    async def break_silence(self, turns: Turns) -> None:
        await self._present.break_silence(turns)

    def _broadcast(self, update: bytes, since: int) -> None:
        self._subscribed.send(ItemKind.UPDATE, Update(update), since, self.log.version)

    def _tell_nodes(self, states: tuple[Present, ...]) -> None:
        if self.state is not RoomState.GONE:
            self._owner.room_present(self, states)

    def _look_idle(self) -> None:
        self.diffs.forget()
        self.repeats.forget()
        if self.idle:
            self._owner.room_idle(self)
