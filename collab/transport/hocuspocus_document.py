"""One address on a socket of the Hocuspocus wire: signing in, its session, its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Coroutine
from enum import Enum, auto
from typing import Final, Protocol

from collab.access import Identity
from collab.errors import AccessDenied, CollabError, ProtocolError
from collab.protocol.close import CloseCode
from collab.protocol.hocuspocus import (
    AUTH,
    CLOSE,
    Address,
    Authenticated,
    Close,
    PermissionDenied,
    Token,
    decode,
    encode_control,
)
from collab.protocol.ids import parse_document_id
from collab.room.backlog import Backlog
from collab.telemetry import bind, event
from collab.transport.closing import close_code, close_reason, reason_of
from collab.transport.entrance import Entrance
from collab.transport.hocuspocus_session import (
    DocumentChannel,
    Open,
    Peer,
    Wire,
    codec_at,
    concerns_one,
    ends_one,
    farewell,
    scope_of,
)

_log = logging.getLogger(__name__)

STEP_1: Final = b"\x00\x00"
_STEP_2: Final = b"\x00\x01"
_NO_TOKEN: Final = encode_control(Token(""))


class Home(Wire, Protocol):
    """The socket, as its documents see it."""

    entrance: Entrance
    backlog: Backlog
    join_seconds: float

    @property
    def over(self) -> bool:
        """Whether the socket was closed."""

    async def turn(self) -> None:
        """Wait until one more document may be looked for."""

    async def identify(self, token: str) -> Identity: ...

    def hold(self, line: Line, frame: bytes) -> bool:
        """Whether a frame may wait at its line; else the socket is closed."""

    def taken_up(self, frame: bytes) -> None:
        """A frame does not wait any more."""

    def spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]: ...

    def opened(self, line: Line) -> None: ...

    def ended(self, line: Line) -> None:
        """Its session is over."""

    def settled(self, line: Line) -> None:
        """Nothing runs or waits at the line."""


class Unopened(Enum):
    UNSIGNED = auto()
    """Nobody said who sends this: frames wait for a Token."""
    DECIDING = auto()
    """Whoever signed in is being looked up, and the document opened: frames wait."""
    REFUSED = auto()
    """Frames are dropped until somebody signs in anew."""


State = Unopened | Open


class Line:
    """What comes for one address, in its order. At most one task of it runs at a time."""

    __slots__ = ("_home", "_task", "_waiting", "address", "state")

    def __init__(self, home: Home, address: Address) -> None:
        self.address = address
        self.state: State = Unopened.UNSIGNED
        self._home = home
        self._waiting: list[bytes] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def undecided(self) -> bool:
        return self.state is Unopened.UNSIGNED or self.state is Unopened.DECIDING

    @property
    def quiet(self) -> bool:
        return self._task is None and not self._waiting and not isinstance(self.state, Open)

    def may_be_larger(self, body: bytes) -> bool:
        """Whether this may be the first sync of an editor, which has a limit of its own."""
        state = self.state
        if not isinstance(state, Open) or not state.larger or not body.startswith(_STEP_2):
            return False
        state.larger = False
        return True

    def take(self, body: bytes) -> None:
        """The next frame of the address. Raises ProtocolError."""
        if self._task is None and isinstance(self.state, Open):
            waiting = self._step(body)
            if waiting is not None:
                self._begin(waiting)
            elif not isinstance(self.state, Open):
                self._home.settled(self)
            return
        if not self._home.hold(self, body):
            return
        self._waiting.append(body)
        if self._task is None and _begins(body) and (first := self._next()) is not None:
            waiting = self._step(first)
            if waiting is not None:
                self._begin(waiting)
        if self.quiet:
            self._home.settled(self)

    def close(self, code: CloseCode | None) -> None:
        """The socket is over."""
        if isinstance(self.state, Open):
            self._leave(self.state, Unopened.REFUSED, code)
        while self._waiting:
            self._pop(0)

    def drained(self) -> None:
        if isinstance(self.state, Open):
            self.state.channel.drained()

    # --- Order -------------------------------------------------------------------------

    def _begin(self, waiting: Awaitable[None]) -> None:
        self._task = self._home.spawn(self._work(waiting))
        if asyncio.iscoroutine(waiting):
            # A task that is cancelled at once awaits nothing of what it was given.
            self._task.add_done_callback(lambda _task: waiting.close())

    async def _work(self, waiting: Awaitable[None]) -> None:
        """Wait for what was begun, then take what came meanwhile."""
        try:
            await waiting
            while not self._home.over and (body := self._next()) is not None:
                if (more := self._step(body)) is not None:
                    await more
        except CollabError as error:
            self._home.close(close_code(error), reason_of(error))
        except Exception:
            _log.exception("a document's connection failed")
            self._home.close(CloseCode.INTERNAL, "the server failed")
        finally:
            self._task = None
        if self.quiet:
            self._home.settled(self)

    def _next(self) -> bytes | None:
        """The next frame that can be taken now; before the line is open, what signs in.

        A provider of 2.x that was given no token says nothing and asks for the document: then
        what the socket itself brought says who it is.
        """
        if self.state is not Unopened.UNSIGNED:
            return self._pop(0) if self._waiting else None
        index = 0
        while index < len(self._waiting):
            body = self._waiting[index]
            if body[0] == AUTH:
                return self._pop(index)
            if is_close(body):
                for _ in range(index + 1):
                    self._pop(0)
                index = 0
            elif body.startswith(STEP_1):
                return _NO_TOKEN
            else:
                index += 1
        return None

    def _pop(self, index: int) -> bytes:
        body = self._waiting.pop(index)
        self._home.taken_up(body)
        return body

    def _step(self, body: bytes) -> Awaitable[None] | None:
        """Take a frame; what is returned is awaited before the next. Raises ProtocolError."""
        state = self.state
        if isinstance(state, Open):
            if body[0] == AUTH:
                return self._renew(state, _token(body))
            if not is_close(body):
                return state.session.receive(body)
            self._leave(state, Unopened.UNSIGNED, None)
        elif body[0] == AUTH:
            said = _token(body)
            self.state = Unopened.DECIDING
            return self._decide(said)
        elif is_close(body):
            self.state = Unopened.UNSIGNED
        return None

    # --- Signing in --------------------------------------------------------------------

    async def _decide(self, said: Token) -> None:
        home = self._home
        with bind(document=self.address.document):
            try:
                async with asyncio.timeout(home.join_seconds):
                    await self._join(said)
            except TimeoutError:
                home.close(CloseCode.TRY_LATER, "the document is not ready yet")
            except CollabError as error:
                self._refuse(error)

    async def _join(self, said: Token) -> None:
        home, prefix = self._home, self.address.prefix
        await home.turn()
        document = parse_document_id(self.address.document)
        identity = await home.identify(said.token)
        channel = DocumentChannel(home, self._ended)
        codec = codec_at(prefix)
        session, watch = await home.entrance.join(identity, document, channel, codec, home.backlog)
        may_write = session.access.role.may_write
        self.state = Open(session, watch, channel, said.version, may_write)
        home.opened(self)
        home.say(prefix, Authenticated(scope_of(session.access)))
        channel.open()
        home.entrance.follow(watch, session, Peer(home, prefix, session, said.version))
        event(_log, "joined", user=session.access.user)

    def _refuse(self, error: CollabError) -> None:
        home, code = self._home, close_code(error)
        if home.entrance.draining:
            home.close(CloseCode.RESTART, "the server is restarting")
        elif concerns_one(error):
            _log.info("refused", extra={"code": int(code), "reason": str(error)})
            self.state = Unopened.REFUSED
            home.entrance.closes[code] += 1
            home.say(self.address.prefix, PermissionDenied(close_reason(reason_of(error))))
        else:
            _log.warning("not let in", extra={"code": int(code), "reason": str(error)})
            home.close(code, reason_of(error))

    async def _renew(self, state: Open, said: Token) -> None:
        """A provider signs in again on a document that it has open."""
        try:
            async with asyncio.timeout(self._home.join_seconds):
                identity = await self._home.identify(said.token)
            if self.state is state:
                state.watch.renew(identity)
        except AccessDenied as error:
            state.session.close(close_code(error), reason_of(error))
        except TimeoutError:
            self._home.close(CloseCode.TRY_LATER, "the token could not be checked in time")

    # --- The end -----------------------------------------------------------------------

    def _ended(self, code: CloseCode, reason: str) -> None:
        """The session ends itself."""
        state = self.state
        if not ends_one(code) or not isinstance(state, Open):
            self._home.close(code, reason)
            return
        self._leave(state, Unopened.REFUSED, code)
        self._home.entrance.closes[code] += 1
        for control in farewell(code, reason, state.version):
            self._home.say(self.address.prefix, control)
        if self.quiet:
            self._home.settled(self)

    def _leave(self, state: Open, after: Unopened, code: CloseCode | None) -> None:
        self.state = after
        state.end(code)
        self._home.ended(self)
        left_with = None if code is None else int(code)
        event(_log, "left", document=self.address.document, code=left_with)


def _begins(body: bytes) -> bool:
    """Whether an address that waits for its Token need look at what waits."""
    return body[0] == AUTH or body[0] == CLOSE or body.startswith(STEP_1)


def is_close(body: bytes) -> bool:
    """Whether a client ends its document. Raises ProtocolError."""
    if body[0] != CLOSE:
        return False
    if decode(body) != Close():
        raise ProtocolError("only a server says why it closes")
    return True


def _token(body: bytes) -> Token:
    """Raises ProtocolError."""
    said = decode(body)
    if not isinstance(said, Token):
        raise ProtocolError(f"only a server says {type(said).__name__}")
    return said
