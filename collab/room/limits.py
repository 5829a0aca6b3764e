"""What a room and its peers may take of the server: memory, time, patience."""

from __future__ import annotations

from dataclasses import dataclass, field

from collab.protocol.update import UpdateLimits

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class RoomLimits:
    """Bytes, seconds and counts; every queue and table of the rooms has one here.

    A connection costs at most `channel_high` plus one frame in its channel, `outbox_bytes` in
    the outboxes of its sessions, and `receipts` of each that wait for a commit.
    """

    update: UpdateLimits = field(default_factory=UpdateLimits)
    inspect_inline_bytes: int = 64 * KIB
    """Updates up to this size are validated on the event loop, larger ones in a worker."""
    diff_inline_bytes: int = 1 * MIB
    """Up to this many bytes are merged and compared on the event loop, more in a worker."""
    merge_bytes: int = 256 * KIB
    """Updates of one batch become one row and one frame up to this sum."""

    peers: int = 5000
    """Sessions of one room."""
    outbox_bytes: int = 4 * MIB
    """Bytes that wait for one connection before they are dropped, and merged anew once it
    reads; 1/64 of it for a session whose connection is shared, if nothing else is said."""
    slow_seconds: float = 30.0
    """A peer that reads nothing for as long while something waits for it is closed."""
    channel_high: int = 256 * KIB
    """Frames go to the channel while it buffers less than this, then to the outbox."""
    receipts: int = 10_000
    """Receipts that one session may wait for, with echoes of at most `outbox_bytes`; and
    answers that may wait until it reads."""

    pending_bytes: int = 16 * MIB
    """Uncommitted updates of one room; over it, writers are told to try later. Where none
    waits, one of any size is taken."""
    pending_bytes_total: int = 128 * MIB
    """Uncommitted updates of all rooms."""
    document_bytes: int = 64 * MIB
    """Stored size from which a document takes deletions only. Broadcasts that were not sent to all
    peers of a room yet take as much at most."""
    unresolved_bytes: int = 4 * MIB
    """Updates of one document that wait for earlier clocks of the same client."""

    commit_retry_first: float = 0.1
    commit_retry_most: float = 5.0
    """Pauses between tries to commit double from the first to the longest."""

    look_after: float = 1.0
    """A join asks the log for news if the room last heard of its sequence longer ago."""
    look_every: float | None = None
    """Open rooms are compared with the log this often, in case that news was lost; None where
    no other node can be, which is then told nothing either."""
    idle_unload: float = 30.0
    """A room without sessions is dropped from memory after this long."""
    idle_rooms: int = 1000
    """Rooms without sessions that are kept for so long; over it those idle longest go."""

    compact_after_rows: int = 2000
    compact_after_bytes: int = 512 * KIB
    """A tail of either size is compacted while the room is in use."""
    compact_idle_rows: int = 20
    """A tail of this many rows, or of over `inspect_inline_bytes`, is worth compacting when the
    room is about to be unloaded."""
    compact_at_once: int = 1
    """Compactions under way at one time."""
    compact_retry_first: float = 10.0
    compact_retry_most: float = 3600.0
    compact_failures: int = 6
    """After so many failures in a row a document is quarantined: served from its log, and
    not compacted again until it is loaded again."""

    awareness_clients: int = 16
    """Client ids of one session."""
    awareness_rate: int = 30
    """Changes of presence per second and session that are fanned out at once; further ones
    wait for the next gathered frame, in which only the latest counts."""
    awareness_window: float = 0.03
    """A room's changes of presence leave in one frame each so many seconds, the first after a
    quiet while at once."""
    awareness_gather: float = 1.0
    """Renewals that change nothing wait up to this long and leave in one frame per room."""
    silence: float = 10.0
    """A room in which nothing was said for as long, or twice as long at most, sends an empty
    awareness update: y-websocket gives up a connection on which nothing comes for 30 s."""
    awareness_elsewhere: int = 5_000
    """Client ids on other nodes that one room shows; further ones are not shown here."""
    awareness_memory: int = 1_000
    """Client ids that left and whose clocks are remembered, per room."""
    awareness_memory_seconds: float = 120.0
