"""How a real server process ends: SIGTERM, a second signal, a lost worker."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from collab.protocol.close import CloseCode
from tests.support.peer import peer
from tests.support.server import ServerProcess


async def test_sigterm_saves_receipts_and_closes(tmp_path: Path) -> None:
    """[AC16] what was sent before the signal is saved and receipted, peers get 1012."""
    with ServerProcess(tmp_path / "data") as server:
        async with peer(server.ws_url, "doc") as ann:
            await ann.join()
            for number in range(50):
                await ann.type(f"{number} ")
            await ann.saved()
            started = time.monotonic()
            code = asyncio.create_task(asyncio.to_thread(server.terminate))
            assert await ann.close_code() == CloseCode.RESTART
            assert await code == 0
            assert time.monotonic() - started < 10
        server.restart()
        async with peer(server.ws_url, "doc") as late:
            await late.join()
            assert str(late.text) == str(ann.text)


async def test_no_receipted_edit_is_lost_by_a_signal_in_the_middle(tmp_path: Path) -> None:
    """[AC16] edits that race with the signal are either receipted and saved, or neither."""
    with ServerProcess(tmp_path / "data") as server:
        receipted = 0
        async with peer(server.ws_url, "race") as ann:
            await ann.join()
            ending: asyncio.Task[int] | None = None
            with suppress(ConnectionClosed):
                for number in range(10_000):
                    await ann.type(f"<{number}>")
                    await ann.saved()
                    receipted = number + 1
                    if number == 20:
                        ending = asyncio.create_task(asyncio.to_thread(server.terminate))
            assert ann.socket.close_code == CloseCode.RESTART
            assert ending is not None
            assert await ending == 0
        server.restart()
        async with peer(server.ws_url, "race") as late:
            await late.join()
            assert str(late.text).startswith("".join(f"<{n}>" for n in range(receipted)))


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
async def test_signals_end_it_without_a_complaint(tmp_path: Path, first: signal.Signals) -> None:
    """[AC16] one signal of either kind is a clean end."""
    with ServerProcess(tmp_path / "data") as server:
        os.kill(server.pid, first)
        assert await asyncio.to_thread(server.wait) == 0
        assert "Traceback" not in server.log()
        assert server.output() == f"Collab is ready at {server.url}/\n"


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """[AC16] who cannot wait for the drain need not."""
    with ServerProcess(tmp_path / "data") as server:
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{server.url}/healthz")).status_code == 200
        # A stopped process takes both signals in one go when it continues.
        os.kill(server.pid, signal.SIGSTOP)
        os.kill(server.pid, signal.SIGTERM)
        os.kill(server.pid, signal.SIGINT)
        os.kill(server.pid, signal.SIGCONT)
        code = await asyncio.to_thread(server.wait)
        assert code in (128 + signal.SIGTERM, 128 + signal.SIGINT)


async def test_a_killed_worker_costs_one_request(tmp_path: Path) -> None:
    """[HT14] a worker that dies is an error to its request; the next one is served."""
    with ServerProcess(tmp_path / "data", {"COLLAB_DOCUMENT_WORKERS": "1"}) as server:
        async with httpx.AsyncClient(base_url=server.url) as client:
            made = (await client.post("/api/documents", json={"title": "t"})).json()
            url = f"/api/documents/{made['id']}/content"
            assert (await client.get(url)).status_code == 200
            (worker,) = _children(server.pid)
            os.kill(worker, signal.SIGKILL)
            statuses = [(await client.get(url)).status_code for _ in range(3)]
            assert set(statuses) <= {200, 503}
            assert statuses[-1] == 200
        assert server.alive


async def test_a_worker_is_there_before_anybody_asks(tmp_path: Path) -> None:
    """[WK14] whoever opens a document first need not wait for one to start."""
    with ServerProcess(tmp_path / "data") as server:
        async with asyncio.timeout(30):
            while not _children(server.pid):  # noqa: ASYNC110 - another process's children
                await asyncio.sleep(0.01)
        assert server.alive


def _children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]
