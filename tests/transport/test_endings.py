"""However connections end, what was counted for each is given back, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from random import Random
from typing import Any

import pytest

from collab.access import Identity
from collab.admission.connections import Admission, AdmissionLimits
from collab.errors import AccessDenied
from collab.protocol.close import CloseCode
from collab.transport.endpoint import SocketEndpoint
from collab.transport.socket import Receiver, Socket, SocketLimits
from tests.support.asgi import AsgiSocket
from tests.support.direct import DirectPeer
from tests.support.virtual import LoopClock, VirtualLoop

ANN = Identity("ann", "Ann", verified=True)
FRAMES = (
    b"taken",
    b"closes",
    b"fails",
    b"waits",
    b"waits and fails",
    b"closes and fails",
    b"large",
)


class Whim:
    """A wire that lets in, refuses, waits, closes and fails as chance has it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.counted: Counter[str] = Counter()

    async def serve(self, socket: Socket) -> Receiver:
        await self._pass_time()
        socket.identified(ANN)
        if self.random.random() < 0.1:
            raise self.random.choice((AccessDenied("no"), TimeoutError(), RuntimeError("no")))
        if self.random.random() < 0.1:
            socket.channel.close(CloseCode.GONE, "deleted meanwhile")
        await self._pass_time()
        self.counted["let in"] += 1
        return _Whimsical(self, socket)

    async def _pass_time(self) -> None:
        if self.random.random() < 0.5:
            await asyncio.sleep(self.random.random())


class _Whimsical:
    def __init__(self, wire: Whim, socket: Socket) -> None:
        self._wire = wire
        self._socket = socket
        self._at_work = self._over = False

    def take(self, frame: bytes) -> Awaitable[None] | None:
        self._wire.counted["taken too early or too late"] += self._over or self._at_work
        if b"closes" in frame:
            self._socket.channel.close(CloseCode.GONE, "deleted")
        if b"waits" in frame:
            self._at_work = True
            return self._work(frame)
        if b"fails" in frame:
            raise RuntimeError("failed")
        return None

    async def _work(self, frame: bytes) -> None:
        try:
            await self._wire._pass_time()
            if b"fails" in frame:
                raise AccessDenied("no more")
        finally:
            self._at_work = False

    def larger(self, frame: bytes) -> bool:
        return self._wire.random.random() < 0.5

    def leave(self) -> None:
        self._over = True
        self._wire.counted["left"] += 1


async def live(random: Random, peer: AsgiSocket) -> None:
    """Send, leave, fall silent; now and then a task of the server is cancelled."""
    async with peer:
        for _ in range(random.randrange(30)):
            frame = random.choice(FRAMES if random.random() < 0.1 else FRAMES[:1])
            key: dict[str, Any] = {"bytes": frame} if random.random() < 0.98 else {"text": "?"}
            peer.feed({"type": "websocket.receive", **key})
            if random.random() < 0.3:
                await asyncio.sleep(random.random() / 4)
            if random.random() < 0.03:
                peer.hold()
            if random.random() < 0.03 and isinstance(peer, DirectPeer):
                for task in asyncio.all_tasks():
                    if "DirectSocket._work" in repr(task) and random.random() < 0.1:
                        task.cancel()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("made", [DirectPeer, AsgiSocket])
def test_nothing_is_kept_for_those_who_are_gone(made: type[AsgiSocket], seed: int) -> None:
    """[AC17] a seat, for the address and the user; a receiver is left as often as there is
    one, and each close is counted."""
    random = Random(seed)

    async def test() -> None:
        rates = AdmissionLimits(
            connect_rate=1e6, message_rate=2.0, message_rate_user=1e6, message_rate_address=1e6
        )
        admission, wire = Admission(rates, LoopClock()), Whim(random)
        closes: Counter[CloseCode] = Counter()
        limits = SocketLimits(12, 20, 15)
        endpoint = SocketEndpoint(wire.serve, limits, random, lambda: False, admission, closes)
        peers = [made(endpoint, "/ws/x") for _ in range(40)]
        async with asyncio.TaskGroup() as crowd:
            for peer in peers:
                crowd.create_task(live(random, peer))
        await asyncio.sleep(60)
        assert wire.counted["let in"] > 20
        assert wire.counted["taken too early or too late"] == 0
        assert wire.counted["left"] == wire.counted["let in"]
        assert admission.counted.connections == 0
        for accounts in (admission._addresses, admission._users):
            assert all(account.open == 0 for account in accounts._accounts.values())
        assert closes[CloseCode.GONE] > 0

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(test())
