"""Several nodes over one store, and peers that come, edit, vanish and return."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from collab.access import Access, Role
from collab.errors import CollabError
from collab.interfaces import DocumentStore, Kind
from collab.protocol.close import CloseCode
from collab.room.limits import RoomLimits
from collab.storage.memory import MemoryStore
from tests.simulation.leases import SeededLeases
from tests.simulation.machine import TRAPS, Machine, Trap
from tests.simulation.net import Air
from tests.simulation.store import Faults, SeededStore
from tests.support.network import Connection, Weather
from tests.support.replica import Replica
from tests.support.virtual import LoopClock

DOCUMENT = "simulated"
EXPECTED_CLOSES = {CloseCode.RESTART, CloseCode.TRY_LATER, CloseCode.INTERNAL}


class PromiseBrokenError(AssertionError):
    """An oracle found what may not be."""


@dataclass(slots=True)
class Promises:
    """What peers were shown or told is saved, checked at that very moment."""

    store: SeededStore
    kept: set[bytes] = field(default_factory=set)
    closes: list[CloseCode | None] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def heard(self, peer: str, tokens: set[bytes]) -> None:
        self._check(f"{peer} was sent", tokens)

    def seen(self, tokens: set[bytes]) -> None:
        self.kept |= tokens

    def acknowledged(self, peer: str, tokens: set[bytes]) -> None:
        self.kept |= tokens
        self._check(f"{peer} got a receipt for", tokens)

    def closed(self, peer: str, code: CloseCode | None) -> None:
        self.closes.append(code)
        if code is not None and code not in EXPECTED_CLOSES:
            self.broken.append(f"{peer} was closed with {code!r}")

    def _check(self, what: str, tokens: set[bytes]) -> None:
        if lost := tokens - self.store.committed:
            self.broken.append(f"{what} {sorted(lost)}, which no commit holds")


MakeStore = Callable[[DocumentStore], DocumentStore]


class Cluster:
    """Everything of one run; all randomness comes from `rng`."""

    def __init__(self, rng: random.Random, nodes: int, make_store: MakeStore) -> None:
        self.rng = rng
        self.clock = LoopClock()
        self.faults = Faults()
        self.weather = Weather()
        self.memory = MemoryStore(self.clock)
        self.store = SeededStore(make_store(self.memory), rng, self.faults)
        self.leases = SeededLeases(self.memory.leases, rng, self.faults)
        self.promises = Promises(self.store)
        self.air = Air(random.Random(rng.random()), mute=nodes > 1 and rng.random() < 0.1)
        self.limits = _limits(rng, nodes, self.air.mute)
        self.stalls = random.Random(rng.random())
        """Decides who stops reading, for how long."""
        self.nodes: list[Machine | None] = [None] * nodes
        self.deaths = 0
        self.forgot = False
        """Whether clocks may have been told that no node knows any more."""
        self.peers: list[Replica] = []
        self._homes: dict[Replica, tuple[int, Connection]] = {}
        self._offline: set[Replica] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._names = 0

    async def start(self) -> None:
        await self.memory.create(DOCUMENT, "Simulated", Kind.NOTE, "")
        for number in range(len(self.nodes)):
            await self.start_node(number)
        self._spawn(self._stall())

    async def start_node(self, number: int) -> None:
        node = Machine(
            self.store,
            self.leases,
            self.air,
            self.clock,
            self.rng,
            self.faults,
            self.limits,
            lambda node: self._spawn(self._died(node)),
        )
        await node.start()
        self.nodes[number] = node

    async def add_node(self) -> None:
        self.nodes.append(None)
        await self.start_node(len(self.nodes) - 1)

    def set_trap(self, number: int) -> None:
        """The node dies in the middle of something."""
        if (node := self.nodes[number]) is not None:
            node.trap = Trap(self.rng.choice(TRAPS), self.rng.randrange(1, 6))

    async def _died(self, node: Machine) -> None:
        if node in self.nodes:
            self.deaths += 1
            number = self.nodes.index(node)
            await self.crash_node(number)
            await asyncio.sleep(self.rng.random() * 3)
            await self.start_node(number)

    async def crash_node(self, number: int) -> None:
        """Drop a node with all that it has not committed; its sockets just break."""
        node, self.nodes[number] = self.nodes[number], None
        self.forgot = True
        for home, connection in tuple(self._homes.values()):
            if home == number:
                connection.cut(notice_after=None)
        if node is not None:
            await node.crash()

    async def drain_node(self, number: int) -> bool:
        node, self.nodes[number] = self.nodes[number], None
        self.forgot = True
        assert node is not None
        return await node.drain(5.0)

    # --- Peers -------------------------------------------------------------------------

    def add_peer(self) -> Replica:
        self._names += 1
        peer = Replica(f"p{self._names}", self.rng.randrange(1, 2**32), self.promises)
        peer.verified = self.rng.random() < 0.5
        peer.echoes = self.rng.random() < 0.3
        self.peers.append(peer)
        self._spawn(self._live(peer))
        return peer

    def kill_peer(self, peer: Replica) -> None:
        """It never comes back: what it alone had is lost, and nothing else may be."""
        self.peers.remove(peer)
        peer.cut(self.rng.random())

    def set_offline(self, peer: Replica, offline: bool) -> None:
        if offline:
            self._offline.add(peer)
            peer.cut(self.rng.random() * 3)
        else:
            self._offline.discard(peer)

    async def _stall(self) -> None:
        rng = self.stalls
        while self.weather.stalls:
            await asyncio.sleep(rng.expovariate(self.weather.stalls))
            if self.peers:
                rng.choice(self.peers).stall(rng.choice([0.2, 1.0, 4.0]) * rng.random())

    def companions(self, peer: Replica) -> list[Replica]:
        """The other peers that it should see."""
        home, _ = self._homes[peer]
        others = [other for other in self.peers if other is not peer]
        return [p for p in others if not self.air.mute or self._homes[p][0] == home]

    async def _live(self, peer: Replica) -> None:
        while peer in self.peers:
            if not peer.connected and peer not in self._offline:
                await self._connect(peer)
            peer.renew(self.clock.monotonic())
            await asyncio.sleep(0.02 + self.rng.random() * 0.5)

    async def _connect(self, peer: Replica) -> None:
        number = self.rng.randrange(len(self.nodes))
        node = self.nodes[number]
        if node is None:
            return
        try:
            room = await node.registry.open(DOCUMENT)
            if peer not in self.peers:
                return
            connection = Connection(peer, self.rng, self.weather)
            access = Access(peer.name, peer.name, Role.EDITOR, True, verified=peer.verified)
            session = room.join(connection, access)
        except CollabError:
            return
        connection.attach(session)
        self._homes[peer] = (number, connection)
        peer.online(connection)

    # --- The end -----------------------------------------------------------------------

    async def stop(self) -> None:
        for peer in tuple(self.peers):
            self.kill_peer(peer)
        for number, node in enumerate(self.nodes):
            if node is not None:
                await self.crash_node(number)
        pumps = [c.pump for _, c in self._homes.values() if c.pump is not None]
        for task in (*self._tasks, *pumps):
            task.cancel()
        await asyncio.gather(*self._tasks, *pumps, return_exceptions=True)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _limits(rng: random.Random, nodes: int, mute: bool) -> RoomLimits:
    """Small, so that every path is taken by a document of some hundred bytes."""
    looks = rng.choice([4.0, 30.0] if mute else [30.0, 1000.0])
    return RoomLimits(
        look_every=None if nodes == 1 else looks,
        inspect_inline_bytes=rng.choice([60, 200, 64_000]),
        diff_inline_bytes=rng.choice([100, 400, 64_000]),
        merge_bytes=rng.choice([60, 300, 64_000]),
        outbox_bytes=rng.choice([250, 600, 4_000]),
        channel_high=rng.choice([100, 400]),
        pending_bytes=rng.choice([1_500, 64_000]),
        slow_seconds=rng.choice([1.0, 3.0, 30.0]),
        commit_retry_first=0.05,
        commit_retry_most=0.5,
        look_after=0.2,
        idle_unload=rng.choice([0.1, 0.7, 30.0]),
        compact_after_rows=rng.choice([4, 12, 500]),
        compact_idle_rows=2,
        compact_retry_first=0.1,
        compact_retry_most=1.0,
    )
