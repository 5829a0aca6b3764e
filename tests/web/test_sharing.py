"""The app where the server knows who is who: tokens, links, and notes that one may only read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.support.server import ServerProcess
from tests.support.tokens import TOKEN_MODE, token
from tests.web.pages import NoteView, Visitors, create_note

pytestmark = pytest.mark.browser

REFUSED = ("status of 401", "status of 403")
"""What the browser itself says of a request that the server refused."""


@pytest.fixture(scope="module")
def guarded(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    data = tmp_path_factory.mktemp("guarded") / "data"
    with ServerProcess(data, TOKEN_MODE) as process:
        yield process


@pytest.fixture
async def visitors(browser: Browser, guarded: ServerProcess) -> AsyncIterator[Visitors]:
    visitors = Visitors(browser, guarded.url)
    yield visitors
    assert visitors.complaints == []


@pytest.fixture
async def ann() -> str:
    return token("ann", name="Ann Lee", create=True)


@pytest.fixture
async def note(guarded: ServerProcess, ann: str) -> str:
    headers = {"Authorization": f"Bearer {ann}"}
    async with httpx.AsyncClient(base_url=f"{guarded.url}/api", headers=headers) as rest:
        return await create_note(rest, "Plan")


async def make_link(page: Page, role: str) -> str:
    await page.get_by_test_id("share").click()
    await page.get_by_label("Who has the link").select_option(role)
    await page.get_by_test_id("make-link").click()
    return await page.get_by_test_id("made-link").input_value()


async def test_a_link_lets_in_as_far_as_it_goes(visitors: Visitors, ann: str, note: str) -> None:
    """[WB22] [WB23] a reader sees edits come and can make none; without the link there is
    nothing to see; once it is revoked the note is closed at once."""
    visitors.expected = REFUSED
    owner = NoteView(await visitors.page(f"/notes/{note}#token={ann}"))
    await owner.shows_status("saved")
    assert "token" not in owner.page.url
    await owner.place_caret(0)
    await owner.type("For all to read")
    await owner.shows_status("saved")
    link = await make_link(owner.page, "viewer")

    reader = NoteView(await visitors.page(link.removeprefix(visitors.url)))
    await reader.shows_lines(["For all to read"])
    await expect(reader.status).to_have_text("Read only")
    await expect(reader.text).to_have_attribute("contenteditable", "false")
    await expect(reader.title).not_to_be_editable()
    assert "link" not in reader.page.url
    await reader.page.reload()
    await reader.shows_lines(["For all to read"])
    await expect(reader.page.get_by_test_id("share")).to_have_count(0)

    stranger = await visitors.page(f"/notes/{note}")
    await expect(stranger.get_by_test_id("note-absent")).to_be_visible()

    await owner.page.get_by_test_id("revoke-link").click()
    await expect(reader.page.get_by_test_id("closed-banner")).to_be_visible()
    await expect(owner.page.get_by_test_id("revoke-link")).to_have_count(0)


async def test_a_link_to_edit_and_the_name_of_the_token(
    visitors: Visitors, ann: str, note: str
) -> None:
    """[WB23] who may edit by a link edits, and sees the others under their own names."""
    owner = NoteView(await visitors.page(f"/notes/{note}#token={ann}"))
    await owner.shows_status("saved")
    link = await make_link(owner.page, "editor")
    await owner.page.get_by_role("button", name="Done").click()
    guest = NoteView(await visitors.page(link.removeprefix(visitors.url)))
    await guest.shows_status("saved")
    await guest.place_caret(0)
    await guest.type("From a guest")
    await guest.shows_status("saved")
    await owner.shows_lines(["From a guest"])
    await expect(guest.page.get_by_test_id("peer")).to_have_count(1)
    await expect(guest.page.get_by_label("Ann Lee")).to_be_visible()
    await expect(owner.page.get_by_test_id("own-avatar")).to_have_attribute("data-initials", "AL")


async def test_the_list_without_a_token(visitors: Visitors) -> None:
    """[WB23] who is nobody is told what would let them in."""
    visitors.expected = REFUSED
    page = await visitors.page("/")
    await expect(page.get_by_test_id("list-error")).to_contain_text("signed in")


async def test_the_list_with_a_token(visitors: Visitors, ann: str, note: str) -> None:
    """[WB23] the list shows what the token's user may see."""
    page = await visitors.page(f"/#token={ann}")
    await expect(page.get_by_role("link", name="Plan").first).to_be_visible()
