"""Several nodes, of which one compacts a document at a time."""

from __future__ import annotations

import asyncio

from collab.errors import StorageError
from collab.interfaces import Lease
from tests.room.house import DOCUMENT, House, Peer, settle
from tests.room.test_compacting import write
from tests.support.edits import Author, text_of

LEASE = f"compaction:{DOCUMENT}"


async def two_nodes(house: House) -> tuple[Peer, Peer]:
    await house.restart(compact_after_rows=5)
    other = await house.other()
    return await house.synced("ann"), await house.synced("bob", other)


async def logs(house: House) -> list[tuple[int, int]]:
    """Of each node: up to where its snapshot goes, and how many rows come after it."""
    found = []
    for registry in (house.registry, *house._others):
        log = (await house.room(registry)).log
        found.append((log.base.sequence if log.base else 0, log.row_count))
    return found


async def test_who_finds_another_at_it_looks_again_later(house: House) -> None:
    """[LS10] the work is done once, and the other takes its snapshot."""
    ann, bob = await two_nodes(house)
    first, second = Author(1), Author(2)
    with house.store.hold("compact"):
        await write(ann, first, 5)
        await house.store.waiting()
        await write(bob, second, 2)
        await settle()
        assert house.worker.calls["compact"] == 1
    await settle(11)
    assert house.worker.calls["compact"] == 1
    assert await logs(house) == [(5, 2), (5, 2)]
    assert house.registry.stats().compaction_failures == 0
    assert sorted(text_of(*await house.saved())) == ["x"] * 7


async def test_who_comes_after_another_does_not_do_it_again(house: House) -> None:
    """[LS10] what was compacted is seen before a worker is asked."""
    ann, bob = await two_nodes(house)
    await write(ann, Author(1), 5)
    await settle()
    await write(bob, Author(2), 1)
    await settle()
    assert house.worker.calls["compact"] == 1
    assert await logs(house) == [(5, 1), (5, 1)]


async def test_a_node_that_slept_through_its_lease_is_refused(house: House) -> None:
    """[LS7] [LS10] another has compacted meanwhile: its late write changes nothing, it reads
    what there is, and goes on."""
    ann, bob = await two_nodes(house)
    first, second = Author(1), Author(2)
    with house.store.hold("compact"):
        await write(ann, first, 5)
        await house.store.waiting()
        await settle(31)
        await write(bob, second, 1)
        await house.store.waiting(2)
    await settle()
    compactors = [registry._compactor for registry in (house.registry, *house._others)]
    assert sorted(compactor.leases_lost for compactor in compactors) == [0, 1]
    assert sorted(compactor.compactions for compactor in compactors) == [0, 1]
    assert await logs(house) == [(6, 0), (6, 0)]
    await settle(15)
    await write(ann, first, 5)
    await settle()
    assert sorted(text_of(*await house.saved())) == ["x"] * 11
    stored = await house.memory.load(DOCUMENT)
    assert stored.snapshot is not None
    assert stored.snapshot.sequence == 11


async def test_a_long_compaction_keeps_others_out(house: House) -> None:
    """[LS10] its lease is renewed while the worker takes its time."""
    ann, bob = await two_nodes(house)

    async def slow(operation: str) -> None:
        if operation == "compact":
            await asyncio.sleep(95)

    house.worker.hook = slow
    await write(ann, Author(1), 5)
    second = Author(2)
    for _ in range(9):
        await settle(10)
        await write(bob, second, 1)
    assert house.worker.calls["compact"] == 1
    await settle(20)
    assert (await logs(house))[0][0] == 5


async def test_a_node_that_is_alone_pays_for_one_take(house: House) -> None:
    """[LS7] [LS10] the lease ends in the transaction of the compaction."""
    await house.restart(compact_after_rows=5)
    leases = house.memory.leases
    asked = []

    def counting(name: str) -> None:
        method = getattr(leases, name)

        async def count(*arguments: object) -> object:
            asked.append(name)
            return await method(*arguments)

        setattr(leases, name, count)

    for name in ("take", "renew", "release"):
        counting(name)
    await write(await house.synced(), Author(1), 25)
    await settle()
    assert house.registry.stats().compactions == 5
    assert asked == ["take"] * 5
    assert leases._held == {}


async def test_a_failed_compaction_lets_another_node_try(house: House) -> None:
    """[LS8] the lease does not wait for its time to end."""
    ann, bob = await two_nodes(house)

    async def fail_once(_operation: str) -> None:
        house.worker.hook = None
        raise StorageError("on purpose")

    house.worker.hook = fail_once
    await write(ann, Author(1), 5)
    await write(bob, Author(2), 1)
    await settle()
    assert house.registry.stats().compaction_failures == 1
    assert (await house.memory.load(DOCUMENT)).snapshot is not None


async def test_no_lease_no_compaction(house: House) -> None:
    """[LS10] a store that gives none is tried again, and not held against the document."""
    await house.restart(compact_after_rows=5)
    leases, take = house.memory.leases, house.memory.leases.take

    async def down(name: str, holder: str, seconds: float) -> Lease | None:
        raise StorageError("down")

    leases.take = down  # type: ignore[method-assign]
    ann, author = await house.synced(), Author(1)
    await write(ann, author, 6)
    assert house.registry.stats().compaction_failures == 1
    assert len(await house.saved()) == 6
    leases.take = take  # type: ignore[method-assign]
    await settle(11)
    await write(ann, author, 1)
    await settle()
    assert len(await house.saved()) == 1
    assert house.registry.stats().quarantined == 0
