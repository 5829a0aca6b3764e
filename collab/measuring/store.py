"""A store that is measured: how long it takes, and how much it is given at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collab.interfaces import (
    Append,
    Clock,
    DocumentStore,
    Lease,
    LogRow,
    Snapshot,
    StoredDocument,
)
from collab.measuring.histogram import SECONDS, SIZES, Histogram


class MeasuredStore:
    """`DocumentStore` on another one; failures are measured like what goes well."""

    def __init__(self, store: DocumentStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.commit_seconds = Histogram(SECONDS)
        self.commit_rows = Histogram(SIZES)
        self.commit_documents = Histogram(SIZES)
        self.load_seconds = Histogram(SECONDS)

    async def load(self, document: str) -> StoredDocument:
        started = self._clock.monotonic()
        try:
            return await self._store.load(document)
        finally:
            self.load_seconds.observe(self._clock.monotonic() - started)

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        started = self._clock.monotonic()
        try:
            return await self._store.append(batch)
        finally:
            self.commit_seconds.observe(self._clock.monotonic() - started)
            self.commit_documents.observe(len(batch))
            self.commit_rows.observe(sum([len(each.rows) for each in batch]))

    async def read(self, document: str, after: int) -> list[LogRow] | None:
        return await self._store.read(document, after)

    async def sequences(self, documents: Sequence[str]) -> Mapping[str, int]:
        return await self._store.sequences(documents)

    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        await self._store.compact(document, base, rows, snapshot, lease)
