"""Documents that their first peers make."""

from __future__ import annotations

import asyncio

import pytest

from collab.access import Access, Role
from collab.errors import DocumentNotFound
from collab.interfaces import Kind, StoredDocument
from collab.room.opening import Opener
from collab.room.room import Room
from tests.room.house import House

ANN = Access("ann", "Ann", Role.EDITOR, may_create=True)


async def test_a_load_from_before_a_document_was_made_is_not_believed(house: House) -> None:
    """[AC6] who joins it, having made the document meanwhile, looks again."""
    opener = Opener(house.registry, house.memory)
    real, loads = house.store.load, 0
    held, go = asyncio.Event(), asyncio.Event()

    async def load(document: str) -> StoredDocument:
        nonlocal loads
        loads += 1
        try:
            return await real(document)
        finally:
            if loads == 2:  # it has found nothing, and says so late
                held.set()
                await go.wait()

    house.store.load = load  # type: ignore[method-assign]
    create = house.memory.create

    async def create_late(*args: object) -> object:
        slow = asyncio.create_task(opener.open("new", ANN))
        await held.wait()
        made = await create(*args)  # type: ignore[arg-type]
        asyncio.get_running_loop().call_later(0.1, go.set)
        others.append(slow)
        house.memory.create = create  # type: ignore[method-assign]
        return made

    others: list[asyncio.Task[object]] = []
    house.memory.create = create_late  # type: ignore[assignment,method-assign]
    room = await opener.open("new", ANN)
    assert await others[0] is room
    assert loads == 3


async def test_a_load_that_has_ended_is_not_joined(house: House) -> None:
    """[RM12] who opens in the very step in which a load fails looks anew."""
    real, made = house.store.load, asyncio.Event()

    async def load(document: str) -> StoredDocument:
        try:
            return await real(document)
        finally:
            if not made.is_set():
                await house.memory.create("new", "", Kind.NOTE, "ann")
                made.set()

    async def open_then() -> Room:
        await made.wait()
        return await house.registry.open("new")

    house.store.load = load  # type: ignore[method-assign]
    later = asyncio.create_task(open_then())
    with pytest.raises(DocumentNotFound):
        await house.registry.open("new")
    assert (await later).document == "new"
