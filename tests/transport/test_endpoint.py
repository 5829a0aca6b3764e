"""The endpoint's order of things, driven by ASGI messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pycrdt
import pytest

from collab.app import Service, create_app
from collab.errors import StorageError, Unavailable
from collab.interfaces import StoredDocument
from collab.protocol.close import CloseCode
from collab.protocol.messages import QueryAwareness, SyncStep1, Update
from collab.settings import load_settings
from collab.storage.sql import SqlDocumentStore
from collab.transport import channel as channel_module
from collab.transport.endpoint import SocketEndpoint
from collab.transport.entrance import Entrance
from collab.transport.socket import SocketLimits
from collab.transport.websocket import YjsWire
from tests.support.asgi import AsgiSocket


def edit() -> Update:
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, "words")
    return Update(doc.get_update())


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    parts = Service(load_settings(data_dir=tmp_path / "data", document_workers=1))
    await parts.start()
    yield parts
    await parts.aclose()


@pytest.fixture
def endpoint(service: Service) -> SocketEndpoint:
    return served(service, join_seconds=5)


def served(service: Service, join_seconds: float) -> SocketEndpoint:
    entrance = Entrance(service.registry, service.opener, service.authorizer, service.live)
    limits = SocketLimits(100_000, 200_000, join_seconds)
    return SocketEndpoint(
        YjsWire(entrance).serve, limits, service.random, lambda: entrance.draining
    )


class SlowLoad:
    """Holds loads back until told; counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = asyncio.Event()
        self.begun = asyncio.Event()
        real = SqlDocumentStore.load

        async def load(store: SqlDocumentStore, document: str) -> StoredDocument:
            self.begun.set()
            await self.go.wait()
            return await real(store, document)

        monkeypatch.setattr(SqlDocumentStore, "load", load)


async def test_nothing_is_read_before_the_document_is_loaded(
    endpoint: SocketEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[AC15] what a peer sends meanwhile stays with the server, and then is handled."""
    slow = SlowLoad(monkeypatch)
    async with AsgiSocket(endpoint, "/ws/doc") as socket:
        for _ in range(100):
            socket.send(edit())
        await slow.begun.wait()
        assert socket.taken == 1  # the connect
        slow.go.set()
        await socket.saved()


async def test_a_peer_is_not_kept_waiting_for_ever(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[AC15] who cannot be let in within the deadline is told to try later, traffic or not."""
    SlowLoad(monkeypatch)
    async with AsgiSocket(served(service, join_seconds=0.05), "/ws/doc") as socket:
        socket.send(edit())
        assert (await socket.closed())[0] == CloseCode.TRY_LATER


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StorageError("secret.db is locked"), CloseCode.INTERNAL),
        (Unavailable("too much is unsaved"), CloseCode.TRY_LATER),
        (RuntimeError("secret"), CloseCode.INTERNAL),
    ],
)
async def test_a_failed_load_is_an_error_to_its_joiner(
    endpoint: SocketEndpoint, monkeypatch: pytest.MonkeyPatch, error: Exception, code: CloseCode
) -> None:
    """[AC19] never an empty document: a code that is worth a retry."""

    async def load(*_: object) -> StoredDocument:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(SqlDocumentStore, "load", load)
        async with AsgiSocket(endpoint, "/ws/doc") as socket:
            socket.send(SyncStep1(b"\0"))
            found, reason = await socket.closed()
            assert found == code
            assert "secret" not in reason
    async with AsgiSocket(endpoint, "/ws/doc") as socket:
        socket.send(edit())
        await socket.saved()


async def test_two_first_peers_make_one_document(
    endpoint: SocketEndpoint, service: Service
) -> None:
    """[AC6] who loses the race to create joins what the other made."""
    async with AsgiSocket(endpoint, "/ws/same") as one, AsgiSocket(endpoint, "/ws/same") as two:
        one.send(edit())
        await one.saved()
        await two.saved()
    assert len((await service.catalog.page("", None, 10)).documents) == 1


async def test_a_draining_server_sends_peers_elsewhere(
    endpoint: SocketEndpoint, service: Service
) -> None:
    async with AsgiSocket(endpoint, "/ws/doc") as there:
        await there.saved()
        assert await service.drain(1)
        assert (await there.closed())[0] == CloseCode.RESTART
        async with AsgiSocket(endpoint, "/ws/doc") as late:
            assert (await late.closed())[0] == CloseCode.RESTART


async def test_a_peer_that_takes_nothing_is_let_go(
    endpoint: SocketEndpoint, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[AC17] a send that never ends does not keep the call once the peer is to be closed."""
    monkeypatch.setattr(channel_module, "CLOSE_DEADLINE", 0.02)
    async with AsgiSocket(endpoint, "/ws/doc") as socket:
        await socket.saved()
        socket.hold()
        service.registry.deleted("doc")
        assert socket.task is not None
        async with asyncio.timeout(5):
            await socket.task


async def test_a_peer_that_leaves_is_forgotten(endpoint: SocketEndpoint, service: Service) -> None:
    async with AsgiSocket(endpoint, "/ws/doc") as socket:
        socket.send(QueryAwareness())
        await socket.saved()
        assert service.registry.stats().sessions == 1
    assert service.registry.stats().sessions == 0


async def test_a_cancelled_call_leaves_nothing_behind(
    endpoint: SocketEndpoint, service: Service
) -> None:
    socket = AsgiSocket(endpoint, "/ws/doc")
    await socket.__aenter__()
    await socket.saved()
    assert "channel" in {task.get_name() for task in asyncio.all_tasks()}
    assert socket.task is not None
    socket.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await socket.task
    assert service.registry.stats().sessions == 0
    assert "channel" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_the_socket_is_routed_without_a_raw_path(service: Service, tmp_path: Path) -> None:
    """Some servers hand on the decoded path alone: that was the one decoding."""
    app = create_app(load_settings(data_dir=tmp_path / "data"), service)
    async with AsgiSocket(app, "/ws/a/b", raw_path=None) as socket:
        await socket.saved()
    async with AsgiSocket(app, "/ws/a%2Fb", raw_path=None) as socket:
        assert (await socket.closed())[0] == CloseCode.MALFORMED
    assert (await service.catalog.find("a/b")).id == "a/b"
