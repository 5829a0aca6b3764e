"""The document store in a SQL database."""

from __future__ import annotations

from collections.abc import Sequence

from collab.interfaces import Append, Clock, Lease, LogRow, Snapshot, StoredDocument
from collab.storage import log
from collab.storage.database import Database
from collab.storage.requests import check_batch, check_compaction


class SqlDocumentStore:
    """`DocumentStore` over a database, which its opener closes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def load(self, document: str) -> StoredDocument:
        return await self._database.read_prepared(lambda c: log.load(c, document))

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        check_batch(batch)
        now = self._clock.time()
        return await self._database.append(batch, now)

    async def read(self, document: str, after: int) -> list[LogRow] | None:
        return await self._database.read(lambda c: log.read(c, document, after))

    async def sequences(self, documents: Sequence[str]) -> dict[str, int]:
        return await self._database.read(lambda c: log.sequences(c, documents))

    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        check_compaction(base, rows, snapshot)
        now = self._clock.time()
        await self._database.write(
            lambda c: log.compact(c, document, base, rows, snapshot, now, lease)
        )
