"""The list, the title, exports, themes and sizes."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Download, Page, expect

from tests.support.server import ServerProcess
from tests.web.pages import AWAY, NoteView, Visitors, create_note, export

pytestmark = pytest.mark.browser

PHONE = {"width": 360, "height": 740}

# A wide table, a long word and long code: what pushes pages wider than a phone.
WIDE = {
    "table": "<table><tr>" + "<td>quite a wide cell</td>" * 12 + "</tr></table>",
    "word": f"<p>{'w' * 300}</p>",
    "code": f"<pre><code>{'c' * 300}</code></pre>",
}


async def is_wider_than_its_window(page: Page) -> bool:
    wider: bool = await page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
    return wider


async def luminance(page: Page) -> float:
    """Of the page's background, 0 to 255."""
    colour = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


async def content_of(download: Download) -> str:
    path = await download.path()
    return await asyncio.to_thread(path.read_text, "utf-8")


async def test_a_note_from_the_list_and_back(
    server: ServerProcess, visitors: Visitors, rest: httpx.AsyncClient
) -> None:
    """[WB8] [WB9] made, named, found and opened again, all in the pages."""
    await create_note(rest, "Shopping")
    page = await visitors.page()
    await page.get_by_test_id("new-note").click()
    note = NoteView(page)
    await note.shows_status("saved")
    await note.title.fill("Harbour plan")
    await note.text.click()
    await note.type("# Piers\n[ ] two **new** lamps")
    await note.shows_status("saved")
    identity = page.url.rpartition("/notes/")[2]
    assert await export(rest, identity, "markdown") == "# Piers\n\n- [ ] two **new** lamps\n"
    assert (await rest.get(f"/documents/{identity}")).json()["title"] == "Harbour plan"

    await page.get_by_test_id("back").click()
    rows = page.get_by_test_id("note-row")
    await expect(rows.first).to_contain_text("Harbour plan")
    await page.get_by_label("Search notes").fill("harb")
    await expect(rows).to_have_count(1)
    await page.get_by_label("Search notes").fill("no such title")
    await expect(page.get_by_test_id("list-no-match")).to_be_visible()
    await page.get_by_label("Search notes").fill("")
    await expect(rows.filter(has_text="Shopping")).to_have_count(1)
    await rows.filter(has_text="Harbour plan").get_by_role("link").click()
    await note.shows_status("saved")
    await expect(note.text).to_contain_text("two new lamps")


async def test_tasks_are_typed_as_markdown_spells_them(
    server: ServerProcess, visitors: Visitors, rest: httpx.AsyncClient
) -> None:
    """[WB21] a box after a dash makes a task, a box in a task sets it."""
    identity = await create_note(rest, "Tasks")
    note = await visitors.note(identity)
    await note.text.click()
    await note.type("- milk\n[x] bread\nsalt\n[x] rice\n\n- [ ] eggs\n\n1. [x] one\n\n[y] no")
    await note.shows_status("saved")
    assert await export(rest, identity, "markdown") == (
        "- milk\n\n* [x] bread\n* [ ] salt\n* [x] rice\n* [ ] eggs\n* [x] one\n\n\\[y\\] no\n"
    )


async def test_the_export_menu_gives_what_rest_gives(
    server: ServerProcess, visitors: Visitors, rest: httpx.AsyncClient
) -> None:
    """[WB13] once every edit has its receipt."""
    identity = await create_note(rest, "Export me")
    note = await visitors.note(identity)
    await note.text.click()
    await note.type("## Part\n1. first\n")
    for item, form in (("Markdown", "markdown"), ("Web page", "html"), ("Plain text", "text")):
        await note.page.get_by_test_id("export-menu").click()
        async with note.page.expect_download() as download:
            await note.page.get_by_role("menuitem", name=item).first.click()
        assert await content_of(await download.value) == await export(rest, identity, form)


async def test_dark_mode_by_system_and_by_choice(
    server: ServerProcess, visitors: Visitors, rest: httpx.AsyncClient
) -> None:
    identity = await create_note(rest)
    light = await visitors.note(identity, await visitors.device(color_scheme="light"))
    dark = await visitors.note(identity, await visitors.device(color_scheme="dark"))
    assert await luminance(light.page) > 200 > 60 > await luminance(dark.page)
    await light.page.get_by_test_id("theme-menu").click()
    await light.page.get_by_role("menuitemradio", name="Dark").click()
    await expect(light.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await luminance(light.page) < 60
    await light.page.reload()
    assert await luminance(light.page) < 60, "the choice is remembered"


async def test_nothing_is_wider_than_a_phone(
    server: ServerProcess, visitors: Visitors, rest: httpx.AsyncClient
) -> None:
    identity = await create_note(rest, "A title that is rather long for a telephone " * 3)
    device = await visitors.device(viewport=PHONE, is_mobile=True, has_touch=True)
    listed = await visitors.page("/", device)
    await expect(listed.get_by_test_id("note-row").first).to_be_visible()
    assert not await is_wider_than_its_window(listed)
    note = await visitors.note(identity, device)
    await note.text.click()
    await note.text.evaluate(
        """(note, snippets) => {
            for (const html of snippets) {
                const clipboardData = new DataTransfer()
                clipboardData.setData('text/html', html)
                note.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
            }
        }""",
        list(WIDE.values()),
    )
    await note.shows_status("saved")
    await expect(note.text.locator("table")).to_have_count(1)
    assert not await is_wider_than_its_window(note.page)


async def test_an_id_that_names_no_note_is_said_to_be_none(
    server: ServerProcess, visitors: Visitors
) -> None:
    """[WB11] no editor opens for it."""
    visitors.expected = ("status of 400",)
    page = await visitors.page("/notes/no%20such%20id")
    await expect(page.locator(".notice")).to_be_visible()
    await expect(page.get_by_test_id("note-text")).to_have_count(0)


async def test_links_and_pictures(visitors: Visitors, rest: httpx.AsyncClient) -> None:
    """[WB14] what is no such address is refused where it is typed, until it is mended."""
    identity = await create_note(rest, "Addresses")
    note = await visitors.note(identity)
    tools = note.page.get_by_role("toolbar", name="Formatting")
    await note.text.click()

    await tools.get_by_role("button", name="Link").click()
    dialog = note.page.get_by_test_id("link-dialog")
    await dialog.get_by_label("Address").fill("javascript:alert(1)")
    await dialog.get_by_role("button", name="Save link").click()
    await expect(dialog.get_by_role("alert")).to_have_text("This is no web or mail address.")
    await dialog.get_by_label("Address").fill("harbour.example/piers")
    await expect(dialog.get_by_role("alert")).to_have_count(0)
    await dialog.get_by_role("button", name="Save link").click()
    await expect(dialog).to_have_count(0)

    await tools.get_by_role("button", name="Picture").click()
    dialog = note.page.get_by_test_id("image-dialog")
    await dialog.get_by_label("Address of the picture").fill("http://harbour.example/lamp.png")
    await dialog.get_by_role("button", name="Add picture").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("https://")
    visitors.expected = AWAY
    await note.page.route("https://harbour.example/*", lambda route: route.abort())
    await dialog.get_by_label("Address of the picture").fill("https://harbour.example/lamp.png")
    await dialog.get_by_label("What it shows").fill("A lamp")
    await dialog.get_by_role("button", name="Add picture").click()
    await expect(dialog).to_have_count(0)

    await note.shows_status("saved")
    text = await export(rest, identity, "markdown")
    assert "[harbour.example/piers](https://harbour.example/piers)" in text
    assert "![A lamp](https://harbour.example/lamp.png)" in text
