"""An application in this loop, and its metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from collab.app import Service, create_app
from collab.hooks import Hooks
from collab.settings import load_settings

Samples = dict[str, float]
"""By name and label, as `collab_sessions{yjs}`."""


def samples(text: str) -> Samples:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@dataclass(frozen=True, slots=True)
class Observed:
    app: FastAPI
    service: Service
    http: httpx.AsyncClient

    async def metrics(self) -> Samples:
        answer = await self.http.get("/metrics")
        assert answer.status_code == 200
        return samples(answer.text)


@asynccontextmanager
async def observed(
    data: Path, hooks: Hooks | None = None, mounted: bool = False, **overrides: object
) -> AsyncIterator[Observed]:
    """Runs while entered; `mounted` in an application of somebody else's."""
    service = Service(load_settings(data_dir=data, document_workers=1, **overrides), hooks)
    app = create_app(service.settings, service)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    running = service.running() if mounted else service.lifespan()
    async with running, httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Observed(app, service, http)
