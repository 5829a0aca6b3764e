"""The application under other ASGI servers, each a process with its defaults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.other_servers import COMMANDS, OtherServer
from tests.transport import test_bounds

SETTINGS = {**test_bounds.SETTINGS, "COLLAB_SLOW_SECONDS": "2"}


@pytest.fixture(scope="session", params=COMMANDS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OtherServer]:
    data = tmp_path_factory.mktemp("other") / "data"
    with OtherServer(request.param, data, SETTINGS) as process:
        yield process
        assert process.alive, process.log()


@pytest.fixture
def tight(server: OtherServer) -> OtherServer:
    """It has these limits too."""
    return server
