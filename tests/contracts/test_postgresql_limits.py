"""What PostgreSQL may take, in time and connections, and what is told when it takes more."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from collab.clock import SystemClock
from collab.errors import ConfigError, StorageError
from collab.interfaces import Kind
from collab.storage import connecting
from collab.storage.catalog import SqlCatalog
from collab.storage.connecting import GRACE, Connector
from collab.storage.database import Database, Limits
from collab.storage.engine import async_url, open_database
from tests.contracts.stores import rows
from tests.support.postgres import PASSWORD, PostgresServer

SECONDS = 1.0


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """One connection for appends, one for all else, and little patience; has a document `a`."""
    database = open_database(postgres_url, limits=Limits(connections=2, seconds=SECONDS))
    await SqlCatalog(database, SystemClock()).create("a", "a", Kind.NOTE, "ada")
    yield database
    await database.aclose()


@pytest.fixture(scope="module")
def network() -> Iterator[PostgresServer]:
    """A server that listens on TCP and asks for a password."""
    with PostgresServer(tcp=True) as server:
        yield server


def sleep(seconds: float, connection: Connection) -> None:
    connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})


async def test_commits_never_wait_for_readers(database: Database) -> None:
    """[PG7] the connections that are shared may all be in use; a further reader is refused in
    time, and an append goes on as if nothing were."""
    reading = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(connection: Connection) -> None:
        loop.call_soon(reading.set)
        while not done.is_set():
            sleep(0.01, connection)

    done = asyncio.Event()
    held = asyncio.create_task(database.read(hold))
    await reading.wait()
    refused = asyncio.create_task(database.read(lambda c: sleep(0, c)))
    for sequence in range(1, 20):
        assert await database.append([rows("a", b"1")], 1.0) == [sequence]
    with pytest.raises(StorageError, match="too slow: no connection became free in time"):
        await refused
    done.set()
    await held


async def test_a_statement_takes_only_so_long(database: Database) -> None:
    """[PG8] the server ends it; the connection is used again."""
    before = time.monotonic()
    with pytest.raises(StorageError, match="canceling statement due to statement timeout"):
        await database.read(lambda c: sleep(30, c))
    assert SECONDS <= time.monotonic() - before < SECONDS + GRACE
    await database.read(lambda c: sleep(0, c))


async def test_a_lock_is_waited_for_only_so_long(database: Database, postgres_url: str) -> None:
    """[PG8] a document that someone holds fails alone, and can be written after."""
    other = open_database(postgres_url)
    let_go, holding = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(connection: Connection) -> None:
        connection.execute(text("SELECT * FROM documents FOR UPDATE"))
        loop.call_soon(holding.set)
        await_only(let_go.wait())

    held = asyncio.create_task(other.write(hold))
    await holding.wait()
    with pytest.raises(StorageError, match="canceling statement due to lock timeout"):
        await database.append([rows("a", b"1")], 1.0)
    let_go.set()
    await held
    await other.aclose()
    assert await database.append([rows("a", b"1")], 1.0) == [1]


async def test_who_holds_a_transaction_open_loses_it(database: Database) -> None:
    """[PG8] a process that is frozen in the middle of one lets go of what it has locked."""

    def hold(connection: Connection) -> None:
        connection.execute(text("SELECT * FROM documents FOR UPDATE"))
        await_only(over.wait())
        connection.execute(text("SELECT 1"))

    over = asyncio.Event()
    held = asyncio.create_task(database.write(hold))
    taken: list[int | None] = []
    while not taken:  # each try waits for the lock
        with suppress(StorageError):
            taken = await database.append([rows("a", b"1")], 1.0)
    over.set()
    await held  # tried again, since nothing of it was kept


@pytest.mark.parametrize("kind", ["append", "read"])
async def test_a_server_that_hangs(
    postgres: PostgresServer, postgres_url: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[PG9] is given up after a while, without its help; the next transaction is another
    connection's."""
    monkeypatch.setattr(connecting, "GRACE", 0.1)
    database = open_database(postgres_url, limits=Limits(connections=2, seconds=SECONDS))

    async def call() -> None:
        if kind == "append":
            assert await database.append([rows("never", b"1")], 1.0) == [None]
        else:
            await database.read(lambda c: sleep(0, c))

    await call()
    query = "SELECT pid FROM pg_stat_activity WHERE datname = $1"
    name = async_url(postgres_url).database
    [[frozen]] = await asyncio.to_thread(postgres.execute, query, name)
    os.kill(frozen, signal.SIGSTOP)
    try:
        before = time.monotonic()
        with pytest.raises(StorageError, match="did not answer in time"):
            await call()
        assert time.monotonic() - before < 4 * SECONDS
        await call()
    finally:
        os.kill(frozen, signal.SIGCONT)
        await database.aclose()


async def test_sessions_say_who_they_are_and_what_they_may(
    database: Database, postgres: PostgresServer, postgres_url: str
) -> None:
    """[PG7] [PG8] those for appends and the others alike; readers see one state, and change
    nothing; commits are on the disk."""
    names = (
        "application_name",
        "synchronous_commit",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "transaction_isolation",
        "transaction_read_only",
    )
    columns = ", ".join(f"current_setting('{name}')" for name in names)

    def ask(connection: Connection) -> tuple[str, ...]:
        return tuple(connection.execute(text(f"SELECT {columns}")).one())

    common = ("collab", "on", "1s", "500ms", "1s")
    assert await database.write(ask) == (*common, "read committed", "off")
    assert await database.read(ask) == (*common, "repeatable read", "on")
    connection = await Connector(async_url(postgres_url), SECONDS).connect()
    found = tuple(await connection.fetchrow(f"SELECT {columns}"))
    assert found == (*common, "read committed", "off")
    await connection.close()
    with pytest.raises(StorageError, match="read-only transaction"):
        await database.read(lambda c: c.execute(text("DELETE FROM updates")))
    assert await asyncio.to_thread(postgres.sessions) == 1  # the append's is not needed yet


async def test_the_kernel_notices_a_network_that_is_gone(network: PostgresServer) -> None:
    """[PG9] it asks the server whether it lives, and waits for answers only so long."""
    connection = await Connector(async_url(network.tcp_url()), 7.0).connect()
    found = connection._transport.get_extra_info("socket")
    assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7000
    await connection.close()


@pytest.mark.parametrize("password", [PASSWORD, "hunter2"])
async def test_errors_keep_the_password(network: PostgresServer, password: str) -> None:
    """[PG10] they say where, and why not; with all their causes they hold no secret."""
    url = network.tcp_url("nowhere", password)
    database = open_database(url, limits=Limits(seconds=SECONDS))
    for call in (database.read(lambda c: sleep(0, c)), database.append([rows("a", b"1")], 1.0)):
        with pytest.raises(StorageError) as caught:
            await call
        said = str(caught.value)
        assert said.startswith(f"the database cannot be reached at 127.0.0.1:{network._port}: ")
        assert ("password" if password == "hunter2" else '"nowhere" does not exist') in said
        told = "".join(traceback.format_exception(caught.value))
        assert "hunter2" not in told
        assert PASSWORD not in told
        assert "\n" not in said
    await database.aclose()


async def test_errors_keep_what_was_written(database: Database) -> None:
    """[PG10] whatever cannot be stored, and why: neither text nor bytes are repeated."""
    catalog = SqlCatalog(database, SystemClock())
    for title in ("secret \ud800", "secret \x00"):
        with pytest.raises(StorageError) as caught:
            await catalog.rename("a", title)
        assert "secret" not in str(caught.value)
        assert "cannot hold a value" in str(caught.value)
    with pytest.raises(StorageError) as caught:
        await database.append([rows("a", "secret")], 1.0)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sslmode=perhaps", "sslmode"),
        ("ssl=perhaps", "sslmode"),
        ("prepared_statement_cache_size=many", "prepared_statement_cache_size"),
        ("host=hunter2:port", "port"),
    ],
)
async def test_a_url_that_will_never_do(query: str, expected: str) -> None:
    """[PG3] is a setting to correct, named in one line without its secrets."""

    async def use() -> None:
        database = open_database(f"postgresql://u:hunter2@127.0.0.1:1/d?{query}")
        await database.read(lambda c: sleep(0, c))

    with pytest.raises(ConfigError) as caught:
        await use()
    assert expected in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_what_else_a_url_may_say(network: PostgresServer) -> None:
    """[PG3] TLS as libpq and as SQLAlchemy call it, settings of the session, several hosts, and
    no prepared statements for poolers that mix them up."""

    def memory(connection: Connection) -> str:
        return str(connection.execute(text("SELECT current_setting('work_mem')")).scalar())

    place = f"127.0.0.1:{network._port}"
    for query, expected in (
        ("?sslmode=disable&work_mem=123kB", "123kB"),
        (f"?ssl=prefer&host=127.0.0.1:1&host={place}&target_session_attrs=primary", "4MB"),
        ("?prepared_statement_cache_size=0", "4MB"),
    ):
        database = open_database(network.tcp_url() + query)
        for _ in range(2):
            assert await database.read(memory) == expected
            with pytest.raises(StorageError, match='relation "documents" does not exist'):
                await database.append([rows("a", b"1")], 1.0)
        await database.aclose()
    database = open_database(network.tcp_url() + "?sslmode=require")
    with pytest.raises(StorageError, match="rejected SSL upgrade"):
        await database.read(lambda c: sleep(0, c))
    await database.aclose()
