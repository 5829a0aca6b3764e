"""The Hocuspocus wire, `/hocuspocus`: one socket, many documents."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from collab.access import Identity
from collab.errors import ProtocolError
from collab.interfaces import Clock
from collab.protocol.close import CloseCode
from collab.protocol.hocuspocus import (
    AUTH,
    AWARENESS,
    PING,
    PONG,
    QUERY_AWARENESS,
    Control,
    PermissionDenied,
    encode,
    encode_control,
    read_address,
    split,
)
from collab.protocol.messages import AwarenessUpdate
from collab.room.backlog import Backlog
from collab.transport.closing import close_code
from collab.transport.deadlines import Deadlines
from collab.transport.entrance import Entrance
from collab.transport.hocuspocus_document import STEP_1, Line, Unopened, is_close
from collab.transport.socket import Receiver, Socket

WAITING_FRAMES: Final = 1000
"""Frames that may wait on one socket, of all its documents."""
VACANT_SECONDS: Final = 60.0
"""A socket on which no document is open for as long is closed."""
SILENCE_SECONDS: Final = 10.0
"""Providers give up a connection on which nothing came for 30 s: when nothing else was said for
this long, or at most twice as long, something is."""
OPENINGS: Final = 100
OPENINGS_A_SECOND: Final = 20.0
"""Documents that a socket may ask for at once, and a second after that: opening one costs more
than what else a frame may ask for."""
NOT_READING_BYTES: Final = 256 * 1024
UNREAD_REPLIES: Final = 1000
"""Replies about the wire that are sent to a peer that has NOT_READING_BYTES unread."""

_PRESENCE: Final = (AWARENESS, QUERY_AWARENESS)
"""Without a document they are the last that 2.x says of one; who comes shows itself anew."""
_NOBODY: Final = encode(AwarenessUpdate(()))
"""Changes nothing, and no provider minds it: those before 4 fail on a Ping."""


@dataclass(frozen=True, slots=True)
class HocuspocusLimits:
    """Of one socket: documents that are open or being opened, bytes that may wait to be taken,
    and bytes that may wait to be sent."""

    documents: int = 100
    waiting_bytes: int = 1024 * 1024
    outbox_bytes: int = 4 * 1024 * 1024


class HocuspocusWire:
    """Serves peers whose every frame names its document."""

    def __init__(self, entrance: Entrance, clock: Clock, limits: HocuspocusLimits) -> None:
        self._entrance = entrance
        self._clock = clock
        self._limits = limits
        self._times: _Times | None = None

    async def serve(self, socket: Socket) -> Receiver:
        if self._times is None:
            self._times = _Times(
                Deadlines(socket.limits.join_seconds, _Connection.expect),
                Deadlines(SILENCE_SECONDS, _Connection.beat),
            )
        return _Connection(socket, self._entrance, self._clock, self._limits, self._times)


class _Times(NamedTuple):
    """What all connections are looked at after: once to see that somebody signed in, and again
    and again. Nothing that a peer sends puts this off."""

    signing: Deadlines[_Connection]
    beats: Deadlines[_Connection]


class _Connection:
    """One socket: `collab.transport.socket.Receiver` of its frames, and
    `collab.transport.hocuspocus_document.Home` of its documents."""

    def __init__(
        self,
        socket: Socket,
        entrance: Entrance,
        clock: Clock,
        limits: HocuspocusLimits,
        times: _Times,
    ) -> None:
        self.entrance = entrance
        self.backlog = Backlog(limits.outbox_bytes)
        self.join_seconds = socket.limits.join_seconds
        self._socket = socket
        self._credentials = socket.credentials
        self._channel = socket.channel
        self._clock = clock
        self._limits = limits
        self._lines: dict[bytes, Line] = {}
        self._open: dict[Line, None] = {}
        self._refused: dict[bytes, None] = {}
        """The addresses that were refused last: what still comes for them is dropped."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting_bytes = 0
        self._waiting_frames = 0
        self._progress: asyncio.Event | None = None
        self._identifying = asyncio.Lock()
        self._known: tuple[str | None, Identity] | None = None
        self._openings_until = clock.monotonic()
        """When all openings that were let through would have been at their rate."""
        self._vacant_since = clock.monotonic()
        self._spoke = False
        self._unread = 0
        self._channel.on_drain(self._drained)
        self._loop = asyncio.get_running_loop()
        self._times = times
        for due in times:
            due.begin(self, self._loop)

    def leave(self) -> None:
        for due in self._times:
            due.end(self)
        for task in self._tasks:
            task.cancel()
        for line in tuple(self._lines.values()):
            line.close(self._channel.closed_with)
        self._lines.clear()

    # --- In ----------------------------------------------------------------------------

    def take(self, frame: bytes) -> Awaitable[None] | None:
        if not self.over:
            self._receive(frame)
        if self._unread:
            return self._let_it_read()
        return self._room() if self._crowded and self._tasks else None

    async def _let_it_read(self) -> None:
        """A peer that sends without end may yet be reading."""
        await self._room()
        await asyncio.sleep(0)

    def _receive(self, frame: bytes) -> None:
        try:
            if frame == PING:
                self._reply(PONG)
            elif frame != PONG:
                prefix, body = split(frame)
                line = self._lines.get(prefix) or self._line(prefix, body)
                if line is not None:
                    line.take(body)
        except ProtocolError as error:
            self.close(close_code(error), str(error))

    def _line(self, prefix: bytes, body: bytes) -> Line | None:
        """The line of an address that has none; None if the frame is to be dropped."""
        if is_close(body):
            self._refused.pop(prefix, None)
            return None
        if body[0] != AUTH and (prefix in self._refused or body[0] in _PRESENCE):
            return None
        if len(self._lines) >= self._limits.documents:
            if body[0] == AUTH or body.startswith(STEP_1):
                self._refuse(prefix)
                self.say(prefix, PermissionDenied("too many documents on this connection"))
            return None
        self._refused.pop(prefix, None)
        line = self._lines[prefix] = Line(self, read_address(prefix))
        return line

    def larger(self, frame: bytes) -> bool:
        try:
            prefix, body = split(frame)
        except ProtocolError:
            return False
        line = self._lines.get(prefix)
        return line is not None and line.may_be_larger(body)

    def hold(self, line: Line, frame: bytes) -> bool:
        self._waiting_bytes += len(frame)
        self._waiting_frames += 1
        if self._crowded and line.undecided and not (self._known and self._tasks):
            self.close(CloseCode.EARLY, "too much was sent before signing in")
            return False
        return True

    def taken_up(self, frame: bytes) -> None:
        self._waiting_bytes -= len(frame)
        self._waiting_frames -= 1
        self._progressed()

    @property
    def _crowded(self) -> bool:
        limit = self._limits.waiting_bytes
        return self._waiting_bytes > limit or self._waiting_frames > WAITING_FRAMES

    async def _room(self) -> None:
        """Read on once not too much waits: for what is at work, since the rest needs reading."""
        while self._crowded and self._tasks and not self.over:
            self._progress = asyncio.Event()
            await self._progress.wait()

    def _progressed(self) -> None:
        if self._progress is not None:
            self._progress.set()

    # --- Out ---------------------------------------------------------------------------

    @property
    def buffered(self) -> int:
        return self._channel.buffered

    @property
    def taken(self) -> int:
        return self._channel.taken

    @property
    def over(self) -> bool:
        return self._channel.closed_with is not None

    def send(self, frame: bytes) -> None:
        self._spoke = True
        self._channel.send(frame)

    def say(self, prefix: bytes, control: Control) -> None:
        self._reply(prefix + encode_control(control))

    def close(self, code: CloseCode, reason: str) -> None:
        self._channel.close(code, reason)
        self._progressed()

    def _reply(self, frame: bytes) -> None:
        if self._channel.buffered >= NOT_READING_BYTES:
            self._unread += 1
            if self._unread > UNREAD_REPLIES:
                self.close(CloseCode.TRY_LATER, "the connection reads too slowly")
        self.send(frame)

    def _drained(self) -> None:
        self._unread = 0
        for line in tuple(self._open):
            line.drained()
        if self._open:  # each comes first in its turn
            first = next(iter(self._open))
            self._open[first] = self._open.pop(first)

    # --- Documents ---------------------------------------------------------------------

    async def turn(self) -> None:
        """Wait until one more document may be looked for."""
        now = self._clock.monotonic()
        self._openings_until = max(self._openings_until, now) + 1 / OPENINGS_A_SECOND
        early = self._openings_until - now - OPENINGS / OPENINGS_A_SECOND
        if early > 0:
            await self._clock.sleep(early)

    async def identify(self, token: str) -> Identity:
        """Who signs in with this token, or, if it is empty, with what the socket brought.

        All documents of a socket mostly come with the same token, and at once: it is looked at
        once, and who brings none is the same guest in all of them.
        """
        credentials = self._credentials
        if token:
            credentials = replace(credentials, token=token)
        async with self._identifying:
            if self._known is not None and self._known[0] == credentials.token:
                return self._known[1]
            identity = await self.entrance.identify(credentials)
            self._socket.identified(identity)
            self._known = (credentials.token, identity)
            return identity

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="hocuspocus document")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._progressed()

    def opened(self, line: Line) -> None:
        self._open[line] = None

    def ended(self, line: Line) -> None:
        self._open.pop(line, None)
        if not self._open:
            self._vacant_since = self._clock.monotonic()

    def settled(self, line: Line) -> None:
        prefix = line.address.prefix
        if self._lines.get(prefix) is line:
            del self._lines[prefix]
        if line.state is Unopened.REFUSED:
            self._refuse(prefix)

    def _refuse(self, prefix: bytes) -> None:
        self._refused[prefix] = None
        if len(self._refused) > self._limits.documents:
            del self._refused[next(iter(self._refused))]

    # --- Time --------------------------------------------------------------------------

    def expect(self) -> None:
        """Close the socket of a peer that did not sign in."""
        if self._known is None:
            self.close(CloseCode.TIMEOUT, "nobody signed in")

    def beat(self) -> None:
        """Close the socket of a peer that opens nothing; break the silence on any other."""
        if self.over:
            return
        self._times.beats.begin(self, self._loop)
        if self._known is None:
            return
        vacant = not self._open and not self._tasks
        if vacant and self._clock.monotonic() - self._vacant_since >= VACANT_SECONDS:
            self.close(CloseCode.TIMEOUT, "no document is open")
        elif not self._spoke and self._open:
            self._channel.send(next(iter(self._open)).address.prefix + _NOBODY)
        self._spoke = False
