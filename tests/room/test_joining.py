"""How a peer gets what it lacks."""

from __future__ import annotations

import asyncio

import pytest

from collab.access import Access, Role
from collab.crdt.updates import merge, missing
from collab.errors import DocumentUnreadable, RoomFull, Unavailable, WorkerDied
from collab.interfaces import Append as AppendRows
from collab.interfaces import NewRow
from collab.protocol.close import CloseCode
from collab.protocol.messages import SyncStep1, SyncStep2, Update
from collab.protocol.state_vector import decode_state_vector, encode_state_vector
from tests.room.house import DOCUMENT, House, MemoryChannel, settle
from tests.support.edits import Author, state_of, text_of


async def stored(house: House, *updates: bytes) -> None:
    await house.memory.append([AppendRows(DOCUMENT, tuple(NewRow(u, "", ()) for u in updates))])


async def compacted(house: House) -> None:
    room = await house.room()
    await house.registry._compactor.compact(room)
    assert room.log.base is not None
    assert not room.log.rows


async def test_a_joiner_is_asked_and_answered(house: House) -> None:
    """[RM13] the server says what it has, and answers what the joiner asks for."""
    author = Author(1)
    await stored(house, author.write("hello "), author.write("world"))
    peer = await house.peer()
    (first,) = peer.heard()
    assert isinstance(first, SyncStep1)
    assert decode_state_vector(first.state_vector) == {1: 11}
    assert text_of(await peer.sync()) == "hello world"


async def test_updates_follow_the_answer_without_a_hole(house: House) -> None:
    """[RM13] nothing of the document is sent before the answer, and nothing is left out."""
    writer, author = await house.synced("ann"), Author(1)
    await writer.write(author.write("a"))
    await settle()
    joiner = await house.peer("bob")
    joiner.heard()
    await writer.write(author.write("b"))
    await settle()
    assert joiner.heard() == []
    answer = await joiner.sync()
    await writer.write(author.write("c"))
    await settle()
    assert text_of(answer, *joiner.updates()) == "abc"


async def test_a_peer_that_writes_first_hears_of_it(house: House) -> None:
    """[RM13] a peer that never asks is sent updates from its own first one on."""
    peer = await house.peer()
    peer.heard()
    update = Author(1).write("x")
    await peer.write(update)
    await settle()
    assert peer.updates() == [update]


async def test_a_large_document_that_moves_on_is_answered_whole(house: House) -> None:
    """[RM13] what is committed while a worker reads is sent after the answer."""
    await house.restart(diff_inline_bytes=10)
    author = Author(1)
    await stored(house, author.write("a" * 50), author.write("b"))
    writer, joiner = await house.peer("ann"), await house.peer("bob")
    joiner.heard()
    gate = asyncio.Event()
    house.worker.hook = lambda _: _wait(gate)
    asked = asyncio.ensure_future(joiner.say(SyncStep1(b"\x00")))
    await settle()
    await writer.write(author.write("c"))
    await settle()
    assert joiner.heard() == []
    gate.set()
    await asked
    answer, newer = joiner.heard()
    assert isinstance(answer, SyncStep2)
    assert isinstance(newer, Update)
    assert text_of(answer.update, newer.update) == "a" * 50 + "bc"
    await writer.write(author.write("d"))
    await settle()
    assert len(joiner.updates()) == 1


async def test_joiners_with_nothing_share_one_answer(house: House) -> None:
    """[RM14] the whole document is put together once for all who join at one sequence."""
    await house.restart(diff_inline_bytes=10)
    author = Author(1)
    await stored(house, author.write("a" * 50), author.write("b"))
    joiners = [await house.peer(f"p{n}") for n in range(20)]
    answers = await asyncio.gather(*(joiner.sync() for joiner in joiners))
    assert {text_of(answer) for answer in answers} == {"a" * 50 + "b"}
    assert house.worker.calls["missing"] == 1


async def test_a_worker_that_fails_costs_that_joiner_an_error(house: House) -> None:
    """[RM14] a failed answer closes the one who asked, with a code to try again."""
    await house.restart(diff_inline_bytes=10)
    await stored(house, Author(1).write("a" * 50), Author(2).write("b"))
    joiner, other = await house.peer("bob"), await house.peer("ann")

    async def die(_: str) -> None:
        raise WorkerDied("killed")

    house.worker.hook = die
    await joiner.say(SyncStep1(b"\x00"))
    assert (joiner.code, other.code) == (CloseCode.INTERNAL, None)
    house.worker.hook = None
    assert text_of(await other.sync())


async def test_a_peer_that_returns_gets_the_tail_only(house: House) -> None:
    """[RM14] who has the snapshot's structs costs what it missed, not the document's size."""
    author = Author(1)
    await stored(house, author.write("x" * 5000))
    await compacted(house)
    held = state_of(author.everything())
    await stored(house, *[author.write("y") for _ in range(3)])
    room = await house.room()
    await settle(2)
    await house.room()
    await settle()
    answer = room.diffs.missing_now(held)
    assert answer is not None
    assert len(answer.update) < 100
    assert text_of(author.everything(), answer.update) == "x" * 5000 + "yyy"


async def test_deletes_in_the_snapshot_reach_who_has_all_structs(house: House) -> None:
    """[RM14] a state vector says nothing of deletes: the snapshot's are always sent."""
    author = Author(1)
    offline = author.write("hello")
    await stored(house, offline, author.erase(0, 4))
    await compacted(house)
    peer = await house.peer()
    answer = await peer.sync(state_of(offline))
    assert text_of(offline, answer) == "o"


async def test_the_deletes_of_a_snapshot_without_gaps_are_known(house: House) -> None:
    """[RM14] no worker reads a large document again for what compaction has said of it."""
    await house.restart(diff_inline_bytes=1000)
    author = Author(1)
    held = author.write("x" * 5000)
    await stored(house, held, author.erase(0, 2000))
    await compacted(house)
    peer = await house.peer()
    answer = await peer.sync(state_of(held))
    assert text_of(held, answer) == "x" * 3000
    assert len(answer) < 100
    assert house.worker.calls["missing"] == 0


async def test_structs_beyond_a_gap_reach_who_has_all_the_rest(house: House) -> None:
    """[RM14] structs that wait in the snapshot are sent too, before and after a reload."""
    author = Author(1)
    first, lost, last = author.write("a"), author.write("b"), author.write("c")
    await stored(house, first, last)
    await compacted(house)
    peer = await house.peer()
    answer = await peer.sync(state_of(first))
    assert text_of(first, answer, lost) == "abc"
    await house.restart()
    peer = await house.peer()
    answer = await peer.sync(state_of(first))
    assert text_of(first, answer, lost) == "abc"


@pytest.mark.parametrize("inline", [1, 1_000_000])
async def test_every_state_gets_what_it_lacks(house: House, inline: int) -> None:
    """[RM14] the answer completes any earlier state, whichever way it is worked out."""
    await house.restart(diff_inline_bytes=inline)
    ann, bob = Author(1), Author(2)
    history = [b"\x00\x00"]
    for number in range(12):
        author = ann if number % 3 else bob
        update = author.write(f"{number},")
        if number % 4 == 3:
            update = merge([update, author.erase(0, 1)])
        await stored(house, update)
        history.append(update)
        if number == 6:
            await compacted(house)
    await settle(2)
    room = await house.room()
    await settle()
    assert room.sequence == 12
    everything = text_of(*history)
    for known in range(1, len(history) + 1):
        peer = await house.peer()
        had = merge(history[:known])
        assert text_of(had, await peer.sync(state_of(had))) == everything


async def test_a_room_that_closes_takes_no_joiner(house: House) -> None:
    """[RM13] a join comes at once after the open, or not at all."""
    room = await house.room()
    house.registry.deleted(DOCUMENT)
    with pytest.raises(Unavailable):
        room.join(MemoryChannel(), Access("ann", "ann", Role.EDITOR, True))


async def test_a_full_room_takes_a_joiner_when_another_left(house: House) -> None:
    """[LM1] one more than `peers` is refused, and nobody else is touched."""
    await house.restart(peers=2)
    ann, bob = await house.peer("ann"), await house.peer("bob")
    with pytest.raises(RoomFull, match="2 connections"):
        await house.peer("eve")
    bob.session.leave()
    await house.peer("eve")
    assert ann.code is None


async def test_what_the_server_has_spares_the_joiner_an_upload(house: House) -> None:
    """[RM13] the server's own state vector ends at the first gap."""
    author = Author(1)
    await stored(house, author.write("a"))
    author.write("b")
    await stored(house, author.write("c"))
    peer = await house.peer()
    (first,) = peer.heard()
    assert isinstance(first, SyncStep1)
    assert first.state_vector == encode_state_vector({1: 1})
    await peer.say(SyncStep2(missing(author.everything(), first.state_vector)))
    await settle()
    assert text_of(*await house.saved()) == "abc"


async def _wait(gate: asyncio.Event) -> None:
    await gate.wait()


async def test_a_document_that_never_rests_is_answered_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[RM13] what is committed while the answer is worked out comes behind it."""
    monkeypatch.setattr("collab.room.log.RECENT_BYTES", 0)
    await house.restart(diff_inline_bytes=10)
    author = Author(1)
    await stored(house, author.write("a" * 50), author.write("b"))
    writer, joiner = await house.peer("ann"), await house.peer("bob")
    joiner.heard()

    async def busy(_: str) -> None:
        await writer.write(author.write("c"))
        await settle()

    house.worker.hook = busy
    await joiner.say(SyncStep1(b"\x00"))
    assert house.worker.calls["missing"] == 1
    heard = joiner.heard()
    assert [type(m) for m in heard] == [SyncStep2, Update]
    house.worker.hook = None
    await writer.write(author.write("d"))
    await settle()
    everything = [m.update for m in heard if isinstance(m, Update | SyncStep2)]
    assert text_of(*everything, *joiner.updates()) == "a" * 50 + "b" + "c" + "d"


async def test_bytes_that_cannot_be_compared_close_who_asked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[RM14] what the CRDT library refuses is an error to one peer."""

    def refuse(update: bytes, state_vector: bytes) -> bytes:
        raise DocumentUnreadable("refused on purpose")

    await stored(house, Author(1).write("x"))
    joiner, other = await house.peer("bob"), await house.peer("ann")
    monkeypatch.setattr("collab.room.diffs.updates.missing", refuse)
    await joiner.say(SyncStep1(encode_state_vector({1: 1})))
    assert (joiner.code, other.code) == (CloseCode.INTERNAL, None)


async def test_updates_that_cannot_be_merged_are_kept_apart(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[RM2] a merge that fails costs nothing but rows and frames."""

    def refuse(parts: list[bytes]) -> bytes:
        raise DocumentUnreadable("refused on purpose")

    ann, author = await house.synced("ann"), Author(1)
    monkeypatch.setattr("collab.room.merging.updates.merge", refuse)
    with house.store.hold("append"):
        for letter in "abc":
            await ann.write(author.write(letter))
    await settle()
    assert ann.updates() == author.sent
    monkeypatch.undo()
    assert text_of(*await house.saved()) == "abc"
