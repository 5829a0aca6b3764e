"""Many updates as few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from collab.crdt import updates
from collab.errors import DocumentUnreadable

T = TypeVar("T")


def runs(items: Sequence[T], size: Callable[[T], int], most: int) -> list[list[T]]:
    """`items` cut, in order, into runs of at most `most` bytes, or of one item."""
    cut: list[list[T]] = []
    room = 0
    for item in items:
        taken = size(item)
        if not cut or taken > room:
            cut.append([])
            room = most
        cut[-1].append(item)
        room -= taken
    return cut


def merged(parts: Sequence[bytes]) -> list[bytes]:
    """One update; or all as they are, if the library cannot merge what was validated."""
    try:
        return [updates.merge(parts)]
    except DocumentUnreadable:
        return list(parts)


def merged_runs(parts: Sequence[bytes], most: int) -> list[bytes]:
    """One update, or more where the sum is over `most` bytes."""
    return [update for run in runs(parts, len, most) for update in merged(run)]
