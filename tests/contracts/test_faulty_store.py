"""The store that other tests break things with does what it is told."""

from __future__ import annotations

import asyncio

import pytest

from collab.errors import StorageError
from collab.interfaces import Kind
from collab.storage.memory import MemoryStore
from tests.contracts.stores import ManualClock, Stores, data_of, rows, snapshot
from tests.support.stores import FaultyStore, InjectedError, When


@pytest.fixture
async def inner(clock: ManualClock) -> MemoryStore:
    memory = MemoryStore(clock)
    await memory.create("a", "", Kind.NOTE, "ada")
    return memory


async def test_without_orders_it_passes_everything_on(inner: MemoryStore) -> None:
    store = FaultyStore(inner)
    assert await store.append([rows("a", b"1", b"2")]) == [2]
    await store.compact("a", None, [1], snapshot(1))
    assert await store.read("a", 0) is None
    assert data_of(await store.load("a")) == [b"2"]
    assert dict(store.calls) == {"append": 1, "compact": 1, "read": 1, "load": 1}
    assert store.batches == [(rows("a", b"1", b"2"),)]


async def test_a_fault_before_has_no_effect_and_one_after_has(inner: MemoryStore) -> None:
    store = FaultyStore(inner)
    store.fail("append", When.BEFORE)
    store.fail("append", When.AFTER, error=StorageError("cut off"))
    with pytest.raises(InjectedError):
        await store.append([rows("a", b"1")])
    with pytest.raises(StorageError, match="cut off"):
        await store.append([rows("a", b"2")])
    assert await store.append([rows("a", b"3")]) == [2]
    assert data_of(await inner.load("a")) == [b"2", b"3"]


async def test_the_gates(inner: MemoryStore) -> None:
    store = FaultyStore(inner)
    with store.hold("append", When.BEFORE), store.hold("load", When.AFTER):
        appending = asyncio.create_task(store.append([rows("a", b"1")]))
        loading = asyncio.create_task(store.load("a"))
        await store.waiting(2)
        assert (await inner.load("a")).updates == ()
        assert not appending.done()
        assert not loading.done()
    assert await appending == [1]
    assert (await loading).updates == ()  # it had read before the row was there


async def test_a_waiter_that_is_cancelled_leaves_the_gate(inner: MemoryStore) -> None:
    store = FaultyStore(inner)
    with store.hold("append"):
        task = asyncio.create_task(store.append([rows("a", b"1")]))
        await store.waiting()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await store.append([rows("a", b"2")]) == [1]


async def test_the_hook_comes_before_each_call(inner: MemoryStore, clock: ManualClock) -> None:
    async def slowly(operation: str) -> None:
        await clock.sleep(2 if operation == "load" else 1)

    started = clock.now
    store = FaultyStore(inner, slowly)
    await store.append([rows("a", b"1")])
    await store.load("a")
    assert clock.now == started + 3


async def test_it_wraps_any_store(stores: Stores) -> None:
    await stores.create("a")
    store = FaultyStore(stores.store)
    store.fail("append", When.AFTER)
    with pytest.raises(InjectedError):
        await store.append([rows("a", b"1")])
    assert data_of(await stores.store.load("a")) == [b"1"]
