"""Every kind of client against a real server process: what it edits, shows and is told."""

from __future__ import annotations

import asyncio

import pytest

from tests.interop.cases import KINDS, Kind, all_clients, each_client
from tests.interop.party import Party, heard, store_held_back
from tests.support.clients import converged

pytestmark = [pytest.mark.node, pytest.mark.asyncio(loop_scope="module")]


@each_client("sync")
async def test_concurrent_edits_end_equal(party: Party, kind: Kind) -> None:
    """[RM2] [RM14] for two at once, one who comes later, and REST."""
    document = await party.document()
    ann, bob = await party.pair(kind, document)
    await asyncio.gather(
        *(ann.insert(0, f"a{n},") for n in range(20)),
        *(bob.insert(-1, f"b{n},") for n in range(20)),
    )
    await asyncio.gather(ann.saved(), bob.saved())
    await converged([ann, bob])
    text = await ann.content()
    assert text == await bob.content()
    assert sorted(text.strip(",").split(",")) == sorted(f"{w}{n}" for w in "ab" for n in range(20))
    late = await party.come(kind, "late", document)
    await late.shows(text)
    assert await party.text(document) == text


@all_clients("mixed")
async def test_all_kinds_meet_in_one_document(party: Party) -> None:
    """[RM2] [RM20] each sees what the others type, and that they are there."""
    document = await party.document()
    clients = [await party.come(kind, kind.key, document) for kind in KINDS]
    await asyncio.gather(*(client.synced() for client in clients))
    for kind, client in zip(KINDS, clients, strict=True):
        await client.insert(-1, f"<{kind.key}>")
    words = [f"<{kind.key}>" for kind in KINDS]
    await asyncio.gather(*(client.contains(*words) for client in clients))
    await asyncio.gather(*(client.saved() for client in clients))
    await converged(clients)
    (text,) = {await client.content() for client in clients}
    assert await party.text(document) == text
    for kind, shown in zip(KINDS, clients, strict=True):
        others = [client for client in clients if client is not shown]
        part = f'"id":"{kind.key}"'
        await asyncio.gather(*(other.sees(shown.client_id, part) for other in others))
    gone = clients.pop()
    await gone.offline()
    await asyncio.gather(*(client.sees_no_more(gone.client_id) for client in clients))


@each_client("offline")
async def test_edits_made_apart_are_merged(party: Party, kind: Kind) -> None:
    """[RM13] [RM14] deletions too; and a socket that is cut loses nothing."""
    document = await party.document()
    ann, bob = await party.pair(kind, document)
    await ann.insert(0, "one two three")
    await bob.shows("one two three")
    await ann.offline()
    await ann.insert(-1, " four")
    await ann.remove(0, 4)
    await bob.insert(0, "zero ")
    await bob.remove(9, 4)
    await bob.saved()
    await ann.online()
    await ann.saved()
    await asyncio.gather(ann.shows("zero three four"), bob.shows("zero three four"))
    await converged([ann, bob])
    for number in range(10):
        await ann.insert(-1, f"{number};")
        if number % 5 == 2:
            await ann.cut()
    await bob.shows("zero three four" + "".join(f"{number};" for number in range(10)))
    await ann.saved()


@each_client("presence")
async def test_presence_comes_changes_and_goes(party: Party, kind: Kind) -> None:
    """[RM20] [RM21] also that of who may only read."""
    document = await party.document()
    ann = await party.come(kind, "ann", document)
    await ann.synced()
    viv = await party.come(kind, "viv", document, "viewer")
    await asyncio.gather(viv.sees(ann.client_id), ann.sees(viv.client_id, '"id":"viv"'))
    if kind.key != "y-sweet":  # whose tokens hold no name, so that the client's own counts
        await ann.sees(viv.client_id, '"name":"Viv"')
    await ann.show({"user": {"name": "ann"}, "cursor": 7})
    await viv.sees(ann.client_id, '"cursor":7')
    await viv.show({"user": {"name": "viv"}, "cursor": 8})
    await ann.sees(viv.client_id, '"cursor":8')
    late = await party.come(kind, "late", document)
    await asyncio.gather(*(late.sees(client.client_id, '"cursor":') for client in (ann, viv)))
    assert (await late.states())[viv.client_id]["user"]["id"] == "viv"
    await ann.show(None)
    await late.sees_no_more(ann.client_id)
    await viv.offline()
    await late.sees_no_more(viv.client_id)
    await viv.online()
    await late.sees(viv.client_id, '"cursor":8')


@each_client("receipt")
async def test_nothing_is_saved_or_seen_before_the_commit(party: Party, kind: Kind) -> None:
    """[RM1] [RM3] the store is held back, and let go."""
    document = await party.document()
    ann, bob = await party.pair(kind, document)
    await ann.insert(0, "first")
    await ann.saved()
    await bob.shows("first")
    assert await ann.is_saved()
    with store_held_back(party.server.data_dir):
        await ann.insert(-1, " second")
        for round_ in range(3):
            await heard(ann, bob, round_)
            await heard(bob, ann, round_)
        assert not await ann.is_saved()
        assert await bob.content() == "first"
        assert await party.text(document) == "first"
    await ann.saved()
    assert await ann.is_saved()
    assert await party.text(document) == "first second"
    await bob.shows("first second")


@each_client("receipt")
async def test_edits_brought_back_are_saved_once_committed(party: Party, kind: Kind) -> None:
    """[RM1] several, so that a receipt for one of them must not count for all."""
    document = await party.document()
    ann, bob = await party.pair(kind, document)
    await ann.offline()
    for words in ("one ", "two ", "three"):
        await ann.insert(-1, words)
    with store_held_back(party.server.data_dir):
        await ann.online()
        await ann.synced()
        for round_ in range(3):
            await heard(ann, bob, round_)
            await heard(bob, ann, round_)
        assert not await ann.is_saved()
        assert await bob.content() == await party.text(document) == ""
    await ann.saved()
    assert await party.text(document) == "one two three"
    await bob.shows("one two three")


@each_client("twice")
async def test_one_user_has_the_document_open_twice(party: Party, kind: Kind) -> None:
    """[RM21] two presences of one user, and edits that reach each other."""
    document = await party.document()
    tabs = [await party.come(kind, "ann", document) for _ in range(2)]
    await asyncio.gather(*(tab.synced() for tab in tabs))
    for number, tab in enumerate(tabs):
        await tab.insert(-1, f"tab {number};")
        await tab.saved()
        await tabs[1 - number].sees(tab.client_id, '"id":"ann"')
    await converged(tabs)
    await party.leave(tabs[0])
    await tabs[1].sees_no_more(tabs[0].client_id)
    await tabs[1].insert(-1, "on")
    await tabs[1].saved()
