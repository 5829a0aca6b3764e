"""Every kind of client while the server restarts, and where a document is not, or no more."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.interop.cases import KINDS, Kind, all_clients, each_client
from tests.interop.party import SETTINGS, Party, rest_of, token
from tests.support.clients import converged
from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeers

pytestmark = [pytest.mark.node, pytest.mark.asyncio(loop_scope="module")]

RESTART, GONE = 1012, 4404
CLOSED_BY_MESSAGE = 1000
"""What a provider says when its document was ended on a socket that stays."""


async def stored(server: ServerProcess, document: str) -> str:
    """What the database has of a document's text, read without the server."""
    exporting = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "collab", "export", document),
        *("--root", "content", "--format", "text"),
        env={**os.environ, "COLLAB_DATA_DIR": str(server.data_dir)},
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    written, _ = await exporting.communicate()
    assert exporting.returncode == 0
    return written.decode().rstrip("\n")


async def survive(party: Party, kill: bool) -> None:
    """Clients of all kinds type before, while and after the server is away."""
    document = await party.document()
    clients = [await party.come(kind, kind.key, document) for kind in KINDS]
    await asyncio.gather(*(client.synced() for client in clients))
    for kind, client in zip(KINDS, clients, strict=True):
        await client.insert(-1, f"<{kind.key} before>")
    await asyncio.gather(*(client.saved() for client in clients))
    if kill:
        party.server.kill()
    else:
        assert party.server.terminate() == 0
        await asyncio.gather(*(client.closed(RESTART) for client in clients))
    kept = await stored(party.server, document)
    assert all(f"<{kind.key} before>" in kept for kind in KINDS), kept
    for kind, client in zip(KINDS, clients, strict=True):
        await client.insert(-1, f"<{kind.key} meanwhile>")
    party.server.restart()
    await asyncio.gather(*(client.saved() for client in clients))
    await converged(clients)
    (text,) = {await client.content() for client in clients}
    assert await party.text(document) == text
    for kind in KINDS:
        assert text.count(f"<{kind.key} before>") == text.count(f"<{kind.key} meanwhile>") == 1
    for shown in clients:
        await shown.show({"user": {"name": "back"}, "cursor": 1})
        await asyncio.gather(*(other.sees(shown.client_id, '"cursor":1') for other in clients))


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that tests may stop, if they start it again."""
    with ServerProcess(tmp_path_factory.mktemp("mortal") / "data", SETTINGS) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def travellers(mortal: ServerProcess, company: YjsPeers) -> AsyncIterator[Party]:
    async with rest_of(mortal) as rest:
        party = Party(mortal, company, rest)
        try:
            yield party
        finally:
            await party.aclose()


@all_clients("stopped")
async def test_a_server_that_stops_is_returned_to(travellers: Party) -> None:
    """[RM18] [AC16] a stop sends its clients away; all they do meanwhile is kept."""
    await survive(travellers, kill=False)


@all_clients("killed")
async def test_a_server_that_is_killed_loses_nothing(travellers: Party) -> None:
    """[RM1] [ST1] what had its receipt is there, the rest is sent again."""
    await survive(travellers, kill=True)


@each_client("unknown")
async def test_a_document_that_is_not_there(party: Party, kind: Kind) -> None:
    """[AC6] [AC7] is refused to who may not make it, and made by who may."""
    document = f"unknown-{kind.key}"
    eve = await party.come(kind, "eve", document)
    if kind.is_hocuspocus or kind.key == "y-sweet":
        await eve.refused()
    else:
        await eve.closed(GONE)
    maker = token("ann", {document: "owner"}, create=True)
    as_ann = {"Authorization": f"Bearer {maker}"}
    found = await party.rest.get(f"/documents/{document}", headers=as_ann)
    assert found.status_code == 404, "nobody made it"
    ann = await party.come(kind, "ann", document, token=maker, create=True)
    await ann.insert(0, "made")
    await ann.saved()
    bob = await party.come(kind, "bob", document)
    await bob.shows("made")


@each_client("deleted")
async def test_a_document_that_is_deleted_while_it_is_open(party: Party, kind: Kind) -> None:
    """[AC7] [RM11] the clients are told, and so is who comes later."""
    document = await party.document()
    ann, bob = await party.pair(kind, document)
    await ann.insert(0, "gone")
    await bob.shows("gone")
    (await party.rest.delete(f"/documents/{document}")).raise_for_status()
    late = await party.come(kind, "late", document)
    for client in (ann, bob):
        if kind.key == "hocuspocus-4":
            await client.closed(CLOSED_BY_MESSAGE)
        elif kind.is_hocuspocus:
            await client.refused()
        else:
            await client.closed(GONE)
    if kind.is_hocuspocus or kind.key == "y-sweet":
        await late.refused()
    else:
        await late.closed(GONE)
    await ann.insert(-1, " for good")
    assert not await ann.is_saved()
    assert (await party.rest.get(f"/documents/{document}")).status_code == 404
