"""The oracles bite: each of these servers is broken in one way, and is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import pytest

from collab.interfaces import Append, DocumentStore, Lease, NewRow, Snapshot
from collab.protocol.messages import Message
from collab.protocol.update import UpdateFacts
from collab.room.catching_up import CatchingUp
from collab.room.committer import Committer
from collab.room.elsewhere import Elsewhere
from collab.room.following import Follower
from collab.room.items import Part
from collab.room.neighbours import Neighbours
from collab.room.outbox import Outbox
from collab.room.presence import Presence
from collab.room.present import States
from collab.room.registry import Registry
from collab.room.room import Room
from collab.room.session import Session
from tests.simulation.cluster import PromiseBrokenError
from tests.simulation.run import simulate
from tests.support.passing_store import PassingStore

SEEDS = range(80)


def found_out(
    make_store: Callable[[DocumentStore], DocumentStore] | None = None,
) -> Iterator[str]:
    """What the oracles say, run by run, of those that find something."""
    for seed in SEEDS:
        try:
            simulate(seed, make_store)
        except PromiseBrokenError as broken:
            yield str(broken)


class Forgetful(PassingStore):
    """Says that it committed each row, and loses every fifth."""

    EMPTY = NewRow(b"\x00\x00", "", ())

    def __init__(self, store: DocumentStore) -> None:
        super().__init__(store)
        self._count = 0

    async def append(self, batch: Sequence[Append]) -> list[int | None]:
        return await self.store.append([Append(a.document, self._some(a.rows)) for a in batch])

    def _some(self, rows: tuple[NewRow, ...]) -> tuple[NewRow, ...]:
        kept = []
        for row in rows:
            self._count += 1
            kept.append(self.EMPTY if self._count % 5 == 0 else row)
        return tuple(kept)


class Overwriting(PassingStore):
    """Compacts everything up to the snapshot's sequence into the first half of the rows."""

    async def compact(
        self,
        document: str,
        base: int | None,
        rows: Sequence[int],
        snapshot: Snapshot,
        lease: Lease | None = None,
    ) -> None:
        stored = await self.store.load(document)
        first = next(row for row in stored.updates if row.sequence == rows[0])
        old = stored.snapshot.data if stored.snapshot else first.data
        lossy = Snapshot(snapshot.sequence, old, snapshot.state_vector, snapshot.delete_set)
        await self.store.compact(document, base, rows, lossy, lease)


@pytest.mark.parametrize("store", [Forgetful, Overwriting])
def test_a_store_that_loses_rows_is_found_out(
    store: Callable[[DocumentStore], DocumentStore],
) -> None:
    """[RM1] oracle A"""
    assert any("lost" in text or "not" in text for text in found_out(store))


def test_a_room_that_broadcasts_before_the_commit_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """[RM1] oracle A, at the moment it happens"""
    write = Room.write

    def hasty(room: Room, session: Session, update: bytes, facts: UpdateFacts) -> None:
        room._broadcast(update, room.log.version)
        write(room, session, update, facts)

    monkeypatch.setattr(Room, "write", hasty)
    assert any("was sent" in text for text in found_out())


def test_a_receipt_before_the_commit_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[RM6] oracle A, at the moment it happens"""

    def hasty(room: Room, session: Session, message: Message) -> None:
        session.send(message)

    monkeypatch.setattr(Room, "after_saved", hasty)
    assert any("got a receipt" in text for text in found_out())


def test_a_node_that_ignores_the_others_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[RM16] oracle C"""
    monkeypatch.setattr(Follower, "follow", lambda *_: None)
    assert any("another" in text for text in found_out())


def test_a_node_that_ignores_what_it_missed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[CL33] oracle C, with nobody who writes or joins any more"""
    monkeypatch.setattr(Neighbours, "_miss", lambda *_: None)
    assert any("another" in text for text in found_out())


def test_a_node_that_tells_commits_before_they_are_done_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """[RM1] oracle A, on another node"""
    take = Room.take

    def hasty(room: Room) -> tuple[NewRow, ...]:
        if rows := take(room):
            node = cast(Registry, room._owner)._neighbours
            node.committed(room.document, room.sequence + len(rows), rows)
        return rows

    monkeypatch.setattr(Room, "take", hasty)
    assert any("was sent" in text for text in found_out())


def test_a_node_that_takes_rows_over_a_hole_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[CL31] oracle C: what lay between is never read"""
    took = Neighbours._took

    def hasty(node: Neighbours, room: Room, sequence: int, rows: tuple[bytes, ...]) -> bool:
        room.log.sequence = max(room.log.sequence, sequence - len(rows))
        return took(node, room, sequence, rows)

    monkeypatch.setattr(Neighbours, "_took", hasty)
    assert any("another" in text for text in found_out())


def test_a_node_that_keeps_the_peers_of_dead_ones_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """[CL43] nobody who left is seen"""
    monkeypatch.setattr(Elsewhere, "gone", lambda *_: None)
    monkeypatch.setattr(Elsewhere, "doubt", lambda *_: None)
    assert any("sees" in text for text in found_out())


def test_a_node_that_renews_nobody_elsewhere_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[CL41] Yjs clients would drop them"""
    monkeypatch.setattr(States, "gather", lambda *_: None)
    assert any("heard of" in text for text in found_out())


def test_a_room_with_ghosts_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[RM20] everybody sees everybody, and nobody who left"""
    monkeypatch.setattr(Presence, "leave", lambda *_: None)
    assert any("sees" in text for text in found_out())


def test_a_committer_that_gives_up_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[RM3] oracle C: the edits of those who are still here must get through"""
    commit = Committer._commit

    async def careless(committer: Committer, rooms: Sequence[Room]) -> bool:
        await commit(committer, rooms)
        for room in rooms:
            room._pending.drop()
        return True

    monkeypatch.setattr(Committer, "_commit", careless)
    assert any(found_out())


def test_an_outbox_that_drops_what_is_missed_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[SL2] oracle C: who reads again must lack nothing"""
    monkeypatch.setattr(CatchingUp, "newer", lambda supply, since, until: Part([], until))
    assert any("another" in text for text in found_out())


def test_an_outbox_that_loses_answers_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """[SL5] oracle C: the answer to a sync request too"""
    monkeypatch.setattr(Outbox, "_work", lambda box, entry, state_vector: box._done(entry))
    assert any("another" in text for text in found_out())
