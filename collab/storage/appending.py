"""Appending to the log on PostgreSQL: the shortest way, for what runs all the time.

Statement by statement and through SQLAlchemy, a small commit takes five round trips and ten times
the CPU. So `log.append` is written once more, as one statement, which is a transaction by itself.
The contract suite holds both to the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from collab.interfaces import Append
from collab.storage.connecting import FAILURES, GRACE, Connector
from collab.storage.tables import packed

APPEND: Final = """
WITH entry AS (
    SELECT * FROM unnest($1::text[], $2::bigint[]) AS entry(document, count)
), taken AS (
    SELECT id FROM documents
    WHERE id = ANY($1::text[]) AND deleted IS NULL
    ORDER BY id FOR UPDATE
), moved AS (
    UPDATE documents
    SET sequence = documents.sequence + entry.count, updated = $3
    FROM taken JOIN entry ON entry.document = taken.id
    WHERE documents.id = taken.id
    RETURNING documents.id, documents.sequence, documents.sequence - entry.count AS before
), added AS (
    INSERT INTO updates (document, sequence, data, author, clients, created)
    SELECT moved.id, moved.before + new.place, new.data, new.author, new.clients, $3
    FROM unnest($4::text[], $5::bigint[], $6::bytea[], $7::text[], $8::bytea[])
        AS new(document, place, data, author, clients)
    JOIN moved ON moved.id = new.document
)
SELECT id, sequence FROM moved
"""
"""`taken` locks in the order of the ids, and waits for whoever has them; `moved` then sees the
sequences as they are after the wait, and only what it moved gets rows."""


class Appender:
    """A connection of its own, opened when first needed: no reader can hold a commit up."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._lane = asyncio.Lock()
        self._connection: Any = None

    async def append(self, batch: Sequence[Append], now: float) -> list[int | None]:
        """As `log.append`, committed. Raises what the driver raises, and StorageError."""
        if not batch:
            return []
        values = _columns(batch, now)
        async with self._lane:
            connection = await self._connected()
            try:
                found = await connection.fetch(APPEND, *values)
            except BaseException:
                # It may hang, or be in the middle of something: another is cheap.
                self._drop()
                raise
        sequences: dict[str, int] = dict(found)
        return [sequences.get(entry.document) for entry in batch]

    async def aclose(self) -> None:
        async with self._lane:
            if self._connection is not None:
                with suppress(*FAILURES):
                    await self._connection.close(timeout=GRACE)
                self._drop()

    async def _connected(self) -> Any:
        # Whether the server has hung up is known without asking it.
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connector.connect()
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _columns(batch: Sequence[Append], now: float) -> tuple[Any, ...]:
    """The parameters of `APPEND`."""
    new = [
        (entry.document, place, row.data, row.author, packed(row.clients))
        for entry in batch
        for place, row in enumerate(entry.rows, 1)
    ]
    return (
        [entry.document for entry in batch],
        [len(entry.rows) for entry in batch],
        now,
        *([row[column] for row in new] for column in range(5)),
    )
