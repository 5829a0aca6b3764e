"""Open rooms compared with the log."""

from __future__ import annotations

import pytest

from collab.interfaces import Kind
from collab.news import Missed
from collab.protocol.close import CloseCode
from collab.room import looking
from tests.room.house import DOCUMENT, House, settle
from tests.room.test_neighbours import tell, write_elsewhere
from tests.support.edits import Author, text_of
from tests.support.stores import When


async def test_rooms_are_compared_after_something_was_missed(house: House) -> None:
    """[CL33] those that are behind read what they lack, the others nothing."""
    ann = await house.synced()
    await house.memory.create("another", "Another", Kind.NOTE, "")
    await house.registry.open("another")
    await write_elsewhere(house, Author(1).write("unheard"))
    tell(house.registry, Missed())
    await settle()
    assert text_of(*ann.updates()) == "unheard"
    assert (house.store.calls["sequences"], house.store.calls["read"]) == (1, 1)


async def test_a_room_whose_document_is_gone_is_closed(house: House) -> None:
    """[CL33] [RM11] a deletion whose news was lost is found by the same look."""
    ann = await house.synced()
    await house.memory.delete(DOCUMENT)
    tell(house.registry, Missed())
    await settle()
    assert ann.code is CloseCode.GONE
    assert not house.registry.rooms


async def test_whatever_is_missed_one_look_is_under_way_and_one_due(house: House) -> None:
    """[CL34] a torrent of gaps is no torrent of queries."""
    await house.synced()
    with house.store.hold("sequences"):
        for _ in range(50):
            tell(house.registry, Missed())
        await house.store.waiting()
        for _ in range(50):
            tell(house.registry, Missed())
        await settle(5)
        assert house.store.calls["sequences"] == 1
    await settle(5)
    assert house.store.calls["sequences"] == 2


async def test_many_rooms_are_compared_in_chunks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[CL34] one query is for so many rooms at most."""
    monkeypatch.setattr(looking, "CHUNK", 3)
    for number in range(7):
        await house.memory.create(f"d{number}", "", Kind.NOTE, "")
        await house.registry.open(f"d{number}")
    tell(house.registry, Missed())
    await settle()
    assert house.store.calls["sequences"] == 3


async def test_a_store_that_is_down_is_asked_again_after_pauses(house: House) -> None:
    """[CL34] a look that failed is made again, later and later, until it works."""
    ann = await house.synced()
    await write_elsewhere(house, Author(1).write("unheard"))
    house.store.fail("sequences", When.BEFORE, times=6)
    tell(house.registry, Missed())
    await settle(1)
    assert 3 <= house.store.calls["sequences"] <= 5
    await settle(10)
    assert text_of(*ann.updates()) == "unheard"


async def test_rooms_in_use_are_looked_at_often_while_nothing_can_be_heard(house: House) -> None:
    """[CL35] every two seconds or so, without a word from anyone."""
    ann = await house.synced()
    await house.memory.create("idle", "", Kind.NOTE, "")
    await house.registry.open("idle")
    asked: list[list[str]] = []
    sequences = house.store.sequences

    async def listen(documents: list[str]) -> object:
        asked.append(list(documents))
        return await sequences(documents)

    house.store.sequences = listen  # type: ignore[assignment, method-assign]
    await write_elsewhere(house, Author(1).write("unheard"))
    await settle(10)
    assert asked == []
    house.hub.ends[0].connected = False
    await settle(3)
    assert text_of(*ann.updates()) == "unheard"
    await settle(20)
    assert 8 <= len(asked) <= 16
    assert {document for documents in asked for document in documents} == {DOCUMENT}


@pytest.mark.parametrize(("every", "looks"), [(30.0, 3), (5.0, 19), (None, 0)])
async def test_rooms_are_looked_at_now_and_then(
    house: House, every: float | None, looks: int
) -> None:
    """[CL35] every `look_every` seconds: what is shared without news is found by it alone, and
    what is not shared at all is not asked about."""
    await house.restart(look_every=every)
    ann = await house.synced()
    await settle(101)
    found = house.store.calls["sequences"]
    assert looks * 0.7 <= found <= looks * 1.1
    await write_elsewhere(house, Author(1).write("unheard"))
    await settle(35)
    assert [text_of(u) for u in ann.updates()] == (["unheard"] if every else [])
