"""Whom the server takes the caller for."""

from __future__ import annotations

import httpx
import pytest

from collab.access import Role
from tests.api.guarded import Guarded
from tests.support.tokens import token


async def test_a_guest_of_open_mode(client: httpx.AsyncClient) -> None:
    """[GR17] may create, and has no end."""
    me = (await client.get("/api/me")).json()
    assert me["user"].startswith("guest-")
    assert me["name"].startswith("Guest ")
    assert (me["mode"], me["may_create"], me["expires"]) == ("open", True, None)


@pytest.mark.parametrize("may_create", [True, False])
async def test_the_bearer_of_a_token(guarded: Guarded, may_create: bool) -> None:
    """[GR17] is who the token says, until it ends."""
    response = await guarded.call(token("ada", create=may_create), "GET", "/api/me")
    me = response.json()
    assert (me["user"], me["name"], me["mode"]) == ("ada", "Ada", "token")
    assert me["may_create"] is may_create
    assert me["expires"].endswith("Z")
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_token_that_ends_after_the_last_year(guarded: Guarded) -> None:
    """[GR17] is told as well as a text can."""
    late = token("ada", seconds=float(2**52))
    assert (await guarded.call(late, "GET", "/api/me")).json()["expires"].startswith("9999-12-31")


async def test_the_visitor_of_a_link(guarded: Guarded) -> None:
    """[GR17] is a guest who may create nothing."""
    link = await guarded.link(await guarded.document(), Role.EDITOR)
    me = (await guarded.call(link, "GET", "/api/me")).json()
    assert (me["mode"], me["may_create"], me["expires"]) == ("token", False, None)
    assert (await guarded.call(None, "GET", "/api/me")).status_code == 401


async def test_a_document_tells_the_callers_role(guarded: Guarded) -> None:
    """[GR18] where one is asked for; lists leave it out."""
    document = await guarded.document("ada")
    ada = token("ada", create=True)
    url = f"/api/documents/{document}"
    assert (await guarded.call(ada, "GET", url)).json()["role"] == "owner"
    assert (await guarded.call(ada, "PATCH", url, {"title": "x"})).json()["role"] == "owner"
    assert (await guarded.call(ada, "POST", "/api/documents", {})).json()["role"] == "owner"
    for role in (Role.VIEWER, Role.COMMENTER, Role.EDITOR, Role.OWNER):
        seen = await guarded.call(token("eve", {document: role}), "GET", url)
        assert seen.json()["role"] == role
    listed = (await guarded.call(ada, "GET", "/api/documents")).json()["documents"]
    assert [info["role"] for info in listed] == [None, None]


async def test_lists_hold_what_the_caller_may_see(guarded: Guarded) -> None:
    """[GR8] own documents, granted ones, those of the token's patterns and of a link."""
    mine, granted, lent, other = [await guarded.document(user) for user in ("ada", *"bob")]
    await guarded.service.grants.put(granted, "ada", Role.VIEWER, "bob")
    link = await guarded.link(lent, Role.VIEWER)

    async def seen(bearer: str, path: str = "/api/documents") -> set[str]:
        documents = (await guarded.call(bearer, "GET", path)).json()["documents"]
        return {info["id"] for info in documents}

    assert await seen(token("ada")) == {mine, granted}
    assert await seen(token("ada"), f"/api/documents?link={link}") == {mine, granted, lent}
    assert await seen(link) == {lent}
    assert await seen(token("eve")) == set()
    assert await seen(token("eve", {f"{other[:-1]}*": Role.VIEWER})) == {other}
    assert await seen(token("eve", {"*": Role.VIEWER})) == {mine, granted, lent, other}
