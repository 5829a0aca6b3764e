"""The y-sweet wire, `/d/{document}/ws/{document}`: y-websocket's, with a livelier client."""

from __future__ import annotations

import asyncio
from typing import Final

from collab.errors import InvalidDocumentId
from collab.protocol import ysweet
from collab.protocol.messages import AwarenessUpdate
from collab.room.codec import Codec
from collab.room.session import Session
from collab.transport.socket import Receiver, Socket
from collab.transport.websocket import Peer, YjsWire

PREFIX: Final = "/d/"

PULSE_SECONDS: Final = 1.0
"""The client connects anew when it hears nothing for 3 s after it asked for a receipt."""

_BETWEEN: Final = "/ws/"
_NOTHING: Final = ysweet.encode(AwarenessUpdate(()))
"""Changes nothing in any client, but shows that the connection lives."""

YSWEET: Final = Codec("ysweet", ysweet.decode, ysweet.encode, claims_ahead=True)


class YSweetWire:
    """Serves peers whose path names their document twice: once in the address that their
    product was given, once added by the client."""

    def __init__(self, wire: YjsWire) -> None:
        self._wire = wire

    async def serve(self, socket: Socket) -> Receiver:
        name = named_twice(socket.path_after(PREFIX))
        pulse = _Pulse(socket)
        try:
            return _LivelyPeer(await self._wire.serve_document(socket, name, YSWEET), pulse)
        except BaseException:
            pulse.stop()
            raise


def named_twice(text: str) -> str:
    """What stands on both sides of the `/ws/` in the middle. Raises InvalidDocumentId."""
    size = (len(text) - len(_BETWEEN)) // 2
    name = text[: max(size, 0)]
    if text != f"{name}{_BETWEEN}{name}":
        raise InvalidDocumentId("The path names one document, twice: /d/{id}/ws/{id}")
    return name


class _Pulse:
    """Sends a little each second for as long as the peer waits for us: to be let in, for a
    frame of its to be taken, or for a commit. Its receipts wait all the same."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._session: Session | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(PULSE_SECONDS, self._beat)

    def joined(self, session: Session) -> None:
        self._session = session

    def stop(self) -> None:
        self._timer.cancel()

    def _beat(self) -> None:
        self._timer = self._loop.call_later(PULSE_SECONDS, self._beat)
        channel = self._socket.channel
        # A peer that leaves things unread has enough to hear.
        if self._awaited() and not channel.buffered:
            channel.send(_NOTHING)

    def _awaited(self) -> bool:
        session = self._session
        return not self._socket.idle or (session is not None and session.awaits_receipts)


class _LivelyPeer:
    """`collab.transport.socket.Receiver`: a peer, and its pulse, which ends with it."""

    def __init__(self, peer: Peer, pulse: _Pulse) -> None:
        self._peer = peer
        self.take = peer.take
        self._pulse = pulse
        pulse.joined(peer.session)

    def larger(self, frame: bytes) -> bool:
        return self._peer.larger(frame)

    def leave(self) -> None:
        self._pulse.stop()
        self._peer.leave()
