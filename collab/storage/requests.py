"""What makes no sense to ask of any store."""

from __future__ import annotations

from collections.abc import Sequence

from collab.errors import CompactionConflict
from collab.interfaces import Append, Snapshot


def check_batch(batch: Sequence[Append]) -> None:
    """Raises ValueError if a document is named twice."""
    if len(batch) > 1 and len({entry.document for entry in batch}) != len(batch):
        raise ValueError("a batch names a document twice")


def check_compaction(base: int | None, rows: Sequence[int], snapshot: Snapshot) -> None:
    """Raises ValueError unless `snapshot` can be what `base` and `rows` were merged into.

    A snapshot with a higher sequence would hide rows that it does not hold from `read`; one
    with a lower sequence would hand out again what it holds.
    """
    if len(set(rows)) != len(rows):
        raise ValueError("a row is named twice")
    merged = [*rows] if base is None else [*rows, base]
    if not merged:
        raise ValueError("a snapshot of nothing")
    if snapshot.sequence != max(merged):
        raise ValueError(
            f"the snapshot is of sequence {snapshot.sequence}, what it replaces of {max(merged)}"
        )


def conflict(document: str, what: str) -> CompactionConflict:
    return CompactionConflict(f"{document}: {what} since the compaction began")
