"""A store to be broken on purpose, one method at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collab.interfaces import Append, DocumentStore, Lease, LogRow, Snapshot, StoredDocument


class PassingStore:
    """`DocumentStore` that passes everything on."""

    def __init__(self, store: DocumentStore) -> None:
        self.store = store

    async def load(self, document: str) -> StoredDocument:
        return await self.store.load(document)

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        return await self.store.append(batch)

    async def read(self, document: str, after: int) -> list[LogRow] | None:
        return await self.store.read(document, after)

    async def sequences(self, documents: Sequence[str]) -> Mapping[str, int]:
        return await self.store.sequences(documents)

    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        await self.store.compact(document, base, rows, snapshot, lease)
