"""Whole documents as rows, read from one database and written to another.

A document is its row in `documents` and the rows of all tables that refer to it: a table that
comes later is carried without a word here. Values go as they are stored, so that a digest over
them says whether two databases hold the same, to the byte.
"""

from __future__ import annotations

import hashlib
import operator
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    union_all,
    update,
)

from collab.storage.tables import documents, metadata

LEFT_OUT = {
    "copies": "says what was copied into the very database that it is in",
    "leases": "is of the nodes that work on a database at the moment",
}
"""Tables that are not carried, and why."""

PAGE_BYTES = 4 * 1024 * 1024
PAGE_ROWS = 1000
"""Rows in memory at a time: so many, of so many bytes together, or one."""

Row = tuple[Any, ...]
Page = tuple[str, list[Row]]
"""Rows of a table, which is named."""


_document: BindParameter[str] = bindparam("of_document")


class Carried:
    """One table: its columns without the defaults and the references that they have, those that
    name a row among the document's, and the one that names the document."""

    def __init__(self, table: Table, owner: str) -> None:
        self.table = Table(
            table.name,
            MetaData(),
            *(Column(c.name, c.type, primary_key=c.primary_key) for c in table.columns),
        )
        self.owner = self.table.c[owner]
        self.of_document = self.owner == _document
        self.key = [c for c in self.table.primary_key.columns if c is not self.owner]
        sized = [c for c in self.table.c if isinstance(c.type, LargeBinary | Text)]
        self.size: ColumnElement[int] = literal(0)
        for column in sized:
            self.size += func.coalesce(func.length(column), 0)
        self.rows = select(self.table).where(self.of_document).order_by(*self.key)
        self.remove = delete(self.table).where(self.of_document)
        self.add = insert(self.table)

    def after(self, last: Sequence[Any]) -> ColumnElement[bool]:
        return tuple_(*self.key) > tuple_(*self._typed(last))

    def until(self, last: Sequence[Any]) -> ColumnElement[bool]:
        return tuple_(*self.key) <= tuple_(*self._typed(last))

    def _typed(self, last: Sequence[Any]) -> list[ColumnElement[Any]]:
        # Else an integer is taken for one of 32 bits.
        return [literal(value, c.type) for c, value in zip(self.key, last, strict=True)]


def carried_tables() -> list[Carried]:
    """`documents` first, then what refers to it."""
    found = [Carried(documents, "id")]
    for table in metadata.sorted_tables:
        owners = [f.parent.name for f in table.foreign_keys if f.column is documents.c.id]
        if owners and table.name not in LEFT_OUT:
            found.append(Carried(table, owners[0]))
    return found


TABLES = carried_tables()
_BY_NAME = {carried.table.name: carried for carried in TABLES}

# In one statement: most documents are small, and each statement costs a round trip.
_TOTALS = union_all(
    *(
        select(
            literal(place).label("place"),
            func.count().label("rows"),
            func.coalesce(func.sum(carried.size), 0).label("size"),
        ).where(carried.of_document)
        for place, carried in enumerate(TABLES)
    )
)
_LISTED = select(
    documents.c.id,
    reduce(
        operator.add,
        (
            select(func.coalesce(func.sum(carried.size), 0))
            .where(carried.owner == documents.c.id)
            .scalar_subquery()
            for carried in TABLES[1:]
        ),
    ),
).order_by(documents.c.id)
_LOCK = select(documents.c.id).where(documents.c.id == _document).with_for_update()


@dataclass(frozen=True, slots=True)
class Extent:
    """A document in one database: what it is made of, and the digest of it all."""

    rows: int
    size: int
    """Bytes."""
    digest: bytes


class Measure:
    """Takes a document's pages, in order; where one ends makes no difference."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=32)
        self._rows = self._bytes = 0

    def add(self, page: Page) -> None:
        name, rows = page
        for row in rows:
            self._hash.update(b"%d %s\n" % (len(row), name.encode()))
            for value in row:
                kind, data = _encoded(value)
                self._hash.update(kind)
                self._hash.update(data)  # apart: it may be large
                self._bytes += len(data)
        self._rows += len(rows)

    def extent(self) -> Extent:
        return Extent(self._rows, self._bytes, self._hash.digest())


def _encoded(value: Any) -> tuple[bytes, bytes]:
    """Kind with length, and value: no two rows read the same."""
    if isinstance(value, bytes):
        return b"b%d " % len(value), value
    if isinstance(value, str):
        text = value.encode()
        return b"s%d " % len(text), text
    if isinstance(value, int):
        return b"i", b"%d " % value
    if isinstance(value, float):
        return b"f", struct.pack(">d", value)
    if value is None:
        return b"n", b""
    raise TypeError(f"no column holds a {type(value).__name__}")


def listed(connection: Connection, after: str, limit: int) -> list[tuple[str, int]]:
    """All documents by id, deleted ones too, and how many bytes each has about."""
    query = _LISTED.where(documents.c.id > after).limit(limit)
    return [(document, size) for document, size in connection.execute(query)]


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(documents)).scalar_one()


def pages(connection: Connection, document: str) -> Iterator[Page]:
    """The document, in a transaction that sees one state of it; nothing if it is not there."""
    totals = sorted(map(tuple, connection.execute(_TOTALS, {"of_document": document})))
    for carried, (_, rows, size) in zip(TABLES, totals, strict=True):
        if rows > 1 and (rows > PAGE_ROWS or size > PAGE_BYTES):
            for part in _in_parts(connection, carried, document):
                yield carried.table.name, part
        elif rows:
            yield carried.table.name, _rows(connection, carried, document)


def _rows(
    connection: Connection, carried: Carried, document: str, *where: ColumnElement[bool]
) -> list[Row]:
    query = carried.rows.where(*where) if where else carried.rows
    return [tuple(row) for row in connection.execute(query, {"of_document": document})]


def _in_parts(connection: Connection, carried: Carried, document: str) -> Iterator[list[Row]]:
    bounds: list[ColumnElement[bool]] = []
    while keys := _part(connection, carried, document, bounds):
        yield _rows(connection, carried, document, *bounds, carried.until(keys))
        bounds = [carried.after(keys)]


def _part(
    connection: Connection,
    carried: Carried,
    document: str,
    bounds: Sequence[ColumnElement[bool]],
) -> Row:
    """The key of the last row that fits into the next part; nothing after the last."""
    query = select(*carried.key, carried.size).where(carried.of_document, *bounds)
    query = query.order_by(*carried.key).limit(PAGE_ROWS)
    last: Row = ()
    total = 0
    for *key, size in connection.execute(query, {"of_document": document}):
        total += size
        if last and total > PAGE_BYTES:
            break
        last = tuple(key)
    return last


def measure(connection: Connection, document: str) -> Extent | None:
    """None if it is not there."""
    found = Measure()
    for page in pages(connection, document):
        found.add(page)
    extent = found.extent()
    return extent if extent.rows else None


def put(connection: Connection, rows: Iterable[Page]) -> None:
    """Write a document that is not there."""
    for name, page in rows:
        carried = _BY_NAME[name]
        names = carried.table.c.keys()
        connection.execute(carried.add, [dict(zip(names, row, strict=True)) for row in page])


def replace(connection: Connection, document: str, rows: Iterator[Page]) -> None:
    """Write a document in the place of all that is there of it. Its row is locked."""
    for carried in reversed(TABLES[1:]):
        connection.execute(carried.remove, {"of_document": document})
    [(_, [row])], rest = list(islice(rows, 1)), rows
    # In place, since other tables refer to it.
    values = dict(zip(TABLES[0].table.c.keys(), row, strict=True))
    connection.execute(update(TABLES[0].table).where(TABLES[0].owner == document).values(values))
    put(connection, rest)


def lock(connection: Connection, document: str) -> bool:
    """Keep all writers of the document out until the transaction ends; whether it is there."""
    return connection.execute(_LOCK, {"of_document": document}).one_or_none() is not None
