"""Content over REST, written by a peer and read in every format."""

from __future__ import annotations

import json

import httpx
import pycrdt
import pytest
from fastapi import FastAPI

from collab.api.content import negotiate
from collab.api.formats import ContentFormat
from collab.api.problems import NotAcceptableError
from collab.app import Service
from collab.errors import WorkerDied
from collab.interfaces import Format, Kind
from collab.protocol.messages import Update
from tests.api.writing import note, written
from tests.support.asgi import AsgiSocket


@pytest.mark.parametrize(
    ("form", "media_type", "holds"),
    [
        ("markdown", "text/markdown; charset=utf-8", "# Plan\n\nbuy <b>"),
        ("html", "text/html; charset=utf-8", "buy &lt;b&gt;"),
        ("text", "text/plain; charset=utf-8", "buy <b>"),
        ("json", "application/json", '"heading"'),
    ],
)
async def test_a_note_in_every_format(
    client: httpx.AsyncClient, app: FastAPI, form: str, media_type: str, holds: str
) -> None:
    """[HT9] `format` and Accept lead to the same content."""
    url = await written(app, "plan", note("buy <b>"))
    asked = await client.get(url, params={"format": form})
    assert asked.status_code == 200, asked.text
    assert asked.headers["Content-Type"] == media_type
    assert asked.text.replace("\\<", "<").startswith(holds) or holds in asked.text
    accepted = await client.get(url, headers={"Accept": media_type.partition(";")[0]})
    assert accepted.content == asked.content
    assert accepted.headers["Vary"] == "Accept"


async def test_the_update_is_what_a_yjs_client_can_apply(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    """[HT9] `update` is the document as one Yjs update."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    text = doc.get("content", type=pycrdt.Text)
    text += "one "
    first = doc.get_update()
    text += "two"
    url = await written(app, "raw", first, doc.get_update())
    response = await client.get(url, headers={"Accept": "application/octet-stream"})
    copy: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    copy.apply_update(response.content)
    assert str(copy.get("content", type=pycrdt.Text)) == "one two"


async def test_what_was_acknowledged_is_in_it(client: httpx.AsyncClient, app: FastAPI) -> None:
    """[HT10] a request after the receipt sees the edit, and a new ETag."""
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    text = doc.get("content", type=pycrdt.Text)
    seen: list[str] = []
    async with AsgiSocket(app, "/ws/live") as peer:
        for number in range(5):
            text += f"{number};"
            peer.send(Update(doc.get_update()))
            await peer.saved()
            response = await client.get(
                "/api/documents/live/content", params={"format": "text", "root": "content"}
            )
            assert response.text.strip() == str(text)
            seen.append(response.headers["ETag"])
    assert len(set(seen)) == 5


async def test_the_etag_is_the_sequence(client: httpx.AsyncClient, app: FastAPI) -> None:
    """[HT6] If-None-Match is 304 while nothing changed."""
    url = await written(app, "tagged", note("x"))
    response = await client.get(url)
    sequence = (await client.get("/api/documents/tagged")).json()["sequence"]
    assert response.headers["ETag"] == f'"{sequence}"'
    for tag in (f'"{sequence}"', f'W/"{sequence}"', f'"0", "{sequence}"', "*"):
        again = await client.get(url, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
    assert (await client.get(url, headers={"If-None-Match": '"0"'})).status_code == 200


async def test_a_page_has_the_title_of_its_document(
    client: httpx.AsyncClient, app: FastAPI
) -> None:
    """[HT6] content as HTML follows a new title, although the sequence does not move."""
    url = await written(app, "named", note("x"))
    url += "?format=html"
    first = await client.get(url)
    assert "<title></title>" in first.text
    await client.patch("/api/documents/named", json={"title": "Plan <B>"})
    again = await client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert "<title>Plan &lt;B&gt;</title>" in again.text


async def test_a_text_has_its_own_root(client: httpx.AsyncClient, app: FastAPI) -> None:
    made = (await client.post("/api/documents", json={"kind": "text"})).json()
    doc: pycrdt.Doc[pycrdt.Text] = pycrdt.Doc()
    doc.get("content", type=pycrdt.Text).insert(0, "let x = 1")
    url = await written(app, made["id"], doc.get_update())
    assert (await client.get(url, params={"format": "text"})).text.strip() == "let x = 1"


async def test_a_root_that_is_not_text_is_refused(client: httpx.AsyncClient, app: FastAPI) -> None:
    doc: pycrdt.Doc[pycrdt.Map[int]] = pycrdt.Doc()
    doc.get("board", type=pycrdt.Map)["a"] = 1
    url = await written(app, "board", doc.get_update())
    response = await client.get(url, params={"root": "board"})
    assert response.status_code == 422
    assert response.json()["type"] == "urn:collab:problem:unreadable"


async def test_html_is_inert_even_if_opened(client: httpx.AsyncClient, app: FastAPI) -> None:
    """[HT11] no script, no load, no sniffing, in the origin of the app."""
    url = await written(app, "inert", note("<script>alert(1)</script>"))
    response = await client.get(url, params={"format": "html"})
    assert "<script" not in response.text
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("title", "plain", "full"),
    [
        ("Plan", 'filename="Plan.md"', "filename*=UTF-8''Plan.md"),
        ('a/b"c', 'filename="a-b-c.md"', "filename*=UTF-8''a-b-c.md"),
        ("Grüße", 'filename="Gr__e.md"', "filename*=UTF-8''Gr%C3%BC%C3%9Fe.md"),
        ("..", 'filename="document.md"', "filename*=UTF-8''document.md"),
    ],
)
async def test_a_download_has_a_name(
    client: httpx.AsyncClient, title: str, plain: str, full: str
) -> None:
    """[HT12] `download` names the file after the title, whatever that holds."""
    made = (await client.post("/api/documents", json={"title": title})).json()
    response = await client.get(f"/api/documents/{made['id']}/content", params={"download": "1"})
    assert response.headers["Content-Disposition"] == f"attachment; {plain}; {full}"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, ContentFormat.MARKDOWN),
        ("*/*", ContentFormat.MARKDOWN),
        ("text/html,application/xhtml+xml,*/*;q=0.8", ContentFormat.HTML),
        ("text/*;q=0.5, application/json", ContentFormat.JSON),
        ("text/markdown;q=0, text/*", ContentFormat.HTML),
        ("text/plain;q=0.2, text/html;q=0.3", ContentFormat.HTML),
    ],
)
def test_the_accept_header_chooses(accept: str | None, form: ContentFormat) -> None:
    assert negotiate(accept) is form


@pytest.mark.parametrize("accept", ["image/png", "text/html;q=0", "text/html;q=x", "nonsense"])
def test_what_is_not_offered_is_not_acceptable(accept: str) -> None:
    with pytest.raises(NotAcceptableError):
        negotiate(accept)


async def test_406_names_what_there_is(client: httpx.AsyncClient, app: FastAPI) -> None:
    url = await written(app, "formats")
    response = await client.get(url, headers={"Accept": "image/png"})
    assert response.status_code == 406
    assert "text/markdown" in response.json()["detail"]
    assert (await client.get(url, params={"format": "docx"})).status_code == 422


async def test_a_dead_worker_is_a_clear_error(
    client: httpx.AsyncClient, app: FastAPI, service: Service
) -> None:
    """[HT14] content that no worker reads is 503, and worth a retry."""
    url = await written(app, "unread", note("x"))
    await service.worker.aclose()
    with pytest.raises(WorkerDied):
        await service.worker.render(b"\0\0", "default", Kind.NOTE, Format.TEXT)
    response = await client.get(url)
    assert response.status_code == 503
    assert response.json()["type"] == "urn:collab:problem:worker-failed"
    assert response.headers["Retry-After"] == "2"
    assert (await client.get(url, params={"format": "update"})).status_code == 200


async def test_json_is_the_tree(client: httpx.AsyncClient, app: FastAPI) -> None:
    url = await written(app, "tree", note("words"))
    tree = json.loads((await client.get(url, params={"format": "json"})).text)
    assert tree["type"] == "doc"
    assert [block["type"] for block in tree["content"]] == ["heading", "paragraph"]
