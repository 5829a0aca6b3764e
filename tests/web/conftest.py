"""Chromium, a real server with the built web app, and a Node client beside them.

Without Chromium these tests are skipped, unless CI or COLLAB_REQUIRE_BROWSER is set.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from playwright.async_api import Browser, async_playwright

from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeers, yjs_peers
from tests.web.pages import Visitors
from web.build import DIST, build

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    names = (os.environ.get("COLLAB_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_path() -> str:
    path = chromium()
    if path is not None:
        return path
    missing = "no Chromium on the PATH: install it, or name it in COLLAB_CHROMIUM"
    if os.environ.get("CI") or os.environ.get("COLLAB_REQUIRE_BROWSER"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def built(browser_path: str) -> None:
    if not (DIST / "index.html").exists():
        build()


@pytest.fixture(scope="session")
def lasting_server(
    built: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("web") / "data") as process:
        yield process


@pytest.fixture
def server(lasting_server: ServerProcess) -> ServerProcess:
    """One for all tests; those that stop it start it again."""
    if not lasting_server.alive:
        lasting_server.start()
    return lasting_server


@pytest.fixture
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield launched
        await launched.close()


@pytest.fixture
async def visitors(browser: Browser, server: ServerProcess) -> AsyncIterator[Visitors]:
    """At the end no page may have complained, but of what the test expects."""
    visitors = Visitors(browser, server.url)
    yield visitors
    assert visitors.complaints == []


@pytest.fixture
async def yjs() -> AsyncIterator[YjsPeers]:
    async with yjs_peers() as peers:
        yield peers


@pytest.fixture
async def rest(server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{server.url}/api") as client:
        yield client
