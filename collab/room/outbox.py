"""What waits to be sent to one peer."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable
from typing import Final, assert_never, cast

from collab.errors import CollabError
from collab.interfaces import Channel, Write
from collab.protocol.awareness import AwarenessEntry
from collab.room.backlog import Backlog
from collab.room.items import (
    LATEST,
    Entry,
    Item,
    ItemKind,
    Latest,
    Missed,
    Part,
    Question,
    Supply,
)

MOST_PRESENT: Final = 20_000
"""Latest states that wait for one connection; they are shared with the room."""


_EMPTY: Final = cast("deque[Entry]", ())
"""The queue of the many peers for whom nothing ever waits: a deque takes 760 bytes."""
_NOBODY: Final[dict[int, AwarenessEntry]] = {}
"""Their presence."""


class Outbox:
    """In order: straight to the channel while it keeps up, else waiting here.

    Frames wait until the connection's backlog is full. Then updates and presence are dropped,
    and what remains of them is where they stood: the log's version that the peer was sent
    last, and the latest state of each client. As the channel takes more, updates are merged
    anew from the log, or, if it does not remember so far back, worked out from a state vector
    that the peer had before it fell behind. Each stays behind what it builds on, and a receipt
    behind the updates that it stands for. Answers are kept, and bounded in bytes and number:
    where none waits for the connection one of any size is taken, and over it `overflow` is
    called.
    """

    __slots__ = (
        "_answers",
        "_backlog",
        "_busy",
        "_channel",
        "_cursor",
        "_dead",
        "_dropped",
        "_freely",
        "_high",
        "_known",
        "_missed",
        "_most",
        "_presence",
        "_queue",
        "_supply",
        "freely",
    )

    def __init__(
        self, channel: Channel, supply: Supply, backlog: Backlog, high: int, most: int
    ) -> None:
        self._channel = channel
        self._supply = supply
        self._backlog = backlog
        self._high = high
        self._most = most
        self._queue = _EMPTY
        self._answers = 0
        self._busy = False
        """Whether a worker looks for what the first entry asks."""
        self._dead = False
        self._dropped = False
        self._missed = 0
        """Places in the queue where updates were dropped; the first begins at the cursor."""
        self._cursor = 0
        """The log's version up to which the peer was sent updates."""
        self._known = b""
        """What the peer had when something began to wait, as a state vector."""
        self._presence = _NOBODY
        self._freely: Write | None = None
        """What the channel takes frames with, while it takes them freely."""
        self.freely: Write | None = None
        """The same, while nothing waits here: what it takes need not be put."""
        channel.on_flow(self._flows)

    @property
    def backlog(self) -> Backlog:
        """What waits here, and at others of the same connection."""
        return self._backlog

    @property
    def waits(self) -> bool:
        """Whether anything waits here."""
        return bool(self._queue)

    @property
    def busy(self) -> bool:
        """Whether what waits does not wait for the peer, but for a document worker."""
        return self._busy

    @property
    def collapsed(self) -> bool:
        """Whether frames were dropped that are to be made anew."""
        return self._dropped

    def put(self, item: Item) -> None:
        channel = self._channel
        if not self._queue and channel.buffered < self._high:
            channel.send(item.frame)
            return
        self._enqueue(item)

    def ask(self, state_vector: bytes) -> Awaitable[None] | None:
        """Answer a sync request, behind all that waits. What is returned is to be awaited.

        Raises DocumentUnreadable.
        """
        straight = not self._queue and self._channel.buffered < self._high
        if straight and (part := self._supply.missing_now(state_vector, answer=True)) is not None:
            self._pass(part)
            return None
        question = Question(state_vector)
        if self._dead or not self._keep(question, len(state_vector)) or not straight:
            return None
        self._busy = True
        return self._work_long(question, state_vector)

    def end(self) -> None:
        """Drop what waits and take nothing more."""
        self._dead = True
        self.freely = None
        self._high = -1  # keeps `put` to the one comparison while all is well
        for entry in self._queue:
            self._release(entry)
        if self._queue:
            self._queue.clear()
        self._backlog.present -= len(self._presence)
        self._presence = _NOBODY
        self._backlog.leave(self.collapse)

    def collapse(self) -> None:
        """Give back what can be made anew."""
        if self._dropped or self._dead or not self._queue:
            return
        self._dropped = True
        entries = tuple(self._queue)
        self._queue.clear()
        for entry in entries:
            if isinstance(entry, Item) and entry.kind is not ItemKind.ANSWER:
                self._release(entry)
                self._drop(entry)
            elif self._dead:  # what was dropped so far is too much
                self._release(entry)
            else:
                self._queue.append(entry)

    # --- Taking ------------------------------------------------------------------------

    def _enqueue(self, item: Item) -> None:
        if self._dead:
            return
        if item.kind is ItemKind.ANSWER:
            self._keep(item, len(item.frame), item.known)
            return
        self._begin(item.known)
        if not self._dropped and not self._backlog.fits(len(item.frame)):
            self._backlog.relieve()
            self._dropped = True
        if self._dropped:
            self._drop(item)
        else:
            self._queue.append(item)
            self._backlog.add(len(item.frame))

    def _flows(self, freely: Write | None) -> None:
        self._freely = freely
        self.freely = None if self._queue or self._dead else freely

    def _begin(self, known: bytes | None = None) -> None:
        self.freely = None
        if not self._queue:
            if self._queue is _EMPTY:
                self._queue = deque()
                self._channel.on_drain(self._flush)
                self._backlog.join(self.collapse)
            self._known = self._supply.known() if known is None else known
            self._supply.waiting()

    def _keep(self, entry: Item | Question, size: int, known: bytes | None = None) -> bool:
        """Let an answer wait; False if there are too many."""
        backlog = self._backlog
        if not backlog.fits(size):
            backlog.relieve()
        if self._dead:
            return False
        if self._answers >= self._most or (backlog.bytes and not backlog.fits(size)):
            self.end()
            self._supply.overflow()
            return False
        self._begin(known)
        self._queue.append(entry)
        self._answers += 1
        backlog.add(size)
        return True

    def _drop(self, item: Item) -> None:
        """Note what is to be made anew."""
        if self._dead:
            return
        queue = self._queue
        last = queue[-1] if queue else None
        if item.kind is ItemKind.UPDATE:
            self._cursor = min(self._cursor, item.since) if self._missed else item.since
            if isinstance(last, Missed):
                last.until = item.until
            else:
                self._missed += 1
                queue.append(Missed(item.until))
            return
        if not self._presence:
            self._presence = {}
            queue.append(LATEST)
        self._backlog.present -= len(self._presence)
        self._presence.update((entry.client, entry) for entry in item.entries)
        self._backlog.present += len(self._presence)
        if self._backlog.present > MOST_PRESENT:
            self.end()
            self._supply.overflow()

    def _release(self, entry: Entry) -> None:
        """It does not wait any more."""
        match entry:
            case Item(kind=kind, frame=frame):
                self._backlog.remove(len(frame))
                self._answers -= kind is ItemKind.ANSWER
            case Question(state_vector):
                self._backlog.remove(len(state_vector))
                self._answers -= 1
            case Missed():
                self._missed -= 1
            case Latest():
                pass
            case _:
                assert_never(entry)

    # --- Sending -----------------------------------------------------------------------

    def _flush(self) -> None:
        queue, channel = self._queue, self._channel
        try:
            while queue and not self._busy and channel.buffered < self._high:
                self._send(queue[0])
        except CollabError as error:
            self._supply.failed(error)

    def _send(self, entry: Entry) -> None:
        """Send some of the first entry, or all."""
        match entry:
            case Item(frame=frame):
                self._done(entry)
                self._channel.send(frame)
            case Missed():
                self._catch_up(entry)
            case Question(state_vector):
                self._work(entry, state_vector)
            case Latest():
                self._done(entry)
                self._show()
            case _:
                assert_never(entry)

    def _done(self, entry: Entry) -> None:
        self._queue.popleft()
        self._release(entry)
        if not self._queue:
            self._dropped = False
            self.freely = self._freely

    def _catch_up(self, entry: Missed) -> None:
        if self._cursor < entry.until:
            part = self._supply.newer(self._cursor, entry.until)
            if part is None:
                self._work(entry, self._known)
                return
            self._pass(part)
            self._cursor = part.version
        if self._cursor >= entry.until:
            self._done(entry)

    def _show(self) -> None:
        """Send some of the latest states; the rest goes behind what waits."""
        waiting = tuple(self._presence.values())
        frame, count = self._supply.presence(waiting)
        for entry in waiting[:count]:
            del self._presence[entry.client]
        self._backlog.present -= count
        if self._presence:
            self._dropped = True
            self.freely = None
            self._queue.append(LATEST)
        self._channel.send(frame)

    def _work(self, entry: Missed | Question, state_vector: bytes) -> None:
        """Send all that is lacked over a state vector, at once or after a while."""
        part = self._supply.missing_now(state_vector, answer=isinstance(entry, Question))
        if part is None:
            self._busy = True
            self._supply.spawn(self._work_long(entry, state_vector))
        else:
            self._worked(entry, part)

    async def _work_long(self, entry: Missed | Question, state_vector: bytes) -> None:
        try:
            answer = isinstance(entry, Question)
            part = await self._supply.missing(state_vector, answer=answer)
        except CollabError as error:
            self._supply.failed(error)
            return
        finally:
            self._busy = False
        if not self._dead:
            self._worked(entry, part)
            self._flush()

    def _pass(self, part: Part) -> None:
        for frame in part.frames:
            self._channel.send(frame)

    def _worked(self, entry: Missed | Question, part: Part) -> None:
        """The first entry is done, unless more was missed while it was worked on.

        An answer moves no cursor: it lacks what the peer says it has, whose echo, if it is the
        peer's own, is its receipt.
        """
        self._pass(part)
        if isinstance(entry, Missed):
            self._cursor = max(self._cursor, part.version)
            if self._cursor < entry.until:
                return
        self._done(entry)
