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
from collab.transport.direct import DIRECT, DirectChannel, DirectSocket, Line
from collab.transport.socket import Scope, Socket, SocketLimits, StockSocket

_log = logging.getLogger(__name__)


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
        closes: Counter[CloseCode] | None = None,
    ) -> None:
        """`admission` and `closes` count for all endpoints of a node; without them this one
        counts by itself."""
        self._serve = serve
        self._limits = limits
        self._random = random
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
        try:
            with bind(connection=f"{self._random.getrandbits(48):012x}"):
                await self._hold(scope, receive, send, seat)
        finally:
            seat.leave()

    async def _hold(self, scope: Scope, receive: Receive, send: Send, seat: Seat) -> None:
        line: Line | None = (scope.get("extensions") or {}).get(DIRECT)
        if line is not None:
            direct = DirectChannel(line)
            try:
                await self._attend(DirectSocket(scope, line, direct, self._limits, seat))
            finally:
                await direct.parted()
            return
        channel = AsgiChannel(send, network_of(scope))
        writer = asyncio.create_task(channel.run(), name="channel")
        try:
            await self._attend(StockSocket(scope, receive, channel, self._limits, seat))
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
        finally:
            if (ended := channel.closed_with) is not None:
                self._closes[ended] += 1


def _subprotocol(scope: Scope) -> str | None:
    """The first that the client offers: a browser that offered some gives up a connection
    that answers with none of them. Nothing in our wires depends on it."""
    return next((name for name in scope.get("subprotocols", ()) if name), None)
