"""A peer on any wire that says whatever a test wants, entitled to it or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Self
from urllib.parse import quote

from collab.protocol import hocuspocus, yjs
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.hocuspocus import PermissionDenied, Token, encode_control, prefix_of
from collab.protocol.messages import (
    AwarenessUpdate,
    Denied,
    Message,
    QueryAwareness,
    Receipt,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from tests.support.asgi import AsgiSocket
from tests.support.edits import Author

EMPTY_STATE = b"\0"
NOTHING = b"\0\0"
LARGE = 70_000
"""Characters of an update that is looked at in a worker."""


class Wire(Enum):
    YJS = auto()
    YSWEET = auto()
    HOCUSPOCUS = auto()


class Kind(Enum):
    """What a frame would do if its sender might."""

    UPDATE = "update"
    STEP_2 = "sync step 2"
    LARGE = "large update"
    OWN_PRESENCE = "own presence"
    FOREIGN_PRESENCE = "presence of another"
    STEP_1 = "sync step 1"
    QUERY = "query awareness"
    STATUS = "sync status"
    STATELESS = "stateless"
    SERVERS_OWN = "what only a server says"


WRITES = (Kind.UPDATE, Kind.STEP_2, Kind.LARGE)


@dataclass(slots=True)
class Told:
    """What a peer was told, by kind of message, and how its connection ended."""

    messages: list[Message]
    refusals: list[str]
    code: int | None = None

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]


class Subject:
    """One connection to one document, on one wire."""

    def __init__(self, app: Any, wire: Wire, document: str, token: str) -> None:
        self.wire = wire
        self.author = Author(client=7)
        self.told = Told([], [])
        self._prefix = prefix_of(document)
        self._token = token
        paths = {
            Wire.YJS: f"/ws/{document}",
            Wire.YSWEET: f"/d/{document}/ws/{document}",
            Wire.HOCUSPOCUS: "/hocuspocus",
        }
        query = b"" if wire is Wire.HOCUSPOCUS else f"token={quote(token)}".encode()
        self._socket = AsgiSocket(app, paths[wire], query_string=query)
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._socket.__aenter__()
        self._reader = asyncio.create_task(self._read())
        if self.wire is Wire.HOCUSPOCUS:
            self.sign_in(self._token)
        return self

    async def __aexit__(self, *details: Any) -> None:
        assert self._reader is not None
        self._reader.cancel()
        await self._socket.__aexit__(*details)

    def sign_in(self, token: str) -> None:
        self._feed(self._prefix + encode_control(Token(token)))

    def say(self, message: Message) -> None:
        if self.wire is Wire.HOCUSPOCUS:
            if not isinstance(message, Denied | SyncStatus):
                self._feed(self._prefix + hocuspocus.encode(message))
        elif not isinstance(message, Receipt | Stateless):
            self._feed(yjs.encode(message))

    def try_kind(self, kind: Kind, foreign: int) -> None:
        for message in self._frames(kind, foreign):
            self.say(message)

    async def until(self, holds: Callable[[Told], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds(self.told):
                self._news.clear()
                await self._news.wait()

    @property
    def refused(self) -> bool:
        return self.told.code is not None or bool(self.told.refusals)

    def _frames(self, kind: Kind, foreign: int) -> Iterable[Message]:
        match kind:
            case Kind.UPDATE:
                return [Update(self.author.write("small. "))]
            case Kind.STEP_2:
                self.author.write("step. ")
                return [SyncStep2(self.author.everything())]
            case Kind.LARGE:
                return [Update(self.author.write("x" * LARGE))]
            case Kind.OWN_PRESENCE:
                return [AwarenessUpdate((AwarenessEntry(7, 1, '{"user":{"name":"Boss"}}'),))]
            case Kind.FOREIGN_PRESENCE:
                return [AwarenessUpdate((AwarenessEntry(foreign, 99, '{"stolen":1}'),))]
            case Kind.STEP_1:
                return [SyncStep1(EMPTY_STATE)]
            case Kind.QUERY:
                return [QueryAwareness()]
            case Kind.STATUS:
                return [SyncStatus(b"\1")]
            case Kind.STATELESS:
                return [Stateless("anyone?")]
            case Kind.SERVERS_OWN:
                return [Denied("no"), Receipt(True)]

    def _feed(self, frame: bytes) -> None:
        self._socket.feed({"type": "websocket.receive", "bytes": frame})

    async def _read(self) -> None:
        while True:
            event = await self._socket.next_event()
            if event["type"] == "websocket.close":
                self.told.code = event["code"]
            else:
                self._take(event["bytes"])
            self._news.set()

    def _take(self, frame: bytes) -> None:
        if self.wire is not Wire.HOCUSPOCUS:
            self._hear(yjs.decode(frame))
            return
        prefix, body = hocuspocus.split(frame)
        assert prefix == self._prefix
        match control := hocuspocus.decode(body):
            case PermissionDenied(reason):
                self.told.refusals.append(reason)
            case (
                hocuspocus.Authenticated()
                | hocuspocus.TokenRequest()
                | hocuspocus.Token()
                | hocuspocus.Close()
            ):
                pass
            case _:
                self._hear(control)

    def _hear(self, message: Message) -> None:
        self.told.messages.append(message)
        if isinstance(message, SyncStep1):
            # As clients do, but for what it has: what it writes is the test's to say.
            self.say(SyncStep2(NOTHING))
