"""The settings, as the limits of the parts that they tune."""

from __future__ import annotations

from collab.crdt.process import WorkerLimits
from collab.protocol.update import UpdateLimits
from collab.room.limits import RoomLimits
from collab.settings import Settings


def worker_limits(settings: Settings) -> WorkerLimits:
    return WorkerLimits(seconds=settings.worker_seconds, memory=settings.worker_memory_bytes)


def room_limits(settings: Settings) -> RoomLimits:
    largest = max(settings.message_bytes, settings.first_sync_bytes)
    return RoomLimits(
        update=UpdateLimits(max_bytes=largest),
        outbox_bytes=settings.outbox_bytes,
        slow_seconds=settings.slow_seconds,
        unresolved_bytes=settings.unresolved_bytes,
        peers=settings.peers_per_document,
        pending_bytes=settings.pending_bytes,
        pending_bytes_total=settings.pending_bytes_total,
        document_bytes=settings.document_bytes,
        idle_unload=settings.idle_unload_seconds,
        compact_after_rows=settings.compact_after_rows,
        compact_after_bytes=settings.compact_after_bytes,
    )
