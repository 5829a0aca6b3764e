"""Grants over REST, in token mode."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from collab.access import Role
from collab.errors import StorageError
from collab.protocol.messages import SyncStatus
from collab.storage import access_rules
from tests.api.guarded import Guarded
from tests.support.tokens import token

ADA, BOB = token("ada"), token("bob")


def grants(document: str, user: str = "") -> str:
    return f"/api/documents/{document}/grants" + (f"/{user}" if user else "")


async def put(guarded: Guarded, document: str, user: str, role: str) -> httpx.Response:
    return await guarded.call(ADA, "PUT", grants(document, user), {"role": role})


async def listed(guarded: Guarded, document: str) -> dict[str, Any]:
    response = await guarded.call(ADA, "GET", grants(document))
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


async def test_a_grant_opens_the_document(guarded: Guarded) -> None:
    """[GR9] at once, for everything that the role may; it is listed with who gave it."""
    document = await guarded.document("ada")
    url = f"/api/documents/{document}"
    assert (await guarded.call(BOB, "GET", url)).status_code == 403
    given = await put(guarded, document, "bob", "editor")
    assert given.status_code == 200
    assert set(given.json()) == {"user", "role", "by", "created"}
    assert (await listed(guarded, document)) == {"owner": "ada", "grants": [given.json()]}
    assert given.json() | {"created": None} == {
        "user": "bob",
        "role": "editor",
        "by": "ada",
        "created": None,
    }
    seen = await guarded.call(BOB, "GET", url)
    assert (seen.status_code, seen.json()["role"]) == (200, "editor")
    assert (await guarded.call(BOB, "PATCH", url, {"title": "Ours"})).status_code == 200


async def test_a_second_grant_changes_the_first(guarded: Guarded) -> None:
    """[GR9] and taking it back leaves nothing."""
    document = await guarded.document("ada")
    await put(guarded, document, "bob", "editor")
    await put(guarded, document, "bob", "viewer")
    assert [g["role"] for g in (await listed(guarded, document))["grants"]] == ["viewer"]
    assert (await guarded.call(ADA, "DELETE", grants(document, "bob"))).status_code == 204
    gone = await guarded.call(ADA, "DELETE", grants(document, "bob"))
    assert (gone.status_code, gone.json()["type"]) == (404, "urn:collab:problem:no-such-entry")
    assert (await listed(guarded, document))["grants"] == []
    assert (await guarded.call(BOB, "GET", f"/api/documents/{document}")).status_code == 403


async def test_an_owner_by_grant_owns(guarded: Guarded) -> None:
    """[GR10] shares and deletes like the creator, who stays an owner whatever others do."""
    document = await guarded.document("ada")
    await put(guarded, document, "bob", "owner")
    assert (
        await guarded.call(BOB, "PUT", grants(document, "eve"), {"role": "viewer"})
    ).status_code == 200
    for body, method in (({"role": "viewer"}, "PUT"), (None, "DELETE")):
        refused = await guarded.call(BOB, method, grants(document, "ada"), body)
        assert refused.status_code == 403
        assert "created the document" in refused.json()["detail"]
    assert (await put(guarded, document, "ada", "owner")).status_code == 403
    assert (await guarded.call(ADA, "DELETE", grants(document, "bob"))).status_code == 204
    assert (await guarded.call(BOB, "GET", grants(document))).status_code == 403


USERS = {
    "auth0%7Cb%C3%BCb": "auth0|büb",
    "a%2Fb": "a/b",
    "%2E%2E%2F%2e": "../.",
    "100%25": "100%",
    "%F0%9F%98%80": "\U0001f600",
    "x" * 255: "x" * 255,
    "%C3%BC" * 255: "ü" * 255,
}
NO_USERS = ["%00", "a%0Ab", "%7F", "%C2%85", "%FF", "%C3", "%ED%A0%80", "x" * 256, "%20bob", "a%20"]


async def test_users_have_any_id_that_a_token_may_give(guarded: Guarded) -> None:
    """[GR11] one percent-encoded segment, decoded once."""
    document = await guarded.document("ada")
    for sent, user in USERS.items():
        # As it is: httpx would decode what need not be encoded.
        url = httpx.URL("http://127.0.0.1:8000/").copy_with(
            raw_path=f"{grants(document)}/{sent}".encode()
        )
        headers = {"Authorization": f"Bearer {ADA}"}
        response = await guarded.http.put(url, json={"role": "viewer"}, headers=headers)
        assert response.status_code == 200
        assert response.json()["user"] == user
        seen = await guarded.call(token(user), "GET", f"/api/documents/{document}")
        assert (seen.status_code, seen.json()["role"]) == (200, "viewer")


async def test_what_no_token_may_give_is_no_user(guarded: Guarded) -> None:
    """[GR11] nor is what is not UTF-8; nothing is stored."""
    document = await guarded.document("ada")
    for sent in NO_USERS:
        response = await put(guarded, document, sent, "viewer")
        assert response.status_code == 422
        (fault,) = response.json()["errors"]
        assert fault["parameter"] == "user"
    assert (await listed(guarded, document))["grants"] == []


async def test_a_grant_is_a_role_and_nothing_else(guarded: Guarded) -> None:
    """[GR9] other fields are refused rather than passed over."""
    document = await guarded.document("ada")
    bodies: list[object] = [
        {},
        {"role": "admin"},
        {"role": None},
        {"role": ["owner"]},
        {"role": "viewer", "by": "eve"},
        [],
    ]
    for body in bodies:
        response = await guarded.call(ADA, "PUT", grants(document, "bob"), body)
        assert response.status_code == 422
    assert (await listed(guarded, document))["grants"] == []


async def test_a_document_takes_so_many_grants(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[GR4] then it answers 409, which says how many."""
    monkeypatch.setattr(access_rules, "MAX_GRANTS", 3)
    document = await guarded.document("ada")
    for number in range(3):
        assert (await put(guarded, document, f"u{number}", "viewer")).status_code == 200
    response = await put(guarded, document, "bob", "viewer")
    assert response.status_code == 409
    assert response.json()["type"] == "urn:collab:problem:too-many-entries"
    assert "3 grants" in response.json()["detail"]
    assert (await put(guarded, document, "u0", "editor")).status_code == 200


async def test_nobody_gives_roles_in_what_is_not_there(guarded: Guarded) -> None:
    """[GR3] not even an owner of everything; a deleted document is as good as none."""
    everything = token("root", {"*": Role.OWNER})
    gone = await guarded.document("ada")
    assert (await guarded.call(ADA, "DELETE", f"/api/documents/{gone}")).status_code == 204
    for document in (gone, "never"):
        for method, path, body in (
            ("GET", grants(document), None),
            ("PUT", grants(document, "bob"), {"role": "viewer"}),
            ("DELETE", grants(document, "bob"), None),
        ):
            response = await guarded.call(everything, method, path, body)
            assert response.status_code == 404
            assert response.json()["type"] == "urn:collab:problem:not-found"


async def test_live_sessions_follow(guarded: Guarded) -> None:
    """[GR12] the socket of whoever loses the role is closed, without anything sent on it."""
    document = await guarded.document("ada")
    await put(guarded, document, "bob", "viewer")
    async with guarded.socket(document, BOB) as socket:
        socket.send(SyncStatus(b"here"))
        assert (await guarded.call(ADA, "DELETE", grants(document, "bob"))).status_code == 204
        assert (await socket.closed())[0] == 4403


async def test_sessions_follow_what_may_have_been_committed(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[GR12] a store that fails after its commit leaves nobody with the old rights."""
    document = await guarded.document("ada")
    await put(guarded, document, "bob", "editor")
    remove = guarded.service.grants.remove

    async def fail_late(document: str, user: str) -> None:
        await remove(document, user)
        raise StorageError("it went away")

    monkeypatch.setattr(guarded.service.grants, "remove", fail_late)
    async with guarded.socket(document, BOB) as socket:
        socket.send(SyncStatus(b"here"))
        failed = await guarded.call(ADA, "DELETE", grants(document, "bob"))
        assert failed.status_code == 503
        assert (await socket.closed())[0] == 4403
