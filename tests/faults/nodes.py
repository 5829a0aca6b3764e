"""Several server processes on one database, and typists spread over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.faults.typists import Typists
from tests.support.server import ServerProcess
from tests.support.yjs_peers import YjsPeer, YjsPeers

PATIENCE = 30.0


@dataclass(frozen=True)
class Footprint:
    """What a process holds."""

    memory: int
    """In KiB, resident."""
    descriptors: int


class Nodes:
    """Server processes with one data directory; each may come to its Redis in its own way."""

    def __init__(self, data_dir: Path, redis: Sequence[str], environ: Mapping[str, str]) -> None:
        self.data_dir = data_dir
        common = {"COLLAB_LOG_LEVEL": "warning", **environ}
        self.all = [ServerProcess(data_dir, {**common, "COLLAB_REDIS_URL": url}) for url in redis]

    async def start(self) -> None:
        first, *others = self.all
        await asyncio.to_thread(first.start)  # it makes the database
        await asyncio.gather(*(asyncio.to_thread(node.start) for node in others))

    def kill(self) -> None:
        for node in self.all:
            node.kill()

    async def readiness(self) -> list[str]:
        """What `/readyz` says of each."""
        async with httpx.AsyncClient() as client:
            answers = [await client.get(f"{node.url}/readyz") for node in self.all]
        return [str(answer.json()["status"]) for answer in answers]

    async def become(self, status: str, within: float = PATIENCE) -> None:
        """Wait until `/readyz` of each says so."""
        async with asyncio.timeout(within):
            while set(await self.readiness()) != {status}:  # noqa: ASYNC110 - in other processes
                await asyncio.sleep(0.1)

    def footprints(self) -> list[Footprint]:
        return [_footprint(node.pid) for node in self.all]


def _footprint(pid: int) -> Footprint:
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    memory = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    descriptors = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return Footprint(int(memory.split()[1]), descriptors)


@asynccontextmanager
async def running(
    data_dir: Path, redis: Sequence[str], environ: Mapping[str, str] | None = None
) -> AsyncIterator[Nodes]:
    """One node for each URL of Redis."""
    nodes = Nodes(data_dir, redis, environ or {})
    try:
        await nodes.start()
        yield nodes
    finally:
        nodes.kill()


async def spread_typists(
    yjs: YjsPeers, nodes: Nodes, document: str, count: int, every: int
) -> Typists:
    """Clients of one document at all nodes in turn; each types a token every so many ms."""
    peers = []
    for n in range(count):
        url = nodes.all[n % len(nodes.all)].url
        peer = await yjs.open(f"p{n}", url, document, backoff=100)
        await peer.call("typist", root="content", seed=n)
        peers.append(peer)
    for peer in peers:
        await peer.synced()
    for peer in peers:
        await peer.call("type", every=every)
    for peer in peers:
        await peer.until("acknowledged", count=2)
    return Typists(document, peers)


async def reach_everyone(
    group: Typists, within: float, readers: Sequence[YjsPeer] | None = None
) -> float:
    """Seconds in which all that was typed until now was shown to every reader. Raises YjsError
    if that takes too long."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await group.take_account()
    last = [f"⟦{name}.{count - 1}⟧" for name, count in group.typed.items() if count]
    readers = group.peers if readers is None else readers
    await asyncio.gather(*(reader.contains(*last, within=within) for reader in readers))
    return loop.time() - began
