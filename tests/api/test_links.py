"""Share links over REST, in token mode."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from collab.access import Role
from collab.app import Service, create_app
from collab.settings import Settings, load_settings
from collab.storage.access_rules import MAX_LINKS
from tests.api.guarded import MODE, Guarded
from tests.support.tokens import token

ADA, EVE = token("ada"), token("eve")


def links(document: str, link: str = "") -> str:
    return f"/api/documents/{quote(document, safe='')}/links" + (f"/{link}" if link else "")


async def make(guarded: Guarded, document: str, **body: object) -> dict[str, Any]:
    response = await guarded.call(ADA, "POST", links(document), {"role": "viewer", **body})
    assert response.status_code == 201, response.text
    assert response.headers["Cache-Control"] == "no-store"
    made: dict[str, Any] = response.json()
    return made


async def listed(guarded: Guarded, document: str) -> list[dict[str, Any]]:
    response = await guarded.call(ADA, "GET", links(document))
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["links"]
    return found


async def test_whoever_has_the_token_has_the_role(guarded: Guarded) -> None:
    """[GR13] alone or beside a token, and in this document only."""
    document, other = await guarded.document("ada"), await guarded.document("ada")
    made = await make(guarded, document, role="editor")
    url = f"/api/documents/{document}"
    for bearer, path in ((made["token"], url), (EVE, f"{url}?link={made['token']}")):
        seen = await guarded.call(bearer, "GET", path)
        assert (seen.status_code, seen.json()["role"]) == (200, "editor")
        assert (await guarded.call(bearer, "PATCH", path, {"title": "x"})).status_code == 200
        assert (await guarded.call(bearer, "DELETE", path)).status_code == 403
        assert (await guarded.call(bearer, "GET", links(document))).status_code == 403
    assert (await guarded.call(EVE, "GET", url)).status_code == 403
    assert (await guarded.call(made["token"], "GET", f"/api/documents/{other}")).status_code == 403
    found = (await guarded.call(made["token"], "GET", "/api/documents")).json()["documents"]
    assert [info["id"] for info in found] == [document]


async def test_a_link_lends_no_more_than_its_role(guarded: Guarded) -> None:
    """[GR13] and takes nothing from who has more."""
    document = await guarded.document("ada")
    made = await make(guarded, document)
    url = f"/api/documents/{document}?link={made['token']}"
    assert (await guarded.call(ADA, "GET", url)).json()["role"] == "owner"
    assert (await guarded.call(EVE, "GET", url)).json()["role"] == "viewer"
    assert (await guarded.call(EVE, "PATCH", url, {"title": "x"})).status_code == 403


async def test_the_token_is_told_once(
    guarded: Guarded, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """[GR14] it is not in the list, not in the database and not in a log."""
    caplog.set_level(logging.DEBUG)
    document = await guarded.document("ada")
    made = await make(guarded, document, name="  For  the board ")
    secret = made["token"].partition(".")[2]
    assert len(secret) >= 43
    assert made["url"] == f"http://127.0.0.1:8000/notes/{document}#link={made['token']}"
    shown = {key: value for key, value in made.items() if key not in ("token", "url")}
    assert shown["name"] == "For the board"
    assert await listed(guarded, document) == [shown]
    await guarded.call(made["token"], "GET", f"/api/documents/{document}")
    await guarded.call(EVE, "GET", f"/api/documents/{document}?link={made['token']}")
    stored = b"".join(path.read_bytes() for path in database_files(settings.data_dir))
    assert shown["id"].encode() in stored
    assert secret.encode() not in stored
    told = [record.getMessage() + str(record.__dict__) for record in caplog.records]
    assert told
    # What the test itself sends is logged by its own client.
    assert not [line for line in told if secret in line and "httpx" not in line]
    assert (await make(guarded, document))["token"] != made["token"]


def database_files(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_file()]


async def test_a_revoked_link_is_over(guarded: Guarded) -> None:
    """[GR15] for requests and sockets alike, for good; it stays in the list."""
    document = await guarded.document("ada")
    made = await make(guarded, document)
    kept = await make(guarded, document)
    async with (
        guarded.socket(document, made["token"]) as socket,
        guarded.socket(document, kept["token"]) as other,
    ):
        revoked = await guarded.call(ADA, "DELETE", links(document, made["id"]))
        assert revoked.status_code == 204
        assert (await socket.closed())[0] == 4401
        await other.saved()
    refused = await guarded.call(made["token"], "GET", f"/api/documents/{document}")
    assert refused.status_code == 401
    assert (await guarded.call(ADA, "DELETE", links(document, made["id"]))).status_code == 204
    newest, first = await listed(guarded, document)
    assert (newest["id"], newest["revoked"]) == (kept["id"], None)
    assert first["revoked"] is not None
    for unknown in ("x", kept["id"] + "0", "%00", "%FF"):
        gone = await guarded.call(ADA, "DELETE", links(document, unknown))
        assert (gone.status_code, gone.json()["type"]) == (404, "urn:collab:problem:no-such-entry")


async def test_a_link_of_another_document_is_not_revoked(guarded: Guarded) -> None:
    """[GR15] owning one document does not help with another's."""
    document = await guarded.document("ada")
    made = await make(guarded, document)
    mine = await guarded.document("eve")
    gone = await guarded.call(EVE, "DELETE", links(mine, made["id"]))
    assert gone.status_code == 404
    assert (await listed(guarded, document))[0]["revoked"] is None


NO_LINKS: list[dict[str, object]] = [
    {"role": "owner"},
    {},
    {"role": "viewer", "expires": "2020-01-01T00:00:00Z"},
    {"role": "viewer", "expires": "2999-01-01T00:00:00"},
    {"role": "viewer", "expires": "2999-01-01"},
    {"role": "viewer", "expires": "9999-12-31T23:59:59-23:59"},
    {"role": "viewer", "expires": 4102444800},
    {"role": "viewer", "expires": "4102444800"},
    {"role": "viewer", "expires": True},
    {"role": "viewer", "expires": ""},
    {"role": "viewer", "expires": {}},
    {"role": "viewer", "name": "x" * 101},
    {"role": "viewer", "name": "a\u202eb"},
    {"role": "viewer", "name": "a\0b"},
    {"role": "viewer", "name": "\ud800"},
    {"role": "viewer", "name": 1},
    {"role": "viewer", "secret": "x"},
]


async def test_a_link_has_an_end(guarded: Guarded) -> None:
    """[GR16] in ISO 8601; it is told in UTC."""
    document = await guarded.document("ada")
    for zone in ("2999-01-01T00:00:00Z", "2999-01-01T02:00:00+02:00", "2999-01-01T00:00:00.000Z"):
        made = await make(guarded, document, expires=zone)
        assert made["expires"] == "2999-01-01T00:00:00.000Z"
    assert (await make(guarded, document, expires=None))["expires"] is None


async def test_what_is_no_link(guarded: Guarded) -> None:
    """[GR16] an owner's role, a time that is past or has no zone, an unfit name: 422."""
    document = await guarded.document("ada")
    for body in NO_LINKS:
        response = await guarded.call(ADA, "POST", links(document), body)
        assert response.status_code == 422
        (fault,) = response.json()["errors"]
        assert fault["pointer"].startswith("#/")
    assert await listed(guarded, document) == []


async def test_a_link_ends_by_itself(guarded: Guarded) -> None:
    """[GR16] what is past its end lets nobody in, and counts as revoked ones do."""
    document = await guarded.document("ada")
    over = await guarded.link(document, Role.EDITOR, guarded.service.clock.time())
    assert (await guarded.call(over, "GET", f"/api/documents/{document}")).status_code == 401
    async with guarded.socket(document, over) as socket:
        assert (await socket.closed())[0] == 4401
    beside = await guarded.call(EVE, "GET", f"/api/documents/{document}?link={over}")
    assert beside.status_code == 403


async def test_a_document_takes_so_many_links(guarded: Guarded) -> None:
    """[GR4] in use; a revoked one makes room."""
    document = await guarded.document("ada")
    made = await make(guarded, document)
    for _ in range(MAX_LINKS - 1):
        await guarded.link(document, Role.VIEWER)
    full = await guarded.call(ADA, "POST", links(document), {"role": "viewer"})
    assert full.status_code == 409
    assert full.json()["type"] == "urn:collab:problem:too-many-entries"
    await guarded.call(ADA, "DELETE", links(document, made["id"]))
    await make(guarded, document)


@pytest.mark.parametrize(
    ("overrides", "headers", "expected"),
    [
        ({}, {"Host": "localhost:99"}, "http://localhost:99/notes/team/a~b"),
        ({"public_url": "https://n.example/"}, {}, "https://n.example/notes/team/a~b"),
        ({"public_url": "https://n.example/sub"}, {}, "https://n.example/sub/notes/team/a~b"),
        ({"notes_app": False}, {}, None),
    ],
)
async def test_the_page_of_a_link(
    tmp_path: Path, overrides: dict[str, Any], headers: dict[str, str], expected: str | None
) -> None:
    """[GR14] is where clients reach the server, if it serves pages at all."""
    locked = load_settings(data_dir=tmp_path / "d", document_workers=1, **MODE, **overrides)
    service = Service(locked)
    app = create_app(locked, service)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http,
    ):
        guarded = Guarded(app, service, http)
        owner = token("ada", {"team/*": Role.OWNER}, create=True)
        async with guarded.socket("team/a~b", owner) as socket:
            await socket.saved()
        made = (
            await http.post(
                links("team/a~b"),
                json={"role": "viewer"},
                headers={"Authorization": f"Bearer {owner}", **headers},
            )
        ).json()
        page = None if expected is None else f"{expected}#link={made['token']}"
        assert made["url"] == page
