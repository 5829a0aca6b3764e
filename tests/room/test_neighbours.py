"""News between the rooms of several nodes."""

from __future__ import annotations

import asyncio

from collab.interfaces import Append, Kind, NewRow
from collab.news import Committed, Deleted, Event, Missed, News, Said
from collab.protocol.close import CloseCode
from collab.room.registry import Registry
from tests.room.house import DOCUMENT, House, settle
from tests.support.edits import Author, text_of
from tests.support.stores import When


def tell(registry: Registry, event: Event, node: str = "elsewhere") -> None:
    registry._neighbours._receive(node, event)


def overhear(house: House) -> list[News]:
    """What the first node says from now on."""
    said: list[News] = []
    end = house.registry._neighbours._backplane
    publish = end.publish

    def listen(news: News) -> None:
        said.append(news)
        publish(news)

    end.publish = listen  # type: ignore[method-assign]
    return said


async def write_elsewhere(house: House, *updates: bytes) -> int:
    rows = tuple(NewRow(update, "", ()) for update in updates)
    (sequence,) = await house.memory.append([Append(DOCUMENT, rows)])
    assert sequence is not None
    return sequence


async def acquainted(house: House) -> Registry:
    """Another node; both know each other, and have looked at what there is."""
    await house.restart(look_after=1000.0)
    other = await house.other()
    await house.room()
    await house.room(other)
    await settle(2)
    house.store.calls.clear()
    return other


async def test_rows_that_come_along_are_not_read(house: House) -> None:
    """[CL30] the next rows are taken from the news, in order, and sent to peers at once."""
    other = await acquainted(house)
    ann, bob = await house.synced("ann"), await house.synced("bob", other)
    author = Author(1)
    updates = [author.write("a"), author.write("b")]
    for update in updates:
        await ann.write(update)
        await settle()
    assert bob.updates() == updates
    assert house.store.calls["read"] == 0
    assert (await house.room(other)).sequence == 2


async def test_a_commit_of_several_authors_comes_as_its_rows(house: House) -> None:
    """[CL30] rows are carried, not what peers were sent; what is known already is passed over."""
    other = await acquainted(house)
    ann, bob = await house.synced("ann"), await house.synced("bob")
    said = overhear(house)
    with house.store.hold("append"):
        await ann.write(Author(1).write("a"))
        await house.store.waiting()
        await ann.write(Author(2).write("b"))
        await bob.write(Author(3).write("c"))
    await settle()
    (_, both) = [news for news in said if isinstance(news, Committed)]
    assert both.sequence == 3
    assert len(both.rows) == 2
    room = await house.room(other)
    assert sorted(text_of(*room.log.parts())) == ["a", "b", "c"]
    version = room.log.version
    tell(other, both)
    await settle()
    assert (room.log.version, house.store.calls["read"]) == (version, 0)


async def test_what_did_not_come_along_is_read(house: House) -> None:
    """[CL31] news may say no more than that there is something."""
    ann = await house.synced()
    sequence = await write_elsewhere(house, Author(1).write("x"))
    tell(house.registry, Committed(DOCUMENT, sequence))
    await settle()
    assert text_of(*ann.updates()) == "x"
    assert house.store.calls["read"] == 1


async def test_what_lies_before_is_waited_for_and_then_read(house: House) -> None:
    """[CL31] rows that came early are not sent before those that they may build on."""
    ann = await house.synced()
    updates = [Author(n).write(str(n)) for n in (1, 2, 3)]
    sequence = await write_elsewhere(house, *updates)
    tell(house.registry, Committed(DOCUMENT, sequence, (updates[-1],)))
    await settle()
    room = await house.room()
    assert (ann.updates(), room.sequence) == ([], 0)
    assert house.store.calls["read"] == 0
    await settle(0.1)
    assert sorted(text_of(*ann.updates())) == ["1", "2", "3"]
    assert (house.store.calls["read"], room.sequence) == (1, 3)


async def test_each_hole_is_waited_for_by_itself(house: House) -> None:
    """[CL31] one that opened while another was waited for has its own time."""
    await house.room()
    updates = [Author(n).write(str(n)) for n in range(1, 6)]
    await write_elsewhere(house, *updates)
    for number, pause in ((3, 0.03), (1, 0.0), (2, 0.0), (5, 0.04), (4, 1.0)):
        tell(house.registry, Committed(DOCUMENT, number, (updates[number - 1],)))
        await settle(pause)
    assert (await house.room()).sequence == 5
    assert house.store.calls["read"] == 0


async def test_two_writers_on_two_nodes_cost_no_reads(house: House) -> None:
    """[CL31] whose news crosses all the time."""
    other = await acquainted(house)
    ann, bob = await house.synced("ann"), await house.synced("bob", other)
    first, second = Author(1), Author(2)
    for _ in range(50):
        with house.store.hold("append", When.AFTER):
            await ann.write(first.write("a"))
            await bob.write(second.write("b"))
            await house.store.waiting()
            await settle()
    await settle(1)
    for registry in (house.registry, other):
        room = await house.room(registry)
        assert (room.sequence, room.log.has_hole) == (100, False)
    assert house.store.calls["read"] == 0


async def test_a_hole_is_read_at_once_while_nothing_can_be_heard(house: House) -> None:
    """[CL31] [CL35] there is nothing to wait for."""
    ann = await house.synced()
    await write_elsewhere(house, Author(2).write("unheard"))
    house.hub.ends[0].connected = False
    await ann.write(Author(1).write("x"))
    await settle()
    assert (await house.room()).sequence == 2


async def test_what_is_not_an_update_is_read_from_the_log(house: House) -> None:
    """[CL31] the log is what counts."""
    ann = await house.synced()
    sequence = await write_elsewhere(house, Author(1).write("x"))
    tell(house.registry, Committed(DOCUMENT, sequence, (b"\x01nonsense",)))
    await settle()
    assert text_of(*ann.updates()) == "x"
    assert house.store.calls["read"] == 1


async def test_what_is_large_is_read_by_a_worker(house: House) -> None:
    """[CL31] rows over `inspect_inline_bytes` do not hold up the event loop."""
    await house.restart(inspect_inline_bytes=200)
    ann = await house.synced()
    update = Author(1).write("x" * 300)
    sequence = await write_elsewhere(house, update)
    tell(house.registry, Committed(DOCUMENT, sequence, (update,)))
    await settle()
    assert ann.updates() == [update]
    assert house.worker.calls["inspect_stored"] == 1


async def test_rows_come_in_any_order(house: House) -> None:
    """[CL30] [CL31] later rows first, each of them twice: each is taken once."""
    ann = await house.synced()
    updates = [Author(n).write(str(n)) for n in range(1, 6)]
    await write_elsewhere(house, *updates)
    for number in (3, 1, 2, 5, 3, 4, 1, 5, 2):
        tell(house.registry, Committed(DOCUMENT, number, (updates[number - 1],)))
    await settle()
    assert sorted(text_of(*ann.updates())) == ["1", "2", "3", "4", "5"]
    assert (await house.room()).sequence == 5


async def test_own_rows_and_those_of_others_meet(house: House) -> None:
    """[CL30] rows of another node that come while an own commit is under way."""
    ann = await house.synced()
    theirs = Author(2).write("theirs")
    with house.store.hold("append", When.BEFORE):
        await ann.write(Author(1).write("ours"))
        await house.store.waiting()
        sequence = await write_elsewhere(house, theirs)
        tell(house.registry, Committed(DOCUMENT, sequence, (theirs,)))
        assert ann.updates() == [theirs]
    await settle()
    assert (await house.room()).sequence == 2
    assert [text_of(u) for u in ann.updates()] == ["ours"]
    assert house.store.calls["read"] == 0


async def test_a_tail_that_others_wrote_is_compacted_too(house: House) -> None:
    """[CL32] who only reads does not keep all rows for ever, though the one who wrote is gone."""
    await house.restart(compact_after_rows=5)
    await house.synced()
    room = await house.room()
    author = Author(1)
    for _ in range(9):
        update = author.write("x")
        tell(house.registry, Committed(DOCUMENT, await write_elsewhere(house, update), (update,)))
    assert room.log.row_count == 9
    await settle()
    assert house.worker.calls["compact"] == 0
    update = author.write("x")
    tell(house.registry, Committed(DOCUMENT, await write_elsewhere(house, update), (update,)))
    await settle()
    assert house.worker.calls["compact"] == 1
    assert room.log.row_count == 0


async def test_news_missed_during_a_load_is_not_forgotten(house: House) -> None:
    """[CL33] a room that was being loaded when something was missed looks at the log."""
    with house.store.hold("load", When.AFTER):
        opening = asyncio.ensure_future(house.room())
        await house.store.waiting()
        await write_elsewhere(house, Author(1).write("meanwhile"))
        tell(house.registry, Missed(), "")
        await settle()
    room = await opening
    await settle()
    assert room.sequence == 1


async def test_a_deletion_closes_peers_everywhere(house: House) -> None:
    """[CL36] [RM11] whoever tells it."""
    ann = await house.synced()
    tell(house.registry, Deleted(DOCUMENT))
    assert ann.code is CloseCode.GONE
    assert not house.registry.rooms


async def test_a_message_reaches_the_peers_of_all_nodes(house: House) -> None:
    """[CL37] once each, and those of other documents not."""
    other = await acquainted(house)
    await house.memory.create("another", "Another", Kind.NOTE, "")
    rooms = [await house.room(), await house.room(other), await other.open("another")]
    told: list[tuple[int, str]] = []
    for number, room in enumerate(rooms):
        room.tell = lambda payload, n=number: told.append((n, payload))  # type: ignore[method-assign, misc]
    house.registry.say(DOCUMENT, "hello")
    await settle()
    assert told == [(0, "hello"), (1, "hello")]
    rooms[1].say("you too")
    await settle()
    assert told[2:] == [(1, "you too"), (0, "you too")]
    told.clear()
    tell(other, Said("nowhere", "hello"))
    assert told == []


async def test_a_node_alone_says_nothing(house: House) -> None:
    """[CL38] where no other node can be, none is told anything, and none is listened to."""
    await house.restart(look_every=None)
    said = overhear(house)
    ann = await house.synced()
    await ann.show(1, 1, "{}")
    await ann.write(Author(1).write("x"))
    await settle(40)
    house.registry.say(DOCUMENT, "hello")
    house.registry.deleted(DOCUMENT)
    assert said == []
    assert house.store.calls["sequences"] == 0
    assert ann.code is CloseCode.GONE
