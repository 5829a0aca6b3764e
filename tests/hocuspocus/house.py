"""The wire over a store in memory, and providers that say exactly what a test tells them."""

from __future__ import annotations

import asyncio
import random
from types import TracebackType
from typing import Any, Self

from collab.access import Access, Credentials, Identity, Role
from collab.auth.live import LiveAccess
from collab.backplane.memory import MemoryBackplane
from collab.errors import AccessDenied, Unauthenticated
from collab.interfaces import Kind
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.hocuspocus import (
    PONG,
    Authenticated,
    Close,
    Control,
    PermissionDenied,
    Token,
    TokenRequest,
    decode,
    encode,
    encode_control,
    prefix_of,
    read_address,
    split,
)
from collab.protocol.messages import AwarenessUpdate, Message, Receipt, SyncStep1
from collab.room.limits import RoomLimits
from collab.room.opening import Opener
from collab.room.registry import Registry
from collab.storage.memory import MemoryStore
from collab.transport.endpoint import SocketEndpoint
from collab.transport.entrance import Entrance
from collab.transport.hocuspocus import HocuspocusLimits, HocuspocusWire
from collab.transport.socket import SocketLimits
from tests.support.asgi import AsgiSocket
from tests.support.inline_worker import InlineWorker
from tests.support.stores import FaultyStore
from tests.support.virtual import LoopClock

Said = Message | Control
STEP_1 = SyncStep1(b"\x00")


class Doorkeeper:
    """`Authorizer` of users named in tokens: `ann` or `ann until 60` (seconds from the start).
    `roles` has what they may do; everyone not in it edits."""

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        self.roles: dict[tuple[str, str], Role | None] = {}
        self.asked: list[str | None] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def identify(self, credentials: Credentials) -> Identity:
        self.asked.append(credentials.token)
        await self.gate.wait()
        if not credentials.token or credentials.token.startswith("bad"):
            raise Unauthenticated("there is no valid token")
        user, _, until = credentials.token.partition(" until ")
        expires = LoopClock.EPOCH + float(until) if until else None
        return Identity(user, user, verified=True, expires=expires)

    async def access(self, identity: Identity, document: str | None) -> Access:
        if identity.expires is not None and self._clock.time() >= identity.expires:
            raise Unauthenticated("the token is over")
        role = self.roles.get((identity.user, document or ""), Role.EDITOR)
        if role is None:
            raise AccessDenied("you have no right here")
        return Access(identity.user, identity.name, role, False, expires=identity.expires)


class House:
    """One node. Documents `a` to `z` exist."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        self.memory = MemoryStore(self.clock)
        self.store = FaultyStore(self.memory)
        self.worker = InlineWorker()
        self.door = Doorkeeper(self.clock)
        backplane = MemoryBackplane()
        self.registry = Registry(
            self.store,
            self.worker,
            backplane,
            self.clock,
            random.Random(1),
            RoomLimits(awareness_window=0.0),
        )
        self.live = LiveAccess(self.door, backplane, self.clock)
        opener = Opener(self.registry, self.memory)
        self.entrance = Entrance(self.registry, opener, self.door, self.live)

    async def start(self) -> None:
        for name in "abcdefghijklmnopqrstuvwxyz":
            await self.memory.create(name, name, Kind.NOTE, "")
        await self.registry.start()
        await self.live.start()

    async def aclose(self) -> None:
        await self.live.aclose()
        await self.registry.aclose()

    def provider(
        self, query: bytes = b"", join_seconds: float = 15, **limits: Any
    ) -> HocuspocusSocket:
        """A socket that is not open yet."""
        wire = HocuspocusWire(self.entrance, self.clock, HocuspocusLimits(**limits))
        sizes = SocketLimits(100_000, 300_000, join_seconds)
        endpoint = SocketEndpoint(
            wire.serve, sizes, random.Random(2), lambda: self.entrance.draining
        )
        return HocuspocusSocket(endpoint, "/hocuspocus", query_string=query)

    async def saved(self, document: str) -> list[bytes]:
        return [row.data for row in (await self.memory.load(document)).updates]

    def sessions(self) -> int:
        return self.registry.stats().sessions


class HocuspocusSocket(AsgiSocket):
    """Frames out as told; frames in by their address."""

    def __init__(self, *args: Any, **scope: Any) -> None:
        super().__init__(*args, **scope)
        self.code: int | None = None
        self.reason = ""
        self.pongs = 0
        self._heard: list[tuple[str, Said]] = []

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, traceback)

    def bytes_(self, frame: bytes) -> None:
        self.feed({"type": "websocket.receive", "bytes": frame})

    def say(self, address: str, *said: Said) -> None:
        for one in said:
            self.bytes_(prefix_of(address) + _body(one))

    def present(self, address: str, client: int, state: str | None = "{}") -> None:
        self.say(address, AwarenessUpdate((AwarenessEntry(client, 1, state),)))

    async def sign_in(self, address: str, token: str = "ann", version: str | None = "4") -> None:
        """Sign in, ask for the document, and take all that comes of it."""
        self.say(address, Token(token, version), STEP_1)
        heard = await self.heard(address)
        assert isinstance(heard[0], Authenticated), heard

    async def settle(self, seconds: float = 0.015) -> None:
        """Let everything happen that takes less than `seconds`, and read what was sent."""
        await asyncio.sleep(seconds)
        while not self._outgoing.empty():
            event = self._outgoing.get_nowait()
            if event["type"] == "websocket.close":
                self.code, self.reason = event["code"], event["reason"]
                continue
            frame = event["bytes"]
            if len(frame) == 1:
                assert frame == PONG
                self.pongs += 1
                continue
            prefix, body = split(frame)
            document, session = read_address(prefix).document, read_address(prefix).session
            address = document if session is None else f"{document}\0{session}"
            self._heard.append((address, decode(body)))

    async def heard(self, address: str) -> list[Said]:
        """What came for an address since it was last asked."""
        await self.settle()
        mine = [said for where, said in self._heard if where == address]
        self._heard = [entry for entry in self._heard if entry[0] != address]
        return mine

    async def receipts(self, address: str) -> list[bool]:
        return [said.accepted for said in await self.heard(address) if isinstance(said, Receipt)]

    async def closed_with(self) -> int | None:
        await self.settle()
        return self.code


def _body(said: Said) -> bytes:
    if isinstance(said, Token | TokenRequest | Authenticated | PermissionDenied | Close):
        return encode_control(said)
    return encode(said)
