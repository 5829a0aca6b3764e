"""A WebSocket connection as all wires see it, and that of any ASGI server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import unquote_to_bytes

from collab.access import Credentials, Identity
from collab.admission.connections import Seat
from collab.auth.credentials import credentials_of
from collab.errors import InvalidDocumentId
from collab.paths import sent_path
from collab.protocol.close import CloseCode
from collab.transport.channel import AsgiChannel, Endable, Message, Receive

OVERHEAD: Final = 1024
"""Bytes of a frame around its update, at most: an address and a few numbers."""

IDENTIFIED: Final = "collab.identified"
"""An extension of the ASGI scope that our own server has: it is called once a peer is known, and
reads little of it before."""

Scope = MutableMapping[str, Any]


class Receiver(Protocol):
    """What a wire makes of a peer that it let in."""

    def take(self, frame: bytes) -> Awaitable[None] | None:
        """Take a frame. What is returned is awaited before the next one. What is raised, here
        or there, closes the connection."""

    def larger(self, frame: bytes) -> bool:
        """Whether a frame over `message_bytes` may be taken, up to `first_sync_bytes`."""

    def leave(self) -> None:
        """The connection is over. Called once."""


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bytes of one message, bytes of an editor's first sync, and seconds to be let in."""

    message_bytes: int
    first_sync_bytes: int
    join_seconds: float


class Socket:
    """An accepted connection: its frames in, its channel out."""

    __slots__ = ("_tell", "channel", "limits", "scope", "seat")

    def __init__(self, scope: Scope, channel: Endable, limits: SocketLimits, seat: Seat) -> None:
        self.scope = scope
        self.channel = channel
        self.limits = limits
        self.seat = seat
        self._tell: Callable[[], None] | None = (scope.get("extensions") or {}).get(IDENTIFIED)

    @property
    def idle(self) -> bool:
        """Whether there is nothing of the peer's to be looked at."""
        raise NotImplementedError

    @property
    def credentials(self) -> Credentials:
        return credentials_of(self.scope)

    def identified(self, identity: Identity) -> None:
        """Count the connection, and what it sends, for its user too.

        Every wire calls this once it knows who its peer is, before it joins a room; a wire on
        which several identities may speak calls it for each. Raises TooManyConnections.
        """
        self.seat.identified(identity)
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()

    def admits(self, frame: bytes, receiver: Receiver) -> bool:
        """Whether a frame is within the limits; else its sender is closed."""
        if len(frame) <= self.limits.message_bytes or self._fits(frame, receiver):
            return True
        limit = self.limits.message_bytes
        self.channel.close(CloseCode.TOO_BIG, f"a message has at most {limit} bytes")
        return False

    def refuse_text(self) -> None:
        self.channel.close(CloseCode.UNSUPPORTED, "every message is binary")

    def path_after(self, prefix: str) -> str:
        """What follows `prefix` in the path, decoded once. Raises InvalidDocumentId."""
        path = sent_path(self.scope).removeprefix(prefix.encode())
        try:
            return (unquote_to_bytes(path) if b"%" in path else path).decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidDocumentId("A document id is percent-encoded UTF-8.") from None

    def _fits(self, frame: bytes, receiver: Receiver) -> bool:
        within = len(frame) <= self.limits.first_sync_bytes + OVERHEAD
        return within and receiver.larger(frame)


class StockSocket(Socket):
    """Asks for one frame after the other, as any ASGI server hands them out."""

    __slots__ = ("_covers", "_idle", "_receive", "_stock")

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        channel: AsgiChannel,
        limits: SocketLimits,
        seat: Seat,
    ) -> None:
        super().__init__(scope, channel, limits, seat)
        self._stock = channel
        self._receive = receive
        self._covers = seat.allowance.covers
        self._idle = False

    @property
    def idle(self) -> bool:
        return self._idle

    async def each(self, receiver: Receiver) -> None:
        """Hand the peer's frames to `receiver`, in their order, until either side is done or has
        broken a limit.

        A peer that is too fast is held back here: what it sends meanwhile stays in the network.
        Raises TooFrequent for one that is so for too long, and what `receiver` raises.
        """
        while (frame := await self._frame(receiver)) is not None:
            if (waiting := receiver.take(frame)) is not None:
                await waiting

    async def _frame(self, receiver: Receiver) -> bytes | None:
        self._idle = True
        message = await self._stock.read(self._receive)
        self._idle = False
        if message is None:
            return None
        if message["type"] == "websocket.disconnect":
            if self.channel.closed_with is None:
                self._stock.abandon()
            return None
        frame: bytes | None = message.get("bytes")
        if frame is None:
            self.refuse_text()
            return None
        if not self.admits(frame, receiver):
            return None
        if not self._covers(len(frame)) and not await self._paid():
            return None
        return frame

    async def _paid(self) -> bool:
        """Wait until the peer's frames are paid for; False if its connection ends meanwhile."""
        if not (seconds := self.seat.wait()):
            return True

        async def waited() -> Message:
            await self.seat.clock.sleep(seconds)
            return {}

        return await self._stock.read(waited) is not None
