"""The y-websocket wire, `/ws/{document}`: one document a connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Final

from collab.access import Access
from collab.auth.live import Watch
from collab.errors import CollabError
from collab.protocol.ids import parse_document_id
from collab.protocol.messages import Denied
from collab.room.codec import YJS, Codec
from collab.room.session import READ_ONLY, Session
from collab.telemetry import event, note
from collab.transport.channel import Endable
from collab.transport.closing import close_code, reason_of
from collab.transport.deadlines import Deadlines, Limit, limits
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
        self._joining: Deadlines[Limit] | None = None

    def serve(self, socket: Socket) -> Awaitable[Peer]:
        return self.serve_document(socket, socket.path_after(PREFIX))

    async def serve_document(self, socket: Socket, name: str, codec: Codec = YJS) -> Peer:
        """Let a peer that speaks as `codec` does into the document of this name. Nothing is read
        before: what it sends meanwhile waits in the server's bounded buffer."""
        if self._joining is None:
            self._joining = limits(socket.limits.join_seconds)
        with Limit(self._joining, asyncio.get_running_loop()):
            document = parse_document_id(name)
            note(document=document)  # in the lines of the endpoint too, of a peer refused
            identity = await self._entrance.identify(socket.credentials)
            socket.identified(identity)
            session, watch = await self._entrance.join(identity, document, socket.channel, codec)
        event(_log, "joined", user=session.access.user)
        peer = Peer(socket.channel, session, watch)
        self._entrance.follow(watch, session, peer)
        return peer


class Peer:
    """`collab.transport.socket.Receiver` and `collab.auth.live.Watched` on this wire."""

    __slots__ = ("_channel", "_first_sync", "_watch", "session", "take")

    def __init__(self, channel: Endable, session: Session, watch: Watch) -> None:
        self.session = session
        self.take = session.receive  # without a step between, for each frame
        self._channel = channel
        self._watch = watch
        self._first_sync = session.access.role.may_write
        """Whether it may still come, which may be more than an ordinary message."""

    def larger(self, frame: bytes) -> bool:
        taken, self._first_sync = self._first_sync and frame.startswith(_STEP_2), False
        return taken

    def leave(self) -> None:
        self._watch.stop()
        code = self._channel.closed_with
        self.session.leave(code)
        event(_log, "left", code=None if code is None else int(code))

    # --- Rights ------------------------------------------------------------------------

    def granted(self, access: Access) -> None:
        could_write = self.session.access.role.may_write
        self.session.access = access
        if could_write and not access.role.may_write:
            self.session.send(Denied(READ_ONLY))

    def denied(self, error: CollabError) -> None:
        self.session.close(close_code(error), reason_of(error))

    def expiring(self) -> None:
        """This wire has no way to ask for another token: the connection ends with it."""
