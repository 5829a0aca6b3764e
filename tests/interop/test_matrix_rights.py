"""Every kind of client against a server that asks for tokens: what it may, and what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.interop.cases import KINDS, Kind, all_clients, each_client
from tests.interop.party import Party, heard, token
from tests.support.clients import Client
from tests.support.yjs_peers import YjsPeer

pytestmark = [pytest.mark.node, pytest.mark.asyncio(loop_scope="module")]

READ_ONLY = {"hocuspocus": "readonly", "y-sweet": "read-only"}
UNAUTHORIZED, FORBIDDEN = 4401, 4403


def family(kind: Kind) -> str:
    """The wire that it speaks."""
    return kind.key.rpartition("-")[0] if kind.key[-1].isdigit() else kind.key


async def writes_in_vain(party: Party, viv: Client, ann: Client, document: str) -> None:
    """Viv types: Ann, REST and the log see none of it, and Viv does not take it for saved."""
    before = await ann.content()
    sequence = (await party.rest.get(f"/documents/{document}")).json()["sequence"]
    await viv.insert(-1, "in vain")
    await heard(viv, ann, 1)
    assert await ann.content() == before
    assert await party.text(document) == before
    assert (await party.rest.get(f"/documents/{document}")).json()["sequence"] == sequence
    assert not await viv.is_saved()


async def is_told_read_only(viv: Client, kind: Kind) -> None:
    """As far as its wire can tell it."""
    scope = READ_ONLY.get(family(kind))
    if scope is None:
        await viv.refused()
    else:
        assert isinstance(viv, YjsPeer)
        await viv.until("scope", equals=scope)


@each_client("read-only")
async def test_a_viewer_reads_and_writes_nothing(party: Party, kind: Kind) -> None:
    """[RM24] and is told so; its presence is seen, and it stays."""
    document = await party.document()
    ann = await party.come(kind, "ann", document)
    viv = await party.come(kind, "viv", document, "viewer")
    await asyncio.gather(ann.synced(), viv.synced())
    await ann.insert(0, "to read")
    await viv.shows("to read")
    await writes_in_vain(party, viv, ann, document)
    await is_told_read_only(viv, kind)
    await ann.insert(-1, ", and more")
    await ann.saved()
    await viv.contains(", and more")
    assert await viv.closes() == []


@each_client("open")
async def test_in_open_mode_nobody_needs_a_token(open_party: Party, kind: Kind) -> None:
    """[AC6] [AC18] and the document is made by the first who comes."""
    document = f"open-{kind.key}"
    ann = await open_party.come(kind, "ann", document, token=None, create=True)
    await ann.insert(0, "anyone")
    await ann.saved()
    bob = await open_party.come(kind, "bob", document, token=None)
    await bob.shows("anyone")
    await ann.sees(bob.client_id, '"name":"bob"')


async def is_refused(client: Client, kind: Kind, code: int) -> None:
    """Told on its own wire that it may not: by a close code, by a message, by its endpoint."""
    if kind.is_hocuspocus or kind.key == "y-sweet":
        await client.refused()
    else:
        await client.closed(code)


@each_client("denied")
async def test_who_has_no_right_is_refused(party: Party, kind: Kind) -> None:
    """[AC1] [AC8] without a token, with one of someone else's making, and with a real one."""
    document = await party.document()
    ann = await party.come(kind, "ann", document)
    await ann.insert(0, "secret")
    await ann.saved()
    foreign = token("eve", {document: "owner"}, secret="a secret that the server does not know")
    late = token("eve", {document: "owner"}, seconds=-10)
    refused = [
        (await party.come(kind, "eve", document, token=None), UNAUTHORIZED),
        (await party.come(kind, "eve", document, token=foreign), UNAUTHORIZED),
        (await party.come(kind, "eve", document, token=late), UNAUTHORIZED),
        (await party.come(kind, "eve", document, None), FORBIDDEN),
    ]
    for eve, code in refused:
        await is_refused(eve, kind, code)
        assert await eve.content() == ""
        assert await eve.states() == {eve.client_id: {"user": {"name": "eve"}}}
    assert len(await ann.states()) == 1


async def granted(party: Party, kind: Kind, role: str) -> tuple[str, Client, Client]:
    """A document, Ann who edits it, and Bob whose right is a grant and not in his token."""
    document = await party.document()
    await party.grant(document, "bob", role)
    ann = await party.come(kind, "ann", document)
    bob = await party.come(kind, "bob", document, None, direct=True)
    await asyncio.gather(ann.synced(), bob.synced())
    await bob.insert(0, "allowed")
    await bob.saved()
    await ann.shows("allowed")
    return document, ann, bob


@each_client("revoked")
async def test_rights_that_are_taken_away_end_at_once(party: Party, kind: Kind) -> None:
    """[RM24] [AC8] the client is told, others see it go, and nothing of it arrives any more."""
    document, ann, bob = await granted(party, kind, "editor")
    await ann.sees(bob.client_id)
    await party.grant(document, "bob", None)
    await ann.sees_no_more(bob.client_id)
    await bob.insert(-1, " no more")
    if kind.is_hocuspocus:
        await bob.refused()
    else:
        await bob.closed(FORBIDDEN)
    await ann.insert(-1, ", once")
    await ann.saved()
    assert await party.text(document) == await ann.content() == "allowed, once"
    assert await bob.content() == "allowed no more"
    assert not await bob.is_saved()


@each_client("link")
async def test_a_share_link_lets_in_until_it_is_revoked(party: Party, kind: Kind) -> None:
    """[RM24] [AC8] those whom it let in are out at once."""
    document = await party.document()
    link, secret = await party.link(document, "editor")
    ann = await party.come(kind, "ann", document)
    guest = await party.come(kind, "guest", document, token=secret, direct=True)
    await asyncio.gather(ann.synced(), guest.synced())
    await guest.insert(0, "by a guest")
    await ann.shows("by a guest")
    await ann.sees(guest.client_id)
    await party.revoke(document, link)
    await ann.sees_no_more(guest.client_id)
    await guest.insert(-1, ", too late")
    if kind.is_hocuspocus:
        await guest.refused()
    else:
        await guest.closed(UNAUTHORIZED)
    await ann.insert(-1, ", once")
    await ann.saved()
    assert await party.text(document) == "by a guest, once"
    assert not await guest.is_saved()


@each_client("downgraded")
async def test_an_editor_becomes_a_viewer(party: Party, kind: Kind) -> None:
    """[RM24] in place, and an editor again."""
    document, ann, bob = await granted(party, kind, "editor")
    await party.grant(document, "bob", "viewer")
    await writes_in_vain(party, bob, ann, document)
    if kind.key != "y-sweet":  # its scope came with its token, and its wire has no word for it
        await is_told_read_only(bob, kind)
    await ann.insert(0, "still ")
    await ann.saved()
    await bob.contains("still ")
    assert await bob.closes() == []
    await party.grant(document, "bob", "editor")
    await bob.offline()
    await bob.online()
    await bob.saved()
    await ann.shows("still allowedin vain")


SHORT = 8.0
"""Seconds that a token lasts in the test of fresh ones."""


async def renew_when_asked(client: YjsPeer, fresh: str) -> None:
    """As a product does that gives its clients a function for the token."""
    await client.set_token(fresh)
    await client.until("asked", count=2)


async def renew_when_closed(client: Client, fresh: str) -> None:
    """As a product does whose clients have no way to be asked: by connecting again."""
    await client.closed(UNAUTHORIZED)
    await client.offline()
    await client.set_token(fresh)
    await client.online()


RENEWALS: dict[str, Callable[..., Awaitable[None]]] = {
    "hocuspocus": renew_when_asked,
    "y-sweet": renew_when_asked,
}


@all_clients("refresh")
async def test_a_token_that_runs_out_is_replaced(party: Party) -> None:
    """[AC8] and the client goes on to write; without a fresh one it is out."""
    async with asyncio.TaskGroup() as group:
        for kind in KINDS:
            group.create_task(outlive_token(party, kind), name=kind.key)


async def outlive_token(party: Party, kind: Kind) -> None:
    document = await party.document()
    rights = {document: "editor"}
    ann = await party.come(kind, "ann", document)
    bob = await party.come(kind, "bob", document, token=token("bob", rights, seconds=SHORT))
    eve = await party.come(kind, "eve", document, token=token("eve", rights, seconds=SHORT))
    await asyncio.gather(ann.synced(), bob.synced(), eve.synced())
    await bob.insert(0, "before")
    await ann.shows("before")
    await RENEWALS.get(family(kind), renew_when_closed)(bob, token("bob", rights))
    await ann.sees_no_more(eve.client_id)
    await eve.insert(0, "too late ")
    await bob.insert(-1, " and after")
    await bob.saved()
    await ann.shows("before and after")
    assert not await eve.is_saved()
