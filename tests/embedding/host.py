"""A product that mounts the application in its own, on a socket of this event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from collab import Hooks, Service, create_app, load_settings
from collab.listening import listen

MOUNT = "/collab"


@dataclass(frozen=True, slots=True)
class Host:
    """`url` and `ws_url` are those of the mount, `client` talks to the product's root."""

    service: Service
    address: str
    client: httpx.AsyncClient

    @property
    def ws_url(self) -> str:
        return f"ws://{self.address}{MOUNT}/ws"


@asynccontextmanager
async def hosted(
    data: Path, hooks: Hooks | None = None, **overrides: object
) -> AsyncIterator[Host]:
    """A FastAPI product with a page of its own and a service mounted under `MOUNT`."""
    settings = load_settings(data_dir=data, document_workers=1, **{"auth": "open", **overrides})
    service = Service(settings, hooks)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    product = FastAPI(lifespan=lifespan)

    @product.get("/")
    async def home() -> str:
        return "the product"

    product.mount(MOUNT, create_app(settings, service))
    async with served(product) as address, client_of(address) as client:
        yield Host(service, address, client)


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """`app` on uvicorn as anyone would run it; gives `host:port`."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="websockets-sansio"))
    bound = listen("127.0.0.1", 0)
    # As the server does it in its own process; here the signals are the test's.
    task = asyncio.create_task(server._serve([bound]))
    try:
        while not server.started:
            assert not task.done(), task
            await asyncio.sleep(0.01)
        yield f"127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        async with asyncio.timeout(20):
            await task
        bound.close()


def client_of(address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://{address}", timeout=20)
