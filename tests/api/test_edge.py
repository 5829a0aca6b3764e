"""What holds for every request: errors, headers, sizes, HEAD, the log."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from collab.app import Service
from collab.errors import StorageError
from tests.api.conftest import HOST

URL = "/api/documents"


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "/api/nothing", 404, "no-such-path"),
        ("GET", "/api/documents/", 404, "no-such-path"),
        ("GET", "/api/documents/a/b/content", 404, "no-such-path"),
        ("PUT", "/api/documents", 405, "method-not-allowed"),
        ("POST", "/healthz", 405, "method-not-allowed"),
        ("GET", "/%61pi/documents/a%252Fb", 404, "no-such-path"),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, name: str
) -> None:
    """[HT13] unknown paths and methods are problem+json like all else."""
    response = await client.request(method, path)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:collab:problem:{name}"
    assert response.json()["status"] == status
    assert (status == 405) == ("Allow" in response.headers)


async def test_a_failure_tells_nothing_of_the_inside(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[HT13] 500 and 503 hold no path, statement or name of ours."""

    async def broken(*_: object) -> None:
        raise RuntimeError("secret /var/lib/x")

    async def down(*_: object) -> None:
        raise StorageError("secret.db: disk I/O error")

    for failure, status in ((broken, 500), (down, 503)):
        monkeypatch.setattr(type(service.catalog), "page", failure)
        response = await client.get(URL)
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        assert "secret" not in response.text


async def test_a_large_body_is_refused(client: httpx.AsyncClient) -> None:
    """[HT15] bodies have at most 64 KiB, announced or not."""

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    headers = {"Content-Type": "application/json"}
    announced = await client.post(URL, content=b" " * 70_000, headers=headers)
    streamed = await client.post(URL, content=trickle(), headers=headers)
    absurd = await client.post(URL, content=b" ", headers={"Content-Length": "9" * 5000})
    for response in (announced, streamed, absurd):
        assert response.status_code == 413
        assert response.json()["type"] == "urn:collab:problem:body-too-large"


async def test_head_is_get_without_the_body(client: httpx.AsyncClient) -> None:
    for path in (URL, "/", "/healthz"):
        got, head = await client.get(path), await client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers.get("Content-Length") == got.headers.get("Content-Length")


async def test_safe_headers_are_on_everything(client: httpx.AsyncClient) -> None:
    """[HT16] nosniff, no framing, no referrer, and a policy on every response."""
    for path in (URL, "/", "/healthz", "/api/nothing", "/notes/x"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"].partition("style-src")[0]


async def test_a_request_is_logged_without_its_query(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """[AC11] one line a request, with method, path and status."""
    with caplog.at_level(logging.INFO, "collab.access"):
        await client.get(f"{URL}?query=hush-hush")
        await client.get("/healthz")
    (record,) = [record for record in caplog.records if record.name == "collab.access"]
    assert vars(record)["path"] == URL
    assert vars(record)["status"] == 200
    assert "hush" not in str(vars(record))


async def test_an_app_behind_a_prefix_answers(app: FastAPI) -> None:
    """A proxy may mount the service below a path."""
    transport = httpx.ASGITransport(app=app, root_path="/collab")
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as http:
        assert (await http.get("/collab/api/documents")).status_code == 200
        assert (await http.get("/collab/api/documents/a%252Fb")).status_code == 400
