"""A session on a socket that it shares with others: the Hocuspocus wire's channel of it, what
its rights become there, and which ends concern it alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from collab.access import Access
from collab.auth.live import Watch
from collab.errors import (
    CollabError,
    DocumentUnreadable,
    InvalidDocumentId,
    Unauthenticated,
    WorkerError,
)
from collab.interfaces import Write
from collab.protocol.close import CloseCode
from collab.protocol.hocuspocus import (
    Authenticated,
    Close,
    Control,
    PermissionDenied,
    Scope,
    TokenRequest,
    decode_message,
    encode,
)
from collab.room.codec import Codec, Receipts
from collab.room.session import Session
from collab.transport.closing import close_code, close_reason, reason_of

_OF_RIGHTS: Final = frozenset({CloseCode.UNAUTHORIZED, CloseCode.FORBIDDEN})
_OF_ONE_DOCUMENT: Final = _OF_RIGHTS | {
    CloseCode.GONE,
    CloseCode.FULL,
    CloseCode.UNPLACEABLE,
    CloseCode.ROOM_FULL,
}


class Wire(Protocol):
    """The socket, as the channels of its documents see it."""

    @property
    def buffered(self) -> int: ...

    @property
    def taken(self) -> int: ...

    def send(self, frame: bytes) -> None: ...

    def say(self, prefix: bytes, control: Control) -> None:
        """Send what is about the wire, to one document."""

    def close(self, code: CloseCode, reason: str) -> None:
        """Close the socket, with all its documents."""


class DocumentChannel:
    """`collab.interfaces.Channel` of one document. `closed` is told how the session ends
    itself."""

    __slots__ = ("_closed", "_early", "_ended", "_on_drain", "_wire")

    def __init__(self, wire: Wire, closed: Callable[[CloseCode, str], None]) -> None:
        self._wire = wire
        self._closed = closed
        self._early: list[bytes] | None = []
        self._ended = False
        self._on_drain: list[Callable[[], None]] = []

    @property
    def buffered(self) -> int:
        return self._wire.buffered

    @property
    def taken(self) -> int:
        return self._wire.taken

    def send(self, frame: bytes) -> None:
        if self._ended:
            return
        if self._early is None:
            self._wire.send(frame)
        else:
            self._early.append(frame)

    def close(self, code: CloseCode, reason: str) -> None:
        if not self._ended:
            self._ended = True
            self._closed(code, reason)

    def on_drain(self, callback: Callable[[], None]) -> None:
        self._on_drain.append(callback)

    def on_flow(self, callback: Callable[[Write | None], None]) -> None:
        """It has no frames of its own: what goes to one document goes by the socket of all."""

    def open(self) -> None:
        """Pass on what the room said to the newcomer, which goes behind the admission."""
        early, self._early = self._early, None
        for frame in early or ():
            self._wire.send(frame)

    def end(self) -> None:
        self._ended = True
        self._on_drain.clear()

    def drained(self) -> None:
        for callback in tuple(self._on_drain):
            callback()


@dataclass(slots=True, eq=False)
class Open:
    """A document that frames are handed to, one after the other."""

    session: Session
    watch: Watch
    channel: DocumentChannel
    version: str | None
    """Of its provider, which says so from 4 on."""
    larger: bool
    """Whether its first sync, which may be more than an ordinary message, may still come."""

    def end(self, code: CloseCode | None) -> None:
        self.channel.end()
        self.watch.stop()
        self.session.leave(code)


class Peer:
    """`collab.auth.live.Watched` on this wire."""

    def __init__(self, wire: Wire, prefix: bytes, session: Session, version: str | None) -> None:
        self._wire = wire
        self._prefix = prefix
        self._session = session
        self._version = version

    def granted(self, access: Access) -> None:
        before = scope_of(self._session.access)
        self._session.access = access
        if scope_of(access) is not before:
            self._wire.say(self._prefix, Authenticated(scope_of(access)))

    def denied(self, error: CollabError) -> None:
        if isinstance(error, Unauthenticated) and self._version is None:
            # Providers of 2.x take no TokenRequest; all bring a fresh one when they connect.
            self._session.close(CloseCode.TIMEOUT, "the token is over, sign in anew")
        else:
            self._session.close(close_code(error), reason_of(error))

    def expiring(self) -> None:
        self._wire.say(self._prefix, TokenRequest())


def codec_at(prefix: bytes) -> Codec:
    """How a session at this address speaks."""
    return Codec(
        "hocuspocus",
        decode_message,
        encode,
        prefix,
        greets=False,
        receipts=Receipts.EACH,
        stateless=True,
    )


def scope_of(access: Access) -> Scope:
    return Scope.READ_WRITE if access.role.may_write else Scope.READ_ONLY


def concerns_one(error: CollabError) -> bool:
    """Whether a document that cannot be opened for this reason is refused alone. The others
    are worth another try, which a provider makes for a socket that was closed, and does not
    for a document that it was refused."""
    alone = isinstance(error, InvalidDocumentId | DocumentUnreadable | WorkerError)
    return alone or ends_one(close_code(error))


def ends_one(code: CloseCode) -> bool:
    """Whether a session that ends with this code leaves the socket to the others."""
    return code in _OF_ONE_DOCUMENT


def farewell(code: CloseCode, reason: str, version: str | None) -> tuple[Control, ...]:
    """What the provider of a document is told that was ended alone.

    A Close makes it forget its peers and that it was synced, but one before 4 fails on it:
    that is refused instead, as is any that lost its rights.
    """
    text = close_reason(reason)
    if version is None:
        return (PermissionDenied(text),)
    return (PermissionDenied(text), Close(text)) if code in _OF_RIGHTS else (Close(text),)
