"""From the store to a document in memory."""

from __future__ import annotations

import asyncio

from collab.errors import DocumentUnreadable, ProtocolError
from collab.interfaces import DocumentStore, DocumentWorker, StoredDocument
from collab.protocol.delete_set import PIECE, delete_set_pieces
from collab.protocol.state_vector import decode_state_vector
from collab.protocol.update import UpdateFacts, stored_facts
from collab.room.coverage import Coverage
from collab.room.limits import RoomLimits

SLICE_BYTES = 16 * 1024
"""Rows read on the event loop before others get their turn: some milliseconds of work."""


async def load(
    document: str, store: DocumentStore, worker: DocumentWorker, limits: RoomLimits
) -> tuple[StoredDocument, Coverage]:
    """A stored document, and what it covers.

    Raises DocumentNotFound, DocumentDeleted, StorageError, WorkerError, DocumentUnreadable:
    never does a failure look like an empty document.
    """
    stored = await store.load(document)
    coverage = Coverage()
    try:
        if stored.snapshot is not None:
            coverage.add_state(decode_state_vector(stored.snapshot.state_vector))
            await _read_deletes(stored.snapshot.delete_set, coverage)
        unyielded = 0
        for row in stored.updates:
            coverage.add(await facts_of(row.data, worker, limits), len(row.data))
            unyielded += len(row.data)
            if unyielded > SLICE_BYTES:
                unyielded = 0
                await asyncio.sleep(0)
    except ProtocolError as error:
        raise DocumentUnreadable(f"the log of {document!r} cannot be read: {error}") from error
    return stored, coverage


async def _read_deletes(delete_set: bytes, coverage: Coverage) -> None:
    unyielded = 0
    for client, ranges in delete_set_pieces(delete_set):
        coverage.add_deletes({client: ranges})
        unyielded += 1 + len(ranges)
        if unyielded > PIECE:
            unyielded = 0
            await asyncio.sleep(0)


async def facts_of(data: bytes, worker: DocumentWorker, limits: RoomLimits) -> UpdateFacts:
    """The facts of a stored row. Limits on what one peer may send are not for it: it may hold
    many peers' updates merged. Raises ProtocolError, WorkerError, Unavailable."""
    if len(data) > limits.inspect_inline_bytes:
        return await worker.inspect(data, stored=True)
    return stored_facts(data)
