"""The settings, as the limits of the parts that they tune."""

from __future__ import annotations

from collab.admission.connections import AdmissionLimits
from collab.crdt.process import WorkerLimits
from collab.protocol.update import UpdateLimits
from collab.room.limits import RoomLimits
from collab.settings import Settings
from collab.storage.database import Limits

LOOK_SECONDS = 30.0
"""Between looks for rows whose news was lost, where nodes tell each other."""
LOOK_ALONE_SECONDS = 5.0
"""The same where they share nothing but a database."""


def database_limits(settings: Settings) -> Limits:
    return Limits(settings.database_connections, settings.database_seconds)


def worker_limits(settings: Settings) -> WorkerLimits:
    return WorkerLimits(
        seconds=settings.document_worker_seconds, memory=settings.document_worker_memory_bytes
    )


def admission_limits(settings: Settings) -> AdmissionLimits:
    return AdmissionLimits(
        connections=settings.connections,
        connections_per_user=settings.connections_per_user,
        connections_per_address=settings.connections_per_address,
        connect_rate=settings.connect_rate,
        message_rate=settings.message_rate,
        message_rate_user=settings.message_rate_user,
        message_rate_address=settings.message_rate_address,
        byte_rate=settings.byte_rate,
        patience=settings.rate_patience_seconds,
        request_rate=settings.request_rate,
    )


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
        look_every=_look_every(settings),
        idle_unload=settings.idle_unload_seconds,
        compact_after_rows=settings.compact_after_rows,
        compact_after_bytes=settings.compact_after_bytes,
    )


def _look_every(settings: Settings) -> float | None:
    if settings.redis_url is not None:
        return LOOK_SECONDS
    return None if settings.database.startswith("sqlite") else LOOK_ALONE_SECONDS
