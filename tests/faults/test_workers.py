"""`collab serve --workers 2`: real processes that die, start again and end together."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from collab.protocol.close import CloseCode
from tests.faults.durable import stored_documents, text_of, tokens_of, update_of
from tests.support.peer import SocketPeer, peer
from tests.support.redis import RedisProcess, free_port, redis_process
from tests.support.server import START_SECONDS, ServerProcess

PEERS = 24
"""As many connections as find both of two processes, but once in eight million runs."""


class Measured(ServerProcess):
    """Has metrics on this port and the next."""

    metrics_port = 0


@pytest.fixture(scope="module")
def shared() -> Iterator[Measured]:
    """Two processes, for all tests that leave the first one running."""
    with redis_process() as redis, TemporaryDirectory() as folder:
        environ = {
            "COLLAB_WORKERS": "2",
            "COLLAB_REDIS_URL": redis.url,
            "COLLAB_METRICS_PORT": str(two_free_ports()),
        }
        with Measured(Path(folder) / "data", environ) as running:
            running.metrics_port = int(environ["COLLAB_METRICS_PORT"])
            yield running


@pytest.fixture
async def server(shared: Measured) -> Measured:
    """Both serve."""
    async with httpx.AsyncClient() as client, asyncio.timeout(START_SECONDS):
        for number in range(2):
            while await restarts(client, shared.metrics_port + number) is None:
                await asyncio.sleep(0.05)  # what other processes do has no event
                assert shared.alive
    return shared


@pytest.fixture
def own(tmp_path: Path, redis_server: RedisProcess) -> Iterator[ServerProcess]:
    """Two processes of the test's own."""
    environ = {"COLLAB_WORKERS": "2", "COLLAB_REDIS_URL": redis_server.url}
    with ServerProcess(tmp_path / "data", environ) as running:
        yield running


def serving(server: ServerProcess) -> list[int]:
    """The processes that the supervising one started."""
    return children(server.pid)


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text("ascii").split()]
    return found


def reads_documents(pid: int) -> bool:
    """Whether it is a document worker, which serves nobody."""
    return b"collab.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()


def exist(pids: Sequence[int]) -> bool:
    return any(Path(f"/proc/{pid}").exists() for pid in pids)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not holds():  # noqa: ASYNC110 - what other processes do has no event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def many_peers(server: ServerProcess, count: int = PEERS) -> AsyncIterator[list[SocketPeer]]:
    """Each in a document of its own: `doc/0` and so on."""
    async with AsyncExitStack() as stack:
        yield [
            await (await stack.enter_async_context(peer(server.ws_url, f"doc/{n}"))).join()
            for n in range(count)
        ]


def joined(server: ServerProcess) -> dict[str, int]:
    """Which process has the peer of a document, by what it last logged."""
    lines = re.findall(r"joined .*?\bworker=(\d).*?\bdocument=(\S+)", server.log())
    return {document: int(number) for number, document in lines}


async def test_both_processes_serve_what_is_committed_on_one_file(server: ServerProcess) -> None:
    """[WN1] [WN6] [WN8] on SQLite too; every line of a log says which process wrote it."""
    assert len(serving(server)) == 2
    async with many_peers(server) as peers:
        assert set(joined(server).values()) == {0, 1}

        async def write(number: int, writer: SocketPeer) -> None:
            for turn in range(20):
                await writer.type(f"⟦{number}.{turn}⟧")
                await writer.saved()

        await asyncio.gather(*(write(number, writer) for number, writer in enumerate(peers)))
    assert server.output() == f"Collab is ready at {server.url}/\n"
    assert "Traceback" not in server.log()
    stored = await stored_documents(server.data_dir, *(f"doc/{n}" for n in range(PEERS)))
    for number, document in enumerate(stored):
        found = tokens_of(text_of(update_of(document)))
        assert found == {f"⟦{number}.{turn}⟧": 1 for turn in range(20)}


async def test_peers_of_one_document_are_on_both(server: ServerProcess) -> None:
    """[WN1] and see each other's edits."""
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(peer(server.ws_url, "one")) for _ in range(PEERS)]
        for each in peers:
            await each.join()
        lines = re.findall(r"joined .*?\bworker=(\d).*?\bdocument=one\b", server.log())
        assert set(lines) == {"0", "1"}
        for number, writer in enumerate(peers[:8]):
            await writer.type(f"⟦{number}⟧")
        for each in peers:
            for number in range(8):
                await each.sees(f"⟦{number}⟧")


async def restarts(client: httpx.AsyncClient, port: int) -> int | None:
    """What the process behind a port says; None if there is none now."""
    try:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    except httpx.TransportError:
        return None
    (found,) = re.findall(r"^collab_worker_restarts_total (\d)", text, re.MULTILINE)
    return int(found)


def two_free_ports() -> int:
    """The first of two in a row."""
    while True:
        port = free_port()
        with socket.socket() as second, suppress(OSError):
            second.bind(("127.0.0.1", port + 1))
            return port


async def test_one_that_dies_is_replaced_and_nobody_else_notices(server: Measured) -> None:
    """[WN2] [MT6] connections that come meanwhile are served; the new one has metrics on the
    port of the old one, and counts the restart."""
    async with many_peers(server) as peers:
        victim, other = serving(server)
        port = server.metrics_port
        async with httpx.AsyncClient() as client:
            before = [await restarts(client, port + number) for number in range(2)]
        os.kill(victim, signal.SIGKILL)
        parted = {asyncio.create_task(each.socket.wait_closed()): each for each in peers}
        async with httpx.AsyncClient(base_url=server.url) as client:
            for _ in range(50):
                assert (await client.get("/healthz", headers={"Connection": "close"})).is_success
            answer = await client.get("/metrics")
            assert (answer.status_code, "COLLAB_METRICS_PORT" in answer.text) == (404, True)
            async with asyncio.timeout(START_SECONDS):
                while None in (now := [await restarts(client, port + n) for n in range(2)]):
                    await asyncio.sleep(0.05)
                    assert server.alive
            assert sum(n or 0 for n in now) == 1 + sum(n or 0 for n in before)
        assert other in serving(server)
        lost = [each for task, each in parted.items() if task.done()]
        assert 0 < len(lost) < PEERS
        for each in (each for task, each in parted.items() if not task.done()):
            await each.type("still here")
            await each.saved()
    assert "was killed by SIGKILL; it is started again in" in server.log()
    assert server.output() == f"Collab is ready at {server.url}/\n"


async def test_a_signal_drains_all(own: ServerProcess) -> None:
    """[WN4] every peer of every process has its receipt, then 1012."""
    async with many_peers(own) as peers:
        pids = serving(own)
        for each in peers:
            await each.type("last words")
            await each.saved()
        os.kill(own.pid, signal.SIGTERM)
        assert {await each.close_code() for each in peers} == {CloseCode.RESTART}
        assert await asyncio.to_thread(own.wait) == 0
        assert "Traceback" not in own.log()
        assert not exist(pids)


async def test_no_process_outlives_the_one_that_started_it(own: ServerProcess) -> None:
    """[WN5] they save what is pending, and end."""
    async with many_peers(own, 4) as peers:
        pids = serving(own)
        os.kill(own.pid, signal.SIGKILL)
        assert {await each.close_code() for each in peers} == {CloseCode.RESTART}
        await until(lambda: not exist(pids))


def command(tmp_path: Path, **environ: str) -> tuple[list[str], dict[str, str]]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("COLLAB_")}
    mine = {"COLLAB_DATA_DIR": str(tmp_path / "data"), "COLLAB_PORT": "0", **environ}
    serve = [sys.executable, "-m", "collab", "serve", "--workers", "2"]
    return serve, {**inherited, **mine}


def refused(tmp_path: Path, **environ: str) -> tuple[int, str]:
    """How it ended, and the one line that it said."""
    serve, environment = command(tmp_path, **environ)
    ran = subprocess.run(
        serve, env=environment, capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.startswith("collab: ")
    return ran.returncode, line


def test_what_is_wrong_is_said_once(tmp_path: Path, redis_server: RedisProcess) -> None:
    """[WN3] [WN7] by exit code 2 and a line, whoever of the processes finds it."""
    code, line = refused(tmp_path)
    assert (code, "COLLAB_REDIS_URL" in line) == (2, True)
    redis = {"COLLAB_REDIS_URL": redis_server.url}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, line = refused(tmp_path, **redis, COLLAB_PORT=str(taken.getsockname()[1]))
        assert (code, "COLLAB_PORT=0" in line) == (2, True)
    newer = tmp_path / "data"
    newer.mkdir()
    with closing(sqlite3.connect(newer / "collab.db")) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    code, line = refused(tmp_path, **redis)
    assert (code, "newer" in line) == (2, True)


async def test_ctrl_c_in_a_terminal_is_one_signal(
    tmp_path: Path, redis_server: RedisProcess
) -> None:
    """[WN4] a terminal sends it to the whole group: the processes are not in it."""
    serve, environment = command(tmp_path, COLLAB_REDIS_URL=redis_server.url)
    process = await asyncio.create_subprocess_exec(
        *serve, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().split()[-1]
    async with peer(url.replace("http", "ws") + "ws", "doc") as ann:
        await ann.join()
        os.killpg(process.pid, signal.SIGINT)
        assert await ann.close_code() == CloseCode.RESTART
    _, said = await process.communicate()
    assert process.returncode == 0, said
    assert b"Traceback" not in said


async def test_a_single_process_has_nobody_above_it(tmp_path: Path) -> None:
    """[WN6] what listens is what was started."""
    with ServerProcess(tmp_path / "data") as server:
        await until(lambda: all(map(reads_documents, children(server.pid))))
