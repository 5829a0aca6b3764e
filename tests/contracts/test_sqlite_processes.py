"""SQLite among processes: one reads while another writes, one is killed with -9."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from sqlalchemy import Connection

from collab.interfaces import StoredDocument
from collab.storage import log
from collab.storage.engine import open_database
from collab.storage.schema import migrate
from collab.storage.sql import SqlDocumentStore
from tests.contracts.stores import ManualClock, data_of, rows, sequences_of, sql_stores

ROOT = Path(__file__).parents[2]
CRASHES = 5


async def test_one_process_reads_while_another_writes(tmp_path: Path, clock: ManualClock) -> None:
    """[ST18] it is not kept waiting, and sees the last commit, not what is under way."""
    url = f"sqlite:///{tmp_path}/collab.db"
    await migrate(url)
    database = open_database(url)
    stores = sql_stores(database, clock)
    await stores.create("a")
    await stores.append("a", b"1")
    written, seen = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        log.append(connection, [rows("a", b"2")], clock.now)
        written.set()
        assert seen.wait(30)

    reader = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.reader", url, "a", cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    writing = asyncio.create_task(database.write(write))
    assert await asyncio.to_thread(written.wait, 30)
    assert await _look(reader) == b"1\n"
    seen.set()
    await writing
    assert await _look(reader) == b"1 2\n"
    await reader.communicate(b"")
    assert reader.returncode == 0
    await database.aclose()


async def _look(reader: Process) -> bytes:
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write(b"look\n")
    return await reader.stdout.readline()


async def test_acknowledged_rows_survive_kill_9(tmp_path: Path) -> None:
    """[ST1] after each of several kills every acknowledged row is there, whole batches only."""
    url = f"sqlite:///{tmp_path}/collab.db"
    await migrate(url)
    clock = ManualClock()
    rng = random.Random(7)
    database = open_database(url)
    stores = sql_stores(database, clock)
    await stores.create("first", "second")
    await database.aclose()
    for _ in range(CRASHES):
        acknowledged = _append_until_killed(url, after=rng.randint(1, 60))
        database = open_database(url)
        store = SqlDocumentStore(database, clock)
        first, second = await store.load("first"), await store.load("second")
        await database.aclose()
        assert first.info.sequence >= acknowledged[0]
        assert second.info.sequence >= acknowledged[1]
        assert first.info.sequence == 2 * second.info.sequence
        _assert_whole(first)
        _assert_whole(second)


def _append_until_killed(url: str, after: int) -> tuple[int, int]:
    """The sequences last acknowledged, all output read, when it was killed at some moment
    past `after` appends."""
    command = [sys.executable, "-m", "tests.support.appender", url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        lines = [child.stdout.readline() for _ in range(after)]
        child.kill()
        lines += child.stdout.readlines()
    assert child.returncode == -9
    # The kill may have cut the last line short.
    first, second = [line for line in lines if line.endswith("\n")][-1].split()
    return int(first), int(second)


def _assert_whole(stored: StoredDocument) -> None:
    expected = list(range(1, stored.info.sequence + 1))
    assert sequences_of(stored) == expected
    assert data_of(stored) == [b"%d" % n for n in expected]
