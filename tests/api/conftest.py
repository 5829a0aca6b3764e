"""The application on an SQLite database of its own, reached without a socket."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from collab.app import Service, create_app
from collab.settings import Settings, load_settings
from tests.api.guarded import MODE, Guarded

HOST = "http://127.0.0.1:8000"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in list(os.environ):
        if name.startswith("COLLAB_"):
            monkeypatch.delenv(name)
    return load_settings(data_dir=tmp_path / "data", document_workers=1)


@pytest.fixture
async def service(settings: Settings) -> Service:
    return Service(settings)


@pytest.fixture
async def guarded(settings: Settings) -> AsyncIterator[Guarded]:
    locked = load_settings(data_dir=settings.data_dir, document_workers=1, **MODE)
    service = Service(locked)
    application = create_app(locked, service)
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url=HOST) as http,
    ):
        yield Guarded(application, service, http)


@pytest.fixture
async def app(settings: Settings, service: Service) -> AsyncIterator[FastAPI]:
    application = create_app(settings, service)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as http:
        yield http
