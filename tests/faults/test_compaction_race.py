"""Three nodes append to one document and compact it; some sleep through their leases."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults.durable import Where, stored_documents, text_of, tokens_of, update_of
from tests.support.peer import peer
from tests.support.server import ServerProcess

DOCUMENT = "race/one"
NODES = 3
WRITERS = 2
"""Of each node."""
PATIENCE = 20.0
SETTINGS = {
    "COLLAB_COMPACT_AFTER_ROWS": "15",
    "COLLAB_LOG_LEVEL": "info",
    "COLLAB_DOCUMENT_WORKERS": "1",
}
OUTCOME = re.compile(r"^(\w+) (\d+) (\d+)$", re.MULTILINE)


@dataclass
class Node:
    server: ServerProcess
    hold: Path

    def fences(self, what: str) -> list[int]:
        """Those of the compactions of which it said this."""
        return [int(f) for said, f, _ in OUTCOME.findall(self.server.output()) if said == what]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        os.kill(self.server.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.server.pid, signal.SIGCONT)


@dataclass
class Account:
    """What was typed, and what was told to be saved."""

    typed: set[str] = field(default_factory=set)
    saved: set[str] = field(default_factory=set)
    over: bool = False

    async def type(self, name: str, node: Node, stack: AsyncExitStack) -> None:
        writer = await stack.enter_async_context(peer(node.server.ws_url, DOCUMENT))
        await writer.join()
        number = 0
        while not self.over:
            token = f"⟦{name}.{number}⟧"
            self.typed.add(token)
            await writer.type(token)
            await writer.saved()
            self.saved.add(token)
            number += 1
            await asyncio.sleep(0.005)


@asynccontextmanager
async def cluster(directory: Path, database: str | None) -> AsyncIterator[list[Node]]:
    """Nodes of one database; without a URL, of one SQLite file."""
    settings = {**SETTINGS, **({} if database is None else {"COLLAB_DATABASE_URL": database})}
    nodes = []
    for number in range(NODES):
        hold = directory / f"hold-{number}"
        environ = {**settings, "RACING_HOLD": str(hold)}
        nodes.append(Node(ServerProcess(directory, environ, "tests.faults.racing"), hold))
    try:
        await asyncio.gather(*(asyncio.to_thread(node.server.start) for node in nodes))
        yield nodes
        assert all(node.server.alive for node in nodes)
    finally:
        for node in nodes:
            node.server.kill()


async def until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - in other processes
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain until {what}") from None


async def oversleep(nodes: list[Node], late: Node, *, freeze: bool) -> None:
    """Let a node come up to the write of a compaction, and wake it when another node has done it:
    its own is refused."""
    others = [node for node in nodes if node is not late]
    held, refused = len(late.fences("holding")), len(late.fences("LeaseLost"))
    late.hold.touch()
    await until(lambda: len(late.fences("holding")) > held, "a node compacts")
    fence = late.fences("holding")[-1]
    with late.frozen() if freeze else nullcontext():
        await until(
            lambda: any(f > fence for node in others for f in node.fences("compacted")),
            "another node takes over",
        )
        late.hold.unlink()
    await until(lambda: len(late.fences("LeaseLost")) > refused, "the late write is refused")
    assert late.fences("LeaseLost")[-1] == fence
    assert fence not in late.fences("compacted")


async def race(
    nodes: list[Node], where: Where, seconds: float, *, freeze: bool = True, seed: int = 5
) -> str:
    """Writers at every node, and one node after the other that sleeps too long; the text that
    they leave in the log."""
    chance, account, slept = random.Random(seed), Account(), 0
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for number, node in enumerate(nodes):
            for writer in range(WRITERS):
                group.create_task(account.type(f"{number}.{writer}", node, stack))
        while slept == 0 or loop.time() < end:
            await oversleep(nodes, chance.choice(nodes), freeze=freeze)
            slept += 1
        account.over = True
    assert sum(len(node.fences("LeaseLost")) for node in nodes) >= slept
    assert sum("is over" in node.server.log() for node in nodes) > 0
    return await check(account, where)


async def check(account: Account, where: Where) -> str:
    """Oracles A, B and C from the log alone; the text that it comes to."""
    (stored,) = await stored_documents(where, DOCUMENT)
    text = text_of(update_of(stored))
    found = tokens_of(text)
    assert account.saved - found.keys() == set(), "acknowledged, and lost"
    assert found.keys() - account.typed == set(), "invented"
    assert set(found.values()) == {1}, "more than once"
    assert account.saved == account.typed
    return text


async def agree(nodes: list[Node], text: str) -> None:
    """Every node comes to it, and shows it."""
    async with asyncio.timeout(PATIENCE):
        for node in nodes:
            async with peer(node.server.ws_url, DOCUMENT) as late:
                await late.join()
                while str(late.text) != text:
                    await late.read()


async def test_a_sleeper_is_refused_and_nothing_is_lost(tmp_path: Path, postgres_url: str) -> None:
    """[LS7] [RM17] a node that is stopped in the middle of a compaction and wakes up after
    another did it, while all of them append."""
    async with cluster(tmp_path, postgres_url) as nodes:
        await agree(nodes, await race(nodes, postgres_url, seconds=2))


async def test_the_same_on_one_sqlite_file(tmp_path: Path) -> None:
    """[LS7] [RM17] here the node is only held up: stopped, it could hold the file's lock. Without
    a backplane or a server for the database nodes take themselves to be alone."""
    async with cluster(tmp_path, None) as nodes:
        await race(nodes, tmp_path, seconds=0, freeze=False)


@pytest.mark.faults
@pytest.mark.timeout(240)
async def test_a_minute_of_it(tmp_path: Path, postgres_url: str) -> None:
    """[LS7] [RM17] one node after the other."""
    async with cluster(tmp_path, postgres_url) as nodes:
        await agree(nodes, await race(nodes, postgres_url, seconds=60))
