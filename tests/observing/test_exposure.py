"""Who sees `/metrics`, on the main port and on one of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.app import Service
from collab.errors import ConfigError
from collab.listening import listen
from collab.observing.exposition import Exposition
from collab.observing.port import AT_ONCE, LAST_PORT, MAX_HEAD, metrics_port
from collab.settings import load_settings
from tests.embedding.product import Product
from tests.observing.reading import observed, samples
from tests.support.redis import free_port
from tests.support.tokens import ISSUER, SECRET

TOKEN = "a secret of many bytes"
TOKEN_MODE: dict[str, Any] = {"auth": "token", "jwt_secret": SECRET, "jwt_issuer": ISSUER}


@pytest.mark.parametrize(
    ("overrides", "seen"),
    [
        ({}, True),
        ({"auth": "open"}, True),
        ({"host": "::1"}, True),
        ({"auth": "open", "host": "0.0.0.0"}, False),
        (TOKEN_MODE, False),
        (TOKEN_MODE | {"metrics_token": TOKEN}, False),
        ({"metrics_token": TOKEN}, False),
    ],
)
async def test_without_a_token_only_where_all_may_do_everything(
    tmp_path: Path, overrides: dict[str, Any], seen: bool
) -> None:
    """[MT5] in open mode on a loopback host, if no token is set."""
    async with observed(tmp_path, **overrides) as node:
        answer = await node.http.get("/metrics")
        assert answer.status_code == (200 if seen else 404)
        assert ("collab_" in answer.text) is seen


async def test_with_the_token(tmp_path: Path) -> None:
    """[MT5] who does not bring it is told what everyone is told of a path that there is not."""
    async with observed(tmp_path, metrics_token=TOKEN, notes_app=False, **TOKEN_MODE) as node:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert "collab_rooms" in (await node.http.get("/metrics", headers=bearer)).text
        for wrong in ("", TOKEN, f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}!", f"Basic {TOKEN}"):
            answer = await node.http.get("/metrics", headers={"Authorization": wrong})
            assert answer.status_code == 404
            assert answer.json() == (await node.http.get("/nothing-here")).json()


async def test_what_a_product_lets_in_is_not_open(tmp_path: Path) -> None:
    """[MT5] one that says who someone is, or that listens where it likes."""
    async with observed(tmp_path, Product()) as node:
        assert (await node.http.get("/metrics")).status_code == 404
    async with observed(tmp_path, mounted=True, auth="open") as node:
        assert (await node.http.get("/metrics")).status_code == 404


async def test_several_processes_have_no_metrics_in_common(tmp_path: Path) -> None:
    """[MT6] the main port does not say which of them answers."""
    redis: dict[str, Any] = {"redis_url": "redis://127.0.0.1:1/0", "workers": 2}
    async with observed(tmp_path, **redis) as node:
        answer = await node.http.get("/metrics")
        assert answer.status_code == 404
        assert "COLLAB_METRICS_PORT" in answer.json()["detail"]


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    """Where metrics alone are told."""
    async with observed(tmp_path) as node:
        number = free_port()
        async with metrics_port(Exposition(node.service, 3), "127.0.0.1", number):
            yield number


async def said(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(10):
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def test_a_port_of_its_own(port: int) -> None:
    """[MT6] needs no token; says nothing else; knows how often its process was started again."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        answer = await http.get("/metrics?x=1")
        assert samples(answer.text)["collab_worker_restarts_total"] == 3
        assert answer.headers["content-type"].startswith("text/plain; version=")
        head = await http.head("/metrics")
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) == pytest.approx(len(answer.content), rel=0.1)
        assert (await http.get("/")).status_code == 404
        assert (await http.get("/healthz")).status_code == 404
        assert (await http.post("/metrics")).status_code == 405
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        openmetrics = await http.get("/metrics", headers=accept)
        assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")


async def test_nonsense_on_that_port(port: int) -> None:
    """[MT7] costs its connection and nothing else."""
    assert b"404" in await said(port, b"nonsense\r\n\r\n")
    assert b"200 OK" in await said(port, b"GET /metrics HTTP/1.0\r\nbroken\xff header\r\n\r\n")
    assert await said(port, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 2 * MAX_HEAD) == b""


async def test_who_only_sits_there(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """[MT7] takes no place for ever, and as many as may at once."""
    monkeypatch.setattr("collab.observing.port.DEADLINE", 0.5)
    sitting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(AT_ONCE)]
    assert await said(port, b"GET /metrics HTTP/1.1\r\n\r\n") == b""
    async with asyncio.timeout(10):
        assert [await reader.read() for reader, _ in sitting] == [b""] * AT_ONCE
    assert b"200 OK" in await said(port, b"GET /metrics HTTP/1.1\r\n\r\n")
    for _, writer in sitting:
        writer.close()


async def test_a_port_that_cannot_be(tmp_path: Path) -> None:
    """[MT6] is a setting to be changed."""
    service = Service(load_settings(data_dir=tmp_path))
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(ConfigError, match="COLLAB_METRICS_PORT to a free address"):
            async with metrics_port(Exposition(service), "127.0.0.1", taken.getsockname()[1]):
                pass
    with pytest.raises(ConfigError, match=r"COLLAB_METRICS_HOST=nowhere\.invalid"):
        async with metrics_port(Exposition(service), "nowhere.invalid", 1):
            pass
    with pytest.raises(ConfigError, match="COLLAB_METRICS_PORT"):
        async with metrics_port(Exposition(service), "127.0.0.1", LAST_PORT + 1):
            pass
    await service.aclose()
