"""kill -9 of one of three nodes, while clients on all of them type."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from collab.protocol import yjs as yjs_wire
from collab.protocol.messages import AwarenessUpdate
from tests.faults.durable import stored_documents, text_of, tokens_of, update_of
from tests.faults.typists import Typists, check_end, let_type, start_typists
from tests.support.balancer import Balancer, balancer
from tests.support.peer import SocketPeer, peer
from tests.support.redis import RedisProcess
from tests.support.server import ServerProcess
from tests.support.yjs_peers import yjs_peers

NODES = 3
DOCUMENTS = {"nodes/together": 6, "nodes/apart": 3}
CLIENTS = sum(DOCUMENTS.values())
SEED = 5
PRESENCE_SECONDS = 40.0
"""In which what a dead node's peers showed is gone."""


@dataclass(frozen=True, slots=True)
class Cluster:
    nodes: list[ServerProcess]
    front: Balancer


@asynccontextmanager
async def cluster(database: str, redis: str, folder: Path) -> AsyncIterator[Cluster]:
    """Three nodes behind a load balancer, on one database and one Redis."""
    environ = {
        "COLLAB_DATABASE_URL": database,
        "COLLAB_REDIS_URL": redis,
        "COLLAB_COMPACT_AFTER_ROWS": "25",
        "COLLAB_DOCUMENT_WORKERS": "1",
    }
    nodes = [ServerProcess(folder / f"node{n}", environ) for n in range(NODES)]
    try:
        await asyncio.gather(*(asyncio.to_thread(node.start) for node in nodes))
        async with balancer([node.port for node in nodes]) as front:
            yield Cluster(nodes, front)
    finally:
        for node in nodes:
            node.kill()


@pytest.mark.node
@pytest.mark.timeout(240)
@pytest.mark.parametrize("deaths", [1, pytest.param(9, marks=pytest.mark.faults)])
async def test_peers_of_a_dead_node_go_on_elsewhere(
    postgres_url: str, redis_server: RedisProcess, tmp_path: Path, deaths: int
) -> None:
    """[RM1] [ST1] [CL1] nothing acknowledged or seen is lost, and all are equal in the end."""
    chance = random.Random(SEED)
    async with cluster(postgres_url, redis_server.url, tmp_path) as all_of, yjs_peers() as yjs:
        front, nodes = all_of.front, all_of.nodes
        groups = await start_typists(yjs, front.url, DOCUMENTS)
        await let_type(groups, chance, 20)
        assert all(front.passed.values()), "a node has no peers"
        for _ in range(deaths):
            victim = chance.choice(nodes)
            homeless = front.passed[victim.port]
            await asyncio.to_thread(victim.kill)
            await let_type(groups, chance, 25)
            for group in groups:
                await check_now(group, postgres_url)
            assert sum(front.passed.values()) >= CLIENTS + homeless, "some did not come back"
            await asyncio.to_thread(victim.restart)
        await let_type(groups, chance, 20)
        for group in groups:
            await check_end(yjs, front.url, postgres_url, group)
            assert len(group.safe) > NODES
        for node in nodes:
            assert "Traceback" not in node.log()


async def check_now(group: Typists, database: str) -> None:
    """What is safe by now is in the log, whatever is typed meanwhile."""
    await group.take_account()
    safe = set(group.safe)
    (stored,) = await stored_documents(database, group.document)
    await group.take_account()
    found = tokens_of(text_of(update_of(stored)))
    assert safe <= found.keys() <= group.all_typed()
    assert set(found.values()) == {1}


@pytest.mark.faults
@pytest.mark.node
async def test_presence_of_a_dead_node_ends(
    postgres_url: str, redis_server: RedisProcess, tmp_path: Path
) -> None:
    """[CL1] its peers, which do not come back, are gone on the others within 40 seconds."""
    async with cluster(postgres_url, redis_server.url, tmp_path) as all_of, yjs_peers() as yjs:
        first, second, victim = all_of.nodes
        user = {"name": "Ghost"}
        ghost = await yjs.open("ghost", victim.url, "haunted", user=user, backoff=100)
        await ghost.synced()
        async with peer(first.ws_url, "haunted") as ann, peer(second.ws_url, "haunted") as bob:
            for each in (ann, bob):
                await hears(each, ghost.client_id, there=True)
            victim.kill()
            async with asyncio.timeout(PRESENCE_SECONDS):
                for each in (ann, bob):
                    await hears(each, ghost.client_id, there=False)


async def hears(watcher: SocketPeer, client: int, *, there: bool) -> None:
    """Read until the server says that this client is there, or gone."""
    while True:
        frame = await watcher.socket.recv()
        assert isinstance(frame, bytes)
        match yjs_wire.decode(frame):
            case AwarenessUpdate(entries):
                if any(e.client == client and (e.state is not None) is there for e in entries):
                    return
