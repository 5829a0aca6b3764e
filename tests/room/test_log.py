"""A document in memory: what is known, and up to where."""

from __future__ import annotations

import pytest

from collab.interfaces import DocumentInfo, Kind, LogRow, Snapshot, StoredDocument
from collab.room.log import DocumentLog


def row(sequence: int) -> LogRow:
    return LogRow(sequence, f"<{sequence}>".encode())


def stored(sequence: int, base: int = 0) -> StoredDocument:
    info = DocumentInfo("d", "", Kind.NOTE, "", sequence, 0.0, 0.0)
    snapshot = Snapshot(base, b"<base>", b"\x00", b"\x00") if base else None
    return StoredDocument(info, snapshot, tuple(map(row, range(base + 1, sequence + 1))))


def sequences(log: DocumentLog) -> list[int]:
    return [r.sequence for r in log.rows]


def test_rows_are_taken_once_and_in_order() -> None:
    """[RM16] the sequence is the highest one up to which nothing is missing."""
    log = DocumentLog(stored(2))
    assert log.add(row(5))
    assert log.add(row(4))
    assert not log.add(row(4))
    assert not log.add(row(1))
    assert (log.sequence, log.has_hole, sequences(log)) == (2, True, [1, 2])
    assert log.parts() == [b"<1>", b"<2>", b"<5>", b"<4>"]
    assert log.add(row(3))
    assert (log.sequence, log.has_hole, sequences(log)) == (5, False, [1, 2, 3, 4, 5])
    assert log.tail_bytes == log.size == 15


def test_compaction_replaces_what_it_read() -> None:
    """[RM17] rows beyond a hole and rows that came later stay."""
    log = DocumentLog(stored(3))
    log.add(row(4))
    log.add(row(7))
    log.compacted(Snapshot(3, b"<base>", b"\x00", b"\x00"), {1, 2, 3})
    assert log.parts() == [b"<base>", b"<4>", b"<7>"]
    assert (log.sequence, log.tail_bytes, log.size) == (4, 6, 12)


@pytest.mark.parametrize(
    ("now", "sequence", "tail", "hole"),
    [(stored(4, base=4), 6, [5, 6], False), (stored(3, base=3), 3, [], True)],
)
def test_starting_again_keeps_what_was_committed_later(
    now: StoredDocument, sequence: int, tail: list[int], hole: bool
) -> None:
    """[RM16] a reload that is older than an own commit does not lose it."""
    log = DocumentLog(stored(2))
    log.add(row(5))
    log.add(row(6))
    log.replace(now)
    assert (log.sequence, sequences(log), log.has_hole) == (sequence, tail, hole)
    assert log.parts() == [b"<base>", b"<5>", b"<6>"]
    assert log.tail_bytes == 6


def test_what_came_since_is_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """[RM13] who read an older version is given the rest, or told to read again."""
    monkeypatch.setattr("collab.room.log.RECENT_BYTES", 7)
    log = DocumentLog(stored(1))
    read = log.version
    assert log.between(read, log.version) == []
    log.add(row(2))
    log.add(row(3))
    assert log.between(read, log.version) == [b"<2>", b"<3>"]
    log.compacted(Snapshot(3, b"<base>", b"\x00", b"\x00"), {1, 2, 3})
    assert log.between(read, log.version) == [b"<2>", b"<3>"]
    log.add(row(4))
    assert log.between(read, log.version) is None
    assert log.between(read + 1, log.version) == [b"<3>", b"<4>"]
    log.replace(stored(9, base=9))
    assert log.between(read + 3, log.version) is None
    assert log.between(log.version, log.version) == []
