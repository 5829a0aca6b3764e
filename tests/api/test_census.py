"""Every route and socket of the application: none is forgotten by access control."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from collab.access import Role
from collab.interfaces import Kind, StoredDocument
from collab.protocol import hocuspocus
from collab.protocol.hocuspocus import PermissionDenied, Token, prefix_of
from collab.protocol.messages import QueryAwareness, SyncStep1, Update
from collab.storage.sql import SqlDocumentStore
from tests.api.guarded import Guarded
from tests.api.rights import CALLS, ROLES, Call, Least, table
from tests.support.asgi import AsgiSocket
from tests.support.tokens import token

PUBLIC: Final = {
    "GET /api/openapi.json": "describes the interface; says nothing of what is stored",
    "GET /healthz": "for supervisors: whether the process lives",
    "GET /readyz": "for load balancers: whether to send traffic here",
    "GET /ready": "the same, where y-sweet's tools ask it",
    "GET /metrics": "who may see it has a token of its own; tests/observing",
    "MOUNT /assets": "hashed files of the web app, the same for everyone",
}
"""What answers without credentials, and why it may."""
PAGES: Final = "collab.api.pages"
"""Files of the web app, and the page for a wrong address: they read nothing that is stored."""
SOCKETS: Final = {
    "/ws/{document}": "/ws/{id}",
    "/d/{document}": "/d/{id}/ws/{id}",
    "/hocuspocus": "/hocuspocus",
    "/hocuspocus/": "/hocuspocus/",
}
"""Paths of the wires, and how a client fills them in."""
ADA: Final = token("ada", create=True)


def walk(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[str, BaseRoute]]:
    """Every route as `METHOD path`, `MOUNT path` or `SOCKET path`."""
    for context in iter_route_contexts(routes):
        route, path = context.original_route, f"{prefix}{context.path_format}"
        if isinstance(route, Mount):
            yield from walk(route.routes, prefix + route.path)
            if not route.routes:  # an application that keeps its routes to itself
                yield f"MOUNT {prefix}{route.path}", route
        elif isinstance(route, WebSocketRoute):
            yield f"SOCKET {path}", route
        else:
            assert isinstance(route, Route), f"what is {route!r}?"
            for method in sorted((context.methods or {"ANY"}) - {"HEAD"}):
                yield f"{method} {path}", route


def census(app: FastAPI) -> set[str]:
    """All but the pages."""
    return {
        name
        for name, route in walk(app.routes)
        if getattr(getattr(route, "endpoint", None), "__module__", "") != PAGES
    }


async def test_every_route_is_known(guarded: Guarded) -> None:
    """[GR19] as public, with the reason, as a call that needs rights, or as a wire."""
    expected = {call.request for call in CALLS} | PUBLIC.keys()
    found = census(guarded.app)
    found.discard("MOUNT /assets")  # only there once the web app is built
    assert found == (expected - {"MOUNT /assets"}) | {f"SOCKET {path}" for path in SOCKETS}


async def test_a_new_route_would_be_found(guarded: Guarded) -> None:
    """[GR19] the test above can fail: on routes, mounts and sockets at any depth."""

    async def endpoint() -> None: ...

    inner = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    inner.add_api_route("/secret", endpoint, methods=["GET", "POST"])
    inner.add_api_websocket_route("/wire", endpoint)
    outer = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    outer.mount("/inner", inner)
    guarded.app.mount("/outer", outer)
    guarded.app.mount("/opaque", GZipMiddleware(inner))
    found = census(guarded.app)
    assert {"GET /outer/inner/secret", "POST /outer/inner/secret"} <= found
    assert {"SOCKET /outer/inner/wire", "MOUNT /opaque"} <= found


async def bad_credentials(guarded: Guarded, document: str) -> list[str | None]:
    link = await guarded.link(document, Role.EDITOR)
    for known in await guarded.service.links.page(document):
        await guarded.service.links.revoke(document, known.id)
    over = await guarded.link(document, Role.EDITOR, guarded.service.clock.time())
    header, claims, signature = ADA.split(".")
    forged = f"{header}.{claims}.{'A' * len(signature)}"
    return [None, "x", forged, f"{header}.{claims}.", link, over, "collab-link." + "A" * 43]


async def test_nothing_answers_without_credentials(guarded: Guarded) -> None:
    """[GR19] nor with bad ones: 401, with a body that fits or without one; nothing changes."""
    document = await guarded.document("ada")
    bad = await bad_credentials(guarded, document)
    before = await state(guarded, document)
    for call in CALLS:
        for bearer in bad:
            path = filled(call.path, document)
            methods = [call.method, "HEAD"] if call.method == "GET" else [call.method]
            for method in methods:
                for body in (None, call.body):
                    answer = await guarded.call(bearer, method, path, body)
                    assert answer.status_code == 401, (method, path, bearer)
                    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert await state(guarded, document) == before


async def test_what_is_public_is_the_same_for_everyone(guarded: Guarded) -> None:
    """[GR19] pages hold nothing of the document that their address names."""
    document = await guarded.document("ada")
    await guarded.call(ADA, "PATCH", f"/api/documents/{document}", {"title": "Hush-hush"})
    pages = [await guarded.call(None, "GET", f"/notes/{name}") for name in (document, "nothing")]
    assert pages[0].content == pages[1].content
    for name in PUBLIC:
        if name.startswith("GET "):
            answer = await guarded.call(None, "GET", name.removeprefix("GET "))
            # In token mode there are no metrics for those who bring none of theirs.
            assert answer.status_code == (404 if name == "GET /metrics" else 200)
            assert document not in answer.text
            assert "Hush-hush" not in answer.text


@pytest.mark.parametrize("path", [path for path in SOCKETS if "hocuspocus" not in path])
async def test_no_socket_opens_without_credentials(guarded: Guarded, path: str) -> None:
    """[GR19] one that names its document is closed with 4401 before anything is sent on it."""
    document = await guarded.document("ada")
    for bearer in await bad_credentials(guarded, document):
        query = b"" if bearer is None else f"token={bearer}".encode()
        address = filled(SOCKETS[path], document)
        async with AsgiSocket(guarded.app, address, query_string=query) as socket:
            socket.send(SyncStep1(b"\x00"))
            first = await socket.next()
            assert (first["type"], first["code"]) == ("websocket.close", 4401)


@pytest.mark.parametrize("path", [path for path in SOCKETS if "hocuspocus" in path])
async def test_no_shared_socket_serves_without_credentials(guarded: Guarded, path: str) -> None:
    """[GR19] one that carries many documents says nothing of any but that it is denied."""
    document = await guarded.document("ada")
    bad = await bad_credentials(guarded, document)
    before = await state(guarded, document)
    prefix = prefix_of(document)
    for bearer in bad:
        async with AsgiSocket(guarded.app, path) as socket:
            bodies = [hocuspocus.encode_control(Token(bearer or ""))]
            for message in (SyncStep1(b"\x00"), QueryAwareness(), Update(b"\x00\x00")):
                bodies.append(hocuspocus.encode(message))
            for body in bodies:
                socket.feed({"type": "websocket.receive", "bytes": prefix + body})
            frame = (await socket.next())["bytes"]
            assert isinstance(hocuspocus.decode(frame.removeprefix(prefix)), PermissionDenied)
            socket.feed({"type": "websocket.receive", "bytes": hocuspocus.PING})
            while (frame := (await socket.next())["bytes"]) != hocuspocus.PONG:
                said = hocuspocus.decode(frame.removeprefix(prefix))
                assert isinstance(said, PermissionDenied), said
    assert await state(guarded, document) == before


@pytest.mark.parametrize("role", [None, *ROLES])
async def test_every_role_may_do_what_the_table_says(guarded: Guarded, role: Role | None) -> None:
    """[GR20] by whichever way it came; who may not is told 403, and nothing changes."""
    for way in ("claim", "grant", "link"):
        if way == "link" and role is Role.OWNER:
            continue  # no link makes owners
        target = await fresh(guarded, role, way)
        for call in CALLS:
            path = filled(call.path, target.document, target.link)
            answer = await guarded.call(target.bearer, call.method, path, call.body)
            lasting = call.lent or way == "claim"
            allowed = call.least.allows(role) and lasting
            expected = call.status if allowed else 403
            assert answer.status_code == expected, (call.request, way, answer.text)
            if not allowed:
                assert answer.json()["type"] == "urn:collab:problem:forbidden"
            if allowed and call.method != "GET":
                target = await fresh(guarded, role, way)
            else:
                assert await state(guarded, target.document) == target.state


@pytest.mark.parametrize(
    "call", [c for c in CALLS if c.least is Least.CREATE], ids=lambda call: call.request
)
async def test_who_may_create(guarded: Guarded, call: Call) -> None:
    """[GR20] whose token says so; that gives no role in what is there."""
    document = await guarded.document("ada")
    creator = token("eve", create=True)
    answer = await guarded.call(creator, call.method, call.path, call.body)
    assert answer.status_code == call.status
    assert (await guarded.call(creator, "GET", f"/api/documents/{document}")).status_code == 403


@dataclass(frozen=True, slots=True)
class Target:
    """A document with all that is stored of it, one of its links, and who calls."""

    document: str
    link: str
    bearer: str
    state: object


async def fresh(guarded: Guarded, role: Role | None, way: str) -> Target:
    """A document of Ada's, with a grant and a link, and someone else who has the role in it."""
    service = guarded.service
    document = f"{way}-{service.random.getrandbits(64):x}"
    await service.catalog.create(document, "Ours", Kind.NOTE, "ada")
    await service.grants.put(document, "bob", Role.VIEWER, "ada")
    bearer = token("eve", {"elsewhere": Role.OWNER})
    lent = await guarded.link(document, role if way == "link" and role else Role.VIEWER)
    if role is not None and way == "claim":
        bearer = token("eve", {document: role})
    elif role is not None and way == "grant":
        await service.grants.put(document, "eve", role, "ada")
    elif role is not None:
        bearer = lent
    (link,) = await service.links.page(document)
    return Target(document, link.id, bearer, await state(guarded, document))


def filled(path: str, document: str, link: str = "x") -> str:
    return path.replace("{id}", document).replace("{user}", "bob").replace("{link}", link)


async def state(guarded: Guarded, document: str) -> tuple[StoredDocument, object, object]:
    """All that is stored of a document."""
    service = guarded.service
    store = SqlDocumentStore(service._database, service.clock)
    return (
        await store.load(document),
        await service.grants.page(document),
        await service.links.page(document),
    )


def test_the_page_shows_the_table() -> None:
    """[GR20] docs/api.md says who may do what; `python -m tests.api.rights` prints it."""
    page = Path(__file__).parents[2] / "docs" / "api.md"
    assert f"\n\n{table()}\n\n" in page.read_text("utf-8")
