"""The y-websocket wire, `/ws/{document}`: one document a connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from collab.access import Access
from collab.auth.live import Watch
from collab.errors import CollabError
from collab.protocol.ids import parse_document_id
from collab.protocol.messages import Denied
from collab.room.codec import YJS, Codec
from collab.room.session import READ_ONLY, Session
from collab.telemetry import note
from collab.transport.closing import close_code, reason_of
from collab.transport.entrance import Entrance
from collab.transport.socket import Socket

PREFIX: Final = "/ws/"

_log = logging.getLogger(__name__)

_STEP_2: Final = b"\x00\x01"
"""How a frame begins that brings all that a client has and the server lacks."""


class YjsWire:
    """Serves peers whose path names their document."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def serve(self, socket: Socket) -> Awaitable[None]:
        return self.serve_document(socket, socket.path_after(PREFIX))

    async def serve_document(
        self,
        socket: Socket,
        name: str,
        codec: Codec = YJS,
        joined: Callable[[Session], None] = lambda session: None,
    ) -> None:
        """Serve the document of this name, to peers that speak as `codec` does. Nothing is read
        before the peer is let in: what it sends meanwhile waits in the server's bounded buffer.
        `joined` is told of its session."""
        async with asyncio.timeout(socket.limits.join_seconds):
            document = parse_document_id(name)
            note(document=document)  # in the lines of the endpoint too, of a peer refused
            identity = await self._entrance.identify(socket.credentials)
            socket.identified(identity)
            session, watch = await self._entrance.join(identity, document, socket.channel, codec)
        joined(session)
        await self._attend(socket, session, watch)

    async def _attend(self, socket: Socket, session: Session, watch: Watch) -> None:
        """Hand the peer's frames to its session until either side ends."""
        _log.info("joined", extra={"user": session.access.user})
        self._entrance.follow(watch, session, _Peer(session))
        first_sync = session.access.role.may_write

        def larger(frame: bytes) -> bool:
            nonlocal first_sync
            taken, first_sync = first_sync and frame.startswith(_STEP_2), False
            return taken

        try:
            await socket.each(session.receive, larger)
        finally:
            watch.stop()
            code = socket.channel.closed_with
            session.leave(code)
            _log.info("left", extra={"code": None if code is None else int(code)})


class _Peer:
    """`collab.auth.live.Watched` on this wire."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def granted(self, access: Access) -> None:
        could_write = self._session.access.role.may_write
        self._session.access = access
        if could_write and not access.role.may_write:
            self._session.send(Denied(READ_ONLY))

    def denied(self, error: CollabError) -> None:
        self._session.close(close_code(error), reason_of(error))

    def expiring(self) -> None:
        """This wire has no way to ask for another token: the connection ends with it."""
