"""The transactions of the update log, as plain functions of a connection.

A document's row in `documents` is its lock: whoever appends or compacts takes that row first,
so sequences are given out in the order of commits and two compactions cannot cross.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select, update

from collab.errors import DocumentDeleted, DocumentNotFound
from collab.interfaces import (
    Append,
    DocumentInfo,
    Kind,
    Lease,
    LogRow,
    Snapshot,
    StoredDocument,
)
from collab.storage import leases
from collab.storage.prepared import AnyConnection, Prepared, Values, shortest
from collab.storage.requests import conflict
from collab.storage.tables import documents, packed, snapshots, updates

S = TypeVar("S")

IN_LIST = 200
"""Values in one IN list; databases limit the parameters of a statement."""

_id: BindParameter[str] = bindparam("document")

INFO = (
    documents.c.id,
    documents.c.title,
    documents.c.kind,
    documents.c.owner,
    documents.c.sequence,
    documents.c.created,
    documents.c.updated,
)

_FIND = Prepared(select(*INFO, documents.c.deleted).where(documents.c.id == _id), "document")
_SNAPSHOT = Prepared(
    select(
        snapshots.c.sequence, snapshots.c.data, snapshots.c.state_vector, snapshots.c.delete_set
    ).where(snapshots.c.document == _id),
    "document",
)
_BASE = Prepared(select(snapshots.c.sequence).where(snapshots.c.document == _id), "document")
_ROWS = Prepared(
    select(updates.c.sequence, updates.c.data)
    .where(updates.c.document == _id, updates.c.sequence > bindparam("after"))
    .order_by(updates.c.sequence),
    "document",
    "after",
)

_TAKE = Prepared(
    select(documents.c.sequence)
    .where(documents.c.id == _id, documents.c.deleted.is_(None))
    .with_for_update(),
    "document",
)
_LAST = select(documents.c.id, documents.c.sequence).where(
    documents.c.id.in_(bindparam("ids", expanding=True)), documents.c.deleted.is_(None)
)
_MOVE = Prepared(
    update(documents)
    .where(documents.c.id == bindparam("moved"))
    .values(sequence=bindparam("sequence"), updated=bindparam("updated")),
    "sequence",
    "updated",
    "moved",
)
_ADD = Prepared(insert(updates), "document", "sequence", "data", "author", "clients", "created")
_REMOVE = delete(updates).where(
    updates.c.document == _id, updates.c.sequence.in_(bindparam("rows", expanding=True))
)
_REMOVE_SNAPSHOT = delete(snapshots).where(snapshots.c.document == _id)
_ADD_SNAPSHOT = insert(snapshots)


def find(connection: AnyConnection, document: str) -> DocumentInfo:
    """Raises DocumentNotFound or DocumentDeleted."""
    found = _FIND.rows(connection, document)
    if not found:
        raise DocumentNotFound(document)
    *info, deleted = found[0]
    if deleted is not None:
        raise DocumentDeleted(document)
    return as_info(info)


def take(connection: AnyConnection, document: str) -> None:
    """Lock the row of a document until the transaction ends. Raises as `find`."""
    if not _TAKE.rows(connection, document):
        find(connection, document)  # raises what is the matter


def as_info(columns: Sequence[Any]) -> DocumentInfo:
    """The columns of `INFO` as what they stand for."""
    document, title, kind, *rest = columns
    return DocumentInfo(document, title, Kind(kind), *rest)


def load(connection: AnyConnection, document: str) -> StoredDocument:
    info = find(connection, document)
    found = _SNAPSHOT.rows(connection, document)
    snapshot = Snapshot(*found[0]) if found else None
    return StoredDocument(info, snapshot, tuple(_rows(connection, document, after=-1)))


def read(connection: Connection, document: str, after: int) -> list[LogRow] | None:
    info = find(connection, document)
    rows = _rows(connection, document, after)
    # Sequences have no holes, so a row that is missing was compacted away.
    return rows if len(rows) == max(0, info.sequence - after) else None


def sequences(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Of those that live."""
    found: dict[str, int] = {}
    for part in _parts(ids):
        found.update(
            (document, last) for document, last in connection.execute(_LAST, {"ids": part})
        )
    return found


def append(connection: AnyConnection, batch: Sequence[Append], now: float) -> list[int | None]:
    """Of many documents on SQLite alone, where writers come one after the other; on PostgreSQL
    that is one statement (`appending`)."""
    connection = shortest(connection)
    moves: list[Values] = []
    rows: list[Values] = []
    last: list[int | None] = []
    for entry in batch:
        document = entry.document
        taken = _TAKE.rows(connection, document)
        if not taken:
            last.append(None)
            continue
        sequence = taken[0][0]
        for row in entry.rows:
            sequence += 1
            clients = packed(row.clients)
            rows.append((document, sequence, row.data, row.author, clients, now))
        moves.append((sequence, now, document))
        last.append(sequence)
    _MOVE.each(connection, moves)
    _ADD.each(connection, rows)
    return last


def compact(
    connection: Connection,
    document: str,
    base: int | None,
    rows: Sequence[int],
    snapshot: Snapshot,
    now: float,
    lease: Lease | None,
) -> None:
    if lease is not None:
        # Before the document's row, which those who write wait for. Nobody else can take the
        # lease from here to the commit.
        leases.require(connection, lease, now)
        leases.end(connection, lease)
    key = {"document": document}
    if not _TAKE.rows(connection, document):
        raise conflict(document, "it was deleted")
    found = _BASE.rows(connection, document)
    if (found[0][0] if found else None) != base:
        raise conflict(document, "its snapshot was replaced")
    removed = 0
    for part in _parts(sorted(rows)):
        removed += connection.execute(_REMOVE, {"rows": part, **key}).rowcount
    if removed != len(rows):
        raise conflict(document, "rows were replaced")
    connection.execute(_REMOVE_SNAPSHOT, key)
    connection.execute(
        _ADD_SNAPSHOT,
        {
            "document": document,
            "sequence": snapshot.sequence,
            "data": snapshot.data,
            "state_vector": snapshot.state_vector,
            "delete_set": snapshot.delete_set,
            "created": now,
        },
    )


def _rows(connection: AnyConnection, document: str, after: int) -> list[LogRow]:
    return [LogRow(sequence, data) for sequence, data in _ROWS.rows(connection, document, after)]


def _parts(values: Sequence[S]) -> Iterator[Sequence[S]]:
    for start in range(0, len(values), IN_LIST):
        yield values[start : start + IN_LIST]
