"""The transactions of the update log, as plain functions of a connection.

A document's row in `documents` is its lock: whoever appends or compacts takes that row first,
so sequences are given out in the order of commits and two compactions cannot cross. Several
rows are taken in the order of their ids, so that two appends cannot wait for each other.
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
    LogRow,
    Snapshot,
    StoredDocument,
)
from collab.storage.requests import conflict
from collab.storage.tables import documents, snapshots, updates

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

_FIND = select(*INFO, documents.c.deleted).where(documents.c.id == _id)
_SNAPSHOT = select(
    snapshots.c.sequence, snapshots.c.data, snapshots.c.state_vector, snapshots.c.delete_set
).where(snapshots.c.document == _id)
_ROWS = (
    select(updates.c.sequence, updates.c.data)
    .where(updates.c.document == _id, updates.c.sequence > bindparam("after"))
    .order_by(updates.c.sequence)
)

_TAKE_ONE = (
    select(documents.c.sequence)
    .where(documents.c.id == _id, documents.c.deleted.is_(None))
    .with_for_update()
)
_TAKE = (
    select(documents.c.id, documents.c.sequence)
    .where(documents.c.id.in_(bindparam("ids", expanding=True)), documents.c.deleted.is_(None))
    .order_by(documents.c.id)
    .with_for_update()
)
_MOVE = (
    update(documents)
    .where(documents.c.id == bindparam("moved"))
    .values(sequence=bindparam("sequence"), updated=bindparam("updated"))
)
_ADD = insert(updates)
_REMOVE = delete(updates).where(
    updates.c.document == _id, updates.c.sequence.in_(bindparam("rows", expanding=True))
)
_REMOVE_SNAPSHOT = delete(snapshots).where(snapshots.c.document == _id)
_ADD_SNAPSHOT = insert(snapshots)


def find(connection: Connection, document: str) -> DocumentInfo:
    """Raises DocumentNotFound or DocumentDeleted."""
    row = connection.execute(_FIND, {"document": document}).one_or_none()
    if row is None:
        raise DocumentNotFound(document)
    *info, deleted = row
    if deleted is not None:
        raise DocumentDeleted(document)
    return as_info(info)


def take(connection: Connection, document: str) -> None:
    """Lock the row of a document until the transaction ends. Raises as `find`."""
    if connection.execute(_TAKE_ONE, {"document": document}).one_or_none() is None:
        find(connection, document)  # raises what is the matter


def as_info(columns: Sequence[Any]) -> DocumentInfo:
    """The columns of `INFO` as what they stand for."""
    document, title, kind, *rest = columns
    return DocumentInfo(document, title, Kind(kind), *rest)


def load(connection: Connection, document: str) -> StoredDocument:
    info = find(connection, document)
    row = connection.execute(_SNAPSHOT, {"document": document}).one_or_none()
    snapshot = None if row is None else Snapshot(*row)
    return StoredDocument(info, snapshot, tuple(_rows(connection, document, after=-1)))


def read(connection: Connection, document: str, after: int) -> list[LogRow] | None:
    info = find(connection, document)
    rows = _rows(connection, document, after)
    # Sequences have no holes, so a row that is missing was compacted away.
    return rows if len(rows) == max(0, info.sequence - after) else None


def append(connection: Connection, batch: Sequence[Append], now: float) -> list[int | None]:
    taken = _take(connection, [entry.document for entry in batch])
    moves: list[dict[str, object]] = []
    rows: list[dict[str, object]] = []
    for entry in batch:
        sequence = taken.get(entry.document)
        if sequence is None:
            continue
        for row in entry.rows:
            sequence += 1
            rows.append(
                {
                    "document": entry.document,
                    "sequence": sequence,
                    "data": row.data,
                    "author": row.author,
                    "clients": row.clients,
                    "created": now,
                }
            )
        taken[entry.document] = sequence
        moves.append({"moved": entry.document, "sequence": sequence, "updated": now})
    if moves:
        connection.execute(_MOVE, moves)
    if rows:
        connection.execute(_ADD, rows)
    return [taken.get(entry.document) for entry in batch]


def compact(
    connection: Connection,
    document: str,
    base: int | None,
    rows: Sequence[int],
    snapshot: Snapshot,
    now: float,
) -> None:
    key = {"document": document}
    if connection.execute(_TAKE_ONE, key).one_or_none() is None:
        raise conflict(document, "it was deleted")
    if connection.execute(_SNAPSHOT.with_only_columns(snapshots.c.sequence), key).scalar() != base:
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


def _rows(connection: Connection, document: str, after: int) -> list[LogRow]:
    found = connection.execute(_ROWS, {"document": document, "after": after})
    return [LogRow(sequence, data) for sequence, data in found]


def _take(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """Lock the rows of those that live until the transaction ends; their sequences."""
    if len(ids) == 1:  # the rhythm of a quiet server, and a fixed statement is cheaper
        row = connection.execute(_TAKE_ONE, {"document": ids[0]}).one_or_none()
        return {} if row is None else {ids[0]: row.sequence}
    taken: dict[str, int] = {}
    for part in _parts(sorted(ids)):
        for document, sequence in connection.execute(_TAKE, {"ids": part}):
            taken[document] = sequence
    return taken


def _parts(values: Sequence[S]) -> Iterator[Sequence[S]]:
    for start in range(0, len(values), IN_LIST):
        yield values[start : start + IN_LIST]
