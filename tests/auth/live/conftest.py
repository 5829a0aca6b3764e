"""Rights of live connections are tested on virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.auth.live.doorman import Doorman
from tests.support.virtual import VirtualLoop


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories() -> dict[str, Callable[[], VirtualLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture
async def doorman() -> AsyncIterator[Doorman]:
    doorman = Doorman()
    await doorman.live.start()
    yield doorman
    await doorman.live.aclose()
