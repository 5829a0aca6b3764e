"""Opening a document that may not exist yet: one rule for every way into a room."""

from __future__ import annotations

from contextlib import suppress

from collab.access import Access
from collab.errors import DocumentDeleted, DocumentExists, DocumentNotFound
from collab.interfaces import Catalog, Kind
from collab.room.registry import Registry
from collab.room.room import Room


async def open_or_create(
    registry: Registry, catalog: Catalog, document: str, access: Access
) -> Room:
    """The document's room; who may create documents gets an empty note if there is none.

    Join it without an await in between. Raises as `Registry.open`.
    """
    try:
        return await registry.open(document)
    except DocumentDeleted:
        raise
    except DocumentNotFound:
        if not access.may_create:
            raise
    # Someone else may come first; theirs is as good.
    with suppress(DocumentExists):
        await catalog.create(document, "", Kind.NOTE, access.user)
    return await registry.open(document)
