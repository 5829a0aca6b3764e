"""Token mode on a real server: sockets, REST, expiry, revocation, and its log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from collab.access import Role
from collab.auth.claims import ClaimRules
from collab.auth.tokens import TokenIssuer
from collab.clock import SystemClock
from collab.protocol.messages import Denied, Update
from tests.auth.key_server import KeyServer
from tests.auth.signing import ISSUER, SECRET, asymmetric, claims, ec, hs256, key_set
from tests.support.peer import SocketPeer, peer
from tests.support.server import ServerProcess

ISSUER_OF = TokenIssuer(ClaimRules(ISSUER, "collab", 5), SECRET, SystemClock())


def token(user: str = "ann", seconds: float = 600, **documents: str) -> str:
    rights = {name.replace("__", "/*"): Role(role) for name, role in documents.items()}
    return ISSUER_OF.issue(user, user.title(), rights, seconds, may_create=True, color="#aa00ff")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    environ = {
        "COLLAB_AUTH": "token",
        "COLLAB_JWT_SECRET": SECRET.decode(),
        "COLLAB_JWT_ISSUER": ISSUER,
        "COLLAB_JWT_LEEWAY_SECONDS": "0",
        "COLLAB_LOG_LEVEL": "debug",
        "COLLAB_ALLOWED_ORIGINS": "https://notes.example",
    }
    with ServerProcess(tmp_path_factory.mktemp("tokens") / "data", environ) as process:
        yield process
        assert process.alive, process.log()


def joined(server: ServerProcess, document: str, bearer: str | None, **options: Any) -> Any:
    query = "" if bearer is None else f"?token={bearer}"
    return peer(server.ws_url, f"{document}{query}", **options)


def rest(server: ServerProcess, bearer: str | None) -> httpx.AsyncClient:
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    return httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False)


async def denied(of: SocketPeer) -> str:
    message = await of.until(lambda message: isinstance(message, Denied))
    assert isinstance(message, Denied)
    return message.reason


async def test_editors_meet_and_viewers_watch(server: ServerProcess) -> None:
    """[ID1] the token decides on every wire; who may only read is told so."""
    async with joined(server, "room", token("ann", room="owner")) as ann:
        await ann.join()
        await ann.type("hello")
        await ann.saved()
        async with joined(server, "room", token("bob", room="viewer")) as bob:
            await bob.join()
            await bob.sees("hello")
            await bob.type("not mine")
            assert "read" in await denied(bob)
    async with rest(server, token("cid", room="viewer")) as http:
        content = await http.get("/api/documents/room/content?format=text&root=content")
        assert content.text.strip() == "hello"


@pytest.mark.parametrize(
    ("bearer", "code"),
    [
        (None, 4401),
        ("nonsense", 4401),
        (hs256(claims(exp=5)), 4401),
        (hs256(claims(exp=time.time() + 500, iss="https://evil.example")), 4401),
        (hs256(claims(exp=time.time() + 500), secret=b"x" * 40), 4401),
        (hs256(claims(exp=time.time() + 500, documents={"other": "owner"})), 4403),
        ("collab-link." + "A" * 43, 4401),
    ],
)
async def test_who_has_no_right_gets_a_code(
    server: ServerProcess, bearer: str | None, code: int
) -> None:
    """[ID1] 4401 for no valid identity, 4403 for one without a right; REST says the same."""
    async with joined(server, "shut", bearer) as nobody:
        assert await nobody.close_code() == code
    async with rest(server, bearer) as http:
        response = await http.get("/api/documents/shut")
        assert response.status_code == {4401: 401, 4403: 403}[code]
        if bearer is not None:
            assert bearer not in response.text


async def test_what_is_not_there_is_created_by_who_may(server: ServerProcess) -> None:
    """[ID21] joining creates with `create` and a right to write by the token, and not else."""
    async with joined(server, "fresh/one", token("ann", fresh__="viewer")) as ann:
        assert await ann.close_code() == 4404
    async with joined(server, "fresh/one", token("ann", fresh__="editor")) as ann:
        await ann.join()
    # Now it is hers, whatever the next token says.
    async with rest(server, token("ann")) as http:
        assert (await http.delete("/api/documents/fresh%2Fone")).status_code == 204


async def test_expiry_closes(server: ServerProcess) -> None:
    """[ID13] at the end of the token the socket is closed with 4401; edits until then are kept."""
    bearer = token("ann", 2, ends="owner")
    async with joined(server, "ends", bearer) as ann:
        await ann.join()
        await ann.type("before")
        await ann.saved()
        assert await ann.close_code() == 4401
        assert ann.close_reason == "The token or link has expired."
    async with joined(server, "ends", bearer) as ann:
        assert await ann.close_code() == 4401
    async with joined(server, "ends", token("ann", ends="viewer")) as ann:
        await ann.join()
        await ann.sees("before")


async def test_rights_change_in_place(server: ServerProcess) -> None:
    """[ID15] a grant changes what a live socket may do, and its end closes it, within a second."""
    owner = token("bob", shared="owner")
    async with (
        rest(server, owner) as http,
        joined(server, "shared", owner) as bob,
    ):
        await bob.join()
        url = "/api/documents/shared/grants/ann"
        assert (await http.put(url, json={"role": "editor"})).status_code in (200, 201)
        async with joined(server, "shared", token("ann")) as ann:
            await ann.join()
            await ann.type("one ")
            await bob.sees("one")
            await http.put(url, json={"role": "viewer"})
            assert "read" in await denied(ann)
            await ann.type("two ")
            assert "read" in await denied(ann)
            content = "/api/documents/shared/content?format=text&root=content"
            assert (await http.get(content)).text.strip() == "one"
            await http.put(url, json={"role": "editor"})
            while "two" not in str(bob.text):
                # Nothing tells her: what she wrote is taken again, some time soon.
                await ann.send(Update(ann.doc.get_update()))
                await asyncio.sleep(0.05)
                await bob.saved()
            assert (await http.delete(url)).status_code == 204
            assert await ann.close_code() == 4403


async def test_a_link_is_revoked(server: ServerProcess) -> None:
    """[ID20] guests of a link are out when it is revoked, and it lets in nobody else."""
    owner = token("bob", linked="owner")
    async with rest(server, owner) as http, joined(server, "linked", owner) as bob:
        await bob.join()
        made = (await http.post("/api/documents/linked/links", json={"role": "editor"})).json()
        secret = made["token"]
        async with (
            joined(server, "linked", secret) as guest,
            joined(server, f"linked?link={secret}", None) as other,
        ):
            await guest.join()
            await other.join()
            await guest.type("from a guest")
            await bob.sees("from a guest")
            assert (
                await http.delete(f"/api/documents/linked/links/{made['id']}")
            ).status_code == 204
            assert await guest.close_code() == 4401
            assert await other.close_code() == 4401
        async with joined(server, "linked", secret) as guest:
            assert await guest.close_code() == 4401


async def test_other_sites_pages_do_not_get_in(server: ServerProcess) -> None:
    """[AC2] a token does not help a page of a site that is not listed."""
    good = token("ann", room="owner")
    async with joined(server, "room", good, origin="https://evil.example") as page:
        assert await page.close_code() == 4403
    async with joined(server, "room", good, origin="https://notes.example") as page:
        await page.join()


async def test_tokens_are_not_in_the_log(server: ServerProcess) -> None:
    """[AC11] at the most talkative level, from the query, the header, good or bad: no token."""
    good, bad = token("ann", quiet="owner"), token("ann", quiet="owner")[:-6] + "AAAAAA"
    link = "collab-link." + "B" * 43
    for bearer in (good, bad, link):
        async with joined(server, "quiet", bearer) as ann:
            if bearer == good:
                await ann.join()
                await ann.type("hush")
                await ann.saved()
            else:
                assert await ann.close_code() == 4401
        async with joined(
            server, "quiet", None, additional_headers={"Authorization": f"Bearer {bearer}"}
        ):
            pass
        async with rest(server, bearer) as http:
            await http.get("/api/documents/quiet")
            await http.get(f"/api/documents/quiet?token={bearer}&link={bearer}")
    log = server.log()
    assert "refused" in log, "the log is there"
    assert "joined" in log
    for bearer in (good, bad, link):
        pieces = [bearer.removeprefix("collab-link."), *bearer.split(".")]
        assert not [piece for piece in pieces if len(piece) > 20 and piece in log]
    assert SECRET.decode() not in log
    assert "token=" not in log


async def test_keys_rotate_under_a_running_server(tmp_path: Path) -> None:
    """[ID10] tokens of a key that was published after the start are taken, without a pause."""
    first, second = ec("first"), ec("second")
    keys = KeyServer(key_set(first))
    environ = {"COLLAB_AUTH": "token", "COLLAB_JWT_ISSUER": ISSUER, "COLLAB_JWKS": keys.url}
    body = claims(exp=time.time() + 500, documents={"*": "owner"}, create=True)
    try:
        with ServerProcess(tmp_path / "data", environ) as running:
            async with joined(running, "doc", asymmetric(body, first, "ES256")) as ann:
                await ann.join()
                await ann.type("signed")
                await ann.saved()
                keys.answer = keys.body(key_set(second))
                async with joined(running, "doc", asymmetric(body, second, "ES256")) as bob:
                    await bob.join()
                    await bob.sees("signed")
                # Whose key is gone stays until the token ends, and does not come again.
                await ann.type(" still")
                await ann.saved()
            async with joined(running, "doc", asymmetric(body, first, "ES256")) as ann:
                assert await ann.close_code() == 4401
            async with joined(running, "doc", hs256(body)) as forger:
                assert await forger.close_code() == 4401
    finally:
        keys.close()
