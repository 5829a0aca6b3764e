"""PostgreSQL ends at once and comes back, while real clients type."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from collab.api.health import UNSAVED_DEADLINE
from collab.protocol.close import CloseCode
from tests.faults.flooding import MIB, Memory
from tests.faults.typists import Typists, check_end, let_type, start_typists
from tests.support.peer import peer
from tests.support.postgres import TEMPLATE, PostgresServer
from tests.support.server import ServerProcess
from tests.support.yjs_peers import yjs_peers

ROOT = Path(__file__).parents[2]
DOCUMENTS = {"outage/many": 4, "outage/few": 2}
PENDING = MIB
"""Bytes that may wait for their commit, of one document."""
SETTINGS = {"COLLAB_PENDING_BYTES": str(PENDING), "COLLAB_COMPACT_AFTER_ROWS": "50"}
ALLOWANCE = 16 * MIB
"""Of memory: what may wait, its copies under way, and what the allocator keeps."""
PATIENCE = 20.0
RECOVERY = 15.0
"""Seconds until all works again: the longest pause between two tries, and the clients' own."""
ENDINGS = 15


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    with PostgresServer() as postgres:
        postgres.make_template()
        yield postgres


@pytest.fixture
def url(database: PostgresServer) -> str:
    if not database.alive:  # a test has failed
        database.start()
    return database.url(database.create(TEMPLATE))


@pytest.fixture
def server(url: str, tmp_path: Path) -> Iterator[ServerProcess]:
    settings = {**SETTINGS, "COLLAB_DATABASE_URL": url}
    with ServerProcess(tmp_path / "data", settings) as process:
        yield process
        assert process.alive, process.log()


async def ready(server: ServerProcess) -> tuple[int, str, list[str]]:
    """The status, what the server calls itself, and the checks that fail."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        assert (await client.get(f"{server.url}/healthz")).status_code == 200
        answer = await client.get(f"{server.url}/readyz")
    checks: dict[str, Any] = answer.json()["checks"]
    failing = [name for name, check in checks.items() if not check["ok"]]
    return answer.status_code, answer.json()["status"], failing


async def until_it_says(server: ServerProcess, status: int, word: str) -> list[str]:
    """The checks that fail by then."""
    async with asyncio.timeout(PATIENCE):
        while (found := await ready(server))[:2] != (status, word):  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.05)
    return found[2]


async def accounts(groups: list[Typists]) -> tuple[int, int]:
    """How many tokens were typed, and how many are known to be safe, in all."""
    for group in groups:
        await group.take_account()
    return sum(len(g.all_typed()) for g in groups), sum(len(g.safe) for g in groups)


async def flood(server: ServerProcess) -> tuple[int | None, str]:
    """Write until refused: the code and the reason."""
    async with peer(server.ws_url, "outage/flood") as writer:
        refused = asyncio.create_task(writer.close_code())
        while not refused.done():
            # Not on and on: the network forgets a close whose peer still sends.
            await asyncio.wait([refused], timeout=0.02)
            with suppress(ConnectionClosed):
                await writer.type("x" * 50_000)
        return await refused, writer.close_reason


@pytest.mark.node
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seconds", [3, pytest.param(20, marks=pytest.mark.faults)])
async def test_an_outage(
    database: PostgresServer, url: str, server: ServerProcess, seconds: int
) -> None:
    """[PG11] [PG12] [RM1] no receipt and nothing shown meanwhile; memory stays bounded, and who
    writes beyond the bound is told to try later; all comes back without a restart, and nothing
    that was acknowledged, seen or only typed is lost."""
    chance = random.Random(seconds)
    async with yjs_peers() as yjs, peer(server.ws_url, "outage/flood") as watcher:
        await watcher.join()
        groups = await start_typists(yjs, server.url, DOCUMENTS)
        await let_type(groups, chance, 10)
        assert await until_it_says(server, 200, "ready") == []
        memory = Memory(server.pid)
        watching = asyncio.create_task(memory.watch())

        await asyncio.to_thread(database.stop, "immediate")
        assert "database" in await until_it_says(server, 503, "degraded")
        typed, safe = await accounts(groups)
        end = asyncio.get_running_loop().time() + seconds
        refused = {await flood(server), *await asyncio.gather(*(flood(server) for _ in range(20)))}
        assert refused == {(CloseCode.TRY_LATER, "too much is waiting to be saved")}
        async with peer(server.ws_url, "outage/never-opened") as stranger:
            assert await stranger.close_code() == CloseCode.INTERNAL
            assert stranger.close_reason == "the store does not answer"
        await asyncio.sleep(end - asyncio.get_running_loop().time())
        late = {"saving"} if seconds > UNSAVED_DEADLINE else set()
        assert {"database", "commits", *late} <= set(await until_it_says(server, 503, "degraded"))
        still, kept = await accounts(groups)
        assert kept == safe, "acknowledged or shown while nothing could be saved"
        assert still > typed
        assert memory.growth < ALLOWANCE, memory.growth / MIB
        watching.cancel()

        await asyncio.to_thread(database.start)
        async with asyncio.timeout(RECOVERY):
            assert await until_it_says(server, 200, "ready") == []
            for group in groups:
                await asyncio.gather(*(typist.saved() for typist in group.peers))
        for group in groups:
            await check_end(yjs, server.url, url, group)
        await watcher.type("after")
        await watcher.saved()
        assert len(watcher.text) > PENDING / 2


@pytest.mark.node
@pytest.mark.timeout(120)
async def test_sessions_are_ended_again_and_again(
    database: PostgresServer, url: str, server: ServerProcess
) -> None:
    """[PG6] [RM1] the clients notice nothing but a pause, and nothing is lost."""
    chance = random.Random(4)
    async with yjs_peers() as yjs:
        groups = await start_typists(yjs, server.url, DOCUMENTS)
        await let_type(groups, chance, 3)
        for _ in range(ENDINGS):
            assert await asyncio.to_thread(database.end_sessions) > 0
            await let_type(groups, chance, chance.choice([1, 2, 5]))
        for group in groups:
            assert not any([await typist.closes() for typist in group.peers])
            await check_end(yjs, server.url, url, group)
        assert await until_it_says(server, 200, "ready") == []


def collab(url: str, command: str) -> tuple[int, list[str]]:
    """The exit code, and what was written to stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "collab", command],
        env={"COLLAB_DATABASE_URL": url, "COLLAB_PORT": "0", "COLLAB_LOG_LEVEL": "error"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr.splitlines()


def test_a_start_that_cannot_be(database: PostgresServer) -> None:
    """[PG1] [PG2] one line that says what is the matter: the database does not answer, or is not
    migrated; once it is, the server starts."""
    url = database.url(database.create())
    code, lines = collab(url, "serve")
    assert (code, lines) == (2, ["collab: the database is not migrated: run `collab migrate`"])
    database.stop("fast")
    try:
        code, [line] = collab(url, "serve")
    finally:
        database.start()
    assert code == 1
    assert line.startswith("collab: the database cannot be reached at /")
    assert line.endswith(": No such file or directory")
    assert collab(url, "migrate") == (0, [])
