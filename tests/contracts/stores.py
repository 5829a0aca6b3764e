"""Words for the tests of the stores."""

from __future__ import annotations

from dataclasses import dataclass

from collab.interfaces import (
    Append,
    DocumentInfo,
    DocumentStore,
    Grants,
    Kind,
    Links,
    NewRow,
    Snapshot,
    StoredDocument,
)
from collab.storage.catalog import SqlCatalog
from collab.storage.database import Database
from collab.storage.grants import SqlGrants
from collab.storage.links import SqlLinks
from collab.storage.memory import MemoryStore
from collab.storage.sql import SqlDocumentStore


class ManualClock:
    """Stands still until a test sets `now`."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.1

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Stores:
    store: DocumentStore
    catalog: SqlCatalog | MemoryStore
    clock: ManualClock
    grants: Grants
    links: Links

    async def create(self, *ids: str) -> None:
        for document in ids:
            await self.catalog.create(document, document, Kind.NOTE, "ada")

    async def append(self, document: str, *data: bytes) -> int | None:
        [sequence] = await self.store.append([rows(document, *data)])
        return sequence


def sql_stores(database: Database, clock: ManualClock) -> Stores:
    return Stores(
        SqlDocumentStore(database, clock),
        SqlCatalog(database, clock),
        clock,
        SqlGrants(database, clock),
        SqlLinks(database, clock),
    )


def rows(document: str, *data: bytes) -> Append:
    return Append(document, tuple(NewRow(d, "ada", (7, 2**53 - 1)) for d in data))


def snapshot(sequence: int, data: bytes = b"merged") -> Snapshot:
    return Snapshot(sequence, data, b"vector", b"deletes")


def data_of(stored: StoredDocument) -> list[bytes]:
    return [row.data for row in stored.updates]


def sequences_of(stored: StoredDocument) -> list[int]:
    return [row.sequence for row in stored.updates]


def ids_of(documents: tuple[DocumentInfo, ...]) -> list[str]:
    return [info.id for info in documents]
