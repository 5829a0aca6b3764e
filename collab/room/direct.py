"""Writes from inside the process: what a peer could write, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from collab.access import Access
from collab.errors import (
    AccessDenied,
    CollabError,
    DocumentDeleted,
    LimitExceeded,
    ProtocolError,
    Unavailable,
    WorkerError,
)
from collab.interfaces import Write
from collab.protocol.close import CloseCode
from collab.protocol.messages import Message, Receipt, SyncStep2
from collab.room.codec import Codec, Receipts
from collab.room.opening import Opener
from collab.room.room import Room
from collab.room.session import READ_ONLY

SAVE_SECONDS: Final = 10.0
"""For opening the document, looking at the update, and the commit."""

_ACCEPTED: Final = b"\x01"
_REFUSED: Final = b"\x00"


async def write(
    opener: Opener,
    document: str,
    update: bytes,
    access: Access,
    seconds: float = SAVE_SECONDS,
) -> int:
    """Write `update` (Yjs, v1) as a peer with this access would, by the same rules and limits;
    a missing document is created as for a peer. Returns the document's sequence once all that
    the update holds is committed.

    Raises ProtocolError, LimitExceeded, AccessDenied, DocumentNotFound, DocumentDeleted,
    WorkerError and whatever else keeps a document from being opened; Unavailable if the update
    is not known to be saved within `seconds`. It may be all the same, and can be sent again:
    what is known is not written twice.
    """
    try:
        async with asyncio.timeout(seconds):
            room = await opener.open(document, access)
            return await _write(room, document, update, access)
    except TimeoutError:
        raise Unavailable("the update is not known to be saved; send it again") from None


async def _write(room: Room, document: str, update: bytes, access: Access) -> int:
    writer = _Writer(document, lambda: room.log.newest)
    session = room.join(writer, access, _DIRECT)
    try:
        if (waiting := session.receive(update)) is not None:
            await waiting
        outcome = await writer.outcome
    finally:
        session.leave()
    if isinstance(outcome, CollabError):
        raise outcome
    return outcome


class _Writer:
    """`collab.interfaces.Channel` that waits for the one receipt, or the close."""

    buffered: Final = 0
    taken: Final = 0

    def __init__(self, document: str, sequence: Callable[[], int]) -> None:
        self.outcome: asyncio.Future[int | CollabError] = asyncio.get_running_loop().create_future()
        self._document = document
        self._sequence = sequence

    def send(self, frame: bytes) -> None:
        if frame == _ACCEPTED:
            self._end(self._sequence())
        elif frame == _REFUSED:
            self._end(AccessDenied(READ_ONLY))

    def close(self, code: CloseCode, reason: str) -> None:
        self._end(_error(code, reason, self._document))

    def on_drain(self, callback: Callable[[], None]) -> None:
        """Nothing is ever buffered."""

    def on_flow(self, callback: Callable[[Write | None], None]) -> None:
        """It wants no more than a receipt."""

    def _end(self, outcome: int | CollabError) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


def _error(code: CloseCode, reason: str, document: str) -> CollabError:
    """What a session was closed for, as an error again."""
    match code:
        case CloseCode.MALFORMED:
            return ProtocolError(reason)
        case CloseCode.TOO_BIG | CloseCode.FULL | CloseCode.UNPLACEABLE:
            return LimitExceeded(reason)
        case CloseCode.GONE:
            return DocumentDeleted(document)
        case CloseCode.UNAUTHORIZED | CloseCode.FORBIDDEN:
            return AccessDenied(reason)
        case CloseCode.INTERNAL:
            return WorkerError(reason)
    return Unavailable(reason)


def _encode(message: Message) -> bytes:
    """Receipts alone are of interest."""
    if isinstance(message, Receipt):
        return _ACCEPTED if message.accepted else _REFUSED
    return b""


_DIRECT: Final = Codec("direct", SyncStep2, _encode, greets=False, receipts=Receipts.EACH)
"""A frame in is an update. It is a SyncStep2, all that its author has: nothing that it builds on
will follow, so that it waits for nothing."""
