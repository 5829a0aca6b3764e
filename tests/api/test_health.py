"""/healthz and /readyz."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from collab.api import health
from collab.app import Service
from collab.backplane.memory import MemoryBackplane
from collab.errors import StorageError
from collab.room.committer import Committer


async def test_a_sound_server_is_healthy_and_ready(client: httpx.AsyncClient) -> None:
    """[HT17] both are 200, and need neither identity nor a known Host."""
    stranger = {"Host": "10.0.0.7:8000", "Origin": "https://evil.example"}
    alive = await client.get("/healthz", headers=stranger)
    ready = await client.get("/readyz", headers=stranger)
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"
    assert set(ready.json()["checks"]) == {"database", "accepting", "saving", "commits"}


async def test_a_stopping_server_is_not_ready(client: httpx.AsyncClient, service: Service) -> None:
    """[HT17] a draining server is alive, and gets no more traffic."""
    assert await service.drain(1)
    ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert [name for name, check in ready.json()["checks"].items() if not check["ok"]] == [
        "accepting"
    ]
    assert (await client.get("/healthz")).status_code == 200
    made = (await client.post("/api/documents", json={})).json()
    refused = await client.get(f"/api/documents/{made['id']}/content")
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:collab:problem:unavailable"


async def test_a_database_that_fails_or_hangs_is_not_ready(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> None:
        raise StorageError("secret.db: disk I/O error")

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(health, "DATABASE_DEADLINE", 0.05)
    for failure in (down, hang):
        monkeypatch.setattr(type(service.catalog), "page", failure)
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["status"] == "degraded"
        assert ready.json()["checks"]["database"]["ok"] is False
        assert "secret" not in ready.text


async def test_edits_that_wait_too_long_make_it_not_ready(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "UNSAVED_DEADLINE", -1.0)
    ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["saving"]["ok"] is False


async def test_a_node_that_hears_nothing_is_degraded_and_ready(
    client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[PG12] what it is given is safe; that of others comes late."""
    backplane = MemoryBackplane()
    app.state.api = replace(app.state.api, backplane=backplane)
    assert await told(client) == (200, "ready", [])
    monkeypatch.setattr(MemoryBackplane, "connected", False)
    assert await told(client) == (200, "degraded", ["backplane"])
    monkeypatch.undo()
    assert await told(client) == (200, "ready", [])


async def test_commits_that_are_tried_again_make_it_degraded(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[PG12] one document that cannot be written takes the server from nobody else."""
    monkeypatch.setattr(Committer, "suspects", 1)
    assert await told(client) == (200, "degraded", ["commits"])


async def told(client: httpx.AsyncClient) -> tuple[int, str, list[str]]:
    """The status, what it calls itself, and the checks that fail."""
    ready = await client.get("/readyz")
    failing = [name for name, check in ready.json()["checks"].items() if not check["ok"]]
    return ready.status_code, ready.json()["status"], failing
