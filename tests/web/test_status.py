"""The status tells the truth: what is said to be saved is saved."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.async_api import expect

from tests.support.server import ServerProcess
from tests.web.pages import AWAY, Visitors, create_note, export

pytestmark = pytest.mark.browser


@contextmanager
def no_commits(server: ServerProcess) -> Iterator[None]:
    """Hold the database's only write lock: every commit of the server fails until the end."""
    database = sqlite3.connect(server.data_dir / "collab.db", isolation_level=None, timeout=15)
    try:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")
    finally:
        database.close()


async def test_saved_is_not_said_while_commits_are_impossible(
    server: ServerProcess, visitors: Visitors, rest: httpx.AsyncClient
) -> None:
    """[WB1] the connection stands, and still nothing is called saved before the commit."""
    note = await create_note(rest)
    ann = await visitors.note(note)
    await ann.text.click()
    with no_commits(server):
        await ann.type("not yet on any disk")
        await ann.shows_status("saving")
        await ann.shows_status("unsaved")
        await expect(ann.status).to_contain_text("Not saved yet")
        assert "not yet" not in await export(rest, note, "text")
    await ann.shows_status("saved")
    assert await export(rest, note, "text") == "not yet on any disk\n"


async def test_a_server_that_stops_and_comes_back(
    server: ServerProcess, visitors: Visitors, rest: httpx.AsyncClient
) -> None:
    """[WB1] [WB4] edits made meanwhile are unsaved, survive a reload, and are saved after."""
    note = await create_note(rest)
    device = await visitors.device()
    ann = await visitors.note(note, device)
    await ann.text.click()
    await ann.type("before")
    await ann.shows_status("saved")
    visitors.expected = AWAY
    assert server.terminate() == 0
    await ann.shows_status("offline")
    await ann.type(", meanwhile")
    await expect(ann.status).to_contain_text("edits kept")
    await ann.page.reload()
    await ann.shows_lines(["before, meanwhile"])
    await expect(ann.status).not_to_contain_text("Saved")
    server.restart()
    await ann.shows_status("saved")
    assert await export(rest, note, "text") == "before, meanwhile\n"


async def test_a_deleted_note_is_said_to_be_deleted(
    server: ServerProcess, visitors: Visitors, rest: httpx.AsyncClient
) -> None:
    """[WB6] a permanent close ends the editing, and the text stays readable."""
    note = await create_note(rest)
    ann = await visitors.note(note)
    await ann.text.click()
    await ann.type("kept on this device")
    await ann.shows_status("saved")
    (await rest.delete(f"/documents/{note}")).raise_for_status()
    await ann.shows_status("closed")
    await expect(ann.page.get_by_test_id("closed-banner")).to_be_visible()
    await ann.shows_lines(["kept on this device"])
    await expect(ann.text).to_have_attribute("contenteditable", "false")
