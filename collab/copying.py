"""Moving all documents from one database to another: `collab copy`."""

from __future__ import annotations

import asyncio
import pickle
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from sqlalchemy import BindParameter, Connection, bindparam, delete, insert, select
from sqlalchemy.engine import URL

from collab.errors import CollabError, ConfigError
from collab.interfaces import Clock
from collab.storage import carrying
from collab.storage.carrying import Extent, Measure, Page
from collab.storage.database import Database
from collab.storage.engine import async_url, open_database
from collab.storage.schema import require_current
from collab.storage.sqlite import file_of
from collab.storage.tables import copies

IDS = 500
"""Ids of documents that are read at once."""

AT_ONCE = 4
"""Documents under way at a time: while one waits for its commit, others are read."""

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of a document beyond which it goes through a temporary file."""

CHANGED = (
    "it differs at the target, where it was changed after it was copied, or was never copied to; "
    "it was left as it is there"
)

_document: BindParameter[str] = bindparam("of_document")
_NOTED = select(copies.c.digest).where(copies.c.document == _document)
_REMOVE_NOTE = delete(copies).where(copies.c.document == _document)
_ADD_NOTE = insert(copies)


class Done(StrEnum):
    COPIED = "copied"
    UPDATED = "updated"
    """It was copied before, and has changed at the source since."""
    SAME = "same"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document. `fault` says why, if it is BAD."""

    document: str
    done: Done
    rows: int = 0
    size: int = 0
    fault: str = ""


class Progress:
    """What is said of a run: a line for each document that was written or is BAD, one now and
    then for those that were there already, and a summary."""

    EVERY = 1000

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._counts: Counter[Done] = Counter()
        self._rows = self._size = 0

    @property
    def bad(self) -> int:
        return self._counts[Done.BAD]

    def add(self, outcome: Outcome) -> Iterator[str]:
        self._counts[outcome.done] += 1
        self._rows += outcome.rows
        self._size += outcome.size
        number = self._counts.total()
        if outcome.done is not Done.SAME:
            detail = outcome.fault or f"{outcome.rows} rows, {outcome.size} bytes"
            yield f"{outcome.done:8}{outcome.document}  {detail}"
        if number % self.EVERY == 0:
            yield f"...     {number} of {self._expected} documents"

    def summary(self) -> str:
        counts = self._counts
        return (
            f"{counts.total()} documents, {self._rows} rows, {self._size} bytes: "
            f"{counts[Done.COPIED]} copied, {counts[Done.UPDATED]} brought up to date, "
            f"{counts[Done.SAME]} there already, {counts[Done.BAD]} bad"
        )


class Copier:
    """Copies documents one by one: what was copied and is the same on both sides is left alone,
    so that it can be run again after any end, and while the source is served."""

    def __init__(self, source: Database, target: Database, clock: Clock) -> None:
        self._source = source
        self._target = target
        self._clock = clock

    async def count(self) -> int:
        return await self._source.read(carrying.count)

    async def copy_all(self) -> AsyncIterator[Outcome]:
        """Every document at the source, by id."""
        found = [""]
        running: deque[asyncio.Task[Outcome]] = deque()
        try:
            while found := await self._source.read(
                partial(carrying.ids, after=found[-1], limit=IDS)
            ):
                for document in found:
                    if len(running) == AT_ONCE:
                        yield await running.popleft()
                    running.append(asyncio.create_task(self.copy(document)))
            while running:
                yield await running.popleft()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def copy(self, document: str) -> Outcome:
        """Raises StorageError if one of the databases does not answer any more."""
        try:
            return await self._copy(document)
        except CollabError as error:
            for database in (self._source, self._target):
                await database.read(_answer)  # else this would be said of every document
            return Outcome(document, Done.BAD, fault=str(error) or type(error).__name__)

    async def _copy(self, document: str) -> Outcome:
        there, noted = await self._target.read(lambda c: _there(c, document))
        if there is not None and there == await self._source.read(
            lambda c: carrying.measure(c, document)
        ):
            if noted != there.digest:
                now = self._clock.time()
                await self._target.write(lambda c: _note(c, document, there, now))
            return Outcome(document, Done.SAME, there.rows, there.size)
        with SpooledTemporaryFile(IN_MEMORY) as spool:
            here = await self._source.read(lambda c: _take_down(c, document, spool))
            now = self._clock.time()
            done = await self._target.write(lambda c: _write(c, document, here, spool, now))
        if done is Done.BAD:
            return Outcome(document, done, fault=CHANGED)
        if await self._target.read(lambda c: carrying.measure(c, document)) != here:
            return Outcome(document, Done.BAD, fault="it reads back otherwise than it was written")
        return Outcome(document, done, here.rows, here.size)


def _take_down(connection: Connection, document: str, spool: IO[bytes]) -> Extent:
    """Read the document into a file: then no transaction waits for the other database."""
    spool.seek(0)
    spool.truncate()
    measure = Measure()
    for page in carrying.pages(connection, document):
        measure.add(page)
        pickle.dump(page, spool, pickle.HIGHEST_PROTOCOL)
    return measure.extent()


def _answer(connection: Connection) -> None:
    carrying.ids(connection, "", 1)


def _there(connection: Connection, document: str) -> tuple[Extent | None, bytes | None]:
    return carrying.measure(connection, document), _noted(connection, document)


def _taken_down(spool: IO[bytes]) -> Iterator[Page]:
    spool.seek(0)
    while True:
        try:
            yield pickle.load(spool)
        except EOFError:
            return


def _write(
    connection: Connection, document: str, here: Extent, spool: IO[bytes], now: float
) -> Done:
    if not carrying.lock(connection, document):
        carrying.put(connection, _taken_down(spool))
        connection.execute(_ADD_NOTE, _values(document, here, now))
        return Done.COPIED
    there, noted = _there(connection, document)
    if there is None or there.digest != noted:
        return Done.BAD
    carrying.replace(connection, document, _taken_down(spool))
    _note(connection, document, here, now)
    return Done.UPDATED


def _noted(connection: Connection, document: str) -> bytes | None:
    return connection.execute(_NOTED, {"of_document": document}).scalar_one_or_none()


def _note(connection: Connection, document: str, extent: Extent, now: float) -> None:
    """That the target holds this of the source: it may be replaced by what comes later there."""
    connection.execute(_REMOVE_NOTE, {"of_document": document})
    connection.execute(_ADD_NOTE, _values(document, extent, now))


def _values(document: str, extent: Extent, now: float) -> dict[str, object]:
    return {"document": document, "digest": extent.digest, "copied": now}


@asynccontextmanager
async def opened(source: str, target: str, clock: Clock) -> AsyncIterator[Copier]:
    """Raises ConfigError for URLs that name no two databases of this version's schema."""
    urls = [_url("--from", source), _url("--to", target)]
    if _place(urls[0]) == _place(urls[1]):
        raise ConfigError("--from and --to name the same database")
    async with AsyncExitStack() as stack:
        databases = [open_database(source), open_database(target)]
        for option, database in zip(("--from", "--to"), databases, strict=True):
            stack.push_async_callback(database.aclose)
            await _require_current(option, database)
        yield Copier(databases[0], databases[1], clock)


def _url(option: str, url: str) -> URL:
    try:
        parsed = async_url(url)
        if parsed.get_backend_name() == "sqlite" and not file_of(parsed).is_file():
            # SQLite would make an empty file of one that is missing.
            raise ConfigError(f"there is no database {file_of(parsed)}{_MIGRATE}")
    except ConfigError as error:
        raise ConfigError(f"{option}: {error}") from None
    return parsed


_MIGRATE = "; `collab migrate` makes the one that COLLAB_DATABASE_URL names"


def _place(url: URL) -> object:
    if url.get_backend_name() == "sqlite":
        return Path(url.database or "").resolve()
    return url.host, url.port or 5432, url.database, url.query


async def _require_current(option: str, database: Database) -> None:
    try:
        await require_current(database)
    except ConfigError as error:
        raise ConfigError(f"{option}: {error}") from None
