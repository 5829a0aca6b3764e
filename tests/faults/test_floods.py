"""Floods of every kind on a real server: what they cost it, and that others do not notice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from collab.access import Role
from collab.protocol import yjs
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStep2, Update
from tests.faults.flooding import MIB, Memory, Raw, binary, measured, piece, ping, raw
from tests.protocol import builders as build
from tests.support.peer import peer
from tests.support.server import ServerProcess
from tests.support.tokens import TOKEN_MODE, token

PATIENCE = 2.0

PROCESS = 24 * MIB
"""What a flood may cost however many take part: what Python keeps for another time included.
docs/limits.md says the same, and what each connection adds."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {
        "COLLAB_RATE_PATIENCE_SECONDS": str(PATIENCE),
        "COLLAB_TRUSTED_PROXIES": "127.0.0.1",
        "COLLAB_MESSAGE_RATE": "200",
        "COLLAB_CONNECTIONS_PER_ADDRESS": "50",
        "COLLAB_CONNECT_RATE": "10",
    }
    with ServerProcess(tmp_path_factory.mktemp("floods") / "data", settings) as process:
        yield process
        assert process.alive, process.log()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that wants tokens."""
    settings = {**TOKEN_MODE, "COLLAB_JOIN_SECONDS": "2"}
    with ServerProcess(tmp_path_factory.mktemp("guarded") / "data", settings) as process:
        yield process
        assert process.alive, process.log()


def room_of(user: str) -> str:
    return f"room?token={token(user, {'*': Role.EDITOR}, create=True)}"


def check(memory: Memory, flood: str, connections: int = 0, each: float = 0.0) -> None:
    """Compare with the bound: PROCESS, and `each` bytes for each connection."""
    bound = PROCESS + connections * each
    told = f"{flood}: {memory.growth / MIB:.1f} MiB of {bound / MIB:.0f}"
    if report := os.environ.get("COLLAB_TEST_FLOOD_REPORT"):
        with open(report, "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(told + "\n")
    assert memory.growth < bound, told


async def closed(peers: list[Raw]) -> set[int | None]:
    """With which codes they were; None for one whose network was reset before it heard."""
    return set(await asyncio.gather(*(one.closed() for one in peers)))


async def test_pings(server: ServerProcess) -> None:
    """[LM15] 3 MB of pings, from each of ten."""
    async with measured(server, "pings") as memory, raw(server.port, "/ws/p", 10) as peers:
        await asyncio.gather(*(one.pour(ping() * 5000, 100) for one in peers))
        assert await closed(peers) <= {CloseCode.TOO_FAST, None}
        check(memory, "pings")


@pytest.mark.parametrize("data", [b"", b"\x00"], ids=["empty", "tiny"])
async def test_fragments(server: ServerProcess, data: bytes) -> None:
    """[LM15] [LM12] of one message without an end, and of many messages."""
    whole = binary(b"\x66", fin=False) + piece(data) * 900 + piece(b"\x00", fin=True)
    async with measured(server, "pieces") as memory, raw(server.port, "/ws/f", 20) as peers:
        endless, many = peers[:10], peers[10:]
        await asyncio.gather(
            *(one.pour(binary(b"\x66", fin=False) + piece(data) * 5000, 20) for one in endless),
            *(one.pour(whole, 200) for one in many),
        )
        assert await closed(endless) <= {CloseCode.TOO_BIG, None}
        # Of zeros, the first message may be read and refused before there are too many pieces.
        refused = {CloseCode.MALFORMED} if data else set()
        assert await closed(many) <= {CloseCode.TOO_FAST, None} | refused
        check(memory, f"{'empty' if not data else 'tiny'} fragments")


async def test_tiny_messages(server: ServerProcess) -> None:
    """[LM15] [LM7] [LM10] receipts asked for without end, which would be 12 MB a buffer."""
    async with measured(server, "tiny") as memory, raw(server.port, "/ws/t", 20) as peers:
        flood = binary(b"\x66\x00") * 30_000
        pouring = [asyncio.create_task(one.pour(flood, 100)) for one in peers]
        assert await closed(peers) <= {CloseCode.TOO_FAST, None}
        for task in pouring:
            task.cancel()
        check(memory, "tiny messages", 20, MIB)


async def test_awareness(server: ServerProcess) -> None:
    """[LM15] new client ids, states of 4 KiB, renewals: all as fast as they are taken."""

    def states(number: int, round_: int) -> bytes:
        kinds = (
            build.awareness((number * 10**6 + round_, 1, '{"a":1}')),  # always a new one
            build.awareness((number, round_ + 1, '{"a":"' + "x" * 4000 + str(round_) + '"}')),
            build.awareness((number, round_ + 1, '{"a":1}')),  # a renewal
        )
        return binary(bytes((yjs.AWARENESS,)) + build.string(kinds[number % 3]))

    async with measured(server, "aware") as memory, raw(server.port, "/ws/aware", 12) as peers:
        for round_ in range(0, 3000, 100):
            await asyncio.gather(
                *(
                    one.pour(b"".join(states(number, round_ + n) for n in range(100)))
                    for number, one in enumerate(peers, 1)
                )
            )
        check(memory, "awareness", 12, MIB)


@pytest.mark.parametrize("synced", [False, True], ids=["held", "logged"])
async def test_updates_whose_past_never_comes(server: ServerProcess, synced: bool) -> None:
    """[LM15] [RM9] in sessions, and in documents."""
    text = build.string_struct("x" * 8000)
    frames = [yjs.encode(SyncStep2(build.update()))] if synced else []
    for clock in range(16_000, 20_000_000, 16_000):
        frames.append(yjs.encode(Update(build.one(text, clock=clock))))
    flood = b"".join(binary(frame) for frame in frames)
    async with (
        measured(server, "gaps") as memory,
        raw(server.port, f"/ws/gaps-{synced}", 5) as peers,
    ):
        await asyncio.gather(*(one.pour(flood) for one in peers))
        assert await closed(peers) <= {CloseCode.UNPLACEABLE, None}
        check(memory, f"pending updates, {'logged' if synced else 'held'}", 5, 20 * MIB)


async def test_huge_varints(server: ServerProcess) -> None:
    """[LM15] numbers of megabytes, where a length, a count or a client id belongs."""
    number = b"\xff" * (MIB // 2)
    frames = [number, b"\x00\x02" + number, b"\x01" + number, b"\x00\x00" + build.string(number)]
    frames += [yjs.encode(Update(b"\x01\x01" + number)), yjs.encode(Update(number))]

    async def code(frame: bytes) -> int | None:
        async with peer(server.ws_url, "varints") as someone:
            await someone.socket.send(frame)
            return await someone.close_code()

    async with measured(server, "numbers") as memory:
        for _ in range(5):
            codes = await asyncio.gather(*(code(frame) for frame in frames))
            assert set(codes) == {CloseCode.MALFORMED}
        check(memory, "huge varints", len(frames), 2 * MIB)


async def test_bytes_before_a_token(guarded: ServerProcess) -> None:
    """[LM15] [LM11] messages without an end, from many who never say who they are."""
    unending = binary(bytes(7 * MIB))
    async with (
        measured(guarded, room_of("ann")) as memory,
        raw(guarded.port, "/hocuspocus", 30) as silent,
        raw(guarded.port, "/ws/none", 10) as unknown,
    ):
        await asyncio.gather(*(one.pour(unending, seconds=1) for one in silent + unknown))
        assert await closed(unknown) <= {CloseCode.UNAUTHORIZED, None}
        assert await closed(silent) <= {CloseCode.TIMEOUT, None}
        check(memory, "bytes before a token", 30, 2 * MIB)


async def test_documents_without_a_token(guarded: ServerProcess) -> None:
    """[LM15] [LM11] messages for many documents, none of which was asked for with a token."""
    frames = b"".join(
        binary(build.string(f"d{n}") + b"\x00\x02" + build.string(bytes(4000))) for n in range(100)
    )
    async with (
        measured(guarded, room_of("ann")) as memory,
        raw(guarded.port, "/hocuspocus", 20) as peers,
    ):
        await asyncio.gather(*(one.pour(frames, 50) for one in peers))
        assert await closed(peers) <= {CloseCode.EARLY, None}
        check(memory, "documents without a token", 20, 2 * MIB)


async def test_connections_that_send_no_request(server: ServerProcess) -> None:
    """[LM15] [LM13] bytes without a handshake, heads without an end, and silence."""
    async with (
        measured(server, "heads") as memory,
        raw(server.port, None, 50) as rubbish,
        raw(server.port, None, 100) as endless,
        raw(server.port, None, 100),
    ):
        await asyncio.gather(
            *(one.pour(os.urandom(MIB), 4) for one in rubbish),
            *(one.pour(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 250, seconds=5) for one in endless),
        )
        await asyncio.gather(*(one.pour(b"X: " + b"x" * 60_000, seconds=5) for one in endless))
        assert await closed(rubbish) == {None}
        check(memory, "heads", 250, MIB / 4)


async def test_handshakes_that_say_nothing(guarded: ServerProcess) -> None:
    """[LM15] two hundred sockets that wait for each other to begin."""
    async with (
        measured(guarded, room_of("ann")) as memory,
        raw(guarded.port, "/hocuspocus", 200),
    ):
        check(memory, "silent sockets", 200, MIB / 8)


async def test_ten_thousand_documents_on_a_socket(guarded: ServerProcess) -> None:
    """[LM15] as many as allowed are opened; the rest are refused, or the socket is closed."""
    frames = b"".join(
        binary(build.string(f"many/{n}") + b"\x02\x00" + build.string("")) for n in range(10_000)
    )
    path = f"/hocuspocus?token={token('bob', {'*': Role.EDITOR}, create=True)}"
    async with measured(guarded, room_of("ann")) as memory, raw(guarded.port, path) as (one,):
        await one.pour(frames)
        await one.hears(b"many/9999")
        assert not one.ended
        check(memory, "10,000 documents on a socket")


async def test_connections_from_one_address(server: ServerProcess) -> None:
    """[LM15] [LM5] [LM2] four hundred at once; others get in meanwhile."""
    headers = {"X-Forwarded-For": "198.51.100.66"}
    codes: list[int] = []

    async def attempt() -> None:
        async with connect(
            f"{server.ws_url}/crowd", additional_headers=headers, compression=None
        ) as socket:
            with suppress(ConnectionClosed):
                async with asyncio.timeout(2):
                    while True:
                        await socket.recv()
            codes.append(socket.close_code or 0)

    async def tolerant() -> None:
        with suppress(TimeoutError):
            await attempt()

    async with measured(server, "crowd") as memory:
        crowd = asyncio.gather(*(tolerant() for _ in range(400)))
        async with peer(server.ws_url, "crowd") as someone:
            await someone.join()
        await crowd
        check(memory, "connections of one address", 400, MIB / 8)
    refused = [code for code in codes if code in (CloseCode.TOO_MANY, CloseCode.TOO_FAST)]
    assert len(refused) >= 300
    assert {CloseCode.TOO_MANY, CloseCode.TOO_FAST} >= set(codes) - {0}
