"""A store to be broken on purpose, one method at a time or all of them in `_call`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from collab.interfaces import Append, DocumentStore, Lease, LogRow, Snapshot, StoredDocument

T = TypeVar("T")


class PassingStore:
    """`DocumentStore` that passes everything on."""

    def __init__(self, store: DocumentStore) -> None:
        self.store = store

    async def load(self, document: str) -> StoredDocument:
        return await self._call("load", lambda: self.store.load(document))

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        return await self._call("append", lambda: self.store.append(batch))

    async def read(self, document: str, after: int) -> list[LogRow] | None:
        return await self._call("read", lambda: self.store.read(document, after))

    async def sequences(self, documents: Sequence[str]) -> Mapping[str, int]:
        return await self._call("sequences", lambda: self.store.sequences(documents))

    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        await self._call(
            "compact", lambda: self.store.compact(document, base, rows, snapshot, lease)
        )

    async def _call(self, operation: str, effect: Callable[[], Awaitable[T]]) -> T:
        """All operations come by here; `effect` is what the store below does."""
        return await effect()
