"""The event loop.s delay is tested on virtual time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.virtual import VirtualLoop


@pytest.hookimpl(optionalhook=True)
def pytest_asyncio_loop_factories() -> dict[str, Callable[[], VirtualLoop]]:
    return {"virtual": VirtualLoop}
