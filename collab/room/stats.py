"""What the rooms of a process count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Repairs:
    """How often peers that fell behind were sent something else than what others got."""

    merges: int = 0
    """Updates of the log, merged."""
    resyncs: int = 0
    """What they lacked by their state vector, as the log no longer has it."""

    def add(self, other: Repairs) -> None:
        self.merges += other.merges
        self.resyncs += other.resyncs


@dataclass(frozen=True, slots=True)
class RoomStats:
    """For health and metrics. Counters start with the process; ages are in seconds."""

    rooms: int
    sessions: int
    pending_bytes: int
    unsaved_age: float
    """Since when the oldest unsaved update waits; 0 if all is saved."""
    failing_rooms: int
    """Rooms whose last commit failed."""
    quarantined: int
    commits: int
    commit_failures: int
    compactions: int
    compaction_failures: int
    leases_lost: int
    merges: int
    resyncs: int
    task_failures: int
    """Background tasks that ended by an error that nothing foresaw."""
