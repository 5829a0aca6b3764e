"""The catalog of documents in a SQL database."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from collab.access import Visibility
from collab.errors import DocumentExists, StorageError
from collab.interfaces import Append, Clock, DocumentInfo, Kind, NewRow, Page
from collab.storage import log
from collab.storage.database import Database
from collab.storage.paging import Position, check_limit, search_key
from collab.storage.prepared import AnyConnection, Prepared, shortest
from collab.storage.tables import documents
from collab.storage.visibility import shown

_UNHELD = re.compile("[\0\ud800-\udfff]")
"""In no title, and PostgreSQL would fail on it."""

WALK = 200
"""Documents read at a time by `every_document`."""


class holds(FunctionElement[bool]):  # noqa: N801 - named as the SQL functions are
    """Whether the first text holds the second. No LIKE, so no character has a meaning."""

    type = Boolean()
    inherit_cache = True


@compiles(holds, "sqlite")
def _holds_sqlite(element: holds, compiler: SQLCompiler, **options: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **options)}) > 0)"


@compiles(holds, "postgresql")
def _holds_postgresql(element: holds, compiler: SQLCompiler, **options: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **options)}) > 0)"


_LIVE = select(*log.INFO).where(documents.c.deleted.is_(None))
_NEWEST_FIRST = _LIVE.order_by(documents.c.updated.desc(), documents.c.id.desc())
_BY_ID = _LIVE.where(documents.c.id > bindparam("after")).order_by(documents.c.id).limit(WALK)
_CREATE = Prepared(insert(documents), *(column.name for column in documents.columns))
_RENAME = (
    update(documents)
    .where(documents.c.id == bindparam("document"), documents.c.deleted.is_(None))
    .values(title=bindparam("title"), title_key=bindparam("title_key"))
)
_DELETE = (
    update(documents)
    .where(documents.c.id == bindparam("document"), documents.c.deleted.is_(None))
    .values(deleted=bindparam("deleted"))
)


class SqlCatalog:
    """`Catalog` over a database, which its opener closes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self, document: str, title: str, kind: Kind, owner: str, seed: bytes | None = None
    ) -> DocumentInfo:
        now = self._clock.time()
        info = DocumentInfo(document, title, kind, owner, 0, now, now)
        try:
            return await self._database.write_prepared(lambda c: _create(c, info, seed))
        except _TakenError:
            await self.find(document)  # tells a deleted document from a live one
            raise DocumentExists(document) from None

    async def find(self, document: str) -> DocumentInfo:
        return await self._database.read_prepared(lambda c: log.find(c, document))

    async def page(
        self, query: str, cursor: str | None, limit: int, visible: Visibility | None = None
    ) -> Page:
        check_limit(limit)
        start = None if cursor is None else Position.of_cursor(cursor)
        if _UNHELD.search(query):
            return Page((), None)
        condition, values = shown(visible)
        # One more than asked for tells whether there is a next page.
        statement = _page(search_key(query), start).limit(limit + 1)
        if condition is not None:
            statement = statement.where(condition)
        found = await self._database.read(partial(_infos, statement, values))
        if len(found) <= limit:
            return Page(tuple(found), None)
        last = found[limit - 1]
        return Page(tuple(found[:limit]), Position(last.updated, last.id).cursor())

    async def rename(self, document: str, title: str) -> DocumentInfo:
        values = {"document": document, "title": title, "title_key": search_key(title)}

        def work(connection: Connection) -> DocumentInfo:
            connection.execute(_RENAME, values)
            return log.find(connection, document)

        return await self._database.write(work)

    async def delete(self, document: str) -> None:
        values = {"document": document, "deleted": self._clock.time()}

        def work(connection: Connection) -> None:
            if connection.execute(_DELETE, values).rowcount == 0:
                log.find(connection, document)  # raises what is the matter

        await self._database.write(work)

    async def every_document(self) -> AsyncIterator[DocumentInfo]:
        """All live documents by id; unlike in pages, none that lives throughout is missed."""
        after = ""
        while True:
            found = await self._database.read(partial(_infos, _BY_ID, {"after": after}))
            for info in found:
                yield info
            if len(found) < WALK:
                return
            after = found[-1].id


class _TakenError(StorageError):
    """The id is in use, now or before; which of the two, only a new transaction can see."""


def _create(connection: AnyConnection, info: DocumentInfo, seed: bytes | None) -> DocumentInfo:
    connection = shortest(connection)
    times = (info.created, info.updated, None)
    about = (info.title, search_key(info.title), info.kind.value, info.owner)
    try:
        _CREATE.each(connection, [(info.id, *about, info.sequence, *times)])
    except (IntegrityError, sqlite3.IntegrityError) as error:
        raise _TakenError(info.id) from error
    if seed is None:
        return info
    log.append(connection, [Append(info.id, (NewRow(seed, info.owner, ()),))], info.created)
    return log.find(connection, info.id)


def _page(key: str, start: Position | None) -> Select[Any]:
    statement = _NEWEST_FIRST
    if key:
        statement = statement.where(holds(documents.c.title_key, key))
    if start is not None:
        place: ColumnElement[Any] = tuple_(documents.c.updated, documents.c.id)
        statement = statement.where(place < (start.updated, start.document))
    return statement


def _infos(
    statement: Select[Any], values: dict[str, object], connection: Connection
) -> list[DocumentInfo]:
    return [log.as_info(row) for row in connection.execute(statement, values)]
