"""Transactions on PostgreSQL: at once from several processes, and on connections that end."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from collab.clock import SystemClock
from collab.errors import StorageError
from collab.interfaces import Kind
from collab.storage.catalog import SqlCatalog
from collab.storage.database import Database, Limits
from collab.storage.engine import open_database
from collab.storage.sql import SqlDocumentStore
from tests.contracts.stores import data_of, rows, sequences_of
from tests.support.postgres import PostgresServer

CLOCK = SystemClock()
LIMITS = Limits(connections=3, seconds=20)


@asynccontextmanager
async def opened(url: str, count: int = 1) -> AsyncIterator[list[Database]]:
    """As many processes would have, each with connections of its own."""
    async with AsyncExitStack() as stack:
        databases = [open_database(url, limits=LIMITS) for _ in range(count)]
        for database in databases:
            stack.push_async_callback(database.aclose)
        yield databases


async def create(database: Database, *ids: str) -> None:
    for document in ids:
        await SqlCatalog(database, CLOCK).create(document, document, Kind.NOTE, "ada")


async def test_appends_of_several_processes_share_one_numbering(postgres_url: str) -> None:
    """[PG5] rows get consecutive sequences, whoever appends to the same documents at once, in
    whatever order; none is lost and nobody waits for ever."""
    chance, ids = random.Random(5), ["a", "b", "c", "d"]
    async with opened(postgres_url, 4) as databases:
        await create(databases[0], *ids)
        given: dict[str, dict[int, bytes]] = {document: {} for document in ids}

        async def process(name: int, store: SqlDocumentStore) -> None:
            for n in range(40):
                chosen = chance.sample(ids, chance.randint(1, 4))
                data = [b"%d.%d.%d" % (name, n, part) for part in range(chance.randint(1, 3))]
                found = await store.append([rows(d, *data) for d in [*chosen, "never"]])
                assert found.pop() is None
                for document, last in zip(chosen, found, strict=True):
                    assert last is not None
                    for sequence, part in enumerate(data, last - len(data) + 1):
                        assert sequence not in given[document]
                        given[document][sequence] = part

        stores = [SqlDocumentStore(database, CLOCK) for database in databases]
        await asyncio.gather(*itertools.starmap(process, enumerate(stores)))
        for document in ids:
            stored = await stores[0].load(document)
            assert sequences_of(stored) == list(range(1, stored.info.sequence + 1))
            assert dict(zip(sequences_of(stored), data_of(stored), strict=True)) == given[document]


async def test_appends_wait_for_a_compaction(postgres_url: str) -> None:
    """[PG5] what another transaction has taken is waited for, and its outcome is what counts: a
    document deleted meanwhile gets no row."""
    async with opened(postgres_url, 2) as (one, other):
        await create(one, "a", "b")
        holding, let_go = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def hold(connection: Connection) -> None:
            connection.execute(text("UPDATE documents SET sequence = 7 WHERE id = 'a'"))
            connection.execute(text("UPDATE documents SET deleted = 1 WHERE id = 'b'"))
            loop.call_soon(holding.set)
            await_only(let_go.wait())

        held = asyncio.create_task(one.write(hold))
        await holding.wait()
        append = asyncio.create_task(other.append([rows("b", b"1"), rows("a", b"1")], 1.0))
        await until_waits(one, "wait_event_type", "Lock")
        let_go.set()
        await held
        assert await append == [None, 8]


async def until_waits(database: Database, column: str, value: str) -> None:
    """Until some session waits so."""
    query = text(f"SELECT count(*) FROM pg_stat_activity WHERE {column} = '{value}'")
    async with asyncio.timeout(10):
        while not await database.read(lambda c: c.execute(query).scalar()):
            pass  # what is asked is another process


async def test_sessions_that_were_ended_are_not_missed(
    postgres: PostgresServer, postgres_url: str
) -> None:
    """[PG6] the next transaction of each kind takes another connection, without an error."""
    async with opened(postgres_url) as [database]:
        await create(database, "a")
        store = SqlDocumentStore(database, CLOCK)
        for n in range(1, 4):
            assert await store.append([rows("a", b"%d" % n)]) == [n]
            assert await asyncio.to_thread(postgres.end_sessions) >= 2
            await until_noticed()
            assert len((await store.load("a")).updates) == n


async def until_noticed() -> None:
    """The loop has read what the server said at the end."""
    for _ in range(5):
        await asyncio.sleep(0.002)


@pytest.mark.parametrize("kind", ["read", "write"])
async def test_a_connection_lost_before_the_commit(
    postgres: PostgresServer, postgres_url: str, kind: str
) -> None:
    """[PG6] the transaction is run once more, since nothing of it can have been kept."""
    runs = []

    def work(connection: Connection) -> int:
        runs.append(connection.execute(text("SELECT count(*) FROM documents")).scalar())
        if kind == "write":
            connection.execute(text("UPDATE documents SET sequence = sequence + 1"))
        if len(runs) == 1:
            postgres.end_sessions()
        return int(connection.execute(text("SELECT max(sequence) FROM documents")).scalar_one())

    async with opened(postgres_url) as [database]:
        await create(database, "a")
        found = await (database.read(work) if kind == "read" else database.write(work))
        assert (found, runs) == (0 if kind == "read" else 1, [1, 1])


async def test_a_connection_that_is_lost_each_time(
    postgres: PostgresServer, postgres_url: str
) -> None:
    """[PG6] the tries are few; then it is an error that says what happened."""
    runs = []

    def work(connection: Connection) -> None:
        runs.append(connection.execute(text("SELECT 1")).scalar())
        postgres.end_sessions()
        connection.execute(text("SELECT 1"))

    async with opened(postgres_url) as [database]:
        with pytest.raises(StorageError, match="the connection to the database was lost"):
            await database.read(work)
        assert 1 < len(runs) < 10
        assert await database.read(lambda c: c.execute(text("SELECT 2")).scalar()) == 2


def make_commits_slow(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$"
    )
    connection.exec_driver_sql(
        "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON documents "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"
    )


@pytest.mark.parametrize("kind", ["append", "write"])
async def test_a_connection_lost_in_the_commit(
    postgres: PostgresServer, postgres_url: str, kind: str
) -> None:
    """[PG6] is an error at once, without another try: it may have been kept."""
    runs = []

    def work(connection: Connection) -> None:
        runs.append(connection.execute(text("UPDATE documents SET sequence = 1")))

    async with opened(postgres_url, 2) as (database, other):
        await create(database, "a")
        await database.write(make_commits_slow)
        append = kind == "append"
        asked = database.append([rows("a", b"1")], 1.0) if append else database.write(work)
        task = asyncio.ensure_future(asked)
        await until_waits(other, "wait_event", "PgSleep")
        await asyncio.to_thread(postgres.end_sessions)
        with pytest.raises(StorageError, match="database failed"):
            await task
        assert len(runs) == (0 if append else 1)


async def test_deadlocks_are_tried_again(postgres_url: str) -> None:
    """[PG6] PostgreSQL takes one of the two back; both are done in the end."""
    async with opened(postgres_url, 2) as databases:
        await create(databases[0], "a", "b")
        met = asyncio.Barrier(2)
        runs = []

        def crossing(first: str, second: str, connection: Connection) -> None:
            bump = text("UPDATE documents SET sequence = sequence + 1 WHERE id = :id")
            connection.execute(bump, {"id": first})
            runs.append(first)
            if len(runs) <= 2:
                await_only(met.wait())
            connection.execute(bump, {"id": second})

        await asyncio.gather(
            databases[0].write(lambda c: crossing("a", "b", c)),
            databases[1].write(lambda c: crossing("b", "a", c)),
        )
        assert len(runs) == 3
        store = SqlDocumentStore(databases[0], CLOCK)
        assert await store.sequences(["a", "b"]) == {"a": 2, "b": 2}
