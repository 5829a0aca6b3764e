"""y-sweet's REST calls, in open mode: as its SDK makes them, on a server that asks for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest
from fastapi import FastAPI

from collab.app import Service, create_app
from collab.errors import StorageError
from collab.interfaces import Kind
from collab.room import direct
from collab.settings import Settings
from collab.storage.sql import SqlDocumentStore
from tests.support.edits import Author, text_of

BYTES = {"Content-Type": "application/octet-stream"}


async def made(client: httpx.AsyncClient, document: str = "doc") -> str:
    response = await client.post("/doc/new?z=1", json={"docId": document})
    assert response.status_code == 200
    return str(response.json()["docId"])


def problem_of(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["type"].rpartition(":")[2]


async def test_a_document_gets_a_new_id(client: httpx.AsyncClient, service: Service) -> None:
    """[YS1] a note without a title, whatever of the body is left out."""
    bodies: tuple[object, ...] = ({}, {"docId": None}, {"other": 1}, None)
    for body in bodies:
        response = await client.post("/doc/new", json=body)
        info = await service.catalog.find(response.json()["docId"])
        assert (info.title, info.kind) == ("", Kind.NOTE)


async def test_a_document_that_is_there_is_left_as_it_is(
    client: httpx.AsyncClient, service: Service
) -> None:
    """[YS1] creating twice is no error, and changes nothing."""
    first = await made(client, "team/plan")
    before = await service.catalog.find("team/plan")
    assert await made(client, "team/plan") == first == "team/plan"
    assert await service.catalog.find("team/plan") == before


@pytest.mark.parametrize("document", ["", "a b", "a%2Fb", "../a", "a//b", "ü", "x" * 256])
async def test_what_is_no_id_names_nothing(client: httpx.AsyncClient, document: str) -> None:
    """[YS1] ids in bodies are taken as they are."""
    response = await client.post("/doc/new", json={"docId": document})
    assert problem_of(response) == (400, "invalid-document-id")


async def test_a_client_is_told_where_to_connect(client: httpx.AsyncClient) -> None:
    """[YS2] without a token where none is needed."""
    await made(client)
    bodies: tuple[object, ...] = (None, {}, {"userId": "ann", "validForSeconds": 60, "x": 1})
    for body in bodies:
        response = await client.post("/doc/doc/auth?z=1", json=body)
        assert response.json() == {
            "url": "ws://127.0.0.1:8000/d/doc/ws",
            "baseUrl": "http://127.0.0.1:8000/d/doc",
            "docId": "doc",
            "authorization": "full",
        }
        assert response.headers["Cache-Control"] == "no-store"
    response = await client.post("/doc/doc/auth", json={"authorization": "read-only"})
    assert response.json()["authorization"] == "read-only"


@pytest.mark.parametrize("path", ["/doc/team/plan/auth", "/doc/team%2Fplan/auth"])
async def test_slashes_stand_as_they_are_sent(client: httpx.AsyncClient, path: str) -> None:
    """[YS3] the SDK encodes nothing in an id; what it is handed is encoded."""
    await made(client, "team/plan")
    answer = (await client.post(path, json={})).json()
    assert answer["docId"] == "team/plan"
    assert answer["baseUrl"] == "http://127.0.0.1:8000/d/team%2Fplan"
    for base in ("/d/team/plan", "/d/team%2Fplan"):
        assert (await client.get(f"{base}/as-update")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/doc/a%252Fb/auth"),
        ("POST", "/doc/%2E%2E/auth"),
        ("POST", "/doc//auth"),
        ("POST", "/doc/a%FFb/auth"),
        ("GET", "/d/a%252Fb/as-update"),
        ("GET", "/d/a%00/as-update"),
        ("POST", "/d/a%20b/update"),
    ],
)
async def test_ids_in_paths_are_decoded_once(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    """[YS3] what is no id after one decoding is refused."""
    await made(client, "a/b")
    assert problem_of(await client.request(method, path)) == (400, "invalid-document-id")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"validForSeconds": 0}, "#/validForSeconds"),
        ({"validForSeconds": 10**12}, "#/validForSeconds"),
        ({"authorization": "owner"}, "#/authorization"),
        ({"userId": " ann"}, "#/userId"),
        ({"userId": ""}, "#/userId"),
        ({"userId": "a\nb"}, "#/userId"),
    ],
)
async def test_requests_for_tokens_fit_the_schema(
    client: httpx.AsyncClient, fields: dict[str, object], pointer: str
) -> None:
    """[YS2] what is no role, time or user is 422."""
    await made(client)
    response = await client.post("/doc/doc/auth", json=fields)
    assert problem_of(response) == (422, "invalid-request")
    assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]


async def test_the_public_url_goes_before_the_one_called(settings: Settings) -> None:
    """[YS2] https is told as wss, and a path before ours is kept."""
    public = settings.model_copy(update={"public_url": "https://notes.example.org/collab/"})
    app = create_app(public)
    async with app.router.lifespan_context(app), local(app) as client:
        await made(client)
        answer = (await client.post("/doc/doc/auth")).json()
    assert answer["url"] == "wss://notes.example.org/collab/d/doc/ws"
    assert answer["baseUrl"] == "https://notes.example.org/collab/d/doc"


def local(app: FastAPI, base: str = "http://127.0.0.1:8000", root: str = "") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, root_path=root)
    return httpx.AsyncClient(transport=transport, base_url=base)


async def test_the_address_called_is_the_address_told(app: FastAPI) -> None:
    """[YS2] name, port, scheme and the path that a proxy mounts us below."""
    async with local(app, "https://localhost:9000") as client:
        await made(client)
        assert (await client.post("/doc/doc/auth")).json()["url"] == "wss://localhost:9000/d/doc/ws"
    async with local(app, root="/sync") as client:
        answer = (await client.post("/sync/doc/doc/auth")).json()
        assert answer["baseUrl"] == "http://127.0.0.1:8000/sync/d/doc"


async def test_updates_go_in_and_out(client: httpx.AsyncClient) -> None:
    """[YS4] what is answered is committed, and read by the next request."""
    await made(client)
    author = Author(7)
    for number, words in enumerate(("one ", "two"), 1):
        response = await client.post(
            "/d/doc/update?z=1", content=author.write(words), headers=BYTES
        )
        assert (response.status_code, response.json()) == (200, {"sequence": number})
    read = await client.get("/d/doc/as-update")
    assert read.headers["Content-Type"] == "application/octet-stream"
    assert text_of(read.content) == "one two"
    head = await client.head("/d/doc/as-update")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(read.content))


@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff" * 20, b"{}", Author(7).write("x") + b"\0"])
async def test_what_is_no_update_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    """[YS4] the rules for updates are those for peers."""
    await made(client)
    response = await client.post("/d/doc/update", content=body, headers=BYTES)
    assert problem_of(response) == (400, "malformed")
    assert (await client.get("/d/doc/as-update")).content == b"\0\0"


async def test_updates_may_be_larger_than_other_bodies(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    """[YS5] up to `first_sync_bytes`, announced or not; everything else stays at 64 KiB."""
    await made(client)
    update = Author(7).write("x" * 200_000)
    assert (await client.post("/d/doc/update", content=update)).status_code == 200
    large = b"\0" * (settings.first_sync_bytes + 1)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    for content in (large, pieces()):
        response = await client.post("/d/doc/update", content=content, headers=BYTES)
        assert problem_of(response) == (413, "body-too-large")
    for path in ("/doc/new", "/doc/doc/auth", "/api/documents"):
        response = await client.post(path, content=update)
        assert problem_of(response) == (413, "body-too-large"), path


async def test_a_missing_document_is_not_found(client: httpx.AsyncClient) -> None:
    """[YS6] for tokens and for reading; a deleted one for everything."""
    assert problem_of(await client.post("/doc/doc/auth"))[0] == 404
    assert problem_of(await client.get("/d/doc/as-update"))[0] == 404
    await made(client)
    await client.delete("/api/documents/doc")
    for answer in (
        await client.post("/doc/doc/auth"),
        await client.get("/d/doc/as-update"),
        await client.head("/d/doc/as-update"),
        await client.post("/d/doc/update", content=Author(7).write("x")),
        await client.post("/doc/new", json={"docId": "doc"}),
    ):
        assert answer.status_code == 404, answer.request.url


async def test_an_update_makes_the_document_for_who_may(client: httpx.AsyncClient) -> None:
    """[YS12] as a peer's first message does."""
    response = await client.post("/d/new/update", content=Author(7).write("first"), headers=BYTES)
    assert response.json() == {"sequence": 1}
    assert text_of((await client.get("/d/new/as-update")).content) == "first"


async def test_a_stalled_store_is_no_hang(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[YS13] 503 with Retry-After; the update can be sent again."""
    await made(client)
    update = Author(7).write("kept")
    go = asyncio.Event()
    real = SqlDocumentStore.append

    async def append(*arguments: object) -> object:
        await go.wait()
        return await real(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(SqlDocumentStore, "append", append)
        patched.setattr(direct, "write", partial(direct.write, seconds=0.05))
        response = await client.post("/d/doc/update", content=update, headers=BYTES)
    assert problem_of(response) == (503, "unavailable")
    assert "Retry-After" in response.headers
    go.set()
    assert (await client.post("/d/doc/update", content=update)).json() == {"sequence": 1}


async def test_the_store_and_the_server_can_be_asked(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[YS7] a store that does not answer is told in the body, without the inside."""
    for method in ("GET", "POST"):
        response = await client.request(method, "/check_store?z=1", json={})
        assert (response.status_code, response.json()) == (200, {"ok": True})
    ready = await client.get("/ready")
    assert (ready.status_code, ready.json()) == (200, {"ok": True})

    async def down(*_: object) -> None:
        raise StorageError("secret.db: disk I/O error")

    monkeypatch.setattr(type(service.catalog), "page", down)
    told = (await client.post("/check_store", json={})).json()
    assert told == {"ok": False, "error": "the database does not answer"}
    ready = await client.get("/ready")
    assert (ready.status_code, ready.json()) == (503, {"ok": False})


async def test_pages_of_other_sites_may_not_ask(client: httpx.AsyncClient) -> None:
    """[YS8] origins are checked before anything is done."""
    origin = {"Origin": "https://evil.example"}
    await made(client)
    for method, path in (
        ("POST", "/doc/new"),
        ("POST", "/doc/doc/auth"),
        ("GET", "/d/doc/as-update"),
        ("POST", "/d/doc/update"),
        ("POST", "/check_store"),
    ):
        response = await client.request(method, path, headers=origin)
        assert problem_of(response) == (403, "forbidden")
