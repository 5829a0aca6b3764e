"""What a person does and sees in the web app."""

from __future__ import annotations

import json
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, expect

WITHIN = 15_000
"""Milliseconds a page has. Only a failure ever takes that long."""

AWAY = ("net::ERR_", "WebSocket connection to")
"""What the browser itself says of a server that is away."""

LINES = """note => note === null ? null : [...note.children].map(
    block => block.textContent.replaceAll('\\u2060', '')).filter(line => line !== '')"""
"""The blocks of the editor; a word joiner stands in each caret of another."""


class Visitors:
    """Browser contexts, each another person's device."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self.url = url
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()

    async def device(self, **options: Any) -> BrowserContext:
        context = await self._browser.new_context(**options)
        context.set_default_timeout(WITHIN)
        return context

    async def page(self, path: str = "/", context: BrowserContext | None = None) -> Page:
        """A page of the app, on a device of its own unless one is given."""
        page = await (context or await self.device()).new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        await page.goto(self.url + path)
        return page

    async def note(self, note: str, context: BrowserContext | None = None) -> NoteView:
        view = NoteView(await self.page(f"/notes/{note}", context))
        await view.shows_status("saved")
        return view

    def _hear(self, message: ConsoleMessage) -> None:
        expected = any(part in message.text for part in self.expected)
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"{message.type}: {message.text}")


class NoteView:
    """A note that is open in a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.text = page.get_by_test_id("note-text")
        self.title = page.get_by_test_id("note-title")
        self.status = page.get_by_test_id("save-status")

    async def shows_status(self, *kinds: str) -> None:
        """Wait until the status is one of `kinds`."""
        wanted = ", ".join(f"[data-testid=save-status][data-status={kind}]" for kind in kinds)
        await expect(self.page.locator(wanted)).to_be_visible(timeout=WITHIN)

    async def place_caret(self, paragraph: int) -> None:
        """At the end of the nth paragraph."""
        await self.text.locator("p").nth(paragraph).click()
        await self.page.keyboard.press("End")

    async def type(self, words: str) -> None:
        await self.page.keyboard.type(words, delay=5)

    async def lines(self) -> list[str]:
        """The text of each block that has any."""
        lines: list[str] = await self.text.evaluate(LINES)
        return lines

    async def shows_lines(self, lines: list[str]) -> None:
        """Wait until the blocks read exactly so."""
        await self.page.wait_for_function(
            f"wanted => JSON.stringify(({LINES})(document.querySelector("
            "'[data-testid=note-text]'))) === wanted",
            arg=json.dumps(lines, ensure_ascii=False, separators=(",", ":")),
        )


async def create_note(rest: httpx.AsyncClient, title: str = "") -> str:
    created = await rest.post("/documents", json={"title": title, "kind": "note"})
    created.raise_for_status()
    return str(created.json()["id"])


async def export(rest: httpx.AsyncClient, note: str, form: str) -> str:
    response = await rest.get(f"/documents/{note}/content", params={"format": form})
    response.raise_for_status()
    return response.text
