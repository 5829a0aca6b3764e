"""The wire is tested on virtual time, by the messages of ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.hocuspocus.house import House
from tests.support.virtual import VirtualLoop


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories() -> dict[str, Callable[[], VirtualLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.start()
    yield house
    await house.aclose()
