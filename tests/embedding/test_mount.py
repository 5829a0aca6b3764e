"""The application mounted in another one, over real sockets."""

from __future__ import annotations

import logging
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from collab import Hooks, Service, create_app, load_settings
from collab.errors import ConfigError
from collab.protocol.close import CloseCode
from tests.embedding.host import MOUNT, Host, client_of, hosted, served
from tests.support.peer import peer


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path / "data") as running:
        yield running


async def test_rest_below_the_mount(host: Host) -> None:
    """[HK12] what a response names lies below the mount, and is there."""
    made = await host.client.post(f"{MOUNT}/api/documents", json={"title": "Plan"})
    assert made.status_code == 201
    assert made.headers["Location"].startswith(f"{MOUNT}/api/documents/")
    assert (await host.client.get(made.headers["Location"])).json()["title"] == "Plan"
    assert (await host.client.get(f"{MOUNT}/readyz")).status_code == 200
    listed = (await host.client.get(f"{MOUNT}/api/documents")).json()["documents"]
    assert [document["title"] for document in listed] == ["Plan"]


async def test_the_description_below_the_mount(host: Host) -> None:
    """[HK12] its paths are those below the mount."""
    described = (await host.client.get(f"{MOUNT}/api/openapi.json")).json()
    assert described["servers"] == [{"url": MOUNT}]
    assert "/api/documents" in described["paths"]


async def test_problems_below_the_mount_and_the_host_s_own_answers(host: Host) -> None:
    """[HK12] errors are problems; the product's routes stay its own."""
    missing = await host.client.get(f"{MOUNT}/api/documents/nothing")
    assert missing.status_code == 404
    assert missing.headers["Content-Type"] == "application/problem+json"
    assert missing.json()["type"] == "urn:collab:problem:not-found"
    assert (await host.client.get("/")).json() == "the product"
    elsewhere = await host.client.get("/api/documents")
    assert elsewhere.json() == {"detail": "Not Found"}


async def test_sockets_below_the_mount(host: Host) -> None:
    """[HK12] a document is what follows the mount, and the same one over REST."""
    for name in ("plan", "team/plan"):
        async with peer(host.ws_url, quote(name)) as ann, peer(host.ws_url, quote(name)) as bob:
            await ann.join()
            await bob.join()
            await ann.type("hello")
            await ann.saved()
            await bob.sees("hello")
        path = f"{MOUNT}/api/documents/{quote(name, safe='')}/content?format=text&root=content"
        assert (await host.client.get(path)).text == "hello"
    async with peer(host.ws_url, "a%25b") as lost:
        assert await lost.close_code() == CloseCode.MALFORMED


async def test_the_mount_may_be_spelled_in_any_way(host: Host) -> None:
    """[HK12] however a client escapes the mount, the document is the same."""
    strange = f"ws://{host.address}/c%6Fllab/ws"
    async with peer(strange, "team%2Fplan") as ann:
        await ann.join()
        await ann.type("here")
        await ann.saved()
    path = f"/%63ollab/api/documents/{quote('team/plan', safe='')}/content?format=text&root=content"
    assert (await host.client.get(path)).text == "here"


async def test_other_wires_below_the_mount(host: Host) -> None:
    """[HK12] addresses that are handed out name the mount, and are served."""
    made = (await host.client.post(f"{MOUNT}/doc/new", json={})).json()
    token = await host.client.post(f"{MOUNT}/doc/{made['docId']}/auth", json={})
    assert token.status_code == 200
    told = token.json()
    assert told["url"] == f"ws://{host.address}{MOUNT}/d/{made['docId']}/ws"
    query = f"?token={quote(told['token'])}" if told.get("token") else ""
    async with peer(told["url"], f"{made['docId']}{query}") as ann:
        await ann.join()
    read = await host.client.get(f"{MOUNT}/d/{made['docId']}/as-update")
    assert read.status_code == 200
    async with connect(f"ws://{host.address}{MOUNT}/hocuspocus") as socket:
        await socket.send(b"\x09")
        assert await socket.recv() == b"\x0a"


async def test_the_notes_app_is_not_below_a_mount(host: Host) -> None:
    """[HK13] its addresses would not be found there."""
    for path in ("/", "/notes/plan", "/assets", "/nowhere"):
        answer = await host.client.get(MOUNT + path, headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


async def test_share_links_name_no_page_below_a_mount(host: Host) -> None:
    """[HK13] the product has its own pages; the link's token is good all the same."""
    made = (await host.client.post(f"{MOUNT}/api/documents", json={"title": "Plan"})).json()
    path = f"{MOUNT}/api/documents/{made['id']}/links"
    link = await host.client.post(path, json={"role": "viewer"})
    assert link.status_code == 201
    assert link.json()["token"]
    assert link.json().get("url") is None


async def test_the_notes_app_can_be_left_out(tmp_path: Path) -> None:
    """[HK13] with the setting off there are no pages, and the rest is there."""
    app = create_app(load_settings(data_dir=tmp_path / "data", document_workers=1, notes_app=False))
    async with served(app) as address, client_of(address) as client:
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/notes/plan")).status_code == 404
        assert (await client.get("/readyz")).status_code == 200


async def test_a_service_that_was_not_started_serves_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """[HK14] a mount without its lifespan would take edits and never save them."""
    settings = load_settings(data_dir=tmp_path / "data", document_workers=1)
    service = Service(settings)
    product = FastAPI()
    product.mount(MOUNT, create_app(settings, service))
    async with served(product) as address, client_of(address) as client:
        assert (await client.get(f"{MOUNT}/api/documents")).status_code == 500
        with pytest.raises(InvalidStatus):
            async with peer(f"ws://{address}{MOUNT}/ws", "plan"):
                pass
    await service.aclose()
    assert "Service.running()" in caplog.text
    assert not (tmp_path / "data").exists()


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    """[HK12] the host's lifespan drains and closes the service."""
    async with hosted(tmp_path / "data") as host, peer(host.ws_url, "plan") as ann:
        await ann.join()
        await ann.type("kept")
        await ann.saved()
    async with hosted(tmp_path / "data") as host, peer(host.ws_url, "plan") as ann:
        await ann.join()
        assert str(ann.text) == "kept"


async def test_the_host_s_logging_and_signals_are_its_own(tmp_path: Path) -> None:
    """[HK15] neither changes while the service runs, nor after."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.getLogger("uvicorn").level)
    signals = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with hosted(tmp_path / "data") as host:
        await host.client.get(f"{MOUNT}/api/documents")
        assert (list(root.handlers), root.level, logging.getLogger("uvicorn").level) == before
        now = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        assert now == signals
    assert (list(root.handlers), root.level, logging.getLogger("uvicorn").level) == before


async def test_somebody_has_to_say_who_gets_in(tmp_path: Path) -> None:
    """[HK14] the product may be reached from anywhere, whatever COLLAB_HOST says."""
    with pytest.raises(ConfigError, match="nobody said who gets in"):
        async with Service(load_settings(data_dir=tmp_path / "data")).running():
            pass
    assert not (tmp_path / "data").exists()


def test_hooks_for_a_service_that_is_made_already(tmp_path: Path) -> None:
    """[HK14] they would never be called: that is said at once."""
    settings = load_settings(data_dir=tmp_path / "data", document_workers=1)
    with pytest.raises(ConfigError, match="hooks belong to the service"):
        create_app(settings, Service(settings), Hooks())
