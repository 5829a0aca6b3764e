"""Work on the stored documents without a server, or beside one: export and check."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import make_url

from collab.api.formats import DEFAULT_ROOTS, EXTENSIONS, ContentFormat
from collab.clock import SystemClock
from collab.crdt import updates
from collab.crdt.pool import WorkerPool
from collab.errors import CollabError, ConfigError
from collab.interfaces import DocumentInfo, DocumentWorker, Format
from collab.settings import Settings
from collab.storage.catalog import SqlCatalog
from collab.storage.engine import open_database
from collab.storage.schema import require_current
from collab.storage.sql import SqlDocumentStore
from collab.tuning import database_limits, worker_limits


@dataclass(frozen=True, slots=True)
class Archive:
    """The stored documents, open for reading."""

    catalog: SqlCatalog
    store: SqlDocumentStore
    worker: DocumentWorker

    async def read(self, document: str) -> tuple[DocumentInfo, bytes]:
        """What is known of a document, and its content as one update."""
        stored = await self.store.load(document)
        parts = [] if stored.snapshot is None else [stored.snapshot.data]
        parts += [row.data for row in stored.updates]
        return stored.info, updates.merge(parts)

    async def render(
        self, info: DocumentInfo, update: bytes, form: ContentFormat, root: str | None
    ) -> bytes:
        if form is ContentFormat.UPDATE:
            return update
        name = root or DEFAULT_ROOTS[info.kind]
        text = await self.worker.render(update, name, info.kind, Format(form.value), info.title)
        return text.encode()


@asynccontextmanager
async def open_archive(settings: Settings) -> AsyncIterator[Archive]:
    """Raises ConfigError for a database that is missing or of another version, StorageError
    for one that does not answer."""
    _require_file(settings)
    database = open_database(settings.database, limits=database_limits(settings))
    worker = WorkerPool(settings.document_workers, worker_limits(settings))
    clock = SystemClock()
    try:
        await require_current(database)
        yield Archive(SqlCatalog(database, clock), SqlDocumentStore(database, clock), worker)
    finally:
        try:
            await worker.aclose()
        finally:
            await database.aclose()


def _require_file(settings: Settings) -> None:
    # SQLite makes an empty file of one that is missing; reading must not leave anything.
    if settings.embedded:
        path = Path(make_url(settings.database).database or "")
        if not path.is_file():
            raise ConfigError(
                f"there is no database {path}: set COLLAB_DATA_DIR to where the server keeps it"
            )


async def export_one(
    settings: Settings, document: str, form: ContentFormat, root: str | None
) -> bytes:
    """A document's content. Raises DocumentNotFound, DocumentUnreadable and the like."""
    async with open_archive(settings) as archive:
        info, update = await archive.read(document)
        return await archive.render(info, update, form, root)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document: `fault` is None if all went well."""

    document: str
    detail: str = ""
    fault: str | None = None
    data: bytes = b""


async def export_all(settings: Settings, form: ContentFormat) -> AsyncIterator[Outcome]:
    """Every live document's content as `data`, with a file name for it as `detail`."""
    async with open_archive(settings) as archive:
        async for listed in archive.catalog.every_document():
            name = f"{quote(listed.id, safe='@~')}.{EXTENSIONS[form]}"
            try:
                info, update = await archive.read(listed.id)
                data = await archive.render(info, update, form, None)
            except CollabError as error:
                yield Outcome(listed.id, name, fault=_told(error))
            else:
                yield Outcome(listed.id, name, data=data)


async def check_all(settings: Settings) -> AsyncIterator[Outcome]:
    """Load every live document in a worker, compact a copy of it, and render that."""
    async with open_archive(settings) as archive:
        async for listed in archive.catalog.every_document():
            try:
                info, update = await archive.read(listed.id)
                compacted = await archive.worker.compact([update])
                for form in (ContentFormat.JSON, ContentFormat.MARKDOWN):
                    await archive.render(info, compacted.data, form, None)
            except CollabError as error:
                yield Outcome(listed.id, fault=_told(error))
            else:
                yield Outcome(listed.id, f"sequence {info.sequence}, {len(update)} bytes")


def _told(error: CollabError) -> str:
    return str(error) or type(error).__name__
