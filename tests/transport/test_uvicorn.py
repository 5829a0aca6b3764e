"""What our uvicorn protocols add: deadlines and exemptions, on real sockets in this loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from websockets.frames import Frame, Opcode

from collab.app import Service, create_app, from_environment
from collab.errors import ConfigError
from collab.interfaces import StoredDocument
from collab.listening import listen, url_of
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStep2
from collab.server import Server
from collab.settings import load_settings
from collab.storage.sql import SqlDocumentStore
from collab.transport import uvicorn_http, uvicorn_websocket
from collab.transport.uvicorn_websocket import BoundedWebSocketProtocol
from tests.support.peer import by_hand, peer


@asynccontextmanager
async def serving(data: Path, **overrides: object) -> AsyncIterator[str]:
    """A server in this event loop; gives `host:port`."""
    settings = load_settings(data_dir=data, port=0, document_workers=1, **overrides)
    service = Service(settings)
    await service.start()
    ready = asyncio.Event()
    server = Server(create_app(settings, service), service, settings, ready.set)
    bound = listen("127.0.0.1", 0)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    await ready.wait()
    try:
        yield url_of(bound, "127.0.0.1").removeprefix("http://").rstrip("/")
    finally:
        server.should_exit = True
        async with asyncio.timeout(20):
            await task
        await service.aclose()


async def opened(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = address.partition(":")
    return await asyncio.open_connection(host, int(port))


async def cut_off(reader: asyncio.StreamReader) -> bytes:
    """What came before the server ended the connection."""
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def test_a_head_that_does_not_come_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[AC20] neither silence nor a header at a time keeps a connection."""
    monkeypatch.setattr(uvicorn_http, "HEAD_DEADLINE", 0.2)
    async with serving(tmp_path) as address:
        for start in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            reader, writer = await opened(address)
            writer.write(start)
            assert await cut_off(reader) == b""
            writer.close()


async def test_a_second_request_has_the_deadline_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_http, "HEAD_DEADLINE", 0.2)
    async with serving(tmp_path) as address:
        reader, writer = await opened(address)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET /healthz HTTP/1.1\r\nHo")
        assert b" 200 " not in await cut_off(reader)
        writer.close()


async def test_a_head_without_end_is_not_kept(tmp_path: Path) -> None:
    """[AC20] one header may not grow for ever."""
    async with serving(tmp_path) as address:
        reader, writer = await opened(address)
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        try:
            for _ in range(1000):
                writer.write(b"x" * 64_000)
                await writer.drain()
            raise AssertionError("64 MB of header were taken")
        except ConnectionError:
            pass
        assert await cut_off(reader) == b""
        writer.close()


async def test_a_slow_load_is_not_the_peer_s_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[AC13] while we read nothing, pongs lie unread: the heartbeat waits."""
    go, overdue = asyncio.Event(), asyncio.Event()
    real_load = SqlDocumentStore.load
    real_timeout = BoundedWebSocketProtocol.keepalive_timeout

    async def load(store: SqlDocumentStore, document: str) -> StoredDocument:
        await go.wait()
        return await real_load(store, document)

    def timeout(protocol: BoundedWebSocketProtocol) -> None:
        real_timeout(protocol)
        overdue.set()

    monkeypatch.setattr(SqlDocumentStore, "load", load)
    monkeypatch.setattr(BoundedWebSocketProtocol, "keepalive_timeout", timeout)
    async with (
        serving(tmp_path, heartbeat_seconds=1) as address,
        peer(f"ws://{address}/ws", "slow") as ann,
    ):
        await ann.type("patient")  # from here on the server reads no further
        async with asyncio.timeout(10):
            await overdue.wait()
        go.set()
        await ann.saved()


async def test_a_dead_peer_with_a_full_buffer_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[AC13] what a dead peer never takes does not keep its connection."""
    lost = asyncio.Event()
    real_lost = BoundedWebSocketProtocol.connection_lost

    def connection_lost(protocol: BoundedWebSocketProtocol, error: Exception | None) -> None:
        real_lost(protocol, error)
        lost.set()

    monkeypatch.setattr(uvicorn_websocket, "CLOSE_GRACE", 0.1)
    async with serving(tmp_path, heartbeat_seconds=1) as address:
        port = int(address.rpartition(":")[2])
        _, writer = await by_hand(port, "full", receive_buffer=4096)
        async with peer(f"ws://{address}/ws", "full") as ann:
            await ann.join()
            ann.text += "x" * 6_000_000
            await ann.send(SyncStep2(ann.doc.get_update()))
            await ann.saved()
            monkeypatch.setattr(BoundedWebSocketProtocol, "connection_lost", connection_lost)
            ask = Frame(Opcode.BINARY, b"\0\0\1\0").serialize(mask=True)
            writer.write(ask)
            async with asyncio.timeout(15):
                await lost.wait()
            await ann.saved()
        writer.transport.abort()


async def test_a_server_in_this_loop_answers_and_ends(tmp_path: Path) -> None:
    async with serving(tmp_path) as address, httpx.AsyncClient() as client:
        response = await client.get(f"http://{address}/readyz")
        assert response.status_code == 200
        assert "server" not in response.headers


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")],
)
def test_the_address_shown_is_one_to_open(host: str, shown: str) -> None:
    with listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        assert url_of(bound, host) == f"http://{shown}:{port}/"


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a b"])
def test_a_host_that_is_not_known_is_named(host: str) -> None:
    with pytest.raises(ConfigError, match="COLLAB_HOST"):
        listen(host, 0)


class Stock(uvicorn.Server):
    """uvicorn as it comes, but for telling when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: asyncio.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()


async def test_any_asgi_server_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stock uvicorn with its own protocols and our lifespan serves and loses nothing."""
    monkeypatch.setenv("COLLAB_DATA_DIR", str(tmp_path))
    config = uvicorn.Config(
        from_environment(), log_config=None, lifespan="on", ws="websockets-sansio"
    )
    ready = asyncio.Event()
    server = Stock(config, ready)
    bound = listen("127.0.0.1", 0)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    await ready.wait()
    url = f"ws://127.0.0.1:{bound.getsockname()[1]}/ws"
    async with peer(url, "stock") as ann:
        await ann.join()
        await ann.type("kept")
        await ann.saved()
        await ann.type(" to the end")
        server.should_exit = True
        assert await ann.close_code() == CloseCode.RESTART
    async with asyncio.timeout(20):
        await task
    async with serving(tmp_path) as address, peer(f"ws://{address}/ws", "stock") as late:
        await late.join()
        assert str(late.text).startswith("kept")
