"""Open mode: who gets in, for REST and WebSocket alike."""

from __future__ import annotations

from pathlib import Path
from random import Random

import httpx
import pytest
from fastapi import FastAPI

from collab.access import Credentials, Role
from collab.app import create_app
from collab.auth.credentials import credentials_of
from collab.auth.open import OpenAuthorizer
from collab.auth.origins import parse_origin
from collab.auth.sites import Sites
from collab.errors import AccessDenied
from collab.settings import load_settings
from tests.support.asgi import AsgiSocket

LOCAL = "127.0.0.1:8000"


def authorizer(bound: str = "127.0.0.1", *allowed: str) -> OpenAuthorizer:
    return OpenAuthorizer(Sites(bound, map(parse_origin, allowed)), Random(1))


async def admitted(gate: OpenAuthorizer, host: str, origin: str | None = None) -> bool:
    try:
        await gate.identify(Credentials(None, origin, host, "127.0.0.1"))
    except AccessDenied:
        return False
    return True


async def test_a_guest_owns_what_it_reaches() -> None:
    """[AC18] each connection is a guest of its own with a random id."""
    gate = authorizer()
    first = await gate.access(await gate.identify(Credentials(None, None, LOCAL, "")), "doc")
    second = await gate.access(await gate.identify(Credentials(None, None, LOCAL, "")), None)
    assert first.role is Role.OWNER
    assert first.may_create
    assert first.user.startswith("guest-")
    assert first.user != second.user


@pytest.mark.parametrize(
    "host",
    [LOCAL, "localhost", "localhost:1", "LOCALHOST.:1", "a.localhost", "[::1]:8000", "127.9.9.9"],
)
async def test_loopback_names_are_this_machine(host: str) -> None:
    """[AC3] on a loopback bind, Host is a loopback name or address."""
    assert await admitted(authorizer(), host)
    assert await admitted(authorizer("localhost"), host)
    assert await admitted(authorizer("::1"), host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "192.168.1.5:8000", "evil@localhost", "a b",
     "localhost/x", "notlocalhost", "[::2]", "0.0.0.0", "localhost:99999", "[::1"],
)  # fmt: skip
async def test_other_names_are_refused_on_loopback(host: str) -> None:
    """[AC3] a name that was pointed at 127.0.0.1 does not get in, nor does no name."""
    assert not await admitted(authorizer(), host)


@pytest.mark.parametrize(
    ("host", "origin", "good"),
    [
        (LOCAL, "http://127.0.0.1:8000", True),
        (LOCAL, "http://localhost:5173", True),
        (LOCAL, "http://[::1]:9", True),
        (LOCAL, "https://evil.example", False),
        (LOCAL, "http://localhost.evil.example", False),
        (LOCAL, "null", False),
        (LOCAL, "", False),
        (LOCAL, "file://", False),
        (LOCAL, "chrome-extension://abc", False),
        (LOCAL, "http://127.0.0.1:8000/path", False),
        (LOCAL, "http://user@127.0.0.1:8000", False),
    ],
)
async def test_origins_on_loopback(host: str, origin: str, good: bool) -> None:
    """[AC2] same origin and loopback origins; nobody else's pages."""
    assert await admitted(authorizer(), host, origin) is good


@pytest.mark.parametrize(
    ("host", "origin", "good"),
    [
        ("notes.lan:8000", "http://notes.lan:8000", True),
        ("notes.lan", "http://notes.lan", True),
        ("notes.lan", "https://notes.lan:443", True),
        ("NOTES.lan", "http://notes.LAN", True),
        ("notes.lan:8000", "http://notes.lan", False),
        ("notes.lan:8000", "http://localhost:8000", False),
        ("notes.lan:8000", "https://evil.example", False),
        ("10.0.0.7:8000", "http://10.0.0.7:8000", True),
    ],
)
async def test_origins_on_a_network(host: str, origin: str, good: bool) -> None:
    """[AC2] on a network bind only the same origin is good, loopback pages are not."""
    assert await admitted(authorizer("0.0.0.0"), host, origin) is good


async def test_allowed_origins_are_exact() -> None:
    """[AC2] COLLAB_ALLOWED_ORIGINS lists whole origins: scheme, host and port."""
    gate = authorizer("127.0.0.1", "https://notes.example", "http://dev.example:3000")
    assert await admitted(gate, LOCAL, "https://notes.example")
    assert await admitted(gate, LOCAL, "http://dev.example:3000")
    for other in ("http://notes.example", "https://a.notes.example", "http://dev.example"):
        assert not await admitted(gate, LOCAL, other)
    # Behind a proxy the Host is that of the site.
    assert await admitted(gate, "notes.example", "https://notes.example")
    assert await admitted(gate, "notes.example")
    assert not await admitted(gate, "notes.example", "http://localhost:5173")


async def test_listing_origins_makes_names_strict_on_a_network() -> None:
    """[AC3] once origins are listed, other names are refused on every bind."""
    gate = authorizer("0.0.0.0", "https://notes.example")
    assert await admitted(gate, "notes.example")
    assert await admitted(gate, "10.0.0.7:8000")
    assert not await admitted(gate, "rebound.example:8000")


async def test_rest_and_websocket_decide_alike(client: httpx.AsyncClient, app: FastAPI) -> None:
    """[AC8] one function decides for both."""
    for headers in (
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        refused = await client.get("/api/documents", headers=headers)
        assert refused.status_code == 403
        assert refused.json()["type"] == "urn:collab:problem:forbidden"
        sent = {"host": "127.0.0.1:8000"} | {k.lower(): v for k, v in headers.items()}
        raw = [(name.encode(), value.encode()) for name, value in sent.items()]
        async with AsgiSocket(app, "/ws/doc", headers=raw) as socket:
            assert (await socket.closed())[0] == 4403
    assert (await client.get("/api/documents")).json()["documents"] == []


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_every_route_is_checked(client: httpx.AsyncClient, method: str) -> None:
    """[AC1] nothing is served, changed or created before access was decided."""
    made = (await client.post("/api/documents", json={"title": "mine"})).json()
    url = "/api/documents" if method == "POST" else f"/api/documents/{made['id']}"
    evil = {"Origin": "https://evil.example"}
    response = await client.request(method, url, headers=evil, json={"title": "theirs"})
    assert response.status_code == 403
    content = await client.get(f"/api/documents/{made['id']}/content", headers=evil)
    assert content.status_code == 403
    (left,) = (await client.get("/api/documents")).json()["documents"]
    assert left == {**made, "role": None}


async def test_a_listed_origin_gets_cross_origin_headers(tmp_path: Path) -> None:
    """[AC2] only listed origins may read answers from elsewhere."""
    good = "https://notes.example"
    settings = load_settings(data_dir=tmp_path / "data", allowed_origins=(parse_origin(good),))
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{LOCAL}") as http:
            url = "/api/documents/a%2Fb"
            for method in ("GET", "PUT", "PATCH", "DELETE"):
                asked = {
                    "Access-Control-Request-Method": method,
                    "Access-Control-Request-Headers": "if-match",
                }
                allowed = await http.options(url, headers={"Origin": good, **asked})
                assert allowed.status_code == 200
                assert allowed.headers["Access-Control-Allow-Origin"] == good
            evil = {"Origin": "https://evil.example", **asked}
            refused = await http.options(url, headers=evil)
            assert "Access-Control-Allow-Origin" not in refused.headers
            listed = await http.get("/api/documents", headers={"Origin": good})
            assert listed.status_code == 200
            assert "ETag" in listed.headers["Access-Control-Expose-Headers"]


def test_credentials_are_read_once() -> None:
    scope = {
        "headers": [
            (b"host", b"a"),
            (b"authorization", b"Bearer abc"),
            (b"origin", b"http://a"),
        ],
        "query_string": b"token=other&link=l",
        "client": ("10.0.0.1", 5),
    }
    assert credentials_of(scope) == Credentials("abc", "http://a", "a", "10.0.0.1", "l")


def test_what_is_said_twice_differently_is_not_believed() -> None:
    headers = [(b"host", b"a"), (b"host", b"b"), (b"origin", b"http://a"), (b"origin", b"http://b")]
    found = credentials_of({"headers": headers, "query_string": b"token=t", "client": None})
    assert found == Credentials("t", "null", "", "")
