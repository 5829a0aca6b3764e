"""Where a WebSocket connection comes in: counted, accepted, and handed to its wire."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

from collab.admission.connections import Admission, AdmissionLimits, Seat
from collab.clock import SystemClock
from collab.errors import CollabError
from collab.protocol.close import CloseCode
from collab.telemetry import bind
from collab.transport.channel import AsgiChannel, Receive, Send, network_of
from collab.transport.closing import close_code, close_reason, reason_of
from collab.transport.direct import DIRECT, DirectChannel, Line
from collab.transport.direct_socket import DirectSocket
from collab.transport.socket import Receiver, Scope, Socket, SocketLimits, StockSocket

_log = logging.getLogger(__name__)


class SocketEndpoint:
    """An ASGI application that hands each connection to a wire: `serve`, which lets a peer in,
    and returns who takes what it sends. What these raise becomes a close code."""

    def __init__(
        self,
        serve: Callable[[Socket], Awaitable[Receiver]],
        limits: SocketLimits,
        random: Random,
        draining: Callable[[], bool],
        admission: Admission | None = None,
        closes: Counter[CloseCode] | None = None,
    ) -> None:
        """`admission` and `closes` count for all endpoints of a node; without them this one
        counts by itself."""
        self._serve = serve
        self._limits = limits
        # One after the other from anywhere on: they are for logs, and need not be guessed at.
        self._number = random.getrandbits(48)
        self._draining = draining
        self._admission = admission or Admission(AdmissionLimits(), SystemClock())
        self._closes = Counter() if closes is None else closes

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
            code, reason = close_code(error), close_reason(reason_of(error))
            self._closes[code] += 1
            await send({"type": "websocket.close", "code": code, "reason": reason})
            return
        line: Line | None = (scope.get("extensions") or {}).get(DIRECT)
        handed_over = False
        self._number = (self._number + 1) % 2**48
        try:
            with bind(connection=f"{self._number:012x}"):
                if line is None:
                    await self._keep(scope, receive, send, seat)
                else:
                    handed_over = await self._hand_over(scope, line, seat)
        finally:
            if not handed_over:
                seat.leave()

    async def _keep(self, scope: Scope, receive: Receive, send: Send, seat: Seat) -> None:
        """Serve the connection to its end, as any ASGI server has it."""
        channel = AsgiChannel(send, network_of(scope))
        writer = asyncio.create_task(channel.run(), name="channel")
        socket = StockSocket(scope, receive, channel, self._limits, seat)
        try:
            receiver = await self._serve(socket)
            try:
                await socket.each(receiver)
            finally:
                receiver.leave()
        except Exception as error:
            self.failed(socket, error)
        except BaseException:
            channel.abandon()
            raise
        finally:
            self.ended(socket)
            await writer

    async def _hand_over(self, scope: Scope, line: Line, seat: Seat) -> bool:
        """Let the peer in; the connection then goes on without this task. Whether it does."""
        channel = DirectChannel(line)
        socket = DirectSocket(scope, line, channel, self._limits, seat, self)
        try:
            socket.hand_over(await self._serve(socket))
            return True
        except Exception as error:
            self.failed(socket, error)
        except BaseException:
            channel.abandon()
            raise
        self.ended(socket)
        await channel.parted()
        return False

    # --- `collab.transport.direct_socket.Host` -----------------------------------------

    def failed(self, socket: Socket, error: Exception) -> None:
        channel = socket.channel
        match error:
            case CollabError():
                code = CloseCode.RESTART if self._draining() else close_code(error)
                _log.info("refused", extra={"code": int(code), "reason": str(error)})
                channel.close(code, reason_of(error))
            case TimeoutError():
                _log.warning("not let in within the deadline")
                channel.close(CloseCode.TRY_LATER, "the document is not ready yet")
            case _:
                _log.error("a connection failed", exc_info=error)
                channel.close(CloseCode.INTERNAL, "the server failed")

    def ended(self, socket: Socket) -> None:
        if (code := socket.channel.closed_with) is not None:
            self._closes[code] += 1


def _subprotocol(scope: Scope) -> str | None:
    """The first that the client offers: a browser that offered some gives up a connection
    that answers with none of them. Nothing in our wires depends on it."""
    offered = scope.get("subprotocols")
    return next((name for name in offered if name), None) if offered else None
