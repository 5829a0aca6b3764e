"""A store with a span for whatever takes its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collab.interfaces import Append, DocumentStore, Lease, LogRow, Snapshot, StoredDocument
from collab.measuring.tracing import Tracing


class TracedStore:
    """`DocumentStore` on another one."""

    def __init__(self, store: DocumentStore, tracing: Tracing) -> None:
        self._store = store
        self._span = tracing.span

    async def load(self, document: str) -> StoredDocument:
        with self._span("load", document=document) as span:
            stored = await self._store.load(document)
            span.set_attribute("collab.rows", len(stored.updates))
            return stored

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        rows = sum(len(each.rows) for each in batch)
        with self._span("commit", documents=len(batch), rows=rows):
            return await self._store.append(batch)

    async def read(self, document: str, after: int) -> list[LogRow] | None:
        with self._span("read", document=document):
            return await self._store.read(document, after)

    async def sequences(self, documents: Sequence[str]) -> Mapping[str, int]:
        with self._span("sequences", documents=len(documents)):
            return await self._store.sequences(documents)

    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        with self._span("compact", document=document, rows=len(rows), bytes=len(snapshot.data)):
            await self._store.compact(document, base, rows, snapshot, lease)
