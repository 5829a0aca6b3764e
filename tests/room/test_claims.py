"""Nodes that claim the same ids, under news that crosses on its way."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict

import pytest

from collab.news import Present
from collab.protocol.awareness import AwarenessEntry
from collab.room.limits import RoomLimits
from collab.room.presence import Presence
from collab.room.present import Claimant
from tests.support.virtual import LoopClock, VirtualLoop

NODES, CLIENTS, STEPS = 3, 2, 40


class Watcher:
    """What a peer makes of what it is told, as y-protocols do."""

    def __init__(self) -> None:
        self.states: dict[int, str] = {}
        self._clocks: dict[int, int] = {}

    def hear(self, entries: tuple[AwarenessEntry, ...]) -> None:
        for entry in entries:
            clock = self._clocks.get(entry.client, -1)
            ends = entry.clock == clock and entry.state is None
            if entry.clock > clock or ends:
                self._clocks[entry.client] = entry.clock
                self.states.pop(entry.client, None)
                if entry.state is not None:
                    self.states[entry.client] = entry.state


class Node:
    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.watcher = Watcher()
        self.presence = Presence(
            LoopClock(),
            RoomLimits(),
            self.watcher.hear,
            lambda seconds, call: (asyncio.get_running_loop().call_later(seconds, call), None)[1],
            name,
            lambda states: world.carry(self, states),
        )

    def shown(self) -> dict[int, tuple[str, int, str]]:
        shown = self.presence.states.shown
        return {client: (s.node, s.emitted, s.state) for client, s in sorted(shown.items())}


class World:
    """Some nodes, and sessions on them that say anything of a few ids."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.nodes = [Node(self, f"n{number}") for number in range(NODES)]
        self.users = rng.choice([("ann",), ("ann", "bob", None)])
        self.delay = rng.choice([0.01, 1.0])
        self.due: defaultdict[tuple[Node, Node], float] = defaultdict(float)
        self.sessions: list[tuple[Node, Claimant]] = []

    def carry(self, sender: Node, states: tuple[Present, ...]) -> None:
        """In order from each node to each other; what comes out of order is `Missed`."""
        loop = asyncio.get_running_loop()
        for node in self.nodes:
            if node is not sender:
                due = max(self.due[sender, node], loop.time() + self.rng.random() * self.delay)
                self.due[sender, node] = due + 1e-6
                loop.call_at(due, node.presence.elsewhere.changed, sender.name, states)

    def step(self) -> None:
        rng = self.rng
        if not self.sessions or rng.random() < 0.3:
            claimant = Claimant(lambda state: state, rng.choice(self.users))
            self.sessions.append((rng.choice(self.nodes), claimant))
        node, claimant = rng.choice(self.sessions)
        if rng.random() < 0.2:
            self.sessions.remove((node, claimant))
            node.presence.leave(claimant)
        else:
            state = rng.choice(['{"a":1}', '{"a":2}', None])
            client, clock = rng.randrange(CLIENTS), rng.randrange(20)
            node.presence.receive(claimant, (AwarenessEntry(client, clock, state),))

    def renew(self) -> None:
        """As Yjs clients do; their clocks are at least what their node tells of them."""
        for node, claimant in self.sessions:
            for client in tuple(claimant.clients):
                entry = node.presence.states.entry(client)
                again = AwarenessEntry(client, entry.clock + 1, entry.state)
                node.presence.receive(claimant, (again,))


@pytest.mark.parametrize("seeds", [range(n, n + 100) for n in range(0, 400, 100)])
def test_claims_that_cross_end_alike_everywhere(seeds: range) -> None:
    """[CL46] [CL48] all nodes agree in the end on who holds each id, and their peers see
    just that."""

    async def run(seed: int) -> int:
        world = World(random.Random(seed))
        for _ in range(STEPS):
            world.step()
            if world.rng.random() < 0.6:
                await asyncio.sleep(world.rng.choice([0.0, 0.01, 0.5]))
        for _ in range(2):
            await asyncio.sleep(15)
            world.renew()
        await asyncio.sleep(5)
        first, *others = [node.shown() for node in world.nodes]
        assert all(other == first for other in others), f"seed {seed}"
        seen = {client: state for client, (_, _, state) in first.items()}
        assert [node.watcher.states for node in world.nodes] == [seen] * NODES, f"seed {seed}"
        held = {client for _, claimant in world.sessions for client in claimant.clients}
        assert held == set(first), f"seed {seed}"
        return len(first)

    shown = 0
    for seed in seeds:
        loop = VirtualLoop()
        try:
            shown += loop.run_until_complete(run(seed))
        finally:
            loop.close()
    assert shown > len(seeds) / 2
