"""A store in memory, for tests and simulations: no threads, no clock of its own.

It keeps every promise of the interfaces except that of outliving the process. No method
awaits between its first look and its last change, so each is one transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from collab.access import Grant, Right, Role, Visibility
from collab.errors import DocumentDeleted, DocumentExists, DocumentNotFound
from collab.interfaces import (
    Append,
    Clock,
    DocumentInfo,
    Kind,
    Lease,
    LogRow,
    NewRow,
    Page,
    Snapshot,
    StoredDocument,
)
from collab.storage.memory_leases import MemoryLeases
from collab.storage.paging import Position, check_limit, search_key
from collab.storage.requests import check_batch, check_compaction, conflict


@dataclass(slots=True)
class _Record:
    info: DocumentInfo
    deleted: bool = False
    snapshot: Snapshot | None = None
    rows: dict[int, NewRow] = field(default_factory=dict)

    def extend(self, rows: Sequence[NewRow], now: float) -> int:
        sequence = self.info.sequence
        for row in rows:
            sequence += 1
            self.rows[sequence] = row
        self.info = replace(self.info, sequence=sequence, updated=now)
        return sequence


class MemoryStore:
    """`DocumentStore` and `Catalog` in one object."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[str, _Record] = {}
        self.grants: dict[str, dict[str, Grant]] = {}
        """By document and user: `MemoryGrants` keeps them here."""
        self.leases = MemoryLeases(clock)

    async def aclose(self) -> None:
        """Nothing to close; here so that it can stand in for the real store."""

    # --- DocumentStore -----------------------------------------------------------------

    async def load(self, document: str) -> StoredDocument:
        record = self._live(document)
        return StoredDocument(record.info, record.snapshot, _log(record, after=0))

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        check_batch(batch)
        now = self._clock.time()
        sequences: list[int | None] = []
        for entry in batch:
            record = self._records.get(entry.document)
            if record is None or record.deleted:
                sequences.append(None)
            else:
                sequences.append(record.extend(entry.rows, now))
        return sequences

    async def read(self, document: str, after: int) -> list[LogRow] | None:
        record = self._live(document)
        rows = _log(record, after)
        expected = max(0, record.info.sequence - after)
        return list(rows) if len(rows) == expected else None

    async def sequences(self, documents: Sequence[str]) -> dict[str, int]:
        found = {document: self._records.get(document) for document in documents}
        return {d: r.info.sequence for d, r in found.items() if r is not None and not r.deleted}

    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        check_compaction(base, rows, snapshot)
        if lease is not None:
            self.leases.require(lease)
        record = self._records.get(document)
        if record is None or record.deleted:
            raise conflict(document, "it was deleted")
        if base != (record.snapshot.sequence if record.snapshot else None):
            raise conflict(document, "its snapshot was replaced")
        if not record.rows.keys() >= set(rows):
            raise conflict(document, "rows were replaced")
        for sequence in rows:
            del record.rows[sequence]
        record.snapshot = snapshot
        if lease is not None:
            self.leases.end(lease)

    # --- Catalog -----------------------------------------------------------------------

    async def create(
        self, document: str, title: str, kind: Kind, owner: str, seed: bytes | None = None
    ) -> DocumentInfo:
        taken = self._records.get(document)
        if taken is not None:
            raise DocumentDeleted(document) if taken.deleted else DocumentExists(document)
        now = self._clock.time()
        record = _Record(DocumentInfo(document, title, kind, owner, 0, now, now))
        if seed is not None:
            record.extend([NewRow(seed, owner, ())], now)
        self._records[document] = record
        return record.info

    async def find(self, document: str) -> DocumentInfo:
        return self._live(document).info

    async def page(
        self, query: str, cursor: str | None, limit: int, visible: Visibility | None = None
    ) -> Page:
        check_limit(limit)
        found = [
            record.info
            for record in self._records.values()
            if not record.deleted
            and search_key(query) in search_key(record.info.title)
            and (visible is None or self._shows(visible, record.info))
        ]
        found.sort(key=_newest_first, reverse=True)
        if cursor is not None:
            start = Position.of_cursor(cursor)
            found = [i for i in found if _newest_first(i) < (start.updated, start.document)]
        documents = tuple(found[:limit])
        if len(found) <= limit:
            return Page(documents, None)
        return Page(documents, Position(*_newest_first(documents[-1])).cursor())

    async def rename(self, document: str, title: str) -> DocumentInfo:
        record = self._live(document)
        record.info = replace(record.info, title=title)
        return record.info

    async def delete(self, document: str) -> None:
        self._live(document).deleted = True

    async def every_document(self) -> AsyncIterator[DocumentInfo]:
        """All live documents by id; none that lives throughout is missed."""
        for document in sorted(self._records):
            record = self._records[document]
            if not record.deleted:
                yield record.info

    def owner(self, document: str) -> str | None:
        """Of a deleted document, too."""
        record = self._records.get(document)
        return None if record is None else record.info.owner

    def _shows(self, visible: Visibility, info: DocumentInfo) -> bool:
        if visible.user == info.owner or visible.user in self.grants.get(info.id, {}):
            return True
        return any(Right(pattern, Role.VIEWER).covers(info.id) for pattern in visible.patterns)

    def _live(self, document: str) -> _Record:
        record = self._records.get(document)
        if record is None:
            raise DocumentNotFound(document)
        if record.deleted:
            raise DocumentDeleted(document)
        return record


def _log(record: _Record, after: int) -> tuple[LogRow, ...]:
    return tuple(LogRow(s, row.data) for s, row in record.rows.items() if s > after)


def _newest_first(info: DocumentInfo) -> tuple[float, str]:
    return info.updated, info.id
