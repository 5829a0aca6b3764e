"""The endpoint with limits, driven by ASGI messages on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from collab.access import Identity
from collab.admission.connections import Admission, AdmissionLimits
from collab.protocol.close import CloseCode
from collab.transport.endpoint import SocketEndpoint
from collab.transport.socket import IDENTIFIED, Receiver, Socket, SocketLimits
from tests.support.asgi import AsgiSocket
from tests.support.direct import DirectPeer
from tests.support.virtual import LoopClock

ANN = Identity("ann", "Ann", verified=True)
FAR = ("198.51.100.1", 50000)


class Wire:
    """Counts the frames of each connection."""

    def __init__(self) -> None:
        self.frames = 0
        self.identity: Identity | None = None
        self.sockets: list[Socket] = []

    async def serve(self, socket: Socket) -> Receiver:
        self.sockets.append(socket)
        if self.identity is not None:
            socket.identified(self.identity)
        return self

    def take(self, frame: bytes) -> None:
        self.frames += 1

    def larger(self, frame: bytes) -> bool:
        return False

    def leave(self) -> None:
        """It counts no further."""


@pytest.fixture(autouse=True, params=[AsgiSocket, DirectPeer])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it holds over any ASGI server, and over our own."""
    monkeypatch.setattr(Served, "kind", request.param)


class Served:
    kind: type[AsgiSocket] = AsgiSocket

    def __init__(self, **limits: Any) -> None:
        self.wire = Wire()
        self.admission = Admission(AdmissionLimits(**limits), LoopClock())
        serve: Callable[[Socket], Awaitable[Receiver]] = self.wire.serve
        self.endpoint = SocketEndpoint(
            serve, SocketLimits(1000, 2000, 15), Random(1), lambda: False, self.admission
        )

    def peer(self, **scope: Any) -> AsgiSocket:
        return self.kind(self.endpoint, "/ws/x", **scope)


def feed(socket: AsgiSocket, frames: int) -> None:
    for _ in range(frames):
        socket.feed({"type": "websocket.receive", "bytes": b"frame"})


async def until(condition: Callable[[], bool]) -> float:
    """Seconds that it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():  # noqa: ASYNC110 - what changes is a plain number
        await asyncio.sleep(0.01)
    return loop.time() - began


async def test_a_flush_is_taken_whole_and_slowly() -> None:
    """[LM6] nothing is lost, and what came in a burst is not even slowed."""
    served = Served(message_rate=100)
    async with served.peer() as ann:
        feed(ann, 2000)
        assert await until(lambda: served.wire.frames >= 900) < 1
        assert 8 < await until(lambda: served.wire.frames == 2000) < 12
    assert served.admission.stats().connections == 0


async def test_a_flood_is_closed() -> None:
    """[LM7] after the patience, with the code that says why."""
    served = Served(message_rate=100, patience=10)
    async with served.peer() as ann:
        feed(ann, 100_000)
        loop = asyncio.get_running_loop()
        code, reason = await ann.closed()
        assert code == CloseCode.TOO_FAST
        assert "faster" in reason
        assert 10 <= loop.time() <= 12
    assert served.admission.stats().connections == 0


async def test_a_close_works_while_a_peer_is_held_back() -> None:
    """[LM6] at once, whatever the peer would have had to wait."""
    served = Served(message_rate=0.05)
    async with served.peer() as ann:
        feed(ann, 10)
        await until(lambda: served.admission.stats().held_back > 0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        served.wire.sockets[0].channel.close(CloseCode.GONE, "deleted")
        assert (await ann.closed())[0] == CloseCode.GONE
        assert ann.task is not None
        await ann.task
        assert loop.time() == began


async def test_a_peer_that_leaves_while_it_is_held_back_is_noticed() -> None:
    """[LM5] [LM6] what it sent before is taken at the rate; then its seat is free."""
    served = Served(message_rate=100)
    async with served.peer() as ann:
        feed(ann, 1500)
        await until(lambda: served.admission.stats().held_back > 0)
        ann.feed({"type": "websocket.disconnect", "code": 1006})
        assert await until(lambda: served.admission.stats().connections == 0) < 10
        assert served.wire.frames == 1500


async def test_connections_of_an_address_share_a_rate() -> None:
    """[LM6] two who send flat out get half each; another address gets its own."""
    served = Served(message_rate_address=100)
    async with served.peer(client=FAR) as one, served.peer(client=FAR) as two:
        feed(one, 1500)
        feed(two, 1500)
        assert await until(lambda: served.wire.frames >= 2900) > 15
        async with served.peer(client=("198.51.100.2", 1)) as other:
            feed(other, 500)
            assert await until(lambda: served.wire.frames >= 3300) < 4


async def test_connections_of_a_user_share_a_rate() -> None:
    """[LM6] from wherever they come, also from this machine."""
    served = Served(message_rate_user=100)
    served.wire.identity = ANN
    async with served.peer(client=FAR) as one, served.peer() as two:
        feed(one, 1000)
        feed(two, 1000)
        assert 8 < await until(lambda: served.wire.frames == 2000) < 13


@pytest.mark.parametrize(
    ("limits", "identity"),
    [
        ({"connections": 1}, None),
        ({"connections_per_address": 1}, None),
        ({"connections_per_user": 1}, ANN),
    ],
)
async def test_one_connection_too_many_is_told(
    limits: dict[str, Any], identity: Identity | None
) -> None:
    """[LM5] it is accepted and closed with 4508, and may come when a seat is free."""
    served = Served(**limits)
    served.wire.identity = identity
    async with served.peer(client=FAR), served.peer(client=FAR) as late:
        assert (await late.closed())[0] == CloseCode.TOO_MANY
    async with served.peer(client=FAR) as later:
        feed(later, 1)
        await until(lambda: served.wire.frames == 1)


async def test_too_many_new_connections_are_told() -> None:
    """[LM5] over the rate of an address it is 4529."""
    served = Served(connect_rate=0.2)
    for _ in range(2):
        async with served.peer(client=FAR):
            pass
    async with served.peer(client=FAR) as late:
        assert (await late.closed())[0] == CloseCode.TOO_FAST
    await asyncio.sleep(5)
    async with served.peer(client=FAR) as later:
        feed(later, 1)
        await until(lambda: served.wire.frames == 1)


@pytest.mark.parametrize("end", ["error", "cancelled", "never accepted", "text"])
async def test_a_seat_is_given_back_however_it_ends(end: str) -> None:
    """[LM5] also by failures and by cancellation."""
    served = Served()

    class Failing(Wire):
        def take(self, frame: bytes) -> None:
            raise asyncio.CancelledError if end == "cancelled" else RuntimeError("failed")

    async def fail(socket: Socket) -> Receiver:
        return await (served.wire if end == "text" else Failing()).serve(socket)

    endpoint = SocketEndpoint(
        fail, SocketLimits(10, 20, 15), Random(1), lambda: False, served.admission
    )
    if end == "never accepted":

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(_: Any) -> None:
            raise OSError("gone")

        with pytest.raises(OSError, match="gone"):
            await endpoint({"type": "websocket", "headers": []}, receive, send)
    else:
        socket = Served.kind(endpoint, "/ws/x")

        @asynccontextmanager
        async def tolerant() -> Any:
            try:
                async with socket:
                    yield
            except asyncio.CancelledError:
                assert end == "cancelled"

        async with tolerant():
            assert served.admission.stats().connections == 1
            socket.feed(
                {"type": "websocket.receive", "text": "text"}
                if end == "text"
                else {"type": "websocket.receive", "bytes": b"x"}
            )
            assert socket.task is not None
            await asyncio.wait([socket.task])
    assert served.admission.stats().connections == 0


async def test_the_server_is_told_once_a_peer_is_known() -> None:
    """[LM11] by an extension of the scope, if it has that."""
    told: list[bool] = []
    served = Served()
    served.wire.identity = ANN
    async with served.peer(extensions={IDENTIFIED: lambda: told.append(True)}) as ann:
        feed(ann, 1)
        await until(lambda: served.wire.frames == 1)
    assert told == [True]
