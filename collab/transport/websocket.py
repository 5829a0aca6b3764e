"""The WebSocket endpoint `/ws/{document}`: the y-websocket wire over any ASGI server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from collab.auth.credentials import credentials_of
from collab.errors import (
    CollabError,
    DocumentDeleted,
    DocumentExists,
    DocumentNotFound,
    InvalidDocumentId,
)
from collab.interfaces import Access, Authorizer, Catalog, Kind
from collab.protocol.close import CloseCode
from collab.protocol.ids import parse_document_id
from collab.room.registry import Registry
from collab.room.room import Room
from collab.room.session import Session
from collab.telemetry import bind
from collab.transport.channel import AsgiChannel, Receive, Send
from collab.transport.closing import close_code, reason_of

PREFIX: Final = "/ws/"

_log = logging.getLogger(__name__)

_STEP_2: Final = b"\x00\x01"
"""How a frame begins that brings all that a client has and the server lacks."""
_OVERHEAD: Final = 16
"""Bytes of a frame around its update, at most."""

Scope = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Bytes of one message, bytes of an editor's first sync, and seconds to be let in."""

    message_bytes: int
    first_sync_bytes: int
    join_seconds: float


class WebSocketEndpoint:
    """An ASGI application that serves one peer a call."""

    def __init__(
        self,
        registry: Registry,
        catalog: Catalog,
        authorizer: Authorizer,
        limits: SocketLimits,
        random: Random,
    ) -> None:
        self._registry = registry
        self._catalog = catalog
        self._authorizer = authorizer
        self._limits = limits
        self._random = random

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        # Accepted before anything is decided: a browser's page cannot see the HTTP status of
        # a refused handshake, only a close code. Nothing is read until the peer is let in, so
        # what it sends meanwhile waits in the server's bounded buffer.
        await send({"type": "websocket.accept", "subprotocol": _subprotocol(scope)})
        with bind(connection=f"{self._random.getrandbits(48):012x}"):
            channel = AsgiChannel(send)
            writer = asyncio.create_task(channel.run(), name="channel")
            try:
                await self._serve(scope, receive, channel)
            finally:
                await writer

    async def _serve(self, scope: Scope, receive: Receive, channel: AsgiChannel) -> None:
        try:
            document, session = await self._admit(scope, channel)
        except CollabError as error:
            code = CloseCode.RESTART if self._registry.draining else close_code(error)
            _log.info("refused", extra={"code": int(code), "reason": str(error)})
            channel.close(code, reason_of(error))
        except TimeoutError:
            _log.warning("not let in within the deadline")
            channel.close(CloseCode.TRY_LATER, "the document is not ready yet")
        except Exception:
            _log.exception("failed to let a peer in")
            channel.close(CloseCode.INTERNAL, "the server failed")
        except BaseException:
            channel.abandon()
            raise
        else:
            with bind(document=document):
                await self._attend(session, receive, channel)

    async def _admit(self, scope: Scope, channel: AsgiChannel) -> tuple[str, Session]:
        async with asyncio.timeout(self._limits.join_seconds):
            document = parse_document_id(_path_id(scope))
            access = await self._authorizer.authorize(credentials_of(scope), document)
            room = await self._open(document, access)
            return document, room.join(channel, access)

    async def _open(self, document: str, access: Access) -> Room:
        try:
            return await self._registry.open(document)
        except DocumentDeleted:
            raise
        except DocumentNotFound:
            if not access.may_create:
                raise
        # Someone else may come first; theirs is as good.
        with suppress(DocumentExists):
            await self._catalog.create(document, "", Kind.NOTE, access.user)
        return await self._registry.open(document)

    async def _attend(self, session: Session, receive: Receive, channel: AsgiChannel) -> None:
        """Hand the peer's frames to its session until either side ends."""
        _log.info("joined", extra={"user": session.access.user})
        try:
            await self._read(session, receive, channel)
        except Exception:
            _log.exception("a session failed")
            channel.close(CloseCode.INTERNAL, "the server failed")
        except BaseException:
            channel.abandon()
            raise
        finally:
            session.leave()
            code = channel.closed_with
            _log.info("left", extra={"code": None if code is None else int(code)})

    async def _read(self, session: Session, receive: Receive, channel: AsgiChannel) -> None:
        first_sync = session.access.role.may_write
        while (message := await channel.read(receive)) is not None:
            if message["type"] == "websocket.disconnect":
                if channel.closed_with is None:
                    channel.abandon()
                return
            frame = message.get("bytes")
            if frame is None:
                channel.close(CloseCode.UNSUPPORTED, "every message is binary")
                return
            if len(frame) > self._limits.message_bytes:
                if not first_sync or not self._is_first_sync(frame):
                    limit = self._limits.message_bytes
                    channel.close(CloseCode.TOO_BIG, f"a message has at most {limit} bytes")
                    return
                first_sync = False
            waiting = session.receive(frame)
            if waiting is not None:
                await waiting

    def _is_first_sync(self, frame: bytes) -> bool:
        fits = len(frame) <= self._limits.first_sync_bytes + _OVERHEAD
        return fits and frame.startswith(_STEP_2)


def _path_id(scope: Scope) -> str:
    """The id in the path, decoded once. Raises InvalidDocumentId."""
    raw = scope.get("raw_path")
    if raw is None:
        # The server kept only the decoded path, which is the one decoding.
        raw = quote(scope["path"]).encode("ascii")
    path = raw.partition(b"?")[0].removeprefix(scope.get("root_path", "").encode("ascii"))
    try:
        return unquote_to_bytes(path.removeprefix(PREFIX.encode())).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidDocumentId("A document id is percent-encoded UTF-8.") from None


def _subprotocol(scope: Scope) -> str | None:
    """The first that the client offers: a browser that offered some gives up a connection
    that answers with none of them. Nothing in our wire depends on it."""
    return next((name for name in scope.get("subprotocols", ()) if name), None)
