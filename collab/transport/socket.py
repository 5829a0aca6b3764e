"""WebSocket connections over any ASGI server: what all wires share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from collab.access import Credentials, Identity
from collab.admission.connections import Admission, AdmissionLimits, Seat
from collab.auth.credentials import credentials_of
from collab.clock import SystemClock
from collab.errors import CollabError, InvalidDocumentId
from collab.paths import sent_path
from collab.protocol.close import CloseCode
from collab.telemetry import bind
from collab.transport.channel import AsgiChannel, Message, Receive, Send, network_of
from collab.transport.closing import close_code, close_reason, reason_of

_log = logging.getLogger(__name__)

OVERHEAD: Final = 1024
"""Bytes of a frame around its update, at most: an address and a few numbers."""

IDENTIFIED: Final = "collab.identified"
"""An extension of the ASGI scope that our own server has: it is called once the peer is known,
and reads little of it before."""

Scope = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bytes of one message, bytes of an editor's first sync, and seconds to be let in."""

    message_bytes: int
    first_sync_bytes: int
    join_seconds: float


class Socket:
    """An accepted connection: its frames in, its channel out."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        channel: AsgiChannel,
        limits: SocketLimits,
        seat: Seat,
    ) -> None:
        self.scope = scope
        self.channel = channel
        self.limits = limits
        self.idle = False
        """Whether there is nothing of the peer's to be looked at."""
        self._receive = receive
        self._seat = seat
        self._covers = seat.allowance.covers

    @property
    def credentials(self) -> Credentials:
        return credentials_of(self.scope)

    def identified(self, identity: Identity) -> None:
        """Count the connection, and what it sends, for its user too.

        Every wire calls this once it knows who its peer is, before it joins a room; a wire on
        which several identities may speak calls it for each. Raises TooManyConnections.
        """
        self._seat.identified(identity)
        extensions = self.scope.get("extensions") or {}
        if (tell := extensions.get(IDENTIFIED)) is not None:
            tell()

    async def frame(self, larger: Callable[[bytes], bool] | None = None) -> bytes | None:
        """The peer's next frame; None once either side is done, or has broken a limit.

        A frame over `message_bytes` is taken if `larger` says that this one may be, up to
        `first_sync_bytes`. A peer that is too fast is held back here: what it sends meanwhile
        stays in the network. Raises TooFrequent for one that is so for too long.
        """
        self.idle = True
        message = await self.channel.read(self._receive)
        self.idle = False
        if message is None:
            return None
        if message["type"] == "websocket.disconnect":
            if self.channel.closed_with is None:
                self.channel.abandon()
            return None
        frame: bytes | None = message.get("bytes")
        if frame is None:
            self.channel.close(CloseCode.UNSUPPORTED, "every message is binary")
            return None
        if len(frame) > self.limits.message_bytes and not self._fits(frame, larger):
            limit = self.limits.message_bytes
            self.channel.close(CloseCode.TOO_BIG, f"a message has at most {limit} bytes")
            return None
        if not self._covers(len(frame)) and not await self._paid():
            return None
        return frame

    def path_after(self, prefix: str) -> str:
        """What follows `prefix` in the path, decoded once. Raises InvalidDocumentId."""
        path = sent_path(self.scope).removeprefix(prefix.encode())
        try:
            return unquote_to_bytes(path).decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidDocumentId("A document id is percent-encoded UTF-8.") from None

    async def _paid(self) -> bool:
        """Wait until the peer's frames are paid for; False if its connection ends meanwhile."""
        if not (seconds := self._seat.wait()):
            return True

        async def waited() -> Message:
            await self._seat.clock.sleep(seconds)
            return {}

        return await self.channel.read(waited) is not None

    def _fits(self, frame: bytes, larger: Callable[[bytes], bool] | None) -> bool:
        within = len(frame) <= self.limits.first_sync_bytes + OVERHEAD
        return within and larger is not None and larger(frame)


class SocketEndpoint:
    """An ASGI application that hands each connection to a wire: `serve`, which returns when
    the connection is over. What that raises becomes a close code."""

    def __init__(
        self,
        serve: Callable[[Socket], Awaitable[None]],
        limits: SocketLimits,
        random: Random,
        draining: Callable[[], bool],
        admission: Admission | None = None,
    ) -> None:
        """`admission` counts for all endpoints of a node; without one this one counts by itself."""
        self._serve = serve
        self._limits = limits
        self._random = random
        self._draining = draining
        self._admission = admission or Admission(AdmissionLimits(), SystemClock())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        # Accepted before anything is decided: a browser's page cannot see the HTTP status of
        # a refused handshake, only a close code.
        await send({"type": "websocket.accept", "subprotocol": _subprotocol(scope)})
        client = scope.get("client")
        try:
            seat = self._admission.arrive(client[0] if client else "")
        except CollabError as error:
            # The counters tell of these: a line of log for each would be a flood of its own.
            reason = close_reason(reason_of(error))
            await send({"type": "websocket.close", "code": close_code(error), "reason": reason})
            return
        try:
            with bind(connection=f"{self._random.getrandbits(48):012x}"):
                await self._hold(scope, receive, send, seat)
        finally:
            seat.leave()

    async def _hold(self, scope: Scope, receive: Receive, send: Send, seat: Seat) -> None:
        channel = AsgiChannel(send, network_of(scope))
        writer = asyncio.create_task(channel.run(), name="channel")
        try:
            await self._attend(Socket(scope, receive, channel, self._limits, seat))
        finally:
            await writer

    async def _attend(self, socket: Socket) -> None:
        channel = socket.channel
        try:
            await self._serve(socket)
        except CollabError as error:
            code = CloseCode.RESTART if self._draining() else close_code(error)
            _log.info("refused", extra={"code": int(code), "reason": str(error)})
            channel.close(code, reason_of(error))
        except TimeoutError:
            _log.warning("not let in within the deadline")
            channel.close(CloseCode.TRY_LATER, "the document is not ready yet")
        except Exception:
            _log.exception("a connection failed")
            channel.close(CloseCode.INTERNAL, "the server failed")
        except BaseException:
            channel.abandon()
            raise


def _subprotocol(scope: Scope) -> str | None:
    """The first that the client offers: a browser that offered some gives up a connection
    that answers with none of them. Nothing in our wires depends on it."""
    return next((name for name in scope.get("subprotocols", ()) if name), None)
