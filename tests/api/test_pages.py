"""The web app's files."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from collab.api import pages
from tests.api.conftest import HOST


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """What a build leaves: a page, a file beside it, hashed assets."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Notes</title>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("let a = 1;\n" * 500)
    (tmp_path / ".secret").mkdir()
    return tmp_path


def site(directory: Path | None) -> httpx.AsyncClient:
    app = Starlette(routes=pages.routes(directory))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=HOST)


async def test_the_page_is_served_for_the_list_and_for_notes(built: Path) -> None:
    """[HT18] `/` and `/notes/{id}` are the app, always asked for anew."""
    async with site(built) as http:
        for path in ("/", "/notes/abc", "/notes/team/plan", "/notes/a%2Fb"):
            response = await http.get(path)
            assert "<title>Notes" in response.text
            assert response.headers["Cache-Control"] == "no-cache"
            policy = response.headers["Content-Security-Policy"]
            assert "script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
        assert (await http.get("/favicon.svg")).text == "<svg/>"


async def test_hashed_files_are_kept_for_ever(built: Path) -> None:
    """[HT18] assets are immutable, compressed on the way."""
    async with site(built) as http:
        response = await http.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip"})
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.text == "let a = 1;\n" * 500


@pytest.mark.parametrize(
    "path",
    [
        "/assets/none.js",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/nothing",
        "/.secret",
    ],
)
async def test_nothing_else_is_served(built: Path, path: str) -> None:
    async with site(built) as http:
        assert (await http.get(path)).status_code == 404


async def test_people_astray_get_the_app(built: Path) -> None:
    """[HT18] an unknown path is 404, shown by the app to those who can read it."""
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    async with site(built) as http:
        lost = await http.get("/no/such/page", headers=browser)
        assert lost.status_code == 404
        assert "<title>Notes" in lost.text
        assert (await http.get("/api/nope", headers=browser)).text == "Not Found"


async def test_a_file_that_a_new_build_took_away(built: Path) -> None:
    """[HT18] is not found, which is no failure of the server."""
    async with site(built) as http:
        (built / "favicon.svg").unlink()
        assert (await http.get("/favicon.svg")).status_code == 404


async def test_without_a_build_the_page_says_how(client: httpx.AsyncClient) -> None:
    """[HT18] a missing build leaves the API working and the page telling."""
    async with site(None) as http:
        response = await http.get("/")
        assert response.status_code == 200
        assert "make serve" in response.text
    assert (await client.get("/api/documents")).status_code == 200
