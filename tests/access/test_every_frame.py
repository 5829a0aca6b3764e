"""Role x wire x kind of frame x before and after the rights end: what is refused changes
neither the log nor what others see."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI

from collab.access import Access, Link, Role
from collab.app import Service, create_app
from collab.auth.links import mint_link_secret
from collab.interfaces import Kind as DocumentKind
from collab.protocol.awareness import AwarenessEntry
from collab.protocol.messages import (
    AwarenessUpdate,
    Denied,
    Receipt,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from collab.settings import load_settings
from tests.access.wires import EMPTY_STATE, LARGE, WRITES, Kind, Subject, Wire
from tests.room.house import Peer
from tests.support.edits import Author, text_of
from tests.support.tokens import TOKEN_MODE, token

WATCHER = 1
"""The client id that the watcher shows itself under."""

HARMLESS = tuple(kind for kind in Kind if kind not in (*WRITES, Kind.SERVERS_OWN))
"""What closes nobody who may be there."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a peer came to its role."""

    role: Role
    link: bool

    def __str__(self) -> str:
        return f"{self.role}{' by link' if self.link else ''}"


WAYS = [
    *(Way(role, link=False) for role in Role),
    *(Way(role, link=True) for role in (Role.EDITOR, Role.COMMENTER, Role.VIEWER)),
]


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    for name in list(os.environ):
        if name.startswith("COLLAB_"):
            monkeypatch.delenv(name)
    for name, value in TOKEN_MODE.items():
        monkeypatch.setenv(name, value)
    return Service(load_settings(data_dir=tmp_path / "data", document_workers=1))


@pytest.fixture
async def app(service: Service) -> AsyncIterator[FastAPI]:
    application = create_app(service.settings, service)
    async with application.router.lifespan_context(application):
        yield application


class Cell:
    """A document with a watcher in it, who owns it, and a subject with rights of its own."""

    def __init__(self, service: Service, app: FastAPI, wire: Wire, way: Way) -> None:
        self.document = f"{wire.name.lower()}/{way.role}/{way.link}"
        self._service = service
        self._app = app
        self._wire = wire
        self._way = way
        self._link = ""

    async def prepare(self) -> None:
        catalog = self._service.catalog
        await catalog.create(self.document, "", DocumentKind.TEXT, "watcher")
        room = await self._service.registry.open(self.document)
        self.room = room
        self.watcher = Peer(room, "watcher", Role.OWNER)
        await self.watcher.sync()
        await self.watcher.show(WATCHER, 1, '{"caret":0}')
        self._author = Author(WATCHER)

    async def subject(self, seconds: float = 3600) -> Subject:
        """Comes by a grant or a link, which ends by itself after `seconds`."""
        service, way = self._service, self._way
        if way.link:
            secret, hashed = mint_link_secret(service.random)
            now = service.clock.time()
            self._link = self.document.replace("/", "-")
            link = Link(self._link, self.document, way.role, "", "watcher", now, now + seconds)
            await service.links.add(link, hashed)
            return Subject(self._app, self._wire, self.document, secret)
        await service.grants.put(self.document, "subject", way.role, "watcher")
        bearer = token("subject", seconds=seconds)
        return Subject(self._app, self._wire, self.document, bearer)

    async def revoke(self) -> None:
        if self._way.link:
            await self._service.links.revoke(self.document, self._link)
        else:
            await self._service.grants.remove(self.document, "subject")
        self._service.live.changed(self.document)

    async def downgrade(self) -> None:
        await self._service.grants.put(self.document, "subject", Role.VIEWER, "watcher")
        self._service.live.changed(self.document)

    async def sequence(self) -> int:
        return (await self._service.catalog.find(self.document)).sequence

    async def text(self) -> str:
        update, _ = await self.room.content()
        return text_of(update)

    async def watcher_writes(self) -> bytes:
        """An edit of the watcher's, after which whatever came before it is committed too."""
        update = self._author.write("seen by all. ")
        await self.watcher.write(update)
        await eventually(lambda: self.room.log.size > 0 and self.room.unsaved_since is None)
        return update


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what it waits for tells nobody
            await asyncio.sleep(0.005)


def foreign(entries: list[AwarenessEntry]) -> list[AwarenessEntry]:
    return [entry for entry in entries if entry.client == WATCHER]


async def each_way(
    service: Service, app: FastAPI, wire: Wire, play: Callable[[Cell], Awaitable[None]]
) -> None:
    """All ways side by side: some of them wait for the clock."""
    cells = [Cell(service, app, wire, way) for way in WAYS]
    for cell in cells:
        await cell.prepare()
    await asyncio.gather(*(play(cell) for cell in cells))


async def answered(subject: Subject) -> None:
    """Wait until everything that was said before has had its effect."""
    if subject.wire is Wire.HOCUSPOCUS:
        count = len(subject.told.of(SyncStep2))
        subject.say(SyncStep1(EMPTY_STATE))
        await subject.until(lambda told: len(told.of(SyncStep2)) > count or subject.refused)
    else:
        count = len(subject.told.of(SyncStatus))
        subject.say(SyncStatus(b"\2"))
        await subject.until(lambda told: len(told.of(SyncStatus)) > count or subject.refused)


async def nothing_comes_of(cell: Cell, subject: Subject) -> None:
    """Every kind of frame from who may do nothing: no trace in the log, none with others, and
    no word of what others do."""
    before = await cell.sequence()
    cell.watcher.heard()  # what led here
    subject.told.messages.clear()
    for kind in Kind:
        subject.try_kind(kind, WATCHER)
    update = await cell.watcher_writes()
    assert await cell.sequence() == before + 1
    heard = cell.watcher.heard()
    assert [m.update for m in heard if isinstance(m, Update)] == [update]
    assert not [m for m in heard if isinstance(m, AwarenessUpdate)]
    assert not subject.told.of(Update)
    assert not subject.told.of(SyncStep2)
    assert not subject.told.of(AwarenessUpdate)
    assert not subject.told.of(Stateless)
    assert all(not receipt.accepted for receipt in subject.told.of(Receipt))


@pytest.mark.parametrize("wire", Wire)
async def test_writers_write_and_readers_do_not(service: Service, app: FastAPI, wire: Wire) -> None:
    """[ID1] [RM24] every kind of write, by every role: in the log and with others, or nowhere;
    presence and reading for all; nobody speaks for another."""

    async def play(cell: Cell) -> None:
        async with await cell.subject() as subject:
            subject.say(SyncStep1(EMPTY_STATE))
            await subject.until(lambda told: bool(told.of(SyncStep2)))
            for kind in (*WRITES, *HARMLESS):
                subject.try_kind(kind, WATCHER)
            await answered(subject)
            assert not subject.refused
            await cell.watcher_writes()
            expect(cell, subject, await cell.sequence(), await cell.text())

    def expect(cell: Cell, subject: Subject, sequence: int, text: str) -> None:
        heard = cell.watcher.heard()
        states = [e for m in heard if isinstance(m, AwarenessUpdate) for e in m.entries]
        assert [e.state for e in foreign(states)] == ['{"caret":0}']
        assert [e.client for e in states if e.client != WATCHER] == [7]
        assert "stolen" not in str(subject.told.messages)
        if cell._way.role.may_write:
            assert all(part in text for part in ("small. ", "step. ", "x" * LARGE))
            assert not subject.told.of(Denied)
            assert all(receipt.accepted for receipt in subject.told.of(Receipt))
        else:
            assert text == "seen by all. "
            assert sequence == 1
            refused = len(subject.told.of(Denied)) + len(
                [r for r in subject.told.of(Receipt) if not r.accepted]
            )
            assert refused == len(WRITES)
            assert [m for m in heard if isinstance(m, Update)] != []

    await each_way(service, app, wire, play)


@pytest.mark.parametrize("wire", Wire)
async def test_nothing_comes_of_frames_after_revocation(
    service: Service, app: FastAPI, wire: Wire
) -> None:
    """[ID1] [GR1] once a grant or a link is taken back, no frame of any kind does anything."""

    async def play(cell: Cell) -> None:
        async with await cell.subject() as subject:
            subject.try_kind(Kind.OWN_PRESENCE, WATCHER)
            subject.try_kind(Kind.STEP_1, WATCHER)
            await subject.until(lambda told: bool(told.of(SyncStep2)))
            await cell.revoke()
            await subject.until(lambda told: subject.refused)
            gone: list[AwarenessEntry] = []
            while not gone:
                gone = [entry for entry in cell.watcher.presence() if entry.state is None]
                await asyncio.sleep(0.01)
            assert [e.client for e in gone] == [7]
            await nothing_comes_of(cell, subject)

    await each_way(service, app, wire, play)


@pytest.mark.parametrize("wire", Wire)
async def test_nothing_comes_of_frames_after_expiry(
    service: Service, app: FastAPI, wire: Wire
) -> None:
    """[ID1] once a token or a link is over, no frame of any kind does anything."""

    async def play(cell: Cell) -> None:
        async with await cell.subject(seconds=2) as subject:
            subject.try_kind(Kind.STEP_1, WATCHER)
            await subject.until(lambda told: bool(told.of(SyncStep2)))
            await subject.until(lambda told: subject.refused)
            await nothing_comes_of(cell, subject)

    await each_way(service, app, wire, play)


@pytest.mark.parametrize("wire", Wire)
async def test_strangers_do_nothing(service: Service, app: FastAPI, wire: Wire) -> None:
    """[ID1] who has no right in the document, or no valid token, is refused and unheard."""
    bearers = {
        "no token": "",
        "no right": token("stranger"),
        "another document": token("stranger", {"other": Role.OWNER}),
        "expired": token("subject", {"*": Role.OWNER}, seconds=-60),
        "not a token": "a.b.c",
        "not a link": "collab-link." + "x" * 43,
    }
    cell = Cell(service, app, wire, WAYS[0])
    await cell.prepare()
    for bearer in bearers.values():
        async with Subject(app, wire, cell.document, bearer) as subject:
            await subject.until(lambda told: told.code is not None or bool(told.refusals))
            await nothing_comes_of(cell, subject)


@pytest.mark.parametrize("wire", Wire)
async def test_a_downgrade_holds_from_the_next_frame_on(
    service: Service, app: FastAPI, wire: Wire
) -> None:
    """[ID1] [RM24] a writer who becomes a reader stays, and its edits are refused, those that a
    worker was looking at included."""

    async def play(cell: Cell) -> None:
        if cell._way.link or not cell._way.role.may_write:
            return
        async with await cell.subject() as subject:
            subject.try_kind(Kind.UPDATE, WATCHER)
            await answered(subject)
            await cell.watcher_writes()
            await cell.downgrade()
            await eventually(lambda: is_reader(cell))
            before = await cell.text()
            for kind in (*WRITES, *HARMLESS):
                subject.try_kind(kind, WATCHER)
            await answered(subject)
            assert await cell.text() == before
            assert "small. " in before
            assert not subject.refused
            await eventually(lambda: any(e.client == 7 for e in cell.watcher.presence()))

    def is_reader(cell: Cell) -> bool:
        (session,) = [s for s in cell.room.sessions if s.access.user == "subject"]
        return session.access.role is Role.VIEWER

    await each_way(service, app, wire, play)


async def test_rights_that_end_while_an_update_is_looked_at(service: Service, app: FastAPI) -> None:
    """[ID1] [RM24] a large update is in a worker when its author loses the right: it is not
    taken."""
    cell = Cell(service, app, Wire.YJS, WAYS[0])
    await cell.prepare()
    async with await cell.subject() as subject:
        subject.try_kind(Kind.STEP_1, WATCHER)
        await subject.until(lambda told: bool(told.of(SyncStep2)))
        (session,) = [s for s in cell.room.sessions if s.access.user == "subject"]
        subject.try_kind(Kind.LARGE, WATCHER)
        session.access = Access("subject", "Subject", Role.VIEWER, may_create=False)
        await answered(subject)
        assert len(subject.told.of(Denied)) == 1
        assert await cell.text() == ""
