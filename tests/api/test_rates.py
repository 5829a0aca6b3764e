"""How many requests are taken, and whose they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.access import Credentials, Identity
from collab.app import Service, create_app
from collab.auth.credentials import credentials_of
from collab.protocol.close import CloseCode
from collab.settings import load_settings
from tests.api.conftest import HOST
from tests.support.asgi import AsgiSocket

FAR = ("198.51.100.1", 4711)


@asynccontextmanager
async def served(tmp_path: Path, **overrides: Any) -> AsyncIterator[tuple[Service, Any]]:
    settings = load_settings(data_dir=tmp_path / "data", document_workers=1, **overrides)
    service = Service(settings)
    app = create_app(settings, service)
    async with app.router.lifespan_context(app):
        yield service, app


def caller(app: Any, client: tuple[str, int] = FAR, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=client)
    return httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers)


async def test_an_address_that_asks_too_often_is_told_when(tmp_path: Path) -> None:
    """[LM9] 429 with a problem and Retry-After; others, and probes, are answered."""
    async with served(tmp_path, request_rate=0.2) as (service, app):
        async with caller(app) as far:
            for _ in range(2):
                assert (await far.get("/api/documents")).status_code == 200
            refused = await far.get("/api/documents")
            assert refused.status_code == 429
            assert refused.headers["Retry-After"] in ("4", "5")
            assert refused.headers["X-Content-Type-Options"] == "nosniff"
            assert refused.json()["type"] == "urn:collab:problem:too-frequent"
            for path in ("/healthz", "/readyz"):
                assert (await far.get(path)).status_code == 200
        async with caller(app, ("198.51.100.2", 1)) as other:
            assert (await other.get("/api/documents")).status_code == 200
        async with caller(app, ("127.0.0.1", 1)) as here:
            codes = [(await here.get("/api/documents")).status_code for _ in range(10)]
            assert codes == [200] * 10
        assert service.admission.stats().over_request_rate == 1


async def test_probes_are_free_under_another_application_too(tmp_path: Path) -> None:
    """[LM9] where paths begin with where it is mounted."""
    async with served(tmp_path, request_rate=0.1) as (_, app):
        transport = httpx.ASGITransport(app=app, client=FAR, root_path="/notes")
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as far:
            codes = [(await far.get("/notes/healthz")).status_code for _ in range(3)]
    assert codes == [200] * 3


async def test_a_user_that_asks_too_often_is_told_wherever_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LM9] once an issuer says who it is."""
    async with served(tmp_path, request_rate=0.2) as (service, app):

        async def identify(credentials: Credentials) -> Identity:
            user = credentials.token or "guest"
            return Identity(user, user, verified=credentials.token is not None)

        monkeypatch.setattr(service.authorizer, "identify", identify)

        async def code(client: tuple[str, int], **headers: str) -> int:
            async with caller(app, client, **headers) as someone:
                return (await someone.get("/api/documents")).status_code

        local = ("127.0.0.1", 1)
        assert await code(local, Authorization="Bearer ann") == 200
        assert await code(FAR, Authorization="Bearer ann") == 200
        assert await code(local, Authorization="Bearer ann") == 429
        assert await code(local, Authorization="Bearer bob") == 200
        assert [await code(local) for _ in range(5)] == [200] * 5


async def test_a_page_of_another_site_sees_the_429(tmp_path: Path) -> None:
    """[LM9] with what cross-origin answers need."""
    site = "https://notes.example"
    async with served(tmp_path, request_rate=0.1, allowed_origins=site) as (_, app):
        async with caller(app, Origin=site, Host="notes.example") as page:
            answers = [await page.get("/api/documents") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[1].headers["Access-Control-Allow-Origin"] == site


async def test_behind_a_trusted_proxy_the_peer_counts(tmp_path: Path) -> None:
    """[LM2] requests and sockets are their sender's, not the proxy's; unnamed it is nobody's."""
    async with served(tmp_path, request_rate=0.1, trusted_proxies="127.0.0.1") as (_, app):
        local = ("127.0.0.1", 1)
        async with caller(app, local) as proxy:
            for address, code in (("198.51.100.1", 200), ("198.51.100.1", 429), ("::2", 200)):
                headers = {"X-Forwarded-For": f"127.0.0.1, {address}"}
                assert (await proxy.get("/api/documents", headers=headers)).status_code == code
    async with (
        served(tmp_path, request_rate=0.1) as (_, app),
        caller(app, ("127.0.0.1", 1), **{"X-Forwarded-For": "198.51.100.1"}) as proxy,
    ):
        answers = [await proxy.get("/api/documents") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3


async def test_sockets_behind_a_trusted_proxy_are_counted_apart(tmp_path: Path) -> None:
    """[LM2] [LM5] by the address that the proxy tells."""

    def through(address: str) -> dict[str, Any]:
        headers = [(b"host", b"127.0.0.1:8000"), (b"x-forwarded-for", address.encode())]
        return {"headers": headers, "client": ("127.0.0.1", 50000)}

    limits = {"connections_per_address": 1, "trusted_proxies": "127.0.0.1"}
    async with (
        served(tmp_path, **limits) as (_, app),
        AsgiSocket(app, "/ws/x", **through("198.51.100.1")) as one,
    ):
        await one.saved()
        async with AsgiSocket(app, "/ws/x", **through("198.51.100.1")) as two:
            assert (await two.closed())[0] == CloseCode.TOO_MANY
        async with AsgiSocket(app, "/ws/x", **through("198.51.100.2")) as other:
            await other.saved()


async def test_credentials_hold_the_address_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[LM2] what is decided by address, and logged, is the peer's."""
    seen: list[str] = []
    async with served(tmp_path, trusted_proxies="127.0.0.1") as (service, app):
        real = service.authorizer.identify

        async def identify(credentials: Credentials) -> Identity:
            seen.append(credentials.address)
            return await real(credentials)

        monkeypatch.setattr(service.authorizer, "identify", identify)
        async with caller(app, ("127.0.0.1", 1)) as proxy:
            await proxy.get("/api/documents", headers={"X-Forwarded-For": "[2001:DB8::1]:99"})
            await proxy.get("/api/documents")
    assert seen == ["2001:db8::1", "127.0.0.1"]
    assert credentials_of({"headers": [], "client": None}).address == ""
